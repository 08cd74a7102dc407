"""What the schedule's jobs did and do: a moment at which a job is due is done by whoever makes its
row, once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, text, update

from nostop.model import ScheduleError, StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import check_id
from nostop.store.leading import briefly, heard_of_leader, now_of, still_leads
from nostop.store.rows import table_of
from nostop.store.tables_schedule import JobRun, PausedJob

#: How far this machine's clock may be from the store's.
CLOCK_TOLERANCE = timedelta(minutes=5)
_LOCK = 7_660_181
_ENDS = ("done", "failed", "lost")


@dataclass(frozen=True, slots=True)
class JobRunRecord:
    """A row of `job_runs`; `took` is how long it ran, None where it did not end."""

    job_run_id: int
    job: str
    due_at: datetime
    claimed_by: str
    attempt: int
    started_at: datetime
    heard_at: datetime
    ended_at: datetime | None
    state: str
    exit_code: int | None
    detail: str | None
    error: str | None

    @property
    def took(self) -> timedelta | None:
        return None if self.ended_at is None else self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class Due:
    """A job and the moment that was planned for it (UTC)."""

    job: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A moment that we made the row of: ours for as long as nobody took it up again."""

    job_run_id: int
    holder: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: done, failed, or lost where it was stopped and may be done again."""

    state: str
    exit_code: int | None = None
    error: str | None = None


def newest_runs(engine: Engine) -> dict[str, JobRunRecord]:
    """Return of each job the row with the latest moment."""
    runs = table_of(JobRun)
    latest = select(runs.c.job, func.max(runs.c.due_at).label("due_at")).group_by(runs.c.job)
    last = latest.subquery()
    query = select(runs).join(last, (last.c.job == runs.c.job) & (last.c.due_at == runs.c.due_at))
    with briefly(engine) as connection:
        return {row.job: _record(row) for row in connection.execute(query)}


def last_successes(engine: Engine) -> dict[str, datetime]:
    """Return when each job last ended well."""
    runs = table_of(JobRun)
    query = select(runs.c.job, func.max(runs.c.ended_at).label("ended_at")).where(
        runs.c.state == "done"
    )
    with briefly(engine) as connection:
        rows = connection.execute(query.group_by(runs.c.job))
        return {row.job: row.ended_at for row in rows}


def history(engine: Engine, job: str, *, most: int) -> list[JobRunRecord]:
    """Return the last `most` rows of a job, the latest moment first."""
    runs = table_of(JobRun)
    query = select(runs).where(runs.c.job == job).order_by(runs.c.due_at.desc()).limit(most)
    with briefly(engine) as connection:
        return [_record(row) for row in connection.execute(query)]


def claim(engine: Engine, due: Due, holder: str, at: datetime) -> Hold | None:
    """Make the row of a moment as its leader; whoever gets hold of it does the job.

    None: another has it already, the job still runs, or we lead no longer.

    Raises:
        StoreError: this machine's clock is far from the store's.
    """
    with _claiming(engine, at) as connection:
        if not still_leads(connection, holder, at) or _running(connection, due.job):
            return None
        job_run_id = _new_row(connection, due, holder, at)
        return None if job_run_id is None else Hold(job_run_id, holder)


def claim_by_hand(engine: Engine, job: str, holder: str, by: str, at: datetime) -> Hold:
    """Make the row of a job that a person wants run now.

    Raises:
        ScheduleError: it is running.
        StoreError: this machine's clock is far from the store's, or `by` is no name.
    """
    with _claiming(engine, at) as connection:
        running = _running(connection, job)
        if running is not None:
            raise ScheduleError(
                f"schedule: {job} is running since {running.started_at:%Y-%m-%d %H:%M:%S} UTC; "
                "it is not run twice at once"
            )
        found = _new_row(connection, Due(job, at), holder, at)
        if found is None:
            raise ScheduleError(f"schedule: {job} was run at this very moment")
        append(connection, by, [Entry("schedule.run_now", job)], at)
        return Hold(found, holder)


def claim_again(engine: Engine, run: JobRunRecord, holder: str, at: datetime) -> Hold | None:
    """Take a lost moment up once more, as its leader; None where another has, or we lead not.

    Raises:
        StoreError: this machine's clock is far from the store's.
    """
    runs = table_of(JobRun)
    same = (runs.c.job_run_id == run.job_run_id) & (runs.c.attempt == run.attempt)
    with _claiming(engine, at) as connection:
        if not still_leads(connection, holder, at) or _running(connection, run.job):
            return None
        moment = now_of(connection, at)
        values = {
            "state": "running",
            "claimed_by": holder,
            "attempt": run.attempt + 1,
            "started_at": moment,
            "heard_at": moment,
            "ended_at": None,
            "exit_code": None,
            "error": None,
        }
        query = update(runs).where(same, runs.c.state == "lost").values(values)
        taken = connection.execute(query).rowcount == 1
        return Hold(run.job_run_id, holder, run.attempt + 1) if taken else None


def skip(engine: Engine, due: Due, holder: str, at: datetime, reason: str) -> bool:
    """Write down that a moment passed without its job, as leader; False where it has a row.

    Raises:
        StoreError: this machine's clock is far from the store's.
    """
    with _claiming(engine, at) as connection:
        if not still_leads(connection, holder, at):
            return False
        return _new_row(connection, due, holder, at, reason) is not None


def heard(engine: Engine, hold: Hold, at: datetime) -> bool:
    """Say that a job still runs; False where it is not ours any more, and has to be stopped.

    One that was thought lost and that nobody took up since is running again.
    """
    with briefly(engine) as connection:
        values = {"state": "running", "heard_at": now_of(connection, at), "error": None}
        return _change(connection, hold, values)


def finish(engine: Engine, hold: Hold, at: datetime, ended: Ended) -> bool:
    """Write down how a job ended; False where another has taken it up since.

    A job that was thought lost and ended all the same says so: what is known beats the guess.
    """
    if ended.state not in _ENDS:
        raise ValueError(f"a job does not end as {ended.state}")
    with briefly(engine) as connection:
        values = {
            "state": ended.state,
            "ended_at": now_of(connection, at),
            "exit_code": ended.exit_code,
            "error": ended.error,
        }
        return _change(connection, hold, values)


def _change(connection: Connection, hold: Hold, values: Mapping[str, object]) -> bool:
    """Change the row of a job that has not ended, if it is still ours."""
    runs = table_of(JobRun)
    ours = (runs.c.claimed_by == hold.holder) & (runs.c.attempt == hold.attempt)
    open_ = runs.c.state.in_(("running", "lost")) & runs.c.ended_at.is_(None)
    query = update(runs).where(runs.c.job_run_id == hold.job_run_id, ours, open_)
    return connection.execute(query.values(values)).rowcount == 1


def mark_lost(engine: Engine, silent: timedelta, at: datetime) -> list[str]:
    """Mark each running job that was not heard of for `silent`; return their names."""
    runs = table_of(JobRun)
    with briefly(engine) as connection:
        gone = (runs.c.state == "running") & (runs.c.heard_at < now_of(connection, at) - silent)
        found = list(connection.execute(select(runs.c.job).where(gone).order_by(runs.c.job)))
        error = "not heard of any more: it was killed, or its machine was"
        connection.execute(update(runs).where(gone).values(state="lost", error=error))
        return [job for (job,) in found]


def pause(engine: Engine, job: str, by: str, at: datetime) -> bool:
    """Let a job wait until it is resumed; False where it does already.

    Raises:
        StoreError: a name is not fit to be stored.
    """
    paused = table_of(PausedJob)
    row = {"job": check_id(job, "job"), "paused_by": by, "paused_at": at}
    with _claiming(engine, at) as connection:
        if connection.execute(select(paused.c.job).where(paused.c.job == job)).first():
            return False
        connection.execute(insert(paused).values(row))
        append(connection, by, [Entry("schedule.pause", job)], at)
        return True


def resume(engine: Engine, job: str, by: str, at: datetime) -> bool:
    """Let a paused job go on; False where it was not paused.

    Raises:
        StoreError: a name is not fit to be stored.
    """
    paused = table_of(PausedJob)
    with _claiming(engine, at) as connection:
        if connection.execute(delete(paused).where(paused.c.job == job)).rowcount == 0:
            return False
        append(connection, by, [Entry("schedule.resume", job)], at)
        return True


def paused_jobs(engine: Engine) -> Mapping[str, str]:
    """Return who paused each job that is paused."""
    paused = table_of(PausedJob)
    with briefly(engine) as connection:
        rows = connection.execute(select(paused.c.job, paused.c.paused_by))
        return {row.job: row.paused_by for row in rows}


def leader(engine: Engine, at: datetime) -> tuple[str, timedelta] | None:
    """Return who leads and how long ago it was heard of; None where nobody does."""
    with briefly(engine) as connection:
        found = heard_of_leader(connection)
        return None if found is None else (found[0], now_of(connection, at) - found[1])


@contextmanager
def _claiming(engine: Engine, at: datetime) -> Iterator[Connection]:
    """A transaction in which nobody else claims, on a clock that can be believed."""
    with briefly(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _check_clock(connection, at)
        yield connection


def _check_clock(connection: Connection, at: datetime) -> None:
    if connection.dialect.name == "postgresql":
        off = abs(now_of(connection, at) - at)
        other = "the database's"
    else:
        # A file has no clock: the newest thing that anybody wrote down cannot be in the future.
        newest = connection.execute(select(func.max(table_of(JobRun).c.started_at))).scalar()
        off = timedelta(0) if newest is None else newest - at
        other = "that of the newest job in the store"
    if off > CLOCK_TOLERANCE:
        raise StoreError(
            f"schedule: this machine's clock says {at:%Y-%m-%d %H:%M} UTC, {off} away from "
            f"{other}: no job is run on a wrong clock; put it right"
        )


def _running(connection: Connection, job: str) -> Row[Any] | None:
    runs = table_of(JobRun)
    query = select(runs).where(runs.c.job == job, runs.c.state == "running").limit(1)
    return connection.execute(query).first()


def _new_row(
    connection: Connection, due: Due, holder: str, at: datetime, skipped: str | None = None
) -> int | None:
    runs = table_of(JobRun)
    same = (runs.c.job == due.job) & (runs.c.due_at == due.at)
    if connection.execute(select(runs.c.job_run_id).where(same)).first():
        return None
    moment = now_of(connection, at)
    row = {
        "job": check_id(due.job, "job"),
        "due_at": due.at,
        "claimed_by": check_id(holder, "claimed_by"),
        "attempt": 1,
        "started_at": moment,
        "heard_at": moment,
        "ended_at": moment if skipped else None,
        "state": "skipped" if skipped else "running",
        "detail": skipped,
    }
    made = connection.execute(insert(runs).values(row).returning(runs.c.job_run_id))
    return int(made.scalar_one())


def _record(row: Row[Any]) -> JobRunRecord:
    return JobRunRecord(**row._mapping)
