"""Runs and feeds as the pages show them: what a run's folder tells is written down once, in the
store, and shown from there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.feed_status import feeds_of_run
from nostop.app.run_timings import Timings, read_timings
from nostop.app.settings import MANIFEST
from nostop.frames import FeedStatus, empty
from nostop.model import NotHere, SettingsError
from nostop.store.campaign_pages import names_of
from nostop.store.run_pages import RunRow, RunShown, last_runs, read_run_shown
from nostop.store.schedule import (
    JobRunRecord,
    history,
    newest_runs,
    pause,
    paused_jobs,
    resume,
)

__all__ = [
    "Calendar",
    "Feed",
    "JobLine",
    "JobRunRecord",
    "RunRow",
    "RunShown",
    "WhyNot",
    "feeds_on",
    "job_history",
    "job_lines",
    "last_runs",
    "pause_job",
    "resume_job",
    "run_shown",
    "take_in",
    "why_nobody",
]

#: Names under which `run_notes` keeps what a manifest says.
MAY_WRITE, LISTS_AS_OF, RELEASE = "may_write_to_people", "lists_as_of", "release"
_YES, _NO = "yes", "no"
_STAGES = {
    "position": pl.Int64(),
    "stage": pl.String(),
    "milliseconds": pl.Int64(),
    "detail": pl.String(),
    "warnings": pl.String(),
}
#: A feed that is good for less than this is about to run out.
SOON = timedelta(days=7)


class Calendar(Protocol):
    """The schedule as it is declared: which jobs there are, and when each is due next."""

    @property
    def jobs(self) -> Sequence[str]:
        """The names of the jobs, in the order of the file."""
        ...

    def next_due(self, job: str, at: datetime) -> datetime | None:
        """The first moment (UTC) of a job after `at`; None where there is none within a month."""
        ...


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as it stands.

    next_due: null where it is paused, or not due within a month, or no calendar says.
    is_declared: the calendar knows it; None where this server has no calendar.
    """

    job: str
    next_due: datetime | None
    last: JobRunRecord | None
    paused_by: str | None
    is_declared: bool | None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Whether the people of a run may be written to; `because` is why not: `known_on`,
    `register` (the list of whom not to write to did not arrive whole), or `not_said`."""

    may: bool
    because: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of a run on a day.

    standing: `fresh`, `soon` (its last day is near), `stale`, `held`, `missing`, or `no_limit`
        where its contract sets no age.
    days_left: until the last day on which it is fresh; negative when that is past.
    """

    source: str
    state: str
    standing: str
    days_left: int | None
    row: Mapping[str, Any]


def take_in(engine: Engine, folder: Path) -> str:
    """Write down a finished run and all that its folder tells of it, where it is not yet; return
    the run's id in the store.

    Raises:
        SettingsError: the folder holds no finished run, or one of another version of nostop.
        StoreError: a value is not fit to be stored.
    """
    manifest = _manifest(folder)
    timings = read_timings(folder)
    effective_on = date.fromisoformat(manifest["effective_date"])
    known_on = manifest.get("known_on")
    feeds = feeds_of_run(folder).status if "inputs" in manifest else empty(FeedStatus)
    arrived = feeds.filter(pl.col("sha256").is_not_null()).select("source", "sha256")
    record = store.RunRecord(
        run_id=str(manifest["snapshot"]),
        effective_on=effective_on,
        synthetic=bool(manifest["synthetic"]),
        started_at=timings.started_at if timings else datetime.combine(effective_on, time(), UTC),
        pack_versions=dict(manifest["packs"]),
        inputs=dict(arrived.iter_rows()),
        counts=_counts(manifest.get("counts", {})),
        known_on=date.fromisoformat(known_on) if known_on else None,
    )
    told = store.RunTold(
        feeds=feeds.select(empty(FeedStatus).columns),
        stages=_stages(timings),
        notes=_notes(manifest),
    )
    store.complete_run(engine, record, told)
    return record.run_id


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{folder}: holds no finished run (no {MANIFEST}): give the --out folder of nostop run"
        ) from error
    except ValueError as error:
        raise SettingsError(f"{file}: cannot be read: run again into this folder") from error
    missing = {"snapshot", "effective_date", "synthetic", "packs"} - said.keys()
    if missing:
        raise SettingsError(f"{file}: is not of this version of nostop: run again into this folder")
    return said


def _counts(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of a manifest; of messages by state, each under a name of its own."""
    plain = {name: number for name, number in counts.items() if isinstance(number, int)}
    states = counts.get("messages_by_state", {})
    return plain | {f"messages_{state}": number for state, number in states.items()}


def _stages(timings: Timings | None) -> pl.DataFrame:
    rows = [
        (place, each.stage, each.milliseconds, each.detail[:2000], "\n".join(each.warnings)[:2000])
        for place, each in enumerate(timings.stages if timings else (), start=1)
    ]
    return pl.DataFrame(rows, schema=_STAGES, orient="row")


def _notes(manifest: Mapping[str, Any]) -> dict[str, str]:
    may = manifest.get(MAY_WRITE)
    left_out = manifest.get("left_out") or {}
    return {
        MAY_WRITE: "" if may is None else (_YES if may else _NO),
        LISTS_AS_OF: str(manifest.get(LISTS_AS_OF) or ""),
        RELEASE: str(manifest.get(RELEASE) or ""),
        "unreleased": _YES if manifest.get("unreleased") else "",
        "engine_version": str(manifest.get("engine_version") or ""),
        "campaign": str(manifest.get("campaign") or ""),
        **{f"left_out.{scheme}": str(why)[:2000] for scheme, why in left_out.items()},
    }


def run_shown(engine: Engine, run_id: str | None = None) -> RunShown:
    """Return one run with all that is known of it; without an id the newest whose feeds are known.

    Raises:
        NotHere: there is none.
    """
    found = read_run_shown(engine, run_id)
    if found is None:
        raise NotHere("runs: there is no such run")
    return found


def why_nobody(run: RunShown) -> WhyNot:
    """Return whether the people of a run may be written to, and if not, why."""
    said = run.notes.get(MAY_WRITE)
    if said == _YES:
        return WhyNot(may=True, because=None)
    if said is None:
        return WhyNot(may=False, because="not_said")
    known_on, later = run.row.known_on, 0
    if run.feeds.height:
        later = int(run.feeds["rows_later"].sum())
    ahead = known_on is not None and (known_on < run.row.effective_on or later > 0)
    return WhyNot(may=False, because="known_on" if ahead else "register")


def feeds_on(run: RunShown, today: date) -> list[Feed]:
    """Return the feeds of a run as they stand on a day: what needs somebody first."""
    found = [_feed(row, today) for row in run.feeds.to_dicts()]
    order = ("missing", "held", "stale", "soon", "no_limit", "fresh")
    return sorted(found, key=lambda feed: (order.index(feed.standing), feed.source))


def _feed(row: Mapping[str, Any], today: date) -> Feed:
    until: date | None = row["fresh_until"]
    left = None if until is None else (until - today).days
    if row["state"] != "ok":
        standing = str(row["state"])
    elif left is None:
        standing = "no_limit"
    elif left < 0:
        standing = "stale"
    else:
        standing = "soon" if timedelta(days=left) < SOON else "fresh"
    return Feed(str(row["source"]), str(row["state"]), standing, left, row)


def job_lines(engine: Engine, calendar: Calendar | None, at: datetime) -> list[JobLine]:
    """Return each job of the schedule as it stands; without a calendar, each that ever ran."""
    newest, paused = newest_runs(engine), paused_jobs(engine)
    declared = list(calendar.jobs) if calendar else []
    names = names_of(engine, set(paused.values()))
    others = sorted({*newest, *paused} - set(declared))
    return [
        JobLine(
            job=job,
            next_due=calendar.next_due(job, at)
            if calendar and job in declared and job not in paused
            else None,
            last=newest.get(job),
            paused_by=names.get(paused[job], paused[job]) if job in paused else None,
            is_declared=job in declared if calendar else None,
        )
        for job in (*declared, *others)
    ]


def job_history(
    engine: Engine, calendar: Calendar | None, job: str, *, most: int
) -> list[JobRunRecord]:
    """Return the last moments of a job, the latest first.

    Raises:
        NotHere: nobody knows of such a job.
    """
    found = history(engine, job, most=most)
    if not found and (calendar is None or job not in calendar.jobs):
        raise NotHere("schedule: there is no such job")
    return found


def pause_job(engine: Engine, calendar: Calendar | None, job: str, act: store.Act) -> bool:
    """Let a job wait until somebody lets it go on; False where it does already.

    Raises:
        NotHere: nobody knows of such a job.
    """
    job_history(engine, calendar, job, most=1)
    return pause(engine, job, act.by, act.at)


def resume_job(engine: Engine, job: str, act: store.Act) -> bool:
    """Let a paused job go on; False where it was not paused."""
    return resume(engine, job, act.by, act.at)
