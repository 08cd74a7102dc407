"""What the store kept of what the server acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, func, select

from nostop.store import reading
from nostop.store.rows import table_of
from nostop.store.tables_casework import CaseNote, Correction, Decision


@dataclass(frozen=True, slots=True)
class Kept:
    """How many decisions, notes and corrections the store took while people worked, and how many
    decisions of races, by case."""

    rows: dict[str, int]
    raced: dict[str, int]


def kept(engine: Engine, moments: tuple[datetime, datetime], raced: Sequence[str]) -> Kept:
    """Count what was kept between two moments, and after them in the cases of races (`raced`)."""
    began, ended = moments
    table = table_of(Decision)
    with reading(engine) as connection:
        rows = {
            "decisions": _number(connection, table, began, ended),
            "notes": _number(connection, table_of(CaseNote), began, ended),
            "corrections": _number(connection, table_of(Correction), began, ended),
        }
        query = (
            select(table.c.benefit_unit_id, func.count())
            .where(table.c.at >= ended, table.c.benefit_unit_id.in_(raced))
            .group_by(table.c.benefit_unit_id)
        )
        found = {unit: int(number) for unit, number in connection.execute(query)}
    return Kept(rows, {unit: found.get(unit, 0) for unit in raced})


def _number(connection: Connection, table: Table, began: datetime, ended: datetime) -> int:
    query = select(func.count()).select_from(table)
    found: int = connection.execute(
        query.where(table.c.at >= began, table.c.at < ended)
    ).scalar_one()
    return found
