"""What a run used and found: kept so that it can be repeated and compared with the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Engine, insert, select

from nostop.frames import FeedStatus, check
from nostop.model import StoreError
from nostop.store.checks import ID, NAME, NOTE, SHA256, check_id, check_text
from nostop.store.rows import put, read, table_of
from nostop.store.tables import Base, FeedFile, KnownPerson, Run, RunCount, RunInput, RunPack
from nostop.store.tables_work import RunNote, RunStage

_OF_FEEDS = {"source": ID, "reason": NOTE, "file": NOTE, "sha256": SHA256}
_OF_STAGES = {"stage": NAME, "detail": NOTE, "warnings": NOTE}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is kept of a run: pack version by scheme, hash by input, and what it counted.

    known_on: the day of knowledge, where it was not all that there is.
    """

    run_id: str
    effective_on: date
    synthetic: bool
    started_at: datetime
    pack_versions: Mapping[str, str]
    inputs: Mapping[str, str]
    counts: Mapping[str, int]
    known_on: date | None = None


def record_run(engine: Engine, run: RunRecord) -> None:
    """Write a run down.

    Raises:
        StoreError: there is a run of that id already, or a value is not fit to be stored.
    """
    check_id(run.run_id, "run_id")
    if run.started_at.tzinfo is None:
        raise StoreError("store: started_at needs a time zone")
    packs = _pairs("run_packs", "scheme", "pack_version", run.pack_versions)
    inputs = _pairs("run_inputs", "name", "sha256", run.inputs)
    counts = _pairs("run_counts", "name", "number", run.counts)
    with engine.begin() as connection:
        if connection.execute(select(table_of(Run)).filter_by(run_id=run.run_id)).first():
            raise StoreError(f"store: there is a run {run.run_id} already")
        connection.execute(
            insert(table_of(Run)).values(
                run_id=run.run_id,
                effective_on=run.effective_on,
                synthetic=run.synthetic,
                started_at=run.started_at,
                known_on=run.known_on,
            )
        )
        for model, frame in ((RunPack, packs), (RunInput, inputs), (RunCount, counts)):
            put(connection, model, frame.with_columns(pl.lit(run.run_id).alias("run_id")))


@dataclass(frozen=True, slots=True)
class RunTold:
    """What a finished run's folder tells beside its `RunRecord`.

    feeds: `FeedStatus`; no row where it does not say.
    stages: position, stage, milliseconds, detail, warnings (a line each), in order.
    notes: what it says of itself, by name.
    """

    feeds: pl.DataFrame
    stages: pl.DataFrame
    notes: Mapping[str, str]


def complete_run(engine: Engine, run: RunRecord, told: RunTold) -> None:
    """Write down a run and all that its folder tells of it; what is there of it already stays.

    Raises:
        FrameError: a column is missing or has another type.
        StoreError: a value is not fit to be stored; nothing is.
    """
    check_id(run.run_id, "run_id")
    if run.started_at.tzinfo is None:
        raise StoreError("store: started_at needs a time zone")
    parts: dict[type[Base], pl.DataFrame] = {
        RunPack: _pairs("run_packs", "scheme", "pack_version", run.pack_versions),
        RunInput: _pairs("run_inputs", "name", "sha256", run.inputs),
        RunCount: _pairs("run_counts", "name", "number", run.counts),
        FeedFile: check_text(check(FeedStatus, told.feeds), "feed_files", _OF_FEEDS),
        RunStage: check_text(told.stages, "run_stages", _OF_STAGES),
        RunNote: _notes(told.notes),
    }
    row = {
        "run_id": run.run_id,
        "effective_on": run.effective_on,
        "synthetic": run.synthetic,
        "started_at": run.started_at,
        "known_on": run.known_on,
    }
    with engine.begin() as connection:
        runs = table_of(Run)
        if connection.execute(select(runs.c.run_id).filter_by(run_id=run.run_id)).first() is None:
            connection.execute(insert(runs), [row])
        for model, frame in parts.items():
            mine = select(table_of(model).c.run_id).filter_by(run_id=run.run_id).limit(1)
            if connection.execute(mine).first() is None:
                put(connection, model, frame.with_columns(pl.lit(run.run_id).alias("run_id")))


def _notes(notes: Mapping[str, str]) -> pl.DataFrame:
    rows = [(name, said) for name, said in sorted(notes.items()) if said]
    frame = pl.DataFrame(rows, schema={"name": pl.String(), "said": pl.String()}, orient="row")
    return check_text(frame, "run_notes", {"name": NAME, "said": NOTE})


def run_ids(engine: Engine) -> set[str]:
    """Return the id of every run that is written down."""
    with engine.begin() as connection:
        return set(connection.execute(select(table_of(Run).c.run_id)).scalars())


def record_counts(engine: Engine, run_id: str, counts: Mapping[str, int]) -> None:
    """Add to what a run counted, as it goes on.

    Raises:
        StoreError: a value is not fit to be stored.
    """
    frame = _pairs("run_counts", "name", "number", counts)
    with engine.begin() as connection:
        put(connection, RunCount, frame.with_columns(pl.lit(run_id).alias("run_id")))


def record_feeds(engine: Engine, run_id: str, feeds: pl.DataFrame) -> None:
    """Write down what became of each feed (`FeedStatus`).

    Raises:
        FrameError: a column is missing or has another type.
        StoreError: a value is not fit to be stored.
    """
    frame = check(FeedStatus, feeds).with_columns(pl.lit(run_id).alias("run_id"))
    with engine.begin() as connection:
        put(connection, FeedFile, check_text(frame, "feed_files", {"run_id": ID} | _OF_FEEDS))


def last_rows(engine: Engine) -> dict[str, int]:
    """Return how many rows counted of each feed when a run last used it."""
    runs, feeds = table_of(Run), table_of(FeedFile)
    rows = feeds.c.rows_read - feeds.c.rows_replaced
    query = (
        select(feeds.c.source, rows)
        .join(runs, runs.c.run_id == feeds.c.run_id)
        .where(feeds.c.state == "ok")
        .order_by(runs.c.started_at, runs.c.run_id)
    )
    with engine.begin() as connection:
        return {source: int(count) for source, count in connection.execute(query)}


def record_persons(engine: Engine, run_id: str, person_ids: pl.Series) -> int:
    """Remember each person id that is new, with the run that first saw it; return how many are.

    Raises:
        StoreError: an id is not fit to be stored.
    """
    seen = pl.DataFrame({"person_id": person_ids}).unique().drop_nulls().sort("person_id")
    check_text(seen, "persons", {"person_id": ID})
    with engine.begin() as connection:
        before = read(connection, select(table_of(KnownPerson).c.person_id))
        new = seen.join(before, on="person_id", how="anti").sort("person_id")
        put(connection, KnownPerson, new.with_columns(pl.lit(run_id).alias("first_run_id")))
    return new.height


def last_count(engine: Engine, name: str, before: str) -> int | None:
    """Return what the latest run before run `before` counted under `name`, None if none did."""
    runs, counts = table_of(Run), table_of(RunCount)
    query = (
        select(counts.c.number)
        .join(runs, runs.c.run_id == counts.c.run_id)
        .where(counts.c.name == name, counts.c.run_id != before)
        .order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
        .limit(1)
    )
    with engine.begin() as connection:
        return connection.execute(query).scalar()


def _pairs(
    table: str, key: str, value: str, pairs: Mapping[str, str] | Mapping[str, int]
) -> pl.DataFrame:
    kind = pl.Int64() if value == "number" else pl.String()
    frame = pl.DataFrame(
        {key: list(pairs.keys()), value: list(pairs.values())},
        schema={key: pl.String(), value: kind},
    )
    texts = {key: NAME} | ({} if value == "number" else {value: NAME})
    return check_text(frame, table, texts).sort(key)
