"""Who may open which case, as SQL: by area, and never their own or that of somebody they know.

`within` is one condition for every list and every page, so that a list and a page cannot differ.
"""

from dataclasses import dataclass

import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, or_, select, true, union

from nostop.store.checks import ID, NAME, NOTE, check_text
from nostop.store.rows import put, table_of
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_outreach import PersonHeir, Recipient


@dataclass(frozen=True, slots=True)
class Who:
    """An official, or a key of the API, as far as it matters to what they may open.

    areas: None for all of them. Whoever has some does not see a case whose area is not known.
    """

    account_id: str
    areas: frozenset[str] | None


def within(who: Who) -> ColumnElement[bool]:
    """Return the condition on `work_items` that holds for the cases somebody may open.

    Nobody opens a case of a household in which they or somebody they know is, by an id of now or by
    one that another person took over.
    """
    item = table_of(WorkItem)
    conditions = [item.c.household_id.not_in(tied_households(who))]
    if who.areas is not None:
        conditions.append(item.c.area.in_(sorted(who.areas)))
    return and_(true(), *conditions)


def finds_case(connection: Connection, who: Who, benefit_unit_id: str) -> bool:
    """Whether somebody may open this case: one query, whatever the answer and its reason."""
    item = table_of(WorkItem)
    return _finds(connection, who, item.c.benefit_unit_id == benefit_unit_id)


def finds_household(connection: Connection, who: Who, household_id: str) -> bool:
    """Whether somebody may open a case of this household: one query."""
    return _finds(connection, who, table_of(WorkItem).c.household_id == household_id)


def finds_person(connection: Connection, who: Who, person_id: str) -> bool:
    """Whether somebody may open a case of this person's household: one query."""
    person, known = table_of(CasePerson), table_of(Recipient)
    homes = union(
        select(person.c.household_id).where(person.c.person_id == person_id),
        select(known.c.household_id).where(
            known.c.person_id == person_id, known.c.household_id.is_not(None)
        ),
    )
    return _finds(connection, who, table_of(WorkItem).c.household_id.in_(homes))


def put_people(connection: Connection, people: pl.DataFrame) -> None:
    """Put who lives in households with a case file in the place of those of an earlier run.

    Call it in the transaction that loads the case files: who may open a case rests on it.

    Args:
        connection: in a transaction of the caller's.
        people: the columns of `CasePerson`.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    check_text(people, "case_people", _COLUMNS)
    connection.execute(delete(table_of(CasePerson)))
    put(connection, CasePerson, people)


_COLUMNS = {
    "person_id": ID,
    "household_id": ID,
    "benefit_unit_id": ID,
    "surname_key": NOTE,
    "postcode": NAME,
}


def _finds(connection: Connection, who: Who, which: ColumnElement[bool]) -> bool:
    query = select(table_of(WorkItem).c.benefit_unit_id).where(which, within(who)).limit(1)
    return connection.execute(query).first() is not None


def tied_households(who: Who) -> Select[tuple[str]]:
    """Return the households in which somebody is whom an official knows."""
    tie, heir = table_of(AccountTie), table_of(PersonHeir)
    person, known = table_of(CasePerson), table_of(Recipient)
    ties = select(tie.c.person_id).where(tie.c.account_id == who.account_id)
    heirs = select(heir.c.person_id).where(heir.c.was.in_(ties))
    homes = union(
        select(person.c.household_id).where(
            or_(person.c.person_id.in_(ties), person.c.person_id.in_(heirs))
        ),
        # Who is to be written to is loaded apart from the case files: a tie holds by either.
        select(known.c.household_id).where(
            or_(known.c.person_id.in_(ties), known.c.person_id.in_(heirs)),
            known.c.household_id.is_not(None),
        ),
    ).subquery()
    return select(homes.c.household_id)


def tied_people(who: Who) -> Select[tuple[str]]:
    """Return whom an official knows, and who took over their ids."""
    tie, heir = table_of(AccountTie), table_of(PersonHeir)
    ties = select(tie.c.person_id).where(tie.c.account_id == who.account_id)
    heirs = select(heir.c.person_id).where(heir.c.was.in_(ties))
    people = union(ties, heirs).subquery()
    return select(people.c.person_id)
