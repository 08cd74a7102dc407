"""Finds a case by what somebody on the telephone can say of themselves, within what the searcher
may open. Why they search is kept, what they searched for is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, insert, or_, select

from nostop.store.access import Who, name_key, postcode_key, within
from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import CasePerson, CaseSearch
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_outreach import Recipient

#: More cases than this are not shown: the search has to say more.
MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for: one of a reference, a surname with a birth date, a postcode (with a
    surname, where there is one).

    ids: opaque ids a reference may be. message: how a message's id begins.
    """

    ids: tuple[str, ...] = ()
    message: str | None = None
    surname: str | None = None
    born_on: date | None = None
    postcode: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A case and the person of its household who was found."""

    benefit_unit_id: str
    person_id: str
    area: str | None
    state: str
    schemes: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it is written down."""

    search_id: str
    reason: str
    words: str
    at: datetime


def find_cases(engine: Engine, who: Who, sought: Sought) -> list[Match]:
    """Return the cases that fit, without names: 21 of them where there are more than 20."""
    with reading(engine) as connection:
        condition = _condition(connection, sought)
        return [] if condition is None else _matches(connection, who, condition)


def record_search(engine: Engine, who: Who, search: Search, found: Sequence[Match]) -> None:
    """Write down that somebody searched and why, and whose names they are shown; show them only
    after it. Of more than 20 cases nobody is shown."""
    row = {
        "search_id": search.search_id,
        "account_id": who.account_id,
        "reason": search.reason,
        "words": search.words,
        "found": len(found),
        "at": search.at,
    }
    made = Entry("search.made", search.search_id, {"reason": search.reason, "found": len(found)})
    people = sorted({each.person_id for each in found}) if len(found) <= MOST_FOUND else []
    seen = [Entry("person.read", person, {"purpose": "search"}) for person in people]
    with engine.begin() as connection:
        connection.execute(insert(table_of(CaseSearch)), [row])
        append(connection, who.account_id, [made, *seen], search.at)


def names(engine: Engine, person_ids: Sequence[str]) -> dict[str, str]:
    """Return people's names, where they are known; call `record_search` first."""
    table = table_of(Recipient)
    query = select(table.c.person_id, table.c.first_name, table.c.surname).where(
        table.c.person_id.in_(list(person_ids))
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    named = {row.person_id: (row.first_name, row.surname) for row in rows}
    return {who: " ".join(filter(None, parts)) for who, parts in named.items() if any(parts)}


def _condition(connection: Connection, sought: Sought) -> ColumnElement[bool] | None:
    """Return the condition on `case_people` for what is sought, None where nothing can fit."""
    person = table_of(CasePerson)
    if sought.message is not None:
        to = _recipients(connection, sought.message)
        return person.c.person_id.in_(to) if to else None
    if sought.ids:
        ids = list(sought.ids)
        return or_(
            person.c.person_id.in_(ids),
            person.c.household_id.in_(ids),
            person.c.household_id.in_(_homes(ids)),
        )
    surname, postcode = _folded(sought)
    conditions = [
        person.c.surname_key == surname if surname else None,
        person.c.born_on == sought.born_on if sought.born_on else None,
        person.c.postcode == postcode if postcode else None,
    ]
    kept = [each for each in conditions if each is not None]
    enough = bool(postcode) or bool(surname and sought.born_on)
    return and_(*kept) if enough else None


def _homes(ids: list[str]) -> Select[tuple[str]]:
    item = table_of(WorkItem)
    return select(item.c.household_id).where(item.c.benefit_unit_id.in_(ids))


def _recipients(connection: Connection, begins: str) -> list[str]:
    table = table_of(OutreachMessage)
    query = select(table.c.recipient_id).where(
        table.c.message_id >= begins, table.c.message_id < begins + "~"
    )
    return sorted(set(connection.execute(query.limit(MOST_FOUND)).scalars()))


def _folded(sought: Sought) -> tuple[str | None, str | None]:
    one = pl.DataFrame(
        {"surname": [sought.surname], "postcode": [sought.postcode]},
        schema={"surname": pl.String, "postcode": pl.String},
    ).select(name_key(pl.col("surname")), postcode_key(pl.col("postcode")))
    surname, postcode = one.row(0)
    return surname, postcode


def _matches(connection: Connection, who: Who, condition: ColumnElement[bool]) -> list[Match]:
    """Return each person's own case, or, where they have none, those of their household."""
    person, item = table_of(CasePerson), table_of(WorkItem)
    own = (item.c.benefit_unit_id == person.c.benefit_unit_id).label("own")
    query = (
        select(
            item.c.benefit_unit_id,
            person.c.person_id,
            item.c.area,
            item.c.state,
            item.c.schemes,
            own,
        )
        .join(item, item.c.household_id == person.c.household_id)
        .where(condition, item.c.state != "gone", within(who))
        .order_by(item.c.benefit_unit_id, person.c.person_id)
        .limit(10 * MOST_FOUND)
    )
    rows = connection.execute(query).all()
    has_own = {row.person_id for row in rows if row.own}
    first: dict[str, Match] = {}
    for row in rows:
        if row.own or row.person_id not in has_own:
            match = Match(row.benefit_unit_id, row.person_id, row.area, row.state, row.schemes)
            first.setdefault(row.benefit_unit_id, match)
    return list(first.values())[: MOST_FOUND + 1]
