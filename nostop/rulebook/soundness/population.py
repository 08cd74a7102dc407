"""The check population: invented households of every sort, to see that a pack is for some people
and not for all.

`check_population.yaml` of a rules folder names them, with each fact that is not nil; where they
live is left to the pack that is asked.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nostop.model import Level, Outcome, Problem, RuleError, nearest
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.one.household import Household, Row
from nostop.rulebook.one.interpreter import Interpreter
from nostop.rulebook.packs import Pack, Rate, Table
from nostop.rulebook.plan import Plan, compile_plan
from nostop.rulebook.rates import has_value
from nostop.rulebook.reading.checks import Keys
from nostop.rulebook.reading.models import read_model

FILE = "check_population.yaml"

Facts = dict[str, bool | int | date | str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Strict):
    """Somebody: the facts that are not nil, and what is in payment, in pence by scheme."""

    facts: Facts = {}
    awards: dict[str, int] = {}


class Unit(_Strict):
    """A benefit unit."""

    facts: Facts = {}
    adults: tuple[Person, ...] = Field(default=(), max_length=10)
    children: tuple[Person, ...] = Field(default=(), max_length=20)


class Home(_Strict):
    """A household, for what it stands."""

    means: str
    facts: Facts = {}
    benefit_units: tuple[Unit, ...] = Field(min_length=1, max_length=10)


class Population(_Strict):
    """check_population.yaml."""

    households: tuple[Home, ...] = Field(min_length=1, max_length=500)


def read_population(folder: Path, catalogue: Catalogue) -> tuple[Population | None, list[Problem]]:
    """Return the check population of a rules folder (None where it has none), and what is wrong
    with it."""
    file = folder / FILE
    if not file.is_file():
        return None, []
    model, problems, document = read_model(file, Population)
    if model is None or document is None:
        return None, problems
    for keys, level, stated in _stated(model):
        for name, value in stated.items():
            wrong = _wrong(name, value, level, catalogue)
            if wrong:
                problems.append(document.problem(wrong, *keys, name))
    return (None if problems else model), problems


def _stated(population: Population) -> Iterator[tuple[Keys, Level | None, Facts]]:
    """Everything stated, with its place in the file and whose facts they are; None: awards."""
    for number, home in enumerate(population.households):
        at: Keys = ("households", number)
        yield (*at, "facts"), Level.HOUSEHOLD, home.facts
        for index, unit in enumerate(home.benefit_units):
            within = (*at, "benefit_units", index)
            yield (*within, "facts"), Level.BENEFIT_UNIT, unit.facts
            for key, people in (("adults", unit.adults), ("children", unit.children)):
                for position, person in enumerate(people):
                    yield (*within, key, position, "facts"), Level.PERSON, person.facts
                    yield (*within, key, position, "awards"), None, dict(person.awards)


def _wrong(name: str, value: object, level: Level | None, catalogue: Catalogue) -> str:
    if level is None:
        hint = nearest(name, list(catalogue.awards))
        return "" if name in catalogue.awards else f"'{name}' is no award{hint}"
    known = catalogue.at(level)
    if name not in known:
        return f"'{name}' is no fact here{nearest(name, list(known))}"
    return "" if known[name].accepts(value) else f"{value!r} is no {known[name].type}"


# --- who is entitled ------------------------------------------------------------------------------


def outcomes(book: Rulebook, schemes: list[str], population: Population) -> dict[str, set[Outcome]]:
    """Return, for each scheme, what comes out for the households of a population, until it is seen
    that some are entitled and some are not. A scheme is left out if there is no day on which all
    its rates have a value.

    Where they live counts for nothing: each household is put where the pack applies.
    """
    found: dict[str, set[Outcome]] = {}
    for plan, names in _plans(book, schemes):
        interpreter = Interpreter(plan)
        for name in names:
            found[name] = set()
            for number, home in enumerate(population.households):
                household = _household(home, number, plan, book.schemes[name].pack)
                results = interpreter.results(household, [name])
                found[name] |= {result.outcome for result in results}
                if found[name] >= {Outcome.ENTITLED, Outcome.NOT_ENTITLED}:
                    break
    return found


def _plans(book: Rulebook, schemes: list[str]) -> Iterator[tuple[Plan, list[str]]]:
    """Each scheme on the latest day on which all that it reads has a value; those of one day
    together."""
    days = {name: _days(book, book.schemes[name]) for name in schemes}
    for day in sorted({possible[0] for possible in days.values() if possible}):
        names = [name for name in schemes if days[name][:1] == [day]]
        try:
            yield compile_plan(book, day, names), names
        except RuleError:
            # A scheme that one of them reads has no rates for that day: each by itself.
            yield from _by_itself(book, {name: days[name] for name in names})


def _by_itself(book: Rulebook, days: dict[str, list[date]]) -> Iterator[tuple[Plan, list[str]]]:
    for name, possible in days.items():
        for day in possible:
            try:
                yield compile_plan(book, day, [name]), [name]
                break
            except RuleError:
                continue


def _days(book: Rulebook, scheme: Scheme) -> list[date]:
    """The days from which all that a scheme reads has a value, the latest first."""
    names = [each.name for each in (*scheme.conditions, *scheme.parts)]
    known: dict[str, Rate | Table] = {**book.rates, **book.tables}
    read = [known[name] for name in book.rates_read(names)]
    days = {scheme.pack.in_force.from_, *(each.from_ for rate in read for each in rate.values)}
    return [
        day
        for day in sorted(days, reverse=True)
        if scheme.is_in_force(day) and all(has_value(rate, day) for rate in read)
    ]


def _household(home: Home, number: int, plan: Plan, pack: Pack) -> Household:
    """The rows of a household where a pack applies, as `determination.prepared` would give them."""
    key = f"h{number}"
    place: Facts = {"nation": pack.applies_in[0]}
    if pack.local_authorities:
        place["local_authority"] = pack.local_authorities[0]
    row = {"household_id": key, **_facts(plan, Level.HOUSEHOLD, home.facts | place)}
    units: list[Row] = []
    people: list[Row] = []
    for index, unit in enumerate(home.benefit_units):
        ids = {"household_id": key, "benefit_unit_id": f"{key}-{index}"}
        units.append({**ids, **_facts(plan, Level.BENEFIT_UNIT, unit.facts), "confidence": None})
        for role, members in (("adult", unit.adults), ("child", unit.children)):
            for person in members:
                own = {**ids, "person_id": f"{key}-{index}-{len(people)}"}
                people.append({**own, **_person(person, role, plan)})
    return Household({**row, "confidence": None}, tuple(units), tuple(people))


def _person(person: Person, role: str, plan: Plan) -> dict[str, Any]:
    row = {**_facts(plan, Level.PERSON, person.facts), "role": role, "confidence": None}
    for scheme in plan.schedule.receipts:
        amount = person.awards.get(scheme)
        has = amount is not None
        row |= {f"known:{scheme}": True, f"held:{scheme}": has, f"paid:{scheme}": has}
        row[f"sum:{scheme}"] = amount
    return row


def _facts(plan: Plan, level: Level, given: Facts) -> dict[str, Any]:
    facts = plan.book.catalogue.at(level)
    return {
        name: given.get(name, fact.nil)
        for name, fact in facts.items()
        if name in plan.schedule.facts
    }
