"""What to work out for which schemes on one date. `run.py` puts a plan over frames of many,
`interpreter.py` works one household out by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nostop.model import Level, Problem, RuleError
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.rates import Constants, constants_on
from nostop.rulebook.results import all_definitions
from nostop.rulebook.schedule import Schedule, plan_schedule
from nostop.rulebook.tree import Arith, Call, Lookup, Node, RateRef

#: Conditions and facts are told as bits of one Int64: facts have one to themselves, conditions
#: share one, for which hold and which are open.
MAX_FACTS = 62
MAX_CONDITIONS = 31
KEYS = {
    Level.PERSON: "person_id",
    Level.BENEFIT_UNIT: "benefit_unit_id",
    Level.HOUSEHOLD: "household_id",
}
LOW_TO_HIGH = (Level.PERSON, Level.BENEFIT_UNIT, Level.HOUSEHOLD)


@dataclass(frozen=True, slots=True)
class SchemePlan:
    """What one scheme's columns mean: bit i of the condition bits is `conditions[i]`, of the fact
    bits `facts[i]`. `reads` are all facts and receipts that its results rest on, `reads_members_of`
    the level whose people's facts are among them."""

    scheme: Scheme
    conditions: tuple[str, ...]
    facts: tuple[str, ...]
    askable: frozenset[str]
    reads: frozenset[str]
    reads_members_of: Level


@dataclass(frozen=True, slots=True)
class Plan:
    """All schemes asked for, compiled for one date."""

    book: Rulebook
    constants: Constants
    schedule: Schedule
    schemes: tuple[SchemePlan, ...]
    noted: frozenset[str]

    @property
    def effective_on(self) -> date:
        """The date the plan works things out for."""
        return self.constants.effective_on


def compile_plan(
    book: Rulebook,
    effective_on: date,
    schemes: list[str] | None = None,
    *,
    with_notes: bool = False,
) -> Plan:
    """Compile schemes (all of the rule book's by default) for a date; with the packs' notes too
    where results are explained.

    Raises:
        RuleError: an unknown scheme, a scheme asked for by name that is not in force, a rate
            without a value for the date.
    """
    chosen = _chosen(book, effective_on, schemes)
    definitions = all_definitions(book)
    notes = [each.name for scheme in chosen for each in scheme.notes if with_notes]
    claims = [f"{scheme.id}.claimed" for scheme in chosen]
    schedule = plan_schedule(definitions, [*_answers(chosen), *claims, *notes])
    plans = tuple(_scheme_plan(book, schedule, scheme) for scheme in chosen)
    plan = Plan(book, constants_on(book, effective_on), schedule, plans, frozenset(notes))
    _check_rates(plan)
    return plan


def answers_of(plan: Plan, schemes: Sequence[SchemePlan]) -> Plan:
    """Return the part of a plan that works out some of its schemes, but for what is claimed."""
    wanted = _answers(each.scheme for each in schemes)
    schedule = plan_schedule(plan.schedule.definitions, wanted)
    return replace(plan, schedule=schedule, schemes=tuple(schemes))


def claims_of(plan: Plan) -> Plan:
    """Return the part of a plan that works out what is claimed."""
    wanted = [f"{each.scheme.id}.claimed" for each in plan.schemes]
    return replace(plan, schedule=plan_schedule(plan.schedule.definitions, wanted))


def _answers(schemes: Iterable[Scheme]) -> list[str]:
    """What is worked out of schemes: the amount, with all it rests on, and whom to invite."""
    found = []
    for each in schemes:
        found.append(f"{each.id}.amount")
        if each.invitation is not None:
            found.append(each.invitation.name)
    return found


def _chosen(book: Rulebook, on: date, schemes: list[str] | None) -> list[Scheme]:
    if schemes is None:
        return [scheme for scheme in book.schemes.values() if scheme.is_in_force(on)]
    chosen = [book.scheme(name) for name in dict.fromkeys(schemes)]
    for scheme in chosen:
        if not scheme.is_in_force(on):
            raise RuleError([scheme.problem(f"{scheme.id} is not in force on {on}")])
    return chosen


def _scheme_plan(book: Rulebook, schedule: Schedule, scheme: Scheme) -> SchemePlan:
    conditions = ("applies_in", *(each.id for each in scheme.pack.entitled_when))
    rests_on = schedule.facts_of(schedule.definitions[f"{scheme.id}.entitled"].tree)
    order = book.catalogue.asking_order()
    facts = (*(name for name in order if name in rests_on), *sorted(rests_on - set(order)))
    limits = ((conditions, "conditions", MAX_CONDITIONS), (facts, "facts", MAX_FACTS))
    for names, what, most in limits:
        if len(names) > most:
            message = f"has {len(names)} {what}; {most} is the most"
            raise RuleError([scheme.problem(message)])
    reads = schedule.leaves_of([f"{scheme.id}.amount", f"{scheme.id}.claimed"])
    widest = schedule.widest_of([f"{scheme.id}.amount"], scheme.pack.decides_for)
    askable = frozenset(scheme.pack.ask_person)
    return SchemePlan(scheme, conditions, facts, askable, reads, widest)


# --- the rates that are read ----------------------------------------------------------------------


def _check_rates(plan: Plan) -> None:
    """Every rate that a used definition reads must have a value for the date, and one that divides
    must be above 0."""
    constants, wrong = plan.constants, {}
    for node in plan.schedule.nodes():
        wanted = _rate_or_table(node)
        if wanted in constants.missing:
            wrong[wanted] = constants.missing[wanted]
        by = divisor(node)
        if by in constants.rates and constants.rates[by] <= 0:
            on = f"{plan.effective_on}, and something is divided by it"
            wrong[by] = f"rate '{by}' is not above 0 on {on}"
    if wrong:
        raise RuleError(_one_for_each_file(plan.book, wrong))


def _rate_or_table(node: Node) -> str | None:
    match node:
        case RateRef(name=name) | Lookup(table=name):
            return name
    return None


def divisor(node: Node) -> str | None:
    """Return the rate by which a node divides, if it does: it must be above 0."""
    match node:
        case Arith(op="//", right=RateRef(name=name)):
            return name
        case Call(function="steps_over", args=(_, _, RateRef(name=name))):
            return name
    return None


def _one_for_each_file(book: Rulebook, wrong: dict[str, str]) -> list[Problem]:
    """Return one problem for each rates.yaml: a year's rates are missing together."""
    by_owner: dict[str, list[str]] = {}
    for name in sorted(wrong):
        by_owner.setdefault(name.split(".")[0], []).append(name)
    found = []
    for owner, names in by_owner.items():
        message = wrong[names[0]]
        if len(names) > 1:
            others = ", ".join(name.removeprefix(f"{owner}.") for name in names[1:])
            message += f"; and so for {len(names) - 1} more: {others}"
        found.append(Problem(book.folders[owner] / "rates.yaml", 1, 1, message))
    return found
