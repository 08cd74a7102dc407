"""Why a result is what it is, as a page shows it: conditions with the values they read and where
those are from, and what is missing with what each answer would come to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from nostop.app.casework.case_file import FactValue
from nostop.app.casework.fact_values import fact_words
from nostop.model import Outcome, pounds
from nostop.rulebook.catalogue import Catalogue, Fact, canonical
from nostop.rulebook.one.arithmetic import Bound
from nostop.rulebook.one.household import Place, Unknown
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.meanings import Meanings, members_of
from nostop.rulebook.schedule import ROLE, receipt_fact
from nostop.rulebook.tree import (
    Aggregate,
    DefRef,
    FactRef,
    Node,
    Receipt,
    children,
    outside_aggregates,
)
from nostop.rulebook.words.explain import shown

#: How many lines, values of one, missing facts and answers of one are told: two minutes are short.
MOST_LINES, MOST_READS, MOST_FIGURES, MOST_MISSING, MOST_ANSWERS = 10, 6, 3, 8, 6
#: Of how many missing facts, the cheapest to ask, each answer is worked out.
MOST_ANSWERED = 5
APPLIES_IN = "applies_in"
_AWARD = receipt_fact("")


@dataclass(frozen=True, slots=True)
class Read:
    """A fact that a condition read. `value` is in words, None where it is not known; `source` a
    feed, `caseworker`, or None where it was concluded; `as_of` the day of the record."""

    subject_id: str
    fact: str
    words: str
    means: str
    value: str | None
    source: str | None
    as_of: date | None
    conflict: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """What was worked out on the way: its words, and what it came to in words."""

    words: str
    value: str


@dataclass(frozen=True, slots=True)
class WhyLine:
    """One condition. `truth` None is open; `says` is what it asks for, or, where it is not met,
    what is the case instead."""

    condition: str
    says: str
    truth: bool | None
    cite: str
    figures: tuple[Figure, ...]
    reads: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one answer would come to. `value` is canonical, `words` how it is said; `outcome` None:
    nothing is said of it, for the scheme may be claimed already. Amounts are whole pence for the
    scheme's period, `high` None: no upper bound is known."""

    value: str
    words: str
    outcome: Outcome | None
    low: Bound
    high: Bound
    settles: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that no record holds and that could settle an outcome; or, where that is settled, how
    much it comes to (`is_of_amount`).

    subject_ids: whose. effort: how hard it is to ask, 1 to 4. answers: of a fact with few possible
    answers, what each would come to (for all of them at once); none where it is an amount or a day.
    is_award: it is whether, and how much, another scheme pays.
    """

    fact: str
    words: str
    means: str
    subject_ids: tuple[str, ...]
    effort: int | None
    is_award: bool
    is_of_amount: bool
    answers: tuple[Answer, ...]


Supposing = Callable[[Collection[str], str, object], Result]


def why_lines(
    interpreter: Interpreter, result: Result, sources: Mapping[Unknown, FactValue]
) -> tuple[WhyLine, ...]:
    """Return a line for each condition of a result: those that decide it first, then the others.

    Args:
        interpreter: that worked it out.
        result: of it.
        sources: of facts.
    """
    deciding = set(result.because)
    lines = [
        _line(interpreter, result, name, sources)
        for name in sorted(result.conditions, key=lambda each: each not in deciding)
    ]
    return tuple(lines[:MOST_LINES])


def _line(
    interpreter: Interpreter, result: Result, name: str, sources: Mapping[Unknown, FactValue]
) -> WhyLine:
    truth = result.conditions[name]
    says, if_not, cite = _words_of(result, name)
    place = result.place
    qualified = f"{result.scheme}.when.{name}"
    if truth is False:
        says = if_not
    # What is not known and could not move it any more is left out; what could comes first.
    asked = place.asks(qualified) if truth is None else frozenset()
    read = [_read(interpreter, each, sources) for each in _Met(interpreter).of(qualified, place)]
    open_ = [each for each in read if (each.subject_id, each.fact) in asked]
    reads = [*open_, *(each for each in read if each.value is not None and each.fact != ROLE)]
    figures = _figures(interpreter, qualified, place)
    return WhyLine(name, says, truth, cite, figures, tuple(reads[:MOST_READS]))


def _words_of(result: Result, name: str) -> tuple[str, str, str]:
    pack = result.plan.scheme.pack
    if name == APPLIES_IN:
        areas = ", ".join(each.replace("_", " ").title() for each in pack.applies_in)
        if pack.local_authorities:
            areas = f"{', '.join(pack.local_authorities)} ({areas})"
        return f"Lives where the scheme applies: {areas}", f"Does not live in {areas}", ""
    found = next(each for each in pack.entitled_when if each.id == name)
    return found.says, found.if_not, found.cite


def _figures(interpreter: Interpreter, name: str, place: Place) -> tuple[Figure, ...]:
    """What the numbers came to that a condition compares, for the subject itself."""
    definitions = interpreter.formulas.definitions
    nodes = outside_aggregates(definitions[name].tree)
    names = dict.fromkeys(node.name for node in nodes if isinstance(node, DefRef))
    read = [each for each in map(definitions.__getitem__, names) if each.tree.kind.is_number]
    return tuple(
        Figure(each.says, shown(place.up(each.level).value(each.name), each.tree.kind))
        for each in read[:MOST_FIGURES]
    )


class _Met:
    """The facts that a definition reads for a subject, known or not, in reading order."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.formulas = interpreter.formulas
        self.seen: set[tuple[str, str]] = set()
        self.found: dict[Unknown, Place] = {}

    def of(self, name: str, place: Place) -> list[tuple[str, Place]]:
        self._defined(name, place)
        return [(fact, whose) for (_, fact), whose in self.found.items()]

    def _defined(self, name: str, place: Place) -> None:
        definition = self.formulas.definitions[name]
        place = place.up(definition.level)
        if (name, place.id) in self.seen or place.is_perhaps:
            return
        self.seen.add((name, place.id))
        self._nodes(definition.trees, place, self.formulas.meanings(name, observed=False))

    def _nodes(self, nodes: Sequence[Node], place: Place, meanings: Meanings) -> None:
        for node in nodes:
            match node:
                case FactRef(name=name):
                    whose = place if node.level is None else place.up(node.level)
                    self.found.setdefault((whose.id, name), whose)
                case Receipt():
                    self.found.setdefault((place.id, receipt_fact(node.scheme)), place)
                case DefRef(name=name):
                    self._defined(name, place)
                case Aggregate():
                    for member in members_of(meanings, node)(place):
                        if not member.is_perhaps:
                            self._nodes(children(node), member, meanings)
                case _:
                    self._nodes(children(node), place, meanings)


def _read(
    interpreter: Interpreter, met: tuple[str, Place], sources: Mapping[Unknown, FactValue]
) -> Read:
    name, place = met
    catalogue = interpreter.plan.book.catalogue
    found = sources.get((place.id, name))
    return Read(
        subject_id=place.id,
        fact=name,
        words=words_of(name),
        means=means_of(catalogue, name),
        value=_value(catalogue, name, place.row),
        source=None if found is None else found.source,
        as_of=None if found is None else found.as_of,
        conflict=found is not None and found.conflict,
    )


def _value(catalogue: Catalogue, name: str, row: Mapping[str, Any]) -> str | None:
    fact = catalogue.facts.get(name)
    if fact is not None:
        return fact_words(fact, canonical(row.get(name)))
    scheme = name.removeprefix(_AWARD)
    amount = row.get(f"sum:{scheme}")
    if row.get(f"paid:{scheme}") and amount is not None:
        return f"{pounds(amount)} a {catalogue.awards[scheme].per.value}"
    if row.get(f"held:{scheme}"):
        return "claimed"
    return "not claimed" if row.get(f"known:{scheme}") else None


def words_of(fact: str) -> str:
    """Return the name of a fact, or of another scheme's award, in words."""
    return fact.removeprefix(_AWARD).replace("_", " ")


def means_of(catalogue: Catalogue, fact: str) -> str:
    """Return what a fact means, as the catalogue says."""
    if fact in catalogue.facts:
        return catalogue.facts[fact].means
    return f"Whether, and how much, {words_of(fact)} is in payment"


# --- what is missing ------------------------------------------------------------------------------


def missing_facts(
    interpreter: Interpreter, result: Result, supposing: Supposing
) -> tuple[Missing, ...]:
    """Return what could still settle an open outcome, or the amount of one who is entitled, the
    cheapest to ask first.

    Args:
        interpreter: that worked it out.
        result: of it.
        supposing: works it out again with one fact of some people another.
    """
    catalogue = interpreter.plan.book.catalogue
    of_amount = result.outcome is Outcome.ENTITLED
    asks = _asks_of_amount(result) if of_amount else result.asks
    facts = _cheapest_first(catalogue, asks) if of_amount else result.missing
    found = []
    for number, fact in enumerate(facts[:MOST_MISSING]):
        whose = tuple(sorted(subject for subject, name in asks if name == fact))
        known = catalogue.facts.get(fact)
        answers: tuple[Answer, ...] = ()
        if known is not None and number < MOST_ANSWERED:
            answers = _answers(known, partial(supposing, whose, fact), of_amount=of_amount)
        found.append(
            Missing(
                fact=fact,
                words=words_of(fact),
                means=means_of(catalogue, fact),
                subject_ids=whose,
                effort=None if known is None else known.effort,
                is_award=known is None,
                is_of_amount=of_amount,
                answers=answers,
            )
        )
    return tuple(found)


def _asks_of_amount(result: Result) -> Collection[Unknown]:
    """Which unknown facts could still move the amount of somebody who is entitled, and is known not
    to claim: of others no amount is told."""
    if result.claimed is not False or result.plan.scheme.pack.award.in_kind is not None:
        return ()
    return result.place.asks(f"{result.scheme}.amount")


def _cheapest_first(catalogue: Catalogue, asks: Collection[Unknown]) -> list[str]:
    """Facts by how hard they are to ask, then what other schemes pay: nobody is asked for it."""
    facts, order = {fact for _, fact in asks}, catalogue.asking_order()
    return [*(each for each in order if each in facts), *sorted(facts.difference(order))]


def _answers(
    known: Fact, supposing: Callable[[object], Result], *, of_amount: bool
) -> tuple[Answer, ...]:
    values: tuple[object, ...] = (True, False) if known.type == "bool" else known.values
    if len(values) > MOST_ANSWERS:
        return ()
    answers = []
    for value in values:
        result = supposing(value)
        text = canonical(value)
        if text is not None:
            said = fact_words(known, text) or text
            answers.append(_answer(text, said, result, of_amount=of_amount))
    return tuple(answers)


def _answer(value: str, words: str, result: Result, *, of_amount: bool) -> Answer:
    settles = result.low == result.high if of_amount else result.outcome is not Outcome.UNKNOWN
    may_be_claimed = result.claimed is not False
    if may_be_claimed and result.outcome is Outcome.NOT_ENTITLED:
        return Answer(value, words, None, None, None, settles=settles)
    if may_be_claimed and result.outcome is Outcome.ENTITLED:
        return Answer(value, words, result.outcome, None, None, settles=settles)
    return Answer(value, words, result.outcome, result.low, result.high, settles=settles)
