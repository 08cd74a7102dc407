"""One household at a time, in plain Python, to be read and believed: the same trees as the compiled
plan, with the same results.

Single cases, authors' cases and explanations are worked out here; populations by the plan. The two
must agree on everything. What a node means stands in `meanings.py`, what to ask in `asking.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from nostop.model import Level, Outcome
from nostop.rulebook.one.arithmetic import Bound, Truth
from nostop.rulebook.one.asking import Questions
from nostop.rulebook.one.formulas import Formulas
from nostop.rulebook.one.household import Household, Place, Unknown, as_places
from nostop.rulebook.one.meanings import Observer, Value
from nostop.rulebook.plan import Plan, SchemePlan
from nostop.rulebook.rates import Constant, TableOn
from nostop.rulebook.schedule import applies_to
from nostop.rulebook.tree import Definition, Lookup, RateRef

_OUTCOMES = {True: Outcome.ENTITLED, False: Outcome.NOT_ENTITLED, None: Outcome.UNKNOWN}
_NOTHING_ASKED: frozenset[Unknown] = frozenset()


@dataclass(frozen=True, slots=True)
class Result:
    """What one scheme comes to for one subject. Amounts are whole pence; `high` None means no upper
    bound.

    `conditions` holds the truth of each condition by its id; `asks` the unknown facts, and whose,
    that could still settle an open outcome. The place keeps what was worked out on the way.
    """

    plan: SchemePlan
    place: Place
    outcome: Outcome
    low: Bound
    high: Bound
    claimed: Truth
    conditions: dict[str, Truth]
    asks: frozenset[Unknown]
    is_invited: bool

    @property
    def scheme(self) -> str:
        """The scheme's id."""
        return self.plan.scheme.id

    @property
    def amount(self) -> Bound:
        """The amount where it is settled."""
        return self.low if self.low == self.high else None

    @property
    def confidence(self) -> float | None:
        """How sure the links between the records are that this rests on: the weakest of the
        people whose facts the scheme reads."""
        widest = self.place.up(self.plan.reads_members_of)
        confidence: float | None = widest.row.get("confidence")
        return confidence

    @property
    def because(self) -> list[str]:
        """The conditions that decide: all where entitled, else those that fail or are open; that of
        the nation alone, where that fails."""
        if self.conditions["applies_in"] is False:
            return ["applies_in"]
        wanted = {Outcome.ENTITLED: True, Outcome.NOT_ENTITLED: False, Outcome.UNKNOWN: None}
        return [name for name, truth in self.conditions.items() if truth is wanted[self.outcome]]

    @property
    def missing(self) -> list[str]:
        """The facts that could still settle an open outcome, the cheapest to ask first."""
        asked = {fact for _, fact in self.asks}
        return [fact for fact in self.plan.facts if fact in asked]

    @property
    def worth_asking(self) -> bool:
        """Whether the outcome is open, something may be given, the person alone can settle it, and
        the pack does not say whom else to ask."""
        if self.outcome is not Outcome.UNKNOWN or not self.asks or not self.is_invited:
            return False
        in_kind = self.plan.scheme.pack.award.in_kind is not None
        something = in_kind or self.high is None or self.high > 0
        return something and {fact for _, fact in self.asks} <= self.plan.askable


class Interpreter:
    """A plan ready to be worked out for one household after another: what was made of its formulas
    stays. An observer is told of what is worked out on the way."""

    def __init__(self, plan: Plan, observer: Observer | None = None) -> None:
        self.plan = plan
        self.observer = observer
        self.formulas = Formulas(plan, observer)
        self.questions = Questions(self.formulas)

    def results(self, household: Household, schemes: Collection[str] | None = None) -> list[Result]:
        """Work out schemes (all of the plan's by default) for one household, in the plan's order
        and then the subjects'."""
        home = as_places(household, self.formulas, self.questions)
        return [
            self._result(plan, place)
            for plan in self.plan.schemes
            if schemes is None or plan.scheme.id in schemes
            for place in home.at(plan.scheme.pack.decides_for)
        ]

    def values(self, household: Household, name: str) -> dict[str, Value]:
        """Work out one definition, by its qualified name, for each of a household's subjects of its
        level."""
        home = as_places(household, self.formulas, self.questions)
        places = home.at(self.formulas.definitions[name].level)
        return {place.id: place.value(name) for place in places}

    def _result(self, plan: SchemePlan, place: Place) -> Result:
        scheme = plan.scheme.id
        conditions = {name: place.value(f"{scheme}.when.{name}") for name in plan.conditions}
        outcome = _OUTCOMES[place.value(f"{scheme}.entitled")]
        is_open = outcome is Outcome.UNKNOWN
        low, high = place.value(f"{scheme}.amount")
        invitation = plan.scheme.invitation
        return Result(
            plan=plan,
            place=place,
            outcome=outcome,
            low=low,
            high=high,
            claimed=place.value(f"{scheme}.claimed"),
            conditions=conditions,
            asks=place.asks(f"{scheme}.entitled") if is_open else _NOTHING_ASKED,
            is_invited=invitation is None or place.value(invitation.name) is True,
        )

    # --- what would be if -------------------------------------------------------------------------

    @cached_property
    def readers(self) -> dict[str, set[str]]:
        """The definitions that read each rate and table, by its qualified name."""
        found: dict[str, set[str]] = {}
        for definition in self.plan.schedule.scheduled():
            for node in definition.nodes:
                match node:
                    case RateRef(name=name) | Lookup(table=name):
                        found.setdefault(name, set()).add(definition.name)
        return found

    def with_definition(self, definition: Definition) -> "Interpreter":
        """Return an interpreter in which one definition says something else; all others stay
        made."""
        name, before = definition.name, self.formulas.definitions
        schedule = replace(self.plan.schedule, definitions={**before, name: definition})
        plan = replace(self.plan, schedule=schedule)
        catalogue = self.plan.book.catalogue
        roles = [applies_to(catalogue, before, each.tree) for each in (before[name], definition)]
        if definition.level is Level.PERSON and roles[0] != roles[1]:
            # Whom aggregates range over goes by the facts that people's formulas read.
            return Interpreter(plan, self.observer)
        return self._changed(plan, {name})

    def with_rate(self, name: str, value: Constant) -> "Interpreter":
        """Return an interpreter in which one rate has another value: one above 0, where something
        is divided by it."""
        constants = self.plan.constants
        changed = replace(constants, rates={**constants.rates, name: value})
        return self._changed(replace(self.plan, constants=changed), self.readers.get(name, set()))

    def with_table(self, name: str, table: TableOn) -> "Interpreter":
        """Return an interpreter in which one table has other rows."""
        constants = self.plan.constants
        changed = replace(constants, tables={**constants.tables, name: table})
        return self._changed(replace(self.plan, constants=changed), self.readers.get(name, set()))

    def _changed(self, plan: Plan, names: set[str]) -> "Interpreter":
        other = Interpreter(plan, self.observer)
        # An award over turning points has theirs in its own function.
        anew = {*names, *self.formulas.turning}
        for made, before in (
            (other.formulas, self.formulas),
            (other.questions, self.questions),
        ):
            made.update({name: each for name, each in before.items() if name not in anew})
        return other


def interpret(plan: Plan, household: Household) -> list[Result]:
    """Work out every scheme of a plan for one household. For many, keep an `Interpreter`."""
    return Interpreter(plan).results(household)
