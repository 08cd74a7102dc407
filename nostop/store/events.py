"""The log of life events, and the signals that follow from it.

Events are only added. Signals are worked out anew from a subject's events in the transaction that
adds one: what is new is raised, and what a late event undoes is withdrawn. So a crash leaves
neither an event without its signals nor a signal without its event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Select,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)

from nostop.events import SIGNAL_KINDS, TICK, LifeEvents, day_of, start_of
from nostop.frames import check
from nostop.model import EventError, StoreError, nearest
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, NAME, check_text
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables_events import EventSignal, LifeEvent

#: `withdrawn_by` of a signal that no rule says any more.
BY_RULES = "rules"
#: From so many subjects on, the log is read once and not asked for each of them.
_MANY = 20_000
_PATTERNS = {
    "event_key": ID,
    "source": NAME,
    "event_id": ID,
    "type": ID,
    "subject": ID,
    "data": r"^\{[\x20-\x7e]{0,4000}\}$",
}
_SAME = ("type", "subject", "at", "data")
_LOG = tuple(LifeEvents.columns())
_TOLD_MOST = 5


@dataclass(frozen=True, slots=True)
class Judging:
    """How signals are worked out: the two pure functions, the types that a rule waits after with
    the most days it waits, and the types that are about a person.

    signals: `LifeEvents` of whole subjects and the last tick -> `Signals`.
    undone: the same events -> `Signals` that an event undoes, and `undone_by`.
    """

    signals: Callable[[pl.DataFrame], pl.DataFrame]
    undone: Callable[[pl.DataFrame], pl.DataFrame]
    waiting: Mapping[str, int]
    of_people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What events changed: how many are new, how many were known, what was raised and
    withdrawn."""

    added: int
    known: int
    raised: int
    withdrawn: int


def hear_events(
    engine: Engine, events: pl.DataFrame, judging: Judging, at: datetime, by: str
) -> Heard:
    """Add events to the log, and bring the signals of their subjects up to date: all or nothing.

    An event that is there already with the same content is left out.

    Args:
        engine: an engine of `open_store`.
        events: `LifeEvents`.
        judging: how signals are worked out.
        at: when they were received, with a zone.
        by: who or what brings them: for the audit log.
    Raises:
        EventError: a source and id are in the log with other content: the first one stays.
        StoreError: a value is not fit to be stored.
    """
    rows = check_text(check(LifeEvents, events), "life_events", _PATTERNS)
    with engine.begin() as connection:
        _one_at_a_time(connection)
        before = _last_tick(connection)
        new = _new(connection, rows)
        is_person = pl.col("type").is_in(sorted(judging.of_people))
        put(
            connection,
            LifeEvent,
            new.with_columns(
                pl.lit(at).alias("received_at"),
                pl.when(is_person).then("subject").alias("person_id"),
            ),
        )
        whom = new["subject"].drop_nulls().unique().to_list()
        if new.filter(pl.col("type") == TICK).height:
            whom = sorted({*whom, *_waiting(connection, judging.waiting, before)})
        raised, withdrawn = _bring_up_to_date(connection, whom, judging, at)
        if new.height:
            counts = {"events": new.height, "raised": raised, "withdrawn": withdrawn}
            append(connection, by, [Entry("events.appended", None, counts)], at)
    return Heard(new.height, rows.height - new.height, raised, withdrawn)


def judge_again(engine: Engine, judging: Judging, at: datetime, by: str) -> Heard:
    """Bring everybody's signals up to date with the log, as after a change of the rules."""
    table = table_of(LifeEvent)
    with engine.begin() as connection:
        _one_at_a_time(connection)
        query = select(table.c.subject).where(table.c.subject.is_not(None)).distinct()
        whom = list(connection.execute(query).scalars())
        raised, withdrawn = _bring_up_to_date(connection, whom, judging, at)
        counts = {"raised": raised, "withdrawn": withdrawn}
        append(connection, by, [Entry("events.judged_again", None, counts)], at)
    return Heard(0, 0, raised, withdrawn)


def read_events(
    engine: Engine, subjects: Iterable[str] | None = None, last: int | None = None
) -> pl.DataFrame:
    """Return `LifeEvents` of the log with `received_at`, by time and key.

    Args:
        engine: an engine of `open_store`.
        subjects: only of these; None is everybody, ticks too.
        last: only the last so many.
    """
    table = table_of(LifeEvent)
    query = select(table)
    if subjects is not None:
        query = query.where(table.c.subject.in_(list(subjects)))
    if last is not None:
        query = query.order_by(table.c.at.desc(), table.c.event_key.desc()).limit(last)
    with engine.begin() as connection:
        return read(connection, query).sort("at", "event_key")


def last_tick(engine: Engine) -> date | None:
    """Return the last day that has come, by the log."""
    with engine.begin() as connection:
        return _last_tick(connection)


def open_signals(
    engine: Engine, kind: str | None = None, due_by: date | None = None
) -> pl.DataFrame:
    """Return the signals that nobody has acted on and nothing has undone.

    Args:
        engine: an engine of `open_store`.
        kind: one of `SIGNAL_KINDS`; None is all.
        due_by: only those due by then; None is all.
    Returns:
        The columns of `EventSignal`, by due_on and signal_id.
    """
    table = table_of(EventSignal)
    query = select(table).where(table.c.handled_at.is_(None), table.c.withdrawn_at.is_(None))
    if kind is not None:
        query = query.where(table.c.kind == _known_kind(kind))
    if due_by is not None:
        query = query.where(table.c.due_on <= due_by)
    with engine.begin() as connection:
        return read(connection, query).sort("due_on", "signal_id")


def undone_too_late(engine: Engine) -> pl.DataFrame:
    """Return the signals that were undone after somebody had acted on them: one to look at each."""
    table = table_of(EventSignal)
    query = select(table).where(table.c.withdrawn_at > table.c.handled_at)
    with engine.begin() as connection:
        return read(connection, query).sort("withdrawn_at", "signal_id")


def stopped(connection: Connection, on: date) -> pl.DataFrame:
    """Return whom nobody may write to on a day: those whom a stop or a hold stands for.

    Returns:
        subject, subject_kind, reason, without repeats; whether anybody has acted on the signal
        makes no difference.
    """
    table = table_of(EventSignal)
    holds = (table.c.kind == "hold") & or_(table.c.until_on.is_(None), table.c.until_on >= on)
    query = (
        select(table.c.subject, table.c.subject_kind, table.c.reason)
        .where(table.c.withdrawn_at.is_(None), or_(table.c.kind == "stop", holds))
        .distinct()
    )
    return read(connection, query).sort("subject", "reason")


def settle_signals(engine: Engine, signal_ids: Iterable[str], at: datetime, by: str) -> list[str]:
    """Mark signals as acted on, each once; see `settle`."""
    with engine.begin() as connection:
        return settle(connection, signal_ids, at, by)


def settle(connection: Connection, signal_ids: Iterable[str], at: datetime, by: str) -> list[str]:
    """Mark signals as acted on, in the transaction of the action itself.

    Returns:
        Those that this call settled, in order: what somebody else has acted on, or an event has
        undone, is not among them and must not be acted on.
    """
    table = table_of(EventSignal)
    is_open = table.c.handled_at.is_(None) & table.c.withdrawn_at.is_(None)
    settled: list[str] = []
    for some in batched(sorted(set(signal_ids)), MOST_AT_ONCE):
        query = select(table.c.signal_id).where(table.c.signal_id.in_(some), is_open)
        query = query.order_by(table.c.signal_id).with_for_update()
        mine = list(connection.execute(query).scalars())
        connection.execute(
            update(table).where(table.c.signal_id.in_(mine)).values(handled_at=at, handled_by=by)
        )
        settled += mine
    if settled:
        entry = Entry("signals.settled", None, {"signals": len(settled)})
        append(connection, by, [entry], at)
    return settled


def _known_kind(kind: str) -> str:
    if kind not in SIGNAL_KINDS:
        known = list(SIGNAL_KINDS)
        raise StoreError(
            f"signals: '{kind}' is no kind of {', '.join(known)}{nearest(kind, known)}"
        )
    return kind


def _one_at_a_time(connection: Connection) -> None:
    # SQLite has begun IMMEDIATE and lets in one writer anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE life_events IN SHARE ROW EXCLUSIVE MODE"))


def _new(connection: Connection, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the events that are not in the log yet."""
    table = table_of(LifeEvent)
    stored = _of_ids(connection, select(table), table.c.event_key, rows["event_key"].to_list())
    both = rows.join(stored, on="event_key", how="inner", validate="1:1", suffix="_there")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_there")) for name in _SAME]
    other = both.filter(pl.any_horizontal(differs)).sort("source", "event_id")
    if other.height:
        shown = other.select("source", "event_id").head(_TOLD_MOST).rows()
        named = ", ".join(f"{source} {event_id}" for source, event_id in shown)
        raise EventError(
            f"events: {other.height} are in the log with other content ({named}): the first one "
            "stays; send a change as an event of its own. Nothing was taken"
        )
    return rows.join(stored, on="event_key", how="anti")


def _of_ids(
    connection: Connection,
    query: Select[Any],
    column: Column[Any],
    ids: list[str],
) -> pl.DataFrame:
    """Return the rows of a query whose `column` is one of some ids."""
    if len(ids) > _MANY:
        wanted = pl.DataFrame({column.name: ids}, schema={column.name: pl.String})
        return read(connection, query).join(wanted.unique(), on=column.name, how="semi")
    parts = [read(connection, query.where(column.in_(some))) for some in batched(ids, MOST_AT_ONCE)]
    return pl.concat(parts) if parts else read(connection, query.where(column.in_([])))


def _last_tick(connection: Connection) -> date | None:
    table = table_of(LifeEvent)
    at = connection.execute(select(func.max(table.c.at)).where(table.c.type == TICK)).scalar()
    return None if at is None else day_of(at)


def _waiting(
    connection: Connection, waiting: Mapping[str, int], before: date | None
) -> Iterable[str]:
    """Return the subjects for whom a day that has come since `before` can settle something."""
    table = table_of(LifeEvent)
    for name, days in waiting.items():
        query = select(table.c.subject).where(table.c.type == name)
        if before is not None:
            query = query.where(table.c.at >= start_of(before - timedelta(days=days)))
        yield from connection.execute(query.distinct()).scalars()


def _bring_up_to_date(
    connection: Connection, subjects: list[str], judging: Judging, at: datetime
) -> tuple[int, int]:
    if not subjects:
        return 0, 0
    log, table = table_of(LifeEvent), table_of(EventSignal)
    events = _of_ids(connection, select(log), log.c.subject, subjects)
    ticks = select(log).where(log.c.type == TICK).order_by(log.c.at.desc()).limit(1)
    events = pl.concat([events, read(connection, ticks)]).select(_LOG)
    found = judging.signals(events)
    stored = _of_ids(connection, select(table), table.c.subject, subjects)
    new = found.join(stored, on="signal_id", how="anti").with_columns(
        pl.col("event_keys").list.join(" "),
        pl.lit(at).alias("raised_at"),
        pl.when(pl.col("subject_kind") == "person").then("subject").alias("person_id"),
    )
    put(connection, EventSignal, new)
    gone = stored.filter(pl.col("withdrawn_at").is_null()).join(found, on="signal_id", how="anti")
    return new.height, _withdraw(connection, gone, events, judging, at)


def _withdraw(
    connection: Connection, gone: pl.DataFrame, events: pl.DataFrame, judging: Judging, at: datetime
) -> int:
    """Withdraw signals that the rules no longer give.

    What was acted on stays as it is where only the rules have changed.
    """
    if gone.is_empty():
        return 0
    why = judging.undone(events).select("signal_id", "undone_by")
    because = gone.join(why, on="signal_id", how="left", validate="1:1").filter(
        pl.col("undone_by").is_not_null() | pl.col("handled_at").is_null()
    )
    table = table_of(EventSignal)
    query = (
        update(table)
        .where(table.c.signal_id == bindparam("of"))
        .values(withdrawn_at=at, withdrawn_by=bindparam("why"))
    )
    rows = because.select(of="signal_id", why=pl.col("undone_by").fill_null(BY_RULES)).to_dicts()
    if rows:
        connection.execute(query, rows)
    return len(rows)
