"""Takes a person out of casework: the case file of their household, and all that was said and
decided in the case of their benefit unit."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from nostop.store.rows import read, table_of
from nostop.store.tables import Base
from nostop.store.tables_access import ApiAnswer, CasePerson
from nostop.store.tables_casework import (
    CaseDocument,
    CaseFile,
    CaseNote,
    Correction,
    Decision,
    Flag,
    SecondReading,
    WorkItem,
)
from nostop.store.tables_work import Job

#: What hangs on the case of a benefit unit, in the order in which it can go.
_OF_A_UNIT: tuple[type[Base], ...] = (
    SecondReading, Decision, CaseNote, CaseDocument, Correction, Flag, WorkItem,
)  # fmt: skip
_OTHERS: tuple[type[Base], ...] = (CaseFile, ApiAnswer, Job)
#: Every table that `forget_cases` takes something out of.
TABLES = tuple(str(each.__tablename__) for each in (*_OF_A_UNIT, *_OTHERS))


@dataclass(frozen=True, slots=True)
class _Where:
    """In which households and benefit units somebody is, as far as casework knows."""

    households: set[str]
    units: set[str]


def forget_cases(connection: Connection, person_ids: Sequence[str]) -> dict[str, int]:
    """Take people out of casework; return how many rows of each table went.

    Others of the household keep their own cases; they have a case file again when the next run is
    loaded. Files that were made for somebody to fetch are taken away, whoever is in them: they can
    be made again.

    Args:
        connection: in a transaction of the caller's.
        person_ids: every id that they have had.
    """
    where = _where(connection, person_ids)
    counts: dict[str, int] = {}
    for model in _OF_A_UNIT:
        unit = table_of(model).c.benefit_unit_id
        counts[str(model.__tablename__)] = _gone(connection, model, unit.in_(sorted(where.units)))
    told = table_of(Correction).c.subject_id.in_(list(person_ids))
    counts["corrections"] += _gone(connection, Correction, told)
    homes = table_of(CaseFile).c.household_id.in_(sorted(where.households))
    counts["case_files"] = _gone(connection, CaseFile, homes)
    answers = _names_any(table_of(ApiAnswer).c.body, person_ids)
    counts["api_answers"] = _gone(connection, ApiAnswer, answers)
    jobs = table_of(Job)
    made = update(jobs).where(jobs.c.result.is_not(None)).values(result=None)
    counts["jobs"] = connection.execute(made).rowcount
    return counts


def told_of(connection: Connection, person_id: str) -> Mapping[str, pl.DataFrame]:
    """Return what was written down in the case of somebody's benefit unit, and what was told of
    them, by table. Their case file holds what departments say of others as well: it is left out."""
    units = sorted(_where(connection, [person_id]).units)
    decisions, notes, told = table_of(Decision), table_of(CaseNote), table_of(Correction)
    queries = {
        decisions.name: select(decisions).where(decisions.c.benefit_unit_id.in_(units)),
        notes.name: select(notes).where(notes.c.benefit_unit_id.in_(units)),
        told.name: select(told).where(told.c.subject_id == person_id),
    }
    return {name: read(connection, query) for name, query in queries.items()}


def _where(connection: Connection, person_ids: Sequence[str]) -> _Where:
    """Return where somebody is: by who lives where, by their flags, and by case files of runs that
    put them elsewhere."""
    people, flags, files = table_of(CasePerson), table_of(Flag), table_of(CaseFile)
    found = _Where(set(), set())
    mine = people.c.person_id.in_(list(person_ids))
    for home, unit in connection.execute(
        select(people.c.household_id, people.c.benefit_unit_id).where(mine)
    ):
        found.households.add(home)
        found.units.update([unit] if unit is not None else [])
    asked = or_(flags.c.person_id.in_(list(person_ids)), flags.c.subject_id.in_(list(person_ids)))
    found.units.update(connection.execute(select(flags.c.benefit_unit_id).where(asked)).scalars())
    query = select(files.c.household_id, files.c.document)
    for home, document in connection.execute(query.where(_names_any(files.c.document, person_ids))):
        found.households.add(home)
        found.units.update(_units_in(document, person_ids))
    return found


def _units_in(document: str, person_ids: Collection[str]) -> set[str]:
    people = json.loads(document).get("people") or ()
    return {row["benefit_unit_id"] for row in people if row["person_id"] in person_ids}


def _names_any(column: ColumnElement[str], person_ids: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(column.contains(f'"{each}"', autoescape=True) for each in person_ids))


def _gone(connection: Connection, model: type[Base], which: ColumnElement[bool]) -> int:
    return connection.execute(delete(table_of(model)).where(which)).rowcount
