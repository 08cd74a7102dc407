"""Facts as they were told to a caseworker: they stand on the case beside what departments say, and
overwrite nothing. The newest that was not undone counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import polars as pl
from sqlalchemy import Connection, Engine, insert, select, update

from nostop.model import MovedOn, StoreError
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.checks import check_id
from nostop.store.contacts import CORRECTED
from nostop.store.decisions import Seen, check_words, hold, tell_authors
from nostop.store.rows import read, table_of
from nostop.store.tables_casework import Correction

LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A fact of somebody, or of their benefit unit or household, as it was told.

    `old_value` and `value` are canonical text, null for not known; `evidence` says what it rests
    on, in the caseworker's words; `flips` names the schemes whose outcome it changes; `old_source`
    is the feed that had said `old_value`, None where none had.
    """

    level: str
    subject_id: str
    fact: str
    old_value: str | None
    value: str | None
    evidence: str
    as_of: date
    flips: tuple[str, ...] = ()
    old_source: str | None = None


def correct(engine: Engine, seen: Seen, new: NewCorrection, act: Act) -> str:
    """Write a correction down and return its id; what is in force of the fact before, ends.

    Raises:
        MovedOn: somebody changed the case since it was looked at; nothing is written.
        NotHere: there is no such case.
        StoreError: a value is not fit to be stored.
    """
    _check(new)
    with engine.begin() as connection:
        item = hold(connection, seen)
        key = (seen.benefit_unit_id, str(item["version"]), act.by, act.at.isoformat())
        correction_id = "F" + sha256("\x1f".join(key).encode()).hexdigest()[:24]
        row = {
            "correction_id": correction_id,
            "household_id": item["household_id"],
            "benefit_unit_id": seen.benefit_unit_id,
            "level": new.level,
            "subject_id": new.subject_id,
            "fact": new.fact,
            "old_value": new.old_value,
            "old_source": new.old_source,
            "value": new.value,
            "evidence": new.evidence,
            "as_of": new.as_of,
            "by": act.by,
            "at": act.at,
        }
        connection.execute(insert(table_of(Correction)), row)
        tell_authors(connection, seen.benefit_unit_id, new.flips, CORRECTED, act)
        # The value itself is personal: the correction has it, the log does not.
        detail: dict[str, str | int] = {"correction": correction_id, "fact": new.fact}
        append(connection, act.by, [Entry("case.corrected", seen.benefit_unit_id, detail)], act.at)
    return correction_id


def undo(engine: Engine, seen: Seen, correction_id: str, act: Act) -> None:
    """Take a correction back: what departments say, or an earlier correction, counts again.

    Raises:
        MovedOn: somebody changed the case since it was looked at, or took it back already.
        NotHere: there is no such case.
    """
    table = table_of(Correction)
    with engine.begin() as connection:
        hold(connection, seen)
        query = update(table).where(
            table.c.correction_id == correction_id,
            table.c.benefit_unit_id == seen.benefit_unit_id,
            table.c.undone_at.is_(None),
        )
        values = {"undone_by": act.by, "undone_at": act.at}
        if not connection.execute(query.values(**values)).rowcount:
            raise MovedOn("corrections: this was taken back already")
        detail: dict[str, str | int] = {"correction": correction_id}
        entry = Entry("case.correction_undone", seen.benefit_unit_id, detail)
        append(connection, act.by, [entry], act.at)


def in_force(connection: Connection, household_ids: Sequence[str]) -> pl.DataFrame:
    """Return the corrections of households that stand: the newest of each fact of each subject, of
    those that were not undone. The columns of `Correction`, sorted by level, subject and fact."""
    table = table_of(Correction)
    query = select(table).where(
        table.c.household_id.in_(list(household_ids)), table.c.undone_at.is_(None)
    )
    key = ["level", "subject_id", "fact"]
    rows = read(connection, query).sort("at", "correction_id")
    return rows.unique(key, keep="last", maintain_order=True).sort(key)


def _check(new: NewCorrection) -> None:
    check_words(new.evidence)
    for value in (new.old_value, new.value):
        if value is not None and (len(value) > LONGEST_VALUE or "\x00" in value):
            raise StoreError("corrections: the value is not fit to be stored")
    for name in (new.subject_id, new.fact, *([new.old_source] if new.old_source else [])):
        check_id(name, "corrections: whose fact, or which")
