"""Puts what a run found into the queue: new flags and items, and what became of those there were.

What people did stays: decisions, who has a case, notes and corrections. A flag that is no longer
found is `gone`; one that was decided is open again only where the rules say something else now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    delete,
    exists,
    func,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from nostop.model import StoreError
from nostop.store.access import put_people
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, NAME, check_text
from nostop.store.contacts import ERASED, LEAST_LEFT
from nostop.store.rows import check_types, put, put_into, read, table_of
from nostop.store.tables import Base
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import CaseFile, Flag, WorkItem
from nostop.store.tables_outreach import Suppression
from nostop.store.work_items import refresh_statistics

_UNIT, _HOME = "benefit_unit_id", "household_id"
_FLAG = [_UNIT, "scheme"]
_DECIDED = ("confirmed", "not_entitled", "suppressed")
#: What of a flag is said anew where the rules say something else than when it was decided.
_SAID = ("outcome", "amount", "amount_low", "amount_high")
#: What changes with every load and tells nobody anything.
_OF_THE_RUN = ("run_id", "effective_on")
#: So few flags that losing most of them is no sign of a broken feed.
_FEW = 20


@dataclass(frozen=True, slots=True)
class Work:
    """What a run found to look at.

    items: the columns of `work_items`, but for `run_id` and what people and time make of one.
    flags: the columns of `flags` but for `run_id` and `state`; each is of an item.
    files: `household_id`, `document`, one for each household of an item.
    people: everybody in those households, as `put_people` takes them.
    service: how long after it was flagged somebody should have looked at a case.
    """

    run_id: str
    effective_on: date
    items: pl.DataFrame
    flags: pl.DataFrame
    files: pl.DataFrame
    people: pl.DataFrame
    service: timedelta


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: items in the queue, of those new ones, flags new, found again or decided
    and open again (`reopened`), and no longer found (`gone`); households left out because somebody
    in them was erased."""

    items: int
    new_items: int
    flags: int
    new_flags: int
    reopened: int
    gone: int
    erased: int


def record_work(
    engine: Engine, work: Work, at: datetime, *, by: str = "nostop", accept_fewer: bool = False
) -> Loaded:
    """Put what a run found in the place of what an earlier run found, in one transaction.

    Args:
        engine: of the store.
        work: of one run, which is written down already.
        at: now.
        by: who loads it.
        accept_fewer: somebody has looked at a run that finds almost nothing, and it is right.
    Raises:
        StoreError: a newer run is loaded already, nine in ten flags are no longer found, or a value
            is not fit to be stored; nothing is changed.
    """
    check_text(work.items, "work_items", {_UNIT: ID, _HOME: ID, "area": ID, "nation": ID})
    keys = {_UNIT: ID, "scheme": ID, "subject_id": ID, "person_id": ID, "pack_version": NAME}
    check_text(work.flags, "flags", keys)
    work = replace(
        work,
        items=check_types(table_of(WorkItem), work.items),
        flags=check_types(table_of(Flag), work.flags),
    )
    with engine.begin() as connection:
        kept, erased = _without_erased(connection, work)
        # They are large, and nobody waits for them: before anybody else has to wait.
        stale = _put_files(connection, kept)
        _alone(connection)
        _refuse_older(connection, work.effective_on)
        if _without_erased(connection, work)[1] != erased:
            raise StoreError("work: somebody was erased meanwhile: load the run again")
        flags = _flags(read(connection, select(table_of(Flag))), kept)
        if not accept_fewer:
            _refuse_vanished(flags)
        items = _items(read(connection, select(table_of(WorkItem))), kept, flags, at)
        for model, rows in ((WorkItem, items), (Flag, flags)):
            put(connection, model, rows.filter("_new"))
            _upsert(connection, model, rows.filter(pl.col("_changed") & ~pl.col("_new")))
            _stamp(connection, model, rows.filter("_lost"), kept)
        _put_people(connection, kept, items, stale)
        loaded = _counted(items, flags, erased)
        detail = {"items": loaded.items, "flags": loaded.flags, "gone": loaded.gone}
        refresh_statistics(connection)
        append(connection, by, [Entry("work.loaded", work.run_id, detail)], at)
    return loaded


def _alone(connection: Connection) -> None:
    """Let nobody decide on what is being replaced: on SQLite, the transaction sees to that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE work_items, flags IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_older(connection: Connection, on: date) -> None:
    flags = table_of(Flag)
    last = connection.execute(select(func.max(flags.c.effective_on))).scalar_one()
    if last is not None and last > on:
        raise StoreError(
            f"work: this run is of {on}, and one of {last} is loaded already: load a newer run"
        )


def _without_erased(connection: Connection, work: Work) -> tuple[Work, int]:
    """Leave out the households of people who were erased: a run of before still knows them."""
    stops = table_of(Suppression)
    query = select(stops.c.person_id).where(stops.c.source == ERASED)
    gone = connection.execute(query).scalars().all()
    homes = work.people.filter(pl.col("person_id").is_in(list(gone)))[_HOME].unique()
    if homes.is_empty():
        return work, 0
    stays = ~pl.col(_HOME).is_in(homes.implode())
    items = work.items.filter(stays)
    kept = replace(
        work,
        items=items,
        flags=work.flags.join(items, on=_UNIT, how="semi"),
        files=work.files.filter(stays),
        people=work.people.filter(stays),
    )
    return kept, homes.len()


# --- flags ----------------------------------------------------------------------------------------


def _flags(before: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Return every flag as it is from now on, and what happened to it: `_new`, `_opened` (new, or
    again), `_lost` (this run does not find it), `_gone` (nor has anybody decided), `_changed`."""
    found = work.flags.with_columns(run_id=pl.lit(work.run_id))
    old = before.rename({name: f"{name}_was" for name in before.columns if name not in _FLAG})
    joined = found.join(old, on=_FLAG, how="left", validate="1:1")
    was, is_new = pl.col("state_was"), pl.col("state_was").is_null()
    # That nobody is to write to them is no answer to what the rules say: it stands until its end.
    says_other = was.is_in(_DECIDED) & (was != "suppressed") & _differs(_SAID)
    opened = is_new | (was == "gone") | says_other
    compared = [name for name in found.columns if name not in (*_FLAG, *_OF_THE_RUN)]
    now = joined.select(
        *found.columns,
        state=pl.when(opened).then(pl.lit("open")).otherwise(was),
        _new=is_new,
        _opened=opened,
        _gone=pl.lit(value=False),
        _changed=opened | _differs(compared),
        _lost=pl.lit(value=False),
    )
    lost = before.join(found, on=_FLAG, how="anti")
    ends = pl.col("state").is_in(("open", "waiting"))
    gone = lost.with_columns(
        state=pl.when(ends).then(pl.lit("gone")).otherwise("state"),
        _new=pl.lit(value=False),
        _opened=pl.lit(value=False),
        _gone=ends,
        _changed=ends,
        _lost=pl.lit(value=True),
    )
    return pl.concat([now, gone.select(now.columns)])


def _differs(names: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in names)


def _refuse_vanished(flags: pl.DataFrame) -> None:
    gone = flags.filter("_gone").height
    there = flags.filter(pl.col("state").is_in(("open", "waiting"))).height
    if gone > _FEW and there <= LEAST_LEFT * gone:
        raise StoreError(
            f"work: this run no longer finds {gone:,} of the flags in the queue, and almost no "
            "other: look at its feeds; where it is right, load it with --accept-fewer"
        )


# --- items ----------------------------------------------------------------------------------------


def _items(before: pl.DataFrame, work: Work, flags: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return every item as it is from now on; `_new`, `_changed` and `_lost` as of flags."""
    found = work.items.with_columns(run_id=pl.lit(work.run_id))
    old = before.rename({name: f"{name}_was" for name in before.columns if name != _UNIT})
    of_flags = flags.group_by(_UNIT).agg(
        pl.col("_opened", "_gone", "_changed").any(), _states=pl.col("state").unique()
    )
    compared = [name for name in found.columns if name not in (_UNIT, *_OF_THE_RUN)]
    now = (
        found.join(old, on=_UNIT, how="left", validate="1:1")
        .join(of_flags, on=_UNIT, how="left", validate="1:1")
        .with_columns(_anew=_differs(compared), _lost=pl.lit(value=False))
    )
    lost = (
        old.join(found, on=_UNIT, how="anti")
        .with_columns(pl.col(f"{name}_was").alias(name) for name in (*compared, "run_id"))
        .join(of_flags, on=_UNIT, how="left", validate="1:1")
        .with_columns(pl.col("_opened", "_gone", "_changed").fill_null(value=False))
        .with_columns(_anew=pl.lit(value=False), _lost=pl.lit(value=True))
    )
    together = pl.concat([now, lost.select(now.columns)])
    return together.select(*found.columns, *_of_people(at, work.service), "_lost")


def _of_people(at: datetime, service: timedelta) -> list[pl.Expr]:
    """What people and time make of an item: state, clock, who has it, version."""
    was = pl.col("state_was")
    is_new = was.is_null()
    over = was.is_in(("done", "gone"))
    begins = is_new | (over & pl.col("_opened"))
    left = _state_of(pl.col("_states"))
    state = (
        pl.when(is_new | pl.col("_opened"))
        .then(pl.lit("open"))
        .when(pl.col("_gone") & left.is_in(("done", "gone", "second", "waiting")))
        .then(left)
        .otherwise(was)
    )
    moment = pl.Datetime("us", "UTC")
    changed = is_new | pl.col("_changed") | pl.col("_anew")
    return [
        pl.when(begins).then(pl.lit(at, moment)).otherwise("flagged_at_was").alias("flagged_at"),
        pl.when(begins).then(pl.lit(at + service, moment)).otherwise("due_at_was").alias("due_at"),
        state.alias("state"),
        pl.col("assignee_was").alias("assignee"),
        pl.col("assigned_at_was").alias("assigned_at"),
        (pl.col("version_was").fill_null(0) + changed.cast(pl.Int64)).alias("version"),
        is_new.alias("_new"),
        changed.alias("_changed"),
    ]


def _state_of(states: pl.Expr) -> pl.Expr:
    """The state of an item by those of its flags."""
    has = states.list.contains
    decided = pl.any_horizontal(has(pl.lit(each)) for each in _DECIDED)
    return (
        pl.when(has(pl.lit("open")))
        .then(pl.lit("open"))
        .when(has(pl.lit("second")))
        .then(pl.lit("second"))
        .when(has(pl.lit("waiting")))
        .then(pl.lit("waiting"))
        .when(decided)
        .then(pl.lit("done"))
        .otherwise(pl.lit("gone"))
    )


# --- files ----------------------------------------------------------------------------------------


def _put_files(connection: Connection, work: Work) -> pl.DataFrame:
    """Put the case files in place; return `household_id` of those of which there is no new one."""
    known = read(connection, select(table_of(CaseFile).c.household_id))
    run = {"run_id": pl.lit(work.run_id), "effective_on": pl.lit(work.effective_on)}
    files = work.files.with_columns(**run)
    put(connection, CaseFile, files.join(known, on=_HOME, how="anti"))
    _upsert(connection, CaseFile, files.join(known, on=_HOME, how="semi"))
    return known.join(files, on=_HOME, how="anti")


def _put_people(
    connection: Connection, work: Work, items: pl.DataFrame, stale: pl.DataFrame
) -> None:
    """Put in place who lives in households with a case file, and take away the files of households
    of which nothing is left to look at. Of one that the run no longer knows and in which somebody
    decided, the last file and its people stay."""
    kept = items.filter(pl.col("state") != "gone").select(_HOME).unique()
    over = stale.join(kept, on=_HOME, how="anti")
    _delete_keys(connection, table_of(CaseFile), over)
    before = read(connection, select(table_of(CasePerson)))
    theirs = before.join(stale.join(over, on=_HOME, how="anti"), on=_HOME, how="semi")
    put_people(connection, pl.concat([work.people, theirs.select(work.people.columns)]))


def _counted(items: pl.DataFrame, flags: pl.DataFrame, erased: int) -> Loaded:
    there = pl.col("state").is_in(("open", "waiting", "second"))
    return Loaded(
        items=items.filter(there).height,
        new_items=int(items["_new"].sum()),
        flags=flags.filter(there).height,
        new_flags=int(flags["_new"].sum()),
        reopened=flags.filter(pl.col("_opened") & ~pl.col("_new")).height,
        gone=int(flags["_gone"].sum()),
        erased=erased,
    )


# --- many rows at once ----------------------------------------------------------------------------


def _upsert(connection: Connection, model: type[Base], frame: pl.DataFrame) -> None:
    """Insert rows, or put them in the place of those that have their key."""
    table = table_of(model)
    columns = [column for column in table.columns if column.name in frame.columns]
    if not frame.height:
        return
    staged = _staged(connection, table, columns, frame)
    names = [column.name for column in columns]
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    # SQLite takes ON CONFLICT after SELECT for a join, unless there is a WHERE between.
    query = dialect.insert(table).from_select(names, select(staged).where(true()))
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: query.excluded[name] for name in names if name not in keys}
    connection.execute(query.on_conflict_do_update(index_elements=keys, set_=changed))
    staged.drop(connection)


def _stamp(connection: Connection, model: type[Base], lost: pl.DataFrame, work: Work) -> None:
    """Write down of which run every row is now, but for those that it did not find."""
    table = table_of(model)
    keys = list(table.primary_key.columns)
    found: ColumnElement[bool] = true()
    staged = None
    if lost.height:
        staged = _staged(connection, table, keys, lost.select(column.name for column in keys))
        same = [staged.c[column.name] == column for column in keys]
        found = ~exists().where(*same)
    stamp = {"run_id": work.run_id, "effective_on": work.effective_on}
    values = {name: value for name, value in stamp.items() if name in table.columns}
    stamped = update(table).where(found, table.c.run_id != work.run_id).values(**values)
    connection.execute(stamped)
    if staged is not None:
        staged.drop(connection)


def _delete_keys(connection: Connection, table: Table, keys: pl.DataFrame) -> None:
    """Delete the rows of these keys: one column."""
    if keys.is_empty():
        return
    (column,) = (table.c[name] for name in keys.columns)
    staged = _staged(connection, table, [column], keys)
    connection.execute(delete(table).where(column.in_(select(staged.c[column.name]))))
    staged.drop(connection)


def _staged(
    connection: Connection, table: Table, columns: Sequence[Column[Any]], frame: pl.DataFrame
) -> Table:
    """Return a table of this transaction alone, with the rows in it."""
    staged = Table(
        f"staged_{table.name}",
        MetaData(),
        *(Column(column.name, column.type) for column in columns),
        prefixes=["TEMPORARY"],
    )
    staged.create(connection)
    put_into(connection, staged, frame)
    return staged
