"""Case files: what a caseworker may see of one household, as it was loaded."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from nostop.store.rows import table_of
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
