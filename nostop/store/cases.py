"""Cases: what is to be done about a person, by whom it was opened, and how it moved on.

A case is opened once for a message, moves as `MOVES` allows, and leaves a row of `case_events` for
each step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, select, update

from nostop.events import stands_for
from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, check_text
from nostop.store.events import settle
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_events import CASE_KINDS, Case, CaseEvent, EventSignal

#: From a state to those it may move to. A closed case is only ever opened again.
MOVES = {"open": ("waiting", "closed"), "waiting": ("open", "closed"), "closed": ("open",)}
#: Said again after it was closed, it is opened again: nobody's word is lost.
OPENED_AGAIN = ("wrong", "returned")
#: What only follows a message, and is nobody's to do.
FOLLOWS_A_MESSAGE = "outreach"
_WORD = r"^[a-z][a-z0-9_]{0,60}$"
_IDS = ("case_id", "person_id", "benefit_unit_id", "scheme", "message_id")
_NEW = pl.Schema(
    {
        "mark": pl.String,
        "kind": pl.String,
        "person_id": pl.String,
        "benefit_unit_id": pl.String,
        "scheme": pl.String,
        "message_id": pl.String,
        "state": pl.String,
        "due_on": pl.Date,
        "reason": pl.String,
    }
)
_MOVE = pl.Schema(
    {"case_id": pl.String, "state": pl.String, "reason": pl.String, "due_on": pl.Date}
)


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a case is about: opaque ids, and a word for why."""

    kind: str
    reason: str
    person_id: str | None = None
    benefit_unit_id: str | None = None
    scheme: str | None = None
    message_id: str | None = None
    due_on: date | None = None
    state: str = "open"


@dataclass(frozen=True, slots=True)
class NewState:
    """Where a case moves: open, waiting or closed; a word for why; until when it waits."""

    state: str
    reason: str
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What signals did to cases: how many were opened, moved on, and closed."""

    opened: int
    moved: int
    closed: int


def open_case(engine: Engine, new: NewCase, at: datetime, by: str) -> str:
    """Open a case, and return its id. For a message there is one case of a kind: asked again, its
    id is returned, and a case that a person speaks of again is open again.

    Raises:
        StoreError: the kind is unknown, or a value is not fit to be stored.
    """
    with engine.begin() as connection:
        return open_cases(connection, [new], at, by)[0]


def open_cases(connection: Connection, new: Sequence[NewCase], at: datetime, by: str) -> list[str]:
    """Open cases in a transaction of the caller's, and return their ids in order: see
    `open_case`."""
    rows = [
        {
            "mark": case.message_id or _mark(case, at),
            **{name: getattr(case, name) for name in _NEW.names() if name != "mark"},
        }
        for case in new
    ]
    ids = _open(connection, pl.DataFrame(rows, schema=_NEW), at, by)
    return ids["case_id"].to_list()


def move_case(engine: Engine, case_id: str, to: NewState, at: datetime, by: str) -> None:
    """Move a case on.

    Raises:
        StoreError: there is no such case, or it may not move there.
    """
    table = table_of(Case)
    with engine.begin() as connection:
        query = select(table.c.state).where(table.c.case_id == case_id).with_for_update()
        state = connection.execute(query).scalar()
        if state is None:
            raise StoreError("cases: there is no case with this id")
        if to.state not in MOVES[state]:
            allowed = " or ".join(MOVES[state])
            raise StoreError(f"cases: a case that is {state} may become {allowed}, not {to.state}")
        row = (case_id, to.state, to.reason, to.due_on)
        _move(connection, pl.DataFrame([row], _MOVE, orient="row"), at, by)


def open_cases_of(
    connection: Connection, person_ids: Iterable[str], kinds: Iterable[str] = CASE_KINDS
) -> pl.DataFrame:
    """Return the cases of people that are open or waiting.

    Args:
        connection: in a transaction: a sender asks in the one in which it claims.
        person_ids: whose; a case of their benefit unit counts where it names the person.
        kinds: only these. A sender leaves out `FOLLOWS_A_MESSAGE`: that one only follows what
            it sent itself.
    Returns:
        The columns of `Case`, by case_id.
    """
    table = table_of(Case)
    query = select(table).where(table.c.state != "closed", table.c.kind.in_(list(kinds)))
    people = sorted(set(person_ids))
    parts = [
        read(connection, query.where(table.c.person_id.in_(some)))
        for some in batched(people, MOST_AT_ONCE)
    ]
    found = pl.concat(parts) if parts else read(connection, query.where(table.c.person_id.in_([])))
    return found.sort("case_id")


def case_history(engine: Engine, case_id: str) -> pl.DataFrame:
    """Return the steps of a case, in order."""
    table = table_of(CaseEvent)
    with engine.begin() as connection:
        return read(connection, select(table).where(table.c.case_id == case_id)).sort("number")


def message_of(engine: Engine, reference: str) -> str:
    """Return the id of the message that a short reference stands for.

    Raises:
        EventError: it is no reference.
        StoreError: there is no such message, or more than one: then a person has to ask for the
            scheme and the day.
    """
    start = stands_for(reference)
    table = table_of(OutreachMessage)
    # "g" comes after every hexadecimal digit: the whole range, by the primary key.
    query = select(table.c.message_id).where(
        table.c.message_id >= start, table.c.message_id < start + "g"
    )
    with engine.begin() as connection:
        found = [
            str(each) for each in connection.execute(query).scalars() if each.startswith(start)
        ]
    if len(found) != 1:
        told = "two messages have" if found else "no message has"
        raise StoreError(f"reference: {told} this reference; look for the scheme and the day")
    return found[0]


def carry_out_signals(engine: Engine, on: date, at: datetime, by: str) -> Carried:
    """Let the signals that are due move cases: all in one transaction.

    `close_case` closes outreach cases of the subject (of the scheme, where it has one), `open_case`
    opens one, and both are settled. A `follow_up` makes a waiting outreach case open; who sends the
    follow-up settles it.
    """
    table = table_of(EventSignal)
    query = select(table).where(
        table.c.handled_at.is_(None),
        table.c.withdrawn_at.is_(None),
        table.c.due_on <= on,
        table.c.kind.in_(["close_case", "open_case", "follow_up"]),
    )
    with engine.begin() as connection:
        due = read(connection, query)
        done = due.filter(pl.col("kind") != "follow_up")["signal_id"].to_list()
        mine = pl.DataFrame(
            {"signal_id": settle(connection, done, at, by)}, {"signal_id": pl.String}
        )
        settled = due.join(mine, on="signal_id", how="semi")
        closed = _close(connection, settled.filter(kind="close_case"), at, by)
        opened = _open_by_signals(connection, settled.filter(kind="open_case"), at, by)
        moved = _follow_up(connection, due.filter(kind="follow_up"), at, by)
    return Carried(opened, moved, closed)


def _mark(case: NewCase, at: datetime) -> str:
    of = (case.person_id, case.benefit_unit_id, case.scheme, case.reason, at.isoformat())
    return "|".join(each or "" for each in of)


def _case_id(kind: str, mark: str) -> str:
    return "C" + sha256(f"{kind}\x1f{mark}".encode()).hexdigest()[:24]


def _open(connection: Connection, rows: pl.DataFrame, at: datetime, by: str) -> pl.DataFrame:
    """Open the cases that are not there yet; return `rows` with `case_id`."""
    unknown = sorted(set(rows["kind"]) - set(CASE_KINDS))
    if unknown:
        raise StoreError(f"cases: there is no kind '{unknown[0]}'; known: {', '.join(CASE_KINDS)}")
    keys = rows.select("kind", "mark").rows()
    ids = pl.Series("case_id", [_case_id(kind, mark) for kind, mark in keys], pl.String)
    named = rows.with_columns(ids)
    check_text(named, "cases", {**dict.fromkeys(_IDS, ID), "reason": _WORD})
    once = named.unique("case_id", keep="first", maintain_order=True)
    there = _stored(connection, once["case_id"].to_list())
    new = once.join(there, on="case_id", how="anti").with_columns(
        opened_at=pl.lit(at), opened_by=pl.lit(by), number=pl.lit(1, pl.Int64)
    )
    put(connection, Case, new)
    put(connection, CaseEvent, new.with_columns(at=pl.lit(at), actor=pl.lit(by)))
    append(connection, by, _entries("case.opened", new), at)
    closed = there.filter(pl.col("kind").is_in(OPENED_AGAIN), pl.col("state") == "closed")
    again = closed.select("case_id", state=pl.lit("open"), reason=pl.lit("said_again"), due_on=None)
    _move(connection, again.cast(_MOVE), at, by)
    return named


def _entries(action: str, rows: pl.DataFrame) -> list[Entry]:
    return [
        Entry(
            action,
            row["person_id"] or row["benefit_unit_id"],
            {"case": row["case_id"], "state": row["state"], "reason": row["reason"]},
        )
        for row in rows.iter_rows(named=True)
    ]


def _stored(connection: Connection, case_ids: list[str]) -> pl.DataFrame:
    table = table_of(Case)
    parts = [
        read(connection, select(table).where(table.c.case_id.in_(some)).with_for_update())
        for some in batched(case_ids, MOST_AT_ONCE)
    ]
    return pl.concat(parts) if parts else read(connection, select(table).where(table.c.kind == ""))


def _move(connection: Connection, moves: pl.DataFrame, at: datetime, by: str) -> None:
    """Move cases, of which the caller has seen that they may."""
    if moves.is_empty():
        return
    check_text(moves, "case_events", {"case_id": ID, "reason": _WORD})
    table = table_of(Case)
    ids = moves["case_id"].to_list()
    last = pl.concat([_last_steps(connection, some) for some in batched(ids, MOST_AT_ONCE)])
    rows = moves.join(last, on="case_id", how="left", validate="1:1").with_columns(
        pl.col("number") + 1, at=pl.lit(at), actor=pl.lit(by)
    )
    put(connection, CaseEvent, rows)
    query = (
        update(table)
        .where(table.c.case_id == bindparam("of"))
        .values(
            state=bindparam("to"),
            due_on=bindparam("until"),
            closed_at=bindparam("ended"),
            reason=bindparam("why"),
        )
    )
    values = moves.select(of="case_id", to="state", until="due_on", why="reason").to_dicts()
    ended = [{**row, "ended": at if row["to"] == "closed" else None} for row in values]
    connection.execute(query, ended)
    append(connection, by, _entries("case.moved", rows), at)


def _last_steps(connection: Connection, case_ids: list[str]) -> pl.DataFrame:
    """Return case_id, whose it is, and the number of its last step."""
    cases, steps = table_of(Case), table_of(CaseEvent)
    whose = select(cases.c.case_id, cases.c.person_id, cases.c.benefit_unit_id)
    numbers = select(steps.c.case_id, steps.c.number).where(steps.c.case_id.in_(case_ids))
    last = read(connection, numbers).group_by("case_id").agg(pl.col("number").max())
    owners = read(connection, whose.where(cases.c.case_id.in_(case_ids)))
    return owners.join(last, on="case_id", how="left", validate="1:1")


def _of_messages(connection: Connection, states: Sequence[str]) -> pl.DataFrame:
    table = table_of(Case)
    query = select(table).where(table.c.kind == FOLLOWS_A_MESSAGE, table.c.state.in_(states))
    return read(connection, query)


def _close(connection: Connection, signals: pl.DataFrame, at: datetime, by: str) -> int:
    if signals.is_empty():
        return 0
    cases = _of_messages(connection, ("open", "waiting"))
    whose = {"person": "person_id", "benefit_unit": "benefit_unit_id"}
    parts = [
        cases.join(
            signals.filter(subject_kind=kind).select("signal_id", "subject", "scheme", "reason"),
            left_on=column,
            right_on="subject",
            how="inner",
            suffix="_of_signal",
        )
        for kind, column in whose.items()
    ]
    met = pl.concat(parts, how="diagonal").filter(
        pl.col("scheme_of_signal").is_null() | (pl.col("scheme_of_signal") == pl.col("scheme"))
    )
    first = met.sort("signal_id").unique("case_id", keep="first", maintain_order=True)
    moves = first.select(
        "case_id", state=pl.lit("closed"), reason="reason_of_signal", due_on=None
    ).cast(_MOVE)
    _move(connection, moves, at, by)
    return moves.height


def _open_by_signals(connection: Connection, signals: pl.DataFrame, at: datetime, by: str) -> int:
    def whose(kind: str) -> pl.Expr:
        return pl.when(pl.col("subject_kind") == kind).then("subject")

    rows = signals.select(
        mark=pl.coalesce("message_id", "signal_id"),
        kind="case_kind",
        person_id=whose("person"),
        benefit_unit_id=whose("benefit_unit"),
        scheme="scheme",
        message_id="message_id",
        state=pl.lit("open"),
        due_on="due_on",
        reason="reason",
    ).cast(_NEW)
    return _open(connection, rows, at, by)["case_id"].n_unique()


def _follow_up(connection: Connection, signals: pl.DataFrame, at: datetime, by: str) -> int:
    if signals.is_empty():
        return 0
    waiting = _of_messages(connection, ("waiting",))
    due = waiting.join(signals.select("message_id").unique(), on="message_id", how="semi")
    moves = due.select(
        "case_id", state=pl.lit("open"), reason=pl.lit("follow_up_due"), due_on=None
    ).cast(_MOVE)
    _move(connection, moves, at, by)
    return moves.height
