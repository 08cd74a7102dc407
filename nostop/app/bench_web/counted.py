"""What the store kept of what the server acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table, func, select

from nostop.store import reading
from nostop.store.rows import table_of
from nostop.store.tables_casework import CaseNote, Correction, Decision


@dataclass(frozen=True, slots=True)
class Kept:
    """How many decisions, notes and corrections the store holds since a moment, but for cases of
    races; and of those, decisions by case."""

    rows: dict[str, int]
    raced: dict[str, int]


def kept_between(engine: Engine, since: datetime, raced: Sequence[str]) -> Kept:
    """Count what was kept since a moment; `raced` are the cases that two decided at once."""
    decisions, notes = table_of(Decision), table_of(CaseNote)
    corrections = table_of(Correction)
    unit = decisions.c.benefit_unit_id
    with reading(engine) as connection:

        def number(table: Table, *which: ColumnElement[bool]) -> int:
            query: Any = select(func.count()).select_from(table).where(table.c.at >= since, *which)
            return int(connection.execute(query).scalar_one())

        rows = {
            "decisions": number(decisions, unit.not_in(raced)),
            "notes": number(notes),
            "corrections": number(corrections),
        }
        return Kept(rows, {each: number(decisions, unit == each) for each in raced})
