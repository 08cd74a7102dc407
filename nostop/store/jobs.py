"""What takes longer than a page: asked for, taken up by one worker, and kept until it is fetched.

A worker takes a job up in a transaction, so that two never run the same one, and says every few
seconds that it lives. A job that no worker has been heard of for a while is taken up again, twice
at most; what a worker wrote that had lost its job is thrown away.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, Update, and_, insert, or_, select, update

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import check_id
from nostop.store.rows import table_of
from nostop.store.tables_work import Job

#: Silence after which a worker counts as dead. It speaks every few seconds, even on a slow machine.
SILENCE = timedelta(seconds=60)
#: How often a job is taken up before it has failed: one that kills its worker must not do so for
#: ever.
MOST_TRIES = 3
#: One person's jobs that wait or run at the same time.
MOST_OPEN = 10
#: The largest result that is kept, in bytes.
MOST_BYTES = 100 * 1024 * 1024
_MOST_SAID = 300


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it stands, without its result; `has_result` says whether there is one to fetch."""

    job_id: str
    kind: str
    arguments: Mapping[str, str | int]
    asked_by: str
    asked_at: datetime
    state: str
    progress: int
    said: str | None
    tries: int
    name: str | None
    ended_at: datetime | None
    has_result: bool


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job made. `name` is of ours, and holds nothing about anybody."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class NewJob:
    """What somebody asks for; `arguments` are opaque ids, words and numbers."""

    job_id: str
    kind: str
    arguments: Mapping[str, str | int]
    by: str


def ask(engine: Engine, job: NewJob, at: datetime) -> None:
    """Write down that somebody asks for a job.

    Raises:
        StoreError: an argument is not plain, or the person has too many jobs open already.
    """
    for text in (job.job_id, job.kind, job.by):
        check_id(text, "a job's id, kind or asker")
    for key, value in job.arguments.items():
        check_id(key, "a job's argument")
        if isinstance(value, str):
            check_id(value, f"a job's argument '{key}'")
    table = table_of(Job)
    row = {
        "job_id": job.job_id,
        "kind": job.kind,
        "arguments": json.dumps(dict(job.arguments), sort_keys=True),
        "asked_by": job.by,
        "asked_at": at,
        "state": "waiting",
    }
    open_ = select(table.c.job_id).where(
        table.c.state.in_(("waiting", "running")), table.c.asked_by == job.by
    )
    with engine.begin() as connection:
        if len(connection.execute(open_).all()) >= MOST_OPEN:
            raise StoreError(
                f"jobs: you have {MOST_OPEN} waiting or running; wait until one of them has ended"
            )
        connection.execute(insert(table), [row])
        append(connection, job.by, [Entry("job.asked", job.job_id, {"kind": job.kind})], at)


def take(engine: Engine, worker: str, at: datetime) -> JobRecord | None:
    """Take up the job that has waited longest, or one whose worker fell silent; None: there is
    none. A job that was taken up too often before has failed."""
    table = table_of(Job)
    silent = and_(table.c.state == "running", table.c.heard_at < at - SILENCE)
    query = _shown().where(or_(table.c.state == "waiting", silent))
    query = query.order_by(table.c.asked_at, table.c.job_id).limit(1)
    query = query.with_for_update(skip_locked=True)
    with engine.begin() as connection:
        while (row := connection.execute(query).one_or_none()) is not None:
            job = _record(row)
            if job.tries < MOST_TRIES:
                taken = _change(job.job_id).values(
                    state="running",
                    worker=worker,
                    heard_at=at,
                    began_at=at,
                    progress=0,
                    said=None,
                    tries=job.tries + 1,
                )
                connection.execute(taken)
                return job
            said = f"its worker stopped {MOST_TRIES} times; ask whoever runs nostop to look"
            connection.execute(_end(job.job_id, "failed", at).values(said=said))
    return None


def hear(
    engine: Engine, job_id: str, worker: str, at: datetime, told: tuple[int, str] | None = None
) -> bool:
    """Keep a worker's job, with per cent and a sentence where it tells them; False: it is not its
    job any more, and what it makes will not be kept."""
    change = _mine(job_id, worker).values(heard_at=at)
    if told is not None:
        progress, said = told
        change = change.values(progress=max(0, min(progress, 99)), said=said[:_MOST_SAID])
    with engine.begin() as connection:
        return connection.execute(change).rowcount == 1


def finish(engine: Engine, job_id: str, worker: str, made: JobFile, at: datetime) -> bool:
    """Keep what a job made; False: the job is not this worker's any more, and nothing is kept.

    Raises:
        StoreError: the result is larger than is kept.
    """
    if len(made.content) > MOST_BYTES:
        raise StoreError(f"jobs: the result is larger than {MOST_BYTES // 1024 // 1024} MB")
    change = _end(job_id, "done", at).where(table_of(Job).c.worker == worker)
    change = change.values(
        progress=100,
        said=None,
        name=made.name,
        media_type=made.media_type,
        result=made.content,
    )
    with engine.begin() as connection:
        return connection.execute(change).rowcount == 1


def fail(engine: Engine, job_id: str, worker: str, said: str, at: datetime) -> bool:
    """Write down why a job failed; False: it is not this worker's any more."""
    change = _end(job_id, "failed", at).where(table_of(Job).c.worker == worker)
    with engine.begin() as connection:
        return connection.execute(change.values(said=said[:_MOST_SAID])).rowcount == 1


def let_go(engine: Engine, job_id: str, worker: str) -> None:
    """Give a job back that a worker took up and does not end, because it is told to stop."""
    table = table_of(Job)
    change = _mine(job_id, worker).values(
        state="waiting", worker=None, heard_at=None, progress=0, said=None, tries=table.c.tries - 1
    )
    with engine.begin() as connection:
        connection.execute(change)


def read_job(connection: Connection, job_id: str) -> JobRecord | None:
    """Return a job as it stands, or None where there is none."""
    query = _shown().where(table_of(Job).c.job_id == job_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def jobs_of(connection: Connection, by: str, *, most: int) -> list[JobRecord]:
    """Return the last jobs that somebody asked for, the newest first."""
    table = table_of(Job)
    query = _shown().where(table.c.asked_by == by)
    query = query.order_by(table.c.asked_at.desc(), table.c.job_id).limit(most)
    return [_record(row) for row in connection.execute(query)]


def result_of(connection: Connection, job_id: str) -> JobFile | None:
    """Return what a job made, for nostop itself; None: it is not done, or it was taken away."""
    table = table_of(Job)
    query = select(table.c.name, table.c.media_type, table.c.result)
    row = connection.execute(query.where(table.c.job_id == job_id)).one_or_none()
    if row is None or row.result is None:
        return None
    return JobFile(row.name, row.media_type, bytes(row.result))


def fetch(engine: Engine, job_id: str, by: str, at: datetime) -> JobFile | None:
    """Return what a job made to somebody, and write down that they fetched it."""
    with engine.begin() as connection:
        made = result_of(connection, job_id)
        if made is not None:
            append(connection, by, [Entry("job.fetched", job_id)], at)
        return made


def clear(engine: Engine, before: datetime) -> int:
    """Take away the results of jobs that ended before a time; return how many."""
    table = table_of(Job)
    old = update(table).where(table.c.ended_at < before, table.c.result.is_not(None))
    with engine.begin() as connection:
        return connection.execute(old.values(result=None)).rowcount


def _shown() -> Select[Any]:
    table = table_of(Job)
    columns = [column for column in table.c if column.name != "result"]
    return select(*columns, table.c.result.is_not(None).label("has_result"))


def _record(row: Any) -> JobRecord:  # noqa: ANN401 - a row of `_shown`
    return JobRecord(
        job_id=row.job_id,
        kind=row.kind,
        arguments=json.loads(row.arguments),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        state=row.state,
        progress=row.progress,
        said=row.said,
        tries=row.tries,
        name=row.name,
        ended_at=row.ended_at,
        has_result=bool(row.has_result),
    )


def _change(job_id: str) -> Update:
    table = table_of(Job)
    return update(table).where(table.c.job_id == job_id)


def _mine(job_id: str, worker: str) -> Update:
    table = table_of(Job)
    return _change(job_id).where(table.c.worker == worker, table.c.state == "running")


def _end(job_id: str, state: str, at: datetime) -> Update:
    running = table_of(Job).c.state == "running"
    return _change(job_id).where(running).values(state=state, ended_at=at, worker=None)
