"""A million people in a store: a small run, many times over, and a month of work on it.

Every copy has ids of its own, in its JSON too. Places, money, days and certainty are spread, so
that filters and sorts have work to do; what a case file says inside stays that of the household
that it was copied from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import polars as pl
from sqlalchemy import Engine, text

from nostop.app.bench_web.month import Month, month_of, worked
from nostop.store.audit import Entry, append
from nostop.store.rows import put, read_table
from nostop.store.tables import Base, KnownPerson
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import (
    CaseFile,
    CaseNote,
    Correction,
    Decision,
    Flag,
    WorkItem,
)
from nostop.store.tables_outreach import ContactPoint, Recipient

AREAS = 300
#: So many copies go to the database at once.
_AT_ONCE = 10
#: Our ids: a letter and sixteen digits of base 16. Four letters that are no such digits take the
#: place of the first four: no copy has an id of the small run.
_ID = r"\b([PBH])[0-9a-f]{4}([0-9a-f]{12})\b"
_IDS = ("benefit_unit_id", "household_id", "subject_id", "person_id", "document")
_ORDER: tuple[type[Base], ...] = (
    WorkItem, Flag, CaseFile, CasePerson, Recipient, ContactPoint, Decision, CaseNote, Correction,
)  # fmt: skip
_LETTERS = str.maketrans("0123456789abcdef", "ghjkmnpqrstvwxyz")
Tables = dict[type[Base], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people are in the store, how many flags, and who has worked on them for a month."""

    people: int
    flags: int
    accounts: tuple[str, ...]


def multiply(engine: Engine, crowd: Crowd, at: datetime) -> tuple[int, int]:
    """Put copies of what is in the store beside it, and work on some; return how many benefit units
    and flags there are then.

    Args:
        engine: of a store with a small run in it.
        crowd: how many there are to be: at least so many flags, exactly so many people.
        at: now.
    """
    first = {model: read_table(engine, model) for model in _ORDER}
    copies = ceil(crowd.flags / first[Flag].height)
    month = Month(at, crowd.accounts)
    decided: list[pl.DataFrame] = []
    units = first[WorkItem].height
    flags = first[Flag].height
    for numbers in _batches(copies):
        tables = _together([worked(_copy(first, n, at), month, n) for n in numbers])
        with engine.begin() as connection:
            for model, rows in tables.items():
                put(connection, model, rows)
        decided.append(month_of(tables[Decision]))
        units += tables[WorkItem].height
        flags += tables[Flag].height
    _put_people(engine, first[WorkItem]["run_id"][0], crowd.people)
    _put_entries(engine, decided, at)
    if engine.dialect.name == "postgresql":
        # As autovacuum does by itself within a minute of so many new rows.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return units, flags


def _batches(copies: int) -> Iterator[range]:
    for start in range(1, copies, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, copies))


def _together(copies: list[Tables]) -> Tables:
    """Return all copies as one, of each table."""
    return {model: pl.concat([copy[model] for copy in copies]) for model in _ORDER}


def _copy(first: Tables, number: int, at: datetime) -> Tables:
    """Return one more copy of the small run, with nothing decided in it."""
    letters = f"{number:04x}".translate(_LETTERS)
    made = {
        model: rows.with_columns(
            pl.col(name).str.replace_all(_ID, f"${{1}}{letters}${{2}}")
            for name in _IDS
            if name in rows.columns
        )
        for model, rows in first.items()
    }
    made[WorkItem] = _spread(made[WorkItem], at)
    made[Flag] = made[Flag].with_columns(_scaled("gain_year"), _scaled("lost_each_week"))
    made[CasePerson] = made[CasePerson].with_columns(
        # Nobody has a surname and a birthday together with so many others.
        pl.col("surname_key") + letters,
        pl.col("postcode") + letters.upper(),
        pl.format("{}:{}", "known_as", pl.lit(number)).alias("known_as"),
    )
    return made


def _chance(most: int, salt: int) -> pl.Expr:
    """Return a number from 0 to most - 1, the same for the same benefit unit."""
    return (pl.col("benefit_unit_id").hash(seed=salt) % most).cast(pl.Int64)


def _scaled(name: str) -> pl.Expr:
    return (pl.col(name) * (50 + _chance(101, 1)) // 100).alias(name)


def _spread(items: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Spread what the queue sorts and filters by."""
    flagged = pl.lit(at) - pl.duration(minutes=_chance(30 * 24 * 60, 2))
    area = (_chance(AREAS, 3) + 1).cast(pl.String).str.zfill(6)
    return items.with_columns(
        _scaled("gain_year"),
        _scaled("lost_each_week"),
        area=pl.format("E07{}", area),
        deadline=pl.col("deadline") + pl.duration(days=_chance(120, 4)),
        oldest_fact_on=pl.col("oldest_fact_on") - pl.duration(days=_chance(400, 5)),
        confidence_per_mille=pl.col("confidence_per_mille") - _chance(300, 6),
        flagged_at=flagged,
        due_at=flagged + timedelta(days=10),
        in_conflict=_chance(50, 7) == 0,
    )


def _put_people(engine: Engine, run_id: str, people: int) -> None:
    """Put ids of people until there are so many: those of case files first."""
    known = read_table(engine, KnownPerson)
    homes = read_table(engine, CasePerson).select("person_id").unique()
    new = homes.join(known, on="person_id", how="anti")
    left = max(people - known.height - new.height, 0)
    others = pl.DataFrame({"n": pl.int_range(left, eager=True)}).select(
        person_id=pl.format("Pffff{}", pl.col("n").cast(pl.String).str.zfill(12))
    )
    rows = pl.concat([new, others.select(new.columns)]).with_columns(first_run_id=pl.lit(run_id))
    with engine.begin() as connection:
        put(connection, KnownPerson, rows)


def _put_entries(engine: Engine, decided: list[pl.DataFrame], at: datetime) -> None:
    """Write down who decided what: a transaction for each official."""
    if not decided:
        return
    for (by,), rows in pl.concat(decided).group_by(["by"], maintain_order=True):
        entries = [
            Entry("case.decided", unit, {"decision": decision, "kind": kind})
            for unit, decision, kind in rows.select(
                "benefit_unit_id", "decision_id", "kind"
            ).iter_rows()
        ]
        with engine.begin() as connection:
            append(connection, str(by), entries, at)
