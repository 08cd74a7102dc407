"""What the pages of runs and feeds show: each a few indexed queries of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Engine, func, select, type_coerce

from nostop.store.columns import WHOLE
from nostop.store.engine import reading
from nostop.store.rows import read, table_of
from nostop.store.tables import FeedFile, Run, RunCount, RunPack
from nostop.store.tables_work import RunNote, RunStage


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is stored."""

    run_id: str
    effective_on: date
    known_on: date | None
    synthetic: bool
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RunShown:
    """One run, with all that is known of it.

    stages: position, stage, milliseconds, detail, warnings (a line each); in order.
    feeds: the columns of `FeedFile` without `run_id`, by source.
    counts, packs, notes: by name; `packs` the version of each scheme's rules.
    """

    row: RunRow
    stages: pl.DataFrame
    feeds: pl.DataFrame
    counts: Mapping[str, int]
    packs: Mapping[str, str]
    notes: Mapping[str, str]


_ROW = ("run_id", "effective_on", "known_on", "synthetic", "started_at")


def last_runs(engine: Engine, *, most: int) -> pl.DataFrame:
    """Return the last runs, the latest day first: the columns of `RunRow`, `milliseconds` that
    their stages took (null: nobody wrote it down), and how many feeds are `ok`, `held`,
    `missing`."""
    runs, stages, feeds = table_of(Run), table_of(RunStage), table_of(FeedFile)
    newest = select(*(runs.c[name] for name in _ROW)).order_by(
        runs.c.effective_on.desc(), runs.c.started_at.desc(), runs.c.run_id
    )
    with reading(engine) as connection:
        rows = read(connection, newest.limit(most))
        ids = rows["run_id"].to_list()
        took = read(
            connection,
            select(
                stages.c.run_id,
                type_coerce(func.sum(stages.c.milliseconds), WHOLE).label("milliseconds"),
            )
            .where(stages.c.run_id.in_(ids))
            .group_by(stages.c.run_id),
        )
        states = read(
            connection,
            select(feeds.c.run_id, feeds.c.state, type_coerce(func.count(), WHOLE).label("number"))
            .where(feeds.c.run_id.in_(ids))
            .group_by(feeds.c.run_id, feeds.c.state),
        )
    counted = states.group_by("run_id").agg(
        pl.col("number").filter(state=state).sum().alias(state)
        for state in ("ok", "held", "missing")
    )
    key = {"on": "run_id", "how": "left", "validate": "1:1", "maintain_order": "left"}
    return rows.join(took, **key).join(counted, **key)  # type: ignore[arg-type]  # spelt out above


def read_run_shown(engine: Engine, run_id: str | None = None) -> RunShown | None:
    """Return one run, or the newest of those of which feeds are known; None where there is none."""
    runs, feeds = table_of(Run), table_of(FeedFile)
    query = select(*(runs.c[name] for name in _ROW))
    if run_id is not None:
        query = query.where(runs.c.run_id == run_id)
    else:
        has_feeds = select(feeds.c.run_id).where(feeds.c.run_id == runs.c.run_id).exists()
        query = query.where(has_feeds).order_by(
            runs.c.effective_on.desc(), runs.c.started_at.desc(), runs.c.run_id
        )
    with reading(engine) as connection:
        row = connection.execute(query.limit(1)).mappings().first()
        if row is None:
            return None
        mine = str(row["run_id"])

        def of(model: type[RunStage] | type[FeedFile]) -> pl.DataFrame:
            table = table_of(model)
            return read(connection, select(table).where(table.c.run_id == mine)).drop("run_id")

        def pairs(model: type[RunCount | RunPack | RunNote], key: str, value: str) -> pl.DataFrame:
            table = table_of(model)
            query = select(table.c[key], table.c[value]).where(table.c.run_id == mine)
            return read(connection, query).sort(key)

        return RunShown(
            row=RunRow(**row),
            stages=of(RunStage).sort("position"),
            feeds=of(FeedFile).sort("source"),
            counts=dict(pairs(RunCount, "name", "number").iter_rows()),
            packs=dict(pairs(RunPack, "scheme", "pack_version").iter_rows()),
            notes=dict(pairs(RunNote, "name", "said").iter_rows()),
        )
