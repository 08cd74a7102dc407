"""Correcting a fact on a case: what it would change before anything is saved, and saving it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nostop.app.casework.case_file import CASEWORKER, Corrected, FactValue
from nostop.app.casework.case_parts import amount_words, label, source_words
from nostop.app.casework.case_view import Both
from nostop.app.casework.cases import Desk, OpenCase, decided_now
from nostop.app.casework.fact_values import (
    EVIDENCE_KINDS,
    Typed,
    evidence_text,
    fact_words,
    fields_of,
    read_value,
)
from nostop.model import NEVER, Level, NotHere
from nostop.rulebook.catalogue import Fact
from nostop.store.corrections import NewCorrection, correct, undo
from nostop.store.decisions import Seen

__all__ = [
    "EVIDENCE_KINDS",
    "Change",
    "FactAsked",
    "Said",
    "Telling",
    "changes_of",
    "evidence_text",
    "fact_asked",
    "save",
    "take_back",
    "typed_value",
]

#: Who is an adult and who a child decides whose case it is: that is no fact to type over.
_NOT_HERE = ("role", "uprn")


@dataclass(frozen=True, slots=True)
class FactAsked:
    """A fact as its form shows it: `now` in words with where it is from; `given` are the fields of
    the form for what is known now. `departments` is what they say, canonical, None for nothing."""

    fact: str
    level: str
    subject_id: str
    whose: str | None
    means: str
    type: str
    per: str | None
    values: tuple[str, ...]
    may_be_never: bool
    departments: str | None
    now: str | None
    source: str | None
    as_of: date | None
    given: Mapping[str, str]
    of_catalogue: Fact


@dataclass(frozen=True, slots=True)
class Said:
    """What the rules say of one scheme: outcome entitled, unknown, not_entitled or not_shown; the
    amount in words, and how many facts could still settle it."""

    outcome: str
    amount: Both | None
    missing: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changes of one scheme for somebody."""

    scheme: str
    title: Both
    whose: str | None
    before: Said
    after: Said


@dataclass(frozen=True, slots=True)
class Telling:
    """A fact as somebody was told it: canonical value, what it rests on, and of which day."""

    value: str | None
    evidence: str
    as_of: date


def fact_asked(case: OpenCase, level: str, subject: str, name: str) -> FactAsked:
    """Return a fact of a case for its form.

    Raises:
        NotHere: there is no such fact, of nobody in this case, or it is not to be typed here.
    """
    fact = case.warm.book.catalogue.facts.get(name)
    if fact is None or name in _NOT_HERE or fact.level != level:
        raise NotHere("cases: there is no such fact")
    if subject not in _subjects(case, level):
        raise NotHere("cases: nobody of this case has this fact")
    stated, found = (_of(facts, subject, name) for facts in (case.file.facts, case.facts))
    value = None if found is None else found.value
    source = None if found is None else found.source
    return FactAsked(
        fact=name,
        level=level,
        subject_id=subject,
        whose=case.known.names.get(subject),
        means=label(fact.means),
        type=fact.type,
        per=None if fact.per is None else fact.per.value,
        values=fact.values,
        may_be_never=fact.type == "date" and fact.nil == NEVER,
        departments=None if stated is None else stated.value,
        now=fact_words(fact, value),
        source="corrected here" if source == CASEWORKER else source_words(source),
        as_of=None if found is None else found.as_of,
        given=fields_of(fact, value),
        of_catalogue=fact,
    )


def typed_value(asked: FactAsked, given: Mapping[str, str]) -> Typed:
    """Return what was typed for a fact as canonical text, or what is wrong with it."""
    return read_value(asked.of_catalogue, given)


def changes_of(desk: Desk, case: OpenCase, asked: FactAsked, value: str | None) -> list[Change]:
    """Return what a value would change: each scheme of the benefit unit or its household of which
    the outcome or the amount is another. Nothing is saved.

    Nothing adverse is told of a scheme that is, or may be, claimed.
    """
    told = Corrected(
        asked.level,
        asked.subject_id,
        asked.fact,
        value,
        desk.at.date(),
        desk.who.account_id,
        desk.at,
    )
    before, after = decided_now(case.home), decided_now(case.supposing([told]))
    mine = {*_subjects(case, Level.PERSON), case.known.unit, case.file.household_id}
    found = []
    for key in sorted(before.keys() & after.keys()):
        scheme, subject = key
        was, will = _said(before[key]), _said(after[key])
        if subject in mine and was != will:
            title = case.known.title(scheme)
            found.append(Change(scheme, title, case.known.names.get(subject), was, will))
    return found


def save(desk: Desk, case: OpenCase, asked: FactAsked, telling: Telling, seen: Seen) -> str:
    """Keep a correction on the case; where it changes the outcome of something flagged although a
    department had said otherwise, the authors of its rules are told.

    Raises:
        MovedOn: somebody changed the case since it was looked at; nothing is written.
    """
    flagged = set(case.rows.flags["scheme"])
    changes = changes_of(desk, case, asked, telling.value) if asked.departments is not None else []
    flips = {
        each.scheme
        for each in changes
        if each.scheme in flagged and each.before.outcome != each.after.outcome
    }
    new = NewCorrection(
        level=asked.level,
        subject_id=asked.subject_id,
        fact=asked.fact,
        old_value=asked.departments,
        value=telling.value,
        evidence=telling.evidence,
        as_of=telling.as_of,
        flips=tuple(sorted(flips)),
        old_source=_feed_of(case, asked),
    )
    return correct(desk.engine, seen, new, desk.act)


def take_back(desk: Desk, seen: Seen, correction_id: str) -> None:
    """Undo a correction: what departments say counts again.

    Raises:
        MovedOn: somebody changed the case since it was looked at, or undid it already.
    """
    undo(desk.engine, seen, correction_id, desk.act)


def _feed_of(case: OpenCase, asked: FactAsked) -> str | None:
    """Return which feed says what is put right; None where a caseworker did, or nobody."""
    key = (asked.subject_id, asked.fact)
    said = {each.source for each in case.facts if (each.subject_id, each.fact) == key}
    return next((each for each in said if each not in (None, CASEWORKER)), None)


def _of(facts: Sequence[FactValue], subject: str, name: str) -> FactValue | None:
    named = (each for each in facts if (each.subject_id, each.fact) == (subject, name))
    return next(named, None)


def _subjects(case: OpenCase, level: str) -> Sequence[str]:
    return {
        Level.PERSON.value: [each.person_id for each in case.file.of_unit(case.known.unit)],
        Level.BENEFIT_UNIT.value: [case.known.unit],
        Level.HOUSEHOLD.value: [case.file.household_id],
    }.get(level, [])


def _said(row: Mapping[str, Any]) -> Said:
    outcome = row["outcome"] or "not_shown"
    told = outcome in ("entitled", "unknown")
    low, high = row["amount_low"], row["amount_high"]
    amount = amount_words(row["per"], low, high) if told else None
    return Said(outcome, amount, len(row["missing"] or ()) if outcome == "unknown" else 0)
