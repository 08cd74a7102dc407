"""Who may open which case, as SQL: by area, and never their own or that of somebody they know.

`within` is one condition for every list and every page, so that a list and a page cannot differ.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    select,
    true,
    union,
)

from nostop.store.checks import ID, NOTE, check_text
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
    query = _case_of(who)
    return connection.execute(query, {"unit": benefit_unit_id}).first() is not None


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
        people: person_id, household_id, benefit_unit_id, surname_key (a surname, folded or not),
            born_on, postcode; the last four null where they are not known, the last three also
            where nobody may find the person by them.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    check_text(people, "case_people", _COLUMNS)
    folded = people.select(*_COLUMNS, "born_on").with_columns(
        surname_key=name_key(pl.col("surname_key").cast(pl.String)),
        postcode=postcode_key(pl.col("postcode").cast(pl.String)),
    )
    connection.execute(delete(table_of(CasePerson)))
    put(connection, CasePerson, _with_known_as(folded))


def name_key(name: pl.Expr) -> pl.Expr:
    """Return a name for comparing: without case, accents, spaces and signs; null where nothing is
    left."""
    letters = name.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}]", "")
    return pl.when(letters != "").then(letters)


def postcode_key(postcode: pl.Expr) -> pl.Expr:
    """Return a postcode for comparing: capitals and digits; null where nothing is left."""
    plain = postcode.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return pl.when(plain != "").then(plain)


def known_as(surname: str, born_on: date) -> str | None:
    """Return under which hash somebody is known, None where the surname has no letter."""
    one = pl.DataFrame({"surname_key": [surname], "born_on": [born_on]})
    found = _with_known_as(one.with_columns(name_key(pl.col("surname_key"))))
    hashed: str | None = found["known_as"].item()
    return hashed


def _with_known_as(people: pl.DataFrame) -> pl.DataFrame:
    """Return people with `known_as`, of surname_key and born_on; null where one is not known."""
    typed = people.with_columns(
        pl.col("surname_key").cast(pl.String), pl.col("born_on").cast(pl.Date)
    )
    both = typed.select("surname_key", "born_on").drop_nulls().unique()
    days = both["born_on"].dt.to_string("%Y-%m-%d")
    hashed = [
        f"as:{sha256(f'{name} {day}'.encode()).hexdigest()}"
        for name, day in zip(both["surname_key"], days, strict=True)
    ]
    known = both.with_columns(known_as=pl.Series(hashed, dtype=pl.String))
    return typed.join(known, on=["surname_key", "born_on"], how="left", validate="m:1")


_COLUMNS = {
    "person_id": ID,
    "household_id": ID,
    "benefit_unit_id": ID,
    "surname_key": NOTE,
    "postcode": NOTE,
}


def _finds(connection: Connection, who: Who, which: ColumnElement[bool]) -> bool:
    return connection.execute(_finding(who, which)).first() is not None


def _finding(who: Who, which: ColumnElement[bool]) -> Select[tuple[str]]:
    return select(table_of(WorkItem).c.benefit_unit_id).where(which, within(who)).limit(1)


@lru_cache(maxsize=1000)
def _case_of(who: Who) -> Select[tuple[str]]:
    """Every page of a case asks this first; to make the query takes longer than to ask it."""
    return _finding(who, table_of(WorkItem).c.benefit_unit_id == bindparam("unit"))


def tied_households(who: Who) -> Select[tuple[str]]:
    """Return the households in which somebody is whom an official knows."""
    ties, heirs = _ties(who)
    person, known = table_of(CasePerson), table_of(Recipient)
    # One search by an index each: all conditions in one would read the whole table.
    homes = union(
        select(person.c.household_id).where(person.c.person_id.in_(ties)),
        select(person.c.household_id).where(person.c.person_id.in_(heirs)),
        select(person.c.household_id).where(person.c.known_as.in_(ties)),
        # Who is to be written to is loaded apart from the case files: a tie holds by either.
        select(known.c.household_id).where(
            known.c.person_id.in_(ties), known.c.household_id.is_not(None)
        ),
        select(known.c.household_id).where(
            known.c.person_id.in_(heirs), known.c.household_id.is_not(None)
        ),
    ).subquery()
    return select(homes.c.household_id)


def tied_people(who: Who) -> Select[tuple[str]]:
    """Return whom an official knows, and who took over their ids."""
    ties, heirs = _ties(who)
    person = table_of(CasePerson)
    known = select(person.c.person_id).where(person.c.known_as.in_(ties))
    people = union(ties, heirs, known).subquery()
    return select(people.c.person_id)


def _ties(who: Who) -> tuple[Select[tuple[str]], Select[tuple[str]]]:
    """Return whom somebody is tied to, and who took over the ids of those."""
    tie, heir = table_of(AccountTie), table_of(PersonHeir)
    ties = select(tie.c.person_id).where(tie.c.account_id == who.account_id)
    return ties, select(heir.c.person_id).where(heir.c.was.in_(ties))
