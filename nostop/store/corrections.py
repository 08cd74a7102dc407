"""Facts as they were told to a caseworker: they stand on the case beside what departments say, and
overwrite nothing. The newest that was not undone counts."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import polars as pl
from sqlalchemy import Connection, Engine, delete, insert, select, update

from nostop.model import NEVER, MovedOn, StoreError
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.checks import check_id
from nostop.store.contacts import ADDED, CORRECTED
from nostop.store.decisions import Seen, check_words, hold, tell_authors
from nostop.store.rows import table_of
from nostop.store.tables_casework import Correction
from nostop.store.tables_outreach import Suppression

LONGEST_VALUE = 200
#: A death that a caseworker was told of is silence at once, whatever departments say, and no more
#: than that: taken back, it is as before.
DIED_ON, REPORTED_DECEASED = "died_on", "reported_deceased"


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
        entries = _silence_the_dead(connection, new.subject_id) if new.fact == DIED_ON else []
        # The value itself is personal: the correction has it, the log does not.
        detail: dict[str, str | int] = {"correction": correction_id, "fact": new.fact}
        entry = Entry("case.corrected", seen.benefit_unit_id, detail)
        append(connection, act.by, [*entries, entry], act.at)
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
        of = select(table.c.fact, table.c.subject_id)
        fact, who = connection.execute(of.where(table.c.correction_id == correction_id)).one()
        entries = _silence_the_dead(connection, who) if fact == DIED_ON else []
        detail: dict[str, str | int] = {"correction": correction_id}
        entry = Entry("case.correction_undone", seen.benefit_unit_id, detail)
        append(connection, act.by, [*entries, entry], act.at)


def in_force(corrections: pl.DataFrame) -> pl.DataFrame:
    """Return those of some corrections (`Correction`) that stand: the newest of each fact of each
    subject, of those that were not undone; sorted by level, subject and fact."""
    if corrections.is_empty():
        return corrections
    key = ["level", "subject_id", "fact"]
    rows = corrections.filter(pl.col("undone_at").is_null()).sort("at", "correction_id")
    return rows.unique(key, keep="last", maintain_order=True).sort(key)


def _silence_the_dead(connection: Connection, person_id: str) -> list[Entry]:
    """Let nobody write to somebody who, as a caseworker was told, has died, and let them be written
    to again where that was taken back; return what to write down."""
    table, stops = table_of(Correction), table_of(Suppression)
    told = (table.c.subject_id == person_id) & (table.c.fact == DIED_ON)
    mine = (
        (stops.c.person_id == person_id)
        & (stops.c.reason == REPORTED_DECEASED)
        & (stops.c.source == ADDED)
    )
    # What a reply or a call said of the same stays.
    ours = delete(stops).where(mine, stops.c.since.in_(select(table.c.at).where(told)))
    was = bool(connection.execute(ours).rowcount)
    since = _died_since(connection, person_id)
    if since is not None and connection.execute(select(stops.c.person_id).where(mine)).first():
        return []
    detail: dict[str, str | int] = {"reason": REPORTED_DECEASED}
    if since is None:
        return [Entry("person.suppression_lifted", person_id, detail)] if was else []
    row = {"person_id": person_id, "reason": REPORTED_DECEASED, "source": ADDED, "since": since}
    connection.execute(insert(stops), row)
    return [] if was else [Entry("person.suppressed", person_id, detail)]


def _died_since(connection: Connection, person_id: str) -> datetime | None:
    """Return when a caseworker was told that somebody has died, None where the newest that they
    were told says something else."""
    table = table_of(Correction)
    newest = select(table.c.value, table.c.at).where(
        table.c.subject_id == person_id, table.c.fact == DIED_ON, table.c.undone_at.is_(None)
    )
    order = (table.c.at.desc(), table.c.correction_id.desc())
    row = connection.execute(newest.order_by(*order).limit(1)).one_or_none()
    if row is None or row.value in (None, NEVER.isoformat()):
        return None
    at: datetime = row.at
    return at


def _check(new: NewCorrection) -> None:
    check_words(new.evidence)
    for value in (new.old_value, new.value):
        if value is not None and (len(value) > LONGEST_VALUE or "\x00" in value):
            raise StoreError("corrections: the value is not fit to be stored")
    for name in (new.subject_id, new.fact, *([new.old_source] if new.old_source else [])):
        check_id(name, "corrections: whose fact, or which")
