"""A plan with further workings in it: those of libraries, worked out for their own sake."""

from collections.abc import Collection
from dataclasses import replace

from nostop.model import Problem, RuleError
from nostop.rulebook.plan import Plan
from nostop.rulebook.schedule import plan_schedule
from nostop.rulebook.tree import Lookup, Node, RateRef


def with_workings(plan: Plan, names: Collection[str]) -> Plan:
    """Return a plan in which workings (by qualified name) stand beside all that it has.

    Raises:
        RuleError: a rate or table that they read has no value for the plan's date.
    """
    before = [each.name for each in plan.schedule.scheduled()]
    schedule = plan_schedule(plan.schedule.definitions, [*before, *names])
    lacking = {name for node in schedule.nodes() if (name := _rate(node)) in plan.constants.missing}
    if lacking:
        raise RuleError([_lacking(plan, name) for name in sorted(lacking)])
    return replace(plan, schedule=schedule)


def _rate(node: Node) -> str:
    match node:
        case RateRef(name=name) | Lookup(table=name):
            return name
    return ""


def _lacking(plan: Plan, name: str) -> Problem:
    folder = plan.book.folders[name.split(".")[0]]
    return Problem(folder / "rates.yaml", 1, 1, plan.constants.missing[name])
