"""The schedule as it is declared: a YAML file of jobs, each a command line of nostop.

    time_zone: Europe/London
    jobs:
      nightly_run:
        command: [run, --feeds, feeds, --out, out, --on, "{due_on}"]
        when: {at: "02:30"}
        if_missed: run_once
        within_minutes: 360

docs/guides/schedule.md explains each key to the people who write one.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from nostop.hours import TimeOfDay
from nostop.model import ScheduleError, nearest
from nostop.strict_yaml import Document, read_yaml

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
JobName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]
#: Stand in a command for the planned moment: its day in the schedule's zone, and itself in UTC.
DUE_ON, DUE_AT = "{due_on}", "{due_at}"


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


class When(_Part):
    """When a job is due: at a time of day, or every so many minutes within hours of the day.

    days: of the week; all of them unless it says which.
    bank_holidays: whether it is due on a day that is a bank holiday anywhere in the United Kingdom.
    """

    at: TimeOfDay | None = None
    every_minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    from_: TimeOfDay | None = Field(default=None, alias="from")
    until: TimeOfDay | None = None
    days: Annotated[list[Weekday], Field(min_length=1)] = list(get_args(Weekday))
    bank_holidays: bool = True

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Self:
        if (self.at is None) == (self.every_minutes is None):
            raise ValueError("say `at` or `every_minutes`, one of the two")
        if self.at is not None and (self.from_ is not None or self.until is not None):
            raise ValueError("`from` and `until` go with `every_minutes`, not with `at`")
        if not self.begins < (self.until or time.max):
            raise ValueError("`until` has to be after `from`, on the same day")
        return self

    @property
    def begins(self) -> time:
        """The time of day from which it is due every so many minutes."""
        return self.from_ or time.min


class Job(_Part):
    """One job. `within_minutes` is how late it may begin; see the guide for each key."""

    command: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    when: When
    if_missed: Literal["run_once", "skip"]
    within_minutes: Minutes | None = None
    after: list[JobName] = []
    again_if_lost: bool = False
    at_most_minutes: Minutes = 12 * 60
    fine_exit_codes: list[Annotated[int, Field(ge=1, le=125)]] = []

    @model_validator(mode="after")
    def _says_how_late(self) -> Self:
        if (self.if_missed == "run_once" or self.after) and self.within_minutes is None:
            raise ValueError("say with `within_minutes` how late it may begin")
        return self

    @property
    def within(self) -> timedelta:
        """How late it may begin: after what it waits for, or where it was missed."""
        return timedelta(minutes=self.within_minutes or 0)

    def arguments(self, due_at: datetime, zone: ZoneInfo) -> list[str]:
        """Return the command of a planned moment."""
        day = due_at.astimezone(zone).date().isoformat()
        moment = due_at.astimezone(UTC).isoformat()
        return [part.replace(DUE_ON, day).replace(DUE_AT, moment) for part in self.command]


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is no time zone; write one such as Europe/London") from error


class Schedule(_Part):
    """All jobs, and the time zone of their times of day."""

    jobs: Annotated[dict[JobName, Job], Field(min_length=1)]
    time_zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("Europe/London")

    def job(self, name: str) -> Job:
        """Return a job.

        Raises:
            ScheduleError: there is none of that name; the nearest is named.
        """
        if name not in self.jobs:
            known = sorted(self.jobs)
            raise ScheduleError(
                f"schedule: there is no job '{name}'; there are {', '.join(known)}"
                f"{nearest(name, known)}"
            )
        return self.jobs[name]


def read_schedule(path: Path, commands: Collection[str]) -> Schedule:
    """Read a schedule.

    Args:
        path: the YAML file.
        commands: the commands of nostop that a job may call.

    Raises:
        YamlError: the file is missing or cannot be read as YAML.
        ScheduleError: with file, line, column, what was found and what to write, a line for each.
    """
    document = read_yaml(path)
    try:
        schedule = Schedule.model_validate(document.data)
    except ValidationError as error:
        raise ScheduleError("\n".join(_told(document, error))) from error
    wrong = [*_unknown_commands(document, schedule.jobs, commands), *_circles(document, schedule)]
    if wrong:
        raise ScheduleError("\n".join(wrong))
    return schedule


def _told(document: Document, error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        keys = tuple("from" if key == "from_" else key for key in each["loc"])
        message = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            message = f"'{keys[-1]}' is not known here: take it out, or see the guide"
        yield str(document.problem(f"{'.'.join(map(str, keys))}: {message}", *keys))


def _unknown_commands(
    document: Document, jobs: Mapping[str, Job], commands: Collection[str]
) -> Iterator[str]:
    for name, job in jobs.items():
        first = job.command[0]
        if first not in commands:
            hint = nearest(first, sorted(commands))
            message = f"'{first}' is no command of nostop that a job may call{hint}"
            yield str(document.problem(message, "jobs", name, "command"))


def _circles(document: Document, schedule: Schedule) -> Iterator[str]:
    """Yield what is wrong with what jobs wait for: no such job, or one that waits for them."""
    for name, job in schedule.jobs.items():
        for other in job.after:
            if other not in schedule.jobs:
                message = f"waits for '{other}', which is no job"
                yield str(document.problem(message, "jobs", name, "after"))
        if name in _waits_for(schedule.jobs, name):
            yield str(document.problem("waits for itself, in a circle", "jobs", name, "after"))


def _waits_for(jobs: Mapping[str, Job], name: str) -> set[str]:
    """Return every job that has to end before a job begins."""
    found: set[str] = set()
    waiting = list(jobs[name].after)
    while waiting:
        other = waiting.pop()
        if other in jobs and other not in found:
            found.add(other)
            waiting += jobs[other].after
    return found
