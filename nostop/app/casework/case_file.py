"""One household as a caseworker sees it: its case file, with what was corrected, and as the rules
read it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import polars as pl

from nostop.app.casework.fact_values import python_value
from nostop.determination.rows import SituationRows
from nostop.model import Level, StoreError
from nostop.rulebook.catalogue import Catalogue

#: Where a fact comes from that was told to a caseworker.
CASEWORKER = "caseworker"
_ROW = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the household. `email`, `phone` and `post` (a line a line) are null where they
    are not known, or the household is shielded. Null flags are not known."""

    person_id: str
    benefit_unit_id: str
    role: str
    confidence: float | None
    first_name: str | None
    surname: str | None
    email: str | None
    phone: str | None
    post: str | None
    language: str | None
    is_deceased: bool | None
    opted_out: bool | None
    protected_address: bool | None
    safeguarding_hold: bool | None

    @property
    def name(self) -> str | None:
        """First name and surname; None where neither is known."""
        return " ".join(each for each in (self.first_name, self.surname) if each) or None


@dataclass(frozen=True, slots=True)
class FactValue:
    """A fact that is known. `value` is canonical text (null: somebody said that it is not known),
    `source` a feed, `caseworker`, or None where it was concluded from other facts; `as_of` the day
    of the record; `conflict`: departments say different things of it. `corrected_by` is the account
    of whom it was told to."""

    level: str
    subject_id: str
    fact: str
    value: str | None
    source: str | None
    as_of: date | None
    conflict: bool
    corrected_by: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One of the different things that departments say of a fact (`nostop.frames.Conflicts`)."""

    level: str
    subject_id: str
    fact: str
    source: str
    record_id: str
    value: str
    as_of: date
    is_best: bool
    in_conflict: str


@dataclass(frozen=True, slots=True)
class Link:
    """A department's record that is taken to be of a person, and how sure that is (0 to 1)."""

    person_id: str
    source: str
    record_id: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Award:
    """An award or claim as a department reports it; `amount` in pence for `per`."""

    person_id: str
    scheme: str
    status: str
    amount: int | None
    per: str | None
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A household as of the run that was loaded last.

    units: ids of its benefit units, in order. determinations: rows of `Determinations` that are
    flagged, nothing withheld among them. paths: rows of `ClaimPaths`. Dates in both are dates.
    """

    household_id: str
    run_id: str
    effective_on: date
    people: tuple[Person, ...]
    units: tuple[str, ...]
    facts: tuple[FactValue, ...]
    conflicts: tuple[Said, ...]
    links: tuple[Link, ...]
    awards: tuple[Award, ...]
    determinations: tuple[_ROW, ...]
    paths: tuple[_ROW, ...]
    receipt_known_for: frozenset[str] | None
    _frame: "_Frame"

    def of_unit(self, benefit_unit_id: str) -> tuple[Person, ...]:
        """Return the members of a benefit unit, adults first."""
        members = (each for each in self.people if each.benefit_unit_id == benefit_unit_id)
        return tuple(sorted(members, key=lambda each: (each.role != "adult", each.person_id)))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What rules read of people, units and the household beside facts: ids, and whether there may
    be others."""

    people: tuple[_ROW, ...]
    units: tuple[_ROW, ...]
    household: _ROW


@dataclass(frozen=True, slots=True)
class Corrected:
    """A fact as it was told to a caseworker: `value` is canonical text, None for not known."""

    level: str
    subject_id: str
    fact: str
    value: str | None
    as_of: date
    by: str
    at: datetime


def corrected(corrections: pl.DataFrame) -> tuple[Corrected, ...]:
    """Return those of some corrections (the columns of `corrections`) that were not undone."""
    standing = corrections.filter(pl.col("undone_at").is_null())
    return tuple(Corrected(*row) for row in standing.select(Corrected.__slots__).iter_rows())


def read_case(document: str) -> CaseFile:
    """Return the case file that a document is, as `filing.filed` wrote it.

    Raises:
        StoreError: it is of another version of nostop; loading a run again mends that.
    """
    try:
        return _read(json.loads(document))
    except (KeyError, TypeError, ValueError):
        # What it holds is personal: the error must not quote it.
        raise StoreError(
            "work: a case file was written by another version of nostop: load a run again "
            "(`nostop work load`)"
        ) from None


def _read(said: _ROW) -> CaseFile:
    people = said["people"] or []
    known_for = None if said["receipt_known"] else frozenset(said["receipt_known_for"])
    home = {"household_id": said["household_id"]}
    return CaseFile(
        household_id=said["household_id"],
        run_id=said["run_id"],
        effective_on=date.fromisoformat(said["effective_on"]),
        people=tuple(Person(**{name: row[name] for name in Person.__slots__}) for row in people),
        units=tuple(row["benefit_unit_id"] for row in said["units"] or ()),
        facts=_each(FactValue, said["facts"]),
        conflicts=_each(Said, said["conflicts"]),
        links=_each(Link, said["links"]),
        awards=_each(Award, said["awards"]),
        determinations=tuple(_dated(row) | home for row in said["determinations"] or ()),
        paths=tuple(_dated(row) | home for row in said["paths"] or ()),
        receipt_known_for=known_for,
        _frame=_Frame(
            people=tuple(_only(row, _OF_PEOPLE) | home for row in people),
            units=tuple(dict(row) | home for row in said["units"] or ()),
            household=_only(said, ("members_known",)) | home,
        ),
    )


_OF_PEOPLE = ("person_id", "benefit_unit_id", "role", "confidence", "awards_known")
_DAYS = ("as_of", "starts_on", "ends_on", "effective_date", "deadline")


def _only(row: _ROW, names: Iterable[str]) -> _ROW:
    return {name: row[name] for name in names if name in row}


def _dated(row: _ROW) -> _ROW:
    days = {name: date.fromisoformat(row[name]) for name in _DAYS if row.get(name) is not None}
    return {**row, **days}


def _each(kind: Any, rows: Sequence[_ROW] | None) -> Any:  # noqa: ANN401 - one of the classes above
    return tuple(kind(**_flagged(_dated(row))) for row in rows or ())


def _flagged(row: _ROW) -> _ROW:
    """A fact that no record holds was concluded: nobody can say otherwise of it."""
    return {**row, "conflict": bool(row["conflict"])} if "conflict" in row else row


# --- facts with what was corrected ----------------------------------------------------------------


def standing_facts(case: CaseFile, corrections: Iterable[Corrected]) -> tuple[FactValue, ...]:
    """Return the facts of a case with what caseworkers were told in the place of what departments
    say: of each fact the newest. One that is not known any more has no value."""
    found = {(each.level, each.subject_id, each.fact): each for each in case.facts}
    for each in sorted(corrections, key=lambda one: one.at):
        key = (each.level, each.subject_id, each.fact)
        before = found.get(key) or FactValue(*key, None, None, None, conflict=False)
        found[key] = replace(
            before, value=each.value, source=CASEWORKER, as_of=each.as_of, corrected_by=each.by
        )
    return tuple(found[key] for key in sorted(found))


def rows_of(
    case: CaseFile, corrections: Iterable[Corrected], catalogue: Catalogue
) -> SituationRows:
    """Return a case as the rules read it, with what was corrected.

    Facts that the catalogue no longer has, or has of another level, and those of somebody who is
    not in the household any more are left out: they are unknown.
    """
    rows = {
        Level.PERSON: {row["person_id"]: dict(row) for row in case._frame.people},
        Level.BENEFIT_UNIT: {row["benefit_unit_id"]: dict(row) for row in case._frame.units},
        Level.HOUSEHOLD: {case.household_id: dict(case._frame.household)},
    }
    for each in standing_facts(case, corrections):
        fact = catalogue.facts.get(each.fact)
        row = rows[Level(each.level)].get(each.subject_id)
        if fact is not None and fact.level == each.level and row is not None:
            row[each.fact] = python_value(fact, each.value)
    return SituationRows(
        people=list(rows[Level.PERSON].values()),
        benefit_units=list(rows[Level.BENEFIT_UNIT].values()),
        households=list(rows[Level.HOUSEHOLD].values()),
        awards=[{name: getattr(each, name) for name in Award.__slots__} for each in case.awards],
        receipt_known_for=case.receipt_known_for,
    )


def sources_of(facts: Iterable[FactValue]) -> dict[tuple[str, str], FactValue]:
    """Return facts by (subject id, fact): where each came from."""
    return {(each.subject_id, each.fact): each for each in facts}
