"""What happened to person ids, as caseworkers look it up, and what rests on a link that changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    union,
    update,
)

from nostop.model import MovedOn, NotHere, StoreError
from nostop.store.access import Who, tied_people, within
from nostop.store.audit import Entry, append
from nostop.store.cases import NewCase, open_cases
from nostop.store.checks import NOTE, check_text
from nostop.store.engine import reading
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import Flag, WorkItem
from nostop.store.tables_events import Case
from nostop.store.tables_outreach import PersonHeir, Recipient
from nostop.store.tables_work import LinkAnswer, LinkChange, LinkTask

#: What can be taken back.
CAN_BE_UNDONE = ("merged", "split", "moved")
LINK = "link"
#: Why a case is open: somebody doubts that the records are of one person.
QUESTIONED = "link_questioned"
#: So many of the newest changes are looked through for somebody's own.
_LOOKED_AT = 500
_NOT_HERE = "links: there is no such change, or it is not for you to see"
_ASKED = "links: this change has been undone, or somebody has asked for it already"


@dataclass(frozen=True, slots=True)
class Touched:
    """What rests on the links of some people: flags by scheme, messages by state, open cases by
    kind."""

    person_ids: tuple[str, ...]
    flags: Mapping[str, int]
    messages: Mapping[str, int]
    cases: Mapping[str, int]


def last_change(connection: Connection) -> int:
    """Return the newest event that is known here, 0 where none is."""
    table = table_of(LinkChange)
    return int(connection.execute(select(func.max(table.c.event_id))).scalar() or 0)


def add_changes(connection: Connection, changes: pl.DataFrame, undone: Mapping[int, int]) -> int:
    """Keep what happened since; return how many events that is.

    Args:
        connection: in a transaction of the caller's.
        changes: the columns of `LinkChange` but `undone_by`, oldest first.
        undone: by which event each was taken back; it may have been kept long ago.
    """
    new = changes.filter(pl.col("event_id") > last_change(connection))
    put(connection, LinkChange, new)
    known = set(new["event_id"])
    for event_id, undone_by in undone.items():
        if undone_by in known:
            mark_undone(connection, event_id, undone_by)
    return new.height


def mark_undone(connection: Connection, event_id: int, undone_by: int) -> None:
    """Say by which event one was taken back."""
    table = table_of(LinkChange)
    query = update(table).where(table.c.event_id == event_id)
    connection.execute(query.values(undone_by=undone_by))


def changes_of(engine: Engine, who: Who, person_id: str | None, *, most: int = 100) -> pl.DataFrame:
    """Return what happened to a person id, or the last things that happened to anybody whose case
    somebody may open; the newest first: the columns of `LinkChange`."""
    table = table_of(LinkChange)
    query = select(table).order_by(table.c.event_id.desc()).limit(_LOOKED_AT)
    if person_id is not None:
        query = query.where(or_(table.c.person_id == person_id, table.c.other_id == person_id))
    with reading(engine) as connection:
        rows = read(connection, query)
        ids = {*rows["person_id"], *rows["other_id"]}
        mine = _openable_among(connection, who, ids)
        known = list(connection.execute(tied_people(who)).scalars())
    sides = ("person_id", "other_id")
    theirs = pl.any_horizontal(pl.col(side).is_in(list(mine)) for side in sides)
    tied = pl.any_horizontal(pl.col(side).is_in(known) for side in sides)
    return rows.filter(theirs & ~tied).head(most)


def change_of(engine: Engine, who: Who, event_id: int) -> dict[str, object]:
    """Return one event: the columns of `LinkChange`.

    Raises:
        NotHere: there is none, or nobody in it has a case that they may open.
    """
    table = table_of(LinkChange)
    query = select(table).where(table.c.event_id == event_id, _theirs(who))
    with reading(engine) as connection:
        found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise NotHere(_NOT_HERE)
    return dict(found)


def touched(engine: Engine, person_ids: Sequence[str]) -> Touched:
    """Return what rests on the links of these people and of their benefit units."""
    ids = sorted(set(person_ids))
    flag, message, case = table_of(Flag), table_of(OutreachMessage), table_of(Case)
    units = _units_of(ids)
    flags = (
        select(flag.c.scheme, func.count())
        .where(flag.c.benefit_unit_id.in_(units), flag.c.state != "gone")
        .group_by(flag.c.scheme)
    )
    messages = (
        select(message.c.state, func.count())
        .where(message.c.recipient_id.in_(ids))
        .group_by(message.c.state)
    )
    whose = or_(case.c.person_id.in_(ids), case.c.benefit_unit_id.in_(units))
    cases = (
        select(case.c.kind, func.count())
        .where(case.c.state != "closed", whose)
        .group_by(case.c.kind)
    )
    with reading(engine) as connection:
        return Touched(
            tuple(ids), *(_counted(connection, each) for each in (flags, messages, cases))
        )


def hold(
    connection: Connection, person_ids: Sequence[str], reason: str, by: str, at: datetime
) -> dict[str, str]:
    """Let nobody write to these people until somebody closes the case, and say in the queue that
    sources do not agree about them; return the case of each.

    Whoever has an open case about their links already keeps that one. Call it last in a
    transaction: it writes to the audit log.
    """
    ids = sorted(set(person_ids))
    item = table_of(WorkItem)
    for some in batched(ids, MOST_AT_ONCE):
        query = update(item).where(
            item.c.benefit_unit_id.in_(_units_of(some)), item.c.in_conflict.is_(False)
        )
        connection.execute(query.values(in_conflict=True, version=item.c.version + 1))
    known = open_link_cases(connection, ids)
    new = [who for who in ids if who not in known]
    opened = open_cases(connection, [NewCase(LINK, reason, who) for who in new], at, by)
    return known | dict(zip(new, opened, strict=True))


def open_link_cases(connection: Connection, person_ids: Sequence[str]) -> dict[str, str]:
    """Return the open case about the links of each of these people who has one."""
    case = table_of(Case)
    found: dict[str, str] = {}
    for some in batched(list(person_ids), MOST_AT_ONCE):
        query = select(case.c.person_id, case.c.case_id).where(
            case.c.kind == LINK, case.c.state != "closed", case.c.person_id.in_(some)
        )
        found.update((str(who), str(case_id)) for who, case_id in connection.execute(query))
    return found


def questioned(connection: Connection) -> list[tuple[str, str, str]]:
    """Return case, person and who asked, of open cases about a link that somebody questions and
    that no pair was made of yet."""
    case, task = table_of(Case), table_of(LinkTask)
    made = exists().where(task.c.case_id == case.c.case_id)
    query = select(case.c.case_id, case.c.person_id, case.c.opened_by).where(
        case.c.kind == LINK, case.c.state == "open", case.c.reason == QUESTIONED, ~made
    )
    rows = connection.execute(query.order_by(case.c.case_id)).all()
    return [(str(a), str(b), str(c)) for a, b, c in rows]


def answered_cases(connection: Connection, case_ids: Collection[str]) -> list[str]:
    """Return which of these cases are open and have only pairs that are taken and were said to be
    of the same person."""
    case, task, answer = table_of(Case), table_of(LinkTask), table_of(LinkAnswer)
    other = select(answer.c.task_id).where(answer.c.verdict != "same")
    unsettled = select(task.c.case_id).where(
        task.c.case_id.is_not(None), or_(task.c.state != "taken", task.c.task_id.in_(other))
    )
    query = select(case.c.case_id).where(
        case.c.case_id.in_(sorted(case_ids)),
        case.c.state != "closed",
        case.c.case_id.not_in(unsettled),
    )
    return sorted(connection.execute(query).scalars())


def people_of_unit(connection: Connection, benefit_unit_id: str) -> list[str]:
    """Return who belongs to a benefit unit, by the run that was loaded last."""
    person, known = table_of(CasePerson), table_of(Recipient)
    parts = [
        select(table.c.person_id).where(table.c.benefit_unit_id == benefit_unit_id)
        for table in (person, known)
    ]
    return sorted(connection.execute(union(*parts)).scalars())


def held_cases(engine: Engine, who: Who, *, most: int = 50) -> pl.DataFrame:
    """Return open cases about links of people whose case somebody may open, the oldest first: the
    columns of `Case`."""
    case = table_of(Case)
    query = select(case).where(case.c.kind == LINK, case.c.state != "closed")
    with reading(engine) as connection:
        rows = read(connection, query.order_by(case.c.opened_at, case.c.case_id).limit(_LOOKED_AT))
        mine = _openable_among(connection, who, rows["person_id"].drop_nulls().to_list())
    return rows.filter(pl.col("person_id").is_in(list(mine))).head(most)


def held_case(engine: Engine, who: Who, case_id: str) -> None:
    """Do nothing where somebody may close an open case about links.

    Raises:
        NotHere: there is no such case, or it is not for them.
    """
    case = table_of(Case)
    query = select(case.c.case_id).where(
        case.c.case_id == case_id,
        case.c.kind == LINK,
        case.c.state != "closed",
        _openable_person(who, case.c.person_id),
    )
    with reading(engine) as connection:
        if connection.execute(query).scalar() is None:
            raise NotHere(_NOT_HERE)


def ask_undo(engine: Engine, who: Who, event_id: int, why: str, at: datetime) -> list[str]:
    """Keep that somebody wants an event taken back and why, and hold everybody concerned until
    somebody closes their case; return who that is.

    Raises:
        NotHere: there is no such event, or it is not for them.
        MovedOn: it has been taken back, or somebody else has asked for it.
        StoreError: it cannot be taken back, or the reason is not fit to be stored.
    """
    table = table_of(LinkChange)
    check_text(pl.DataFrame({"undo_why": [why]}), "link_changes", {"undo_why": NOTE})
    with engine.begin() as connection:
        query = select(table).where(table.c.event_id == event_id, _theirs(who)).with_for_update()
        found = connection.execute(query).mappings().one_or_none()
        if found is None:
            raise NotHere(_NOT_HERE)
        if found["kind"] not in CAN_BE_UNDONE:
            raise StoreError("links: only merges, splits and moves can be undone")
        if found["undone_by"] is not None or found["undo_asked_at"] is not None:
            raise MovedOn(_ASKED)
        asked = {"undo_asked_by": who.account_id, "undo_asked_at": at, "undo_why": why}
        connection.execute(update(table).where(table.c.event_id == event_id).values(asked))
        people = sorted({str(found["person_id"]), str(found["other_id"])})
        hold(connection, people, "undo_asked", who.account_id, at)
        append(connection, who.account_id, [Entry("link.undo_asked", str(event_id))], at)
    return people


def undo_reason(engine: Engine, event_id: int) -> tuple[str, str, datetime]:
    """Return who asked for an event to be taken back, why, and when.

    Raises:
        StoreError: nobody did.
    """
    table = table_of(LinkChange)
    columns = (table.c.undo_asked_by, table.c.undo_why, table.c.undo_asked_at)
    with reading(engine) as connection:
        found = connection.execute(select(*columns).where(table.c.event_id == event_id)).first()
    if found is None or found.undo_asked_at is None:
        raise StoreError("links: nobody has asked to undo this event")
    return found.undo_asked_by, found.undo_why, found.undo_asked_at


def forget_undo(engine: Engine, event_id: int) -> None:
    """Let an undo be asked for again: it could not be done. The cases stay open."""
    table = table_of(LinkChange)
    nobody = {"undo_asked_by": None, "undo_asked_at": None, "undo_why": None}
    with engine.begin() as connection:
        query = update(table).where(table.c.event_id == event_id, table.c.undone_by.is_(None))
        connection.execute(query.values(nobody))


def record_undo(
    connection: Connection, event_id: int, undone_by: int, by: str, at: datetime
) -> None:
    """Write down that an event was taken back, last in a transaction."""
    mark_undone(connection, event_id, undone_by)
    entry = Entry("link.undone", str(event_id), {"event": undone_by})
    append(connection, by, [entry], at)


def forget_changes(connection: Connection, person_ids: Sequence[str]) -> int:
    """Erase what happened to the ids of these people; return how many rows."""
    table, ids = table_of(LinkChange), list(person_ids)
    query = delete(table).where(or_(table.c.person_id.in_(ids), table.c.other_id.in_(ids)))
    return connection.execute(query).rowcount


def _theirs(who: Who) -> ColumnElement[bool]:
    """The condition on `link_changes`: one of the two has a case that somebody may open, and they
    know neither."""
    table = table_of(LinkChange)
    sides = (table.c.person_id, table.c.other_id)
    known = or_(*(side.in_(tied_people(who)) for side in sides))
    return and_(or_(*(_openable_person(who, side) for side in sides)), ~known)


def _openable_among(connection: Connection, who: Who, person_ids: Collection[str]) -> set[str]:
    """Return which of these people have a case that somebody may open: two queries by index. One
    query for both would begin with everybody in the area."""
    item, person = table_of(WorkItem), table_of(CasePerson)
    homes: dict[str, list[str]] = {}
    for some in batched(sorted(person_ids), MOST_AT_ONCE):
        query = select(person.c.household_id, person.c.person_id)
        for home, each in connection.execute(query.where(person.c.person_id.in_(some))):
            homes.setdefault(home, []).append(each)
    found: set[str] = set()
    for some in batched(sorted(homes), MOST_AT_ONCE):
        mine = select(item.c.household_id).where(item.c.household_id.in_(some), within(who))
        found.update(each for home in connection.execute(mine).scalars() for each in homes[home])
    return found


def _openable_person(who: Who, person_id: ColumnElement[str]) -> ColumnElement[bool]:
    item, person = table_of(WorkItem), table_of(CasePerson)
    return exists(
        select(item.c.benefit_unit_id)
        .join(person, person.c.household_id == item.c.household_id)
        .where(person.c.person_id == person_id, within(who))
    )


def _units_of(person_ids: Sequence[str]) -> Select[Any]:
    """Return the benefit units of people, and of whoever holds what was theirs."""
    person, known, heir = table_of(CasePerson), table_of(Recipient), table_of(PersonHeir)
    ids = list(person_ids)
    heirs = select(heir.c.person_id).where(heir.c.was.in_(ids))
    parts = [
        select(table.c.benefit_unit_id).where(
            or_(table.c.person_id.in_(ids), table.c.person_id.in_(heirs)),
            table.c.benefit_unit_id.is_not(None),
        )
        for table in (person, known)
    ]
    units = union(*parts).subquery()
    return select(units.c.benefit_unit_id)


def _counted(connection: Connection, query: Select[Any]) -> dict[str, int]:
    counts = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    return dict(sorted(counts.items()))
