"""What to do about a job at a moment: nothing, do it, do it again, or write down why not. Decided
from its declaration and from what the store says, and from nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nostop.scheduler.declared import Job, Schedule
from nostop.scheduler.moments import Clockwork
from nostop.store.schedule import JobRunRecord

#: What begins no later than this is not late: a scheduler looks every few seconds.
ON_TIME = timedelta(minutes=2)
#: A moment that was lost is tried no more often than this.
MOST_ATTEMPTS = 3


class Deed(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    RUN = "run"
    AGAIN = "again"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done about which planned moment; `reason` says why it is skipped."""

    deed: Deed
    due_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store says of all jobs: the newest row of each, and which are paused."""

    newest: Mapping[str, JobRunRecord]
    paused: Mapping[str, str]


NOTHING = Act(Deed.NOTHING)


def decide(name: str, schedule: Schedule, clock: Clockwork, store: Standing, at: datetime) -> Act:
    """Return what to do about a job at a moment."""
    job = schedule.job(name)
    due_at = clock.latest(job.when, at)
    newest = store.newest.get(name)
    if due_at is None:
        return NOTHING
    if newest is not None and newest.due_at >= due_at:
        again = newest.state == "lost" and _may_be_again(job, newest, at)
        return Act(Deed.AGAIN, newest.due_at) if again else NOTHING
    if newest is None and at - due_at > ON_TIME:
        # The first time that this job is heard of: what was due before is nobody's to catch up.
        return Act(Deed.SKIP, due_at, "the schedule began after it")
    if name in store.paused:
        return Act(Deed.SKIP, due_at, "paused")
    if newest is not None and newest.state == "running":
        return Act(Deed.SKIP, due_at, "still running since the time before")
    return _when_others_are_done(name, schedule, clock, store, at)


def _may_be_again(job: Job, run: JobRunRecord, at: datetime) -> bool:
    if not job.again_if_lost or run.attempt >= MOST_ATTEMPTS:
        return False
    return at - run.due_at <= max(job.within, timedelta(minutes=job.at_most_minutes))


def _when_others_are_done(
    name: str, schedule: Schedule, clock: Clockwork, store: Standing, at: datetime
) -> Act:
    job = schedule.jobs[name]
    due_at = clock.latest(job.when, at)
    if due_at is None:
        return NOTHING
    ready_at = due_at
    for other in job.after:
        run = store.newest.get(other)
        if run is None or not _has_ended(schedule.jobs[other], run, clock, (due_at, at)):
            gone = at - due_at > job.within
            return Act(Deed.SKIP, due_at, f"waited too long for {other}") if gone else NOTHING
        if run.state in ("failed", "lost"):
            return Act(Deed.SKIP, due_at, f"{other} {run.state}")
        ready_at = max(ready_at, run.ended_at or run.started_at)
    late = at - ready_at
    if late > ON_TIME and job.if_missed == "skip":
        return Act(Deed.SKIP, due_at, "missed")
    if late > max(ON_TIME, job.within):
        return Act(Deed.SKIP, due_at, "missed by too much")
    return Act(Deed.RUN, due_at)


def _has_ended(
    other: Job, run: JobRunRecord, clock: Clockwork, times: tuple[datetime, datetime]
) -> bool:
    """Whether a job's last moment before another's is over: nothing of it runs or will run.

    times: when the other is due, and now.
    """
    due_at, at = times
    wanted = clock.latest(other.when, due_at)
    if wanted is not None and run.due_at < wanted:
        return False
    return run.state != "running" and not (run.state == "lost" and _may_be_again(other, run, at))
