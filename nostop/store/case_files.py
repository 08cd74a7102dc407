"""Case files: what a caseworker may see of one household, as it was loaded."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from nostop.model import NotHere
from nostop.store.rows import table_of
from nostop.store.tables import Run, RunPack
from nostop.store.tables_casework import CaseFile


@dataclass(frozen=True, slots=True)
class Filed:
    """A case file as it is kept: `document` is JSON."""

    household_id: str
    run_id: str
    effective_on: date
    document: str


def read_case_file(connection: Connection, household_id: str) -> Filed | None:
    """Return a household's case file, None where there is none.

    Call `nostop.store.audit.record_read` first.
    """
    table = table_of(CaseFile)
    query = select(table).where(table.c.household_id == household_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Filed(*row)


def runs_filed(connection: Connection) -> list[str]:
    """Return the ids of the runs that case files are of."""
    table = table_of(CaseFile)
    return sorted(connection.execute(select(table.c.run_id).distinct()).scalars())


@dataclass(frozen=True, slots=True)
class RunRules:
    """What a run was worked out with: its day, its schemes, and whether its people are made up."""

    effective_on: date
    synthetic: bool
    schemes: tuple[str, ...]


def read_run_rules(connection: Connection, run_id: str) -> RunRules:
    """Return what a run was worked out with.

    Raises:
        NotHere: there is no such run.
    """
    run, pack = table_of(Run), table_of(RunPack)
    found = connection.execute(
        select(run.c.effective_on, run.c.synthetic).where(run.c.run_id == run_id)
    ).one_or_none()
    if found is None:
        raise NotHere(f"work: there is no run {run_id}")
    query = select(pack.c.scheme).where(pack.c.run_id == run_id).order_by(pack.c.scheme)
    return RunRules(found[0], found[1], tuple(connection.execute(query).scalars()))
