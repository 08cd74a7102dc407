"""Conditions, and workings that are a yes or no: each as yes, no and unknown."""

from collections.abc import Iterable, Iterator

from nostop.determination.coverage.point import Judged, Point, Sort, local, point
from nostop.model import Outcome
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.schedule import Schedule
from nostop.rulebook.tree import Definition

#: What everybody has: no case can leave it out.
_ALWAYS_KNOWN = frozenset({"role"})
_MOST_FACTS = 4
_SIDES = {True: "yes", False: "no", None: "unknown"}
_REASON = {Outcome.NOT_ENTITLED: "no", Outcome.UNKNOWN: "unknown"}


def conditions(judged: Judged) -> Iterator[Point]:
    """Yield each condition of a pack, with what it was in its cases."""
    for condition in _conditions(judged):
        truths = {each.conditions[local(condition.name)] for each in judged.results}
        yield _truth("condition", condition, judged, truths)


def alone(judged: Judged) -> Iterator[Point]:
    """Yield each condition of a pack, as the only reason of a no and of an unknown."""
    single = (each for each in judged.results if len(each.because) == 1)
    reasons = {(each.because[0], _REASON.get(each.outcome, "")) for each in single}
    for condition in _conditions(judged):
        name = local(condition.name)
        sides = {
            side: f"every other condition holds, and {name} is {side}"
            for side in ("no", "unknown")
            if side == "no" or _may_be_unknown(condition, judged)
        }
        seen = {side for only, side in reasons if only == name}
        yield point("alone", condition, condition.tree, sides, seen)


def workings(judged: Judged) -> Iterator[Point]:
    """Yield each working that is a yes or no, with what it came to."""
    for each in judged.own:
        if each.tree.kind.base == "bool" and ".when." not in each.name:
            yield _truth("working", each, judged, judged.values(each.name))


def _conditions(judged: Judged) -> list[Definition]:
    scheme = judged.trials.book.schemes.get(judged.owner)
    if scheme is None:
        return []
    applies_in = judged.definitions[f"{judged.owner}.when.applies_in"]
    # A scheme of every nation applies to everybody.
    made = [] if applies_in.tree.level is None else [applies_in]
    return [*made, *scheme.conditions]


def _truth(sort: Sort, definition: Definition, judged: Judged, seen: Iterable[Value]) -> Point:
    sides = {"yes": "it holds", "no": "it does not hold"}
    if _may_be_unknown(definition, judged):
        facts = sorted(_schedule(judged).facts_of(definition.tree))
        more = ", ..." if len(facts) > _MOST_FACTS else ""
        sides["unknown"] = (
            f"it is open, one of these unknown: {', '.join(facts[:_MOST_FACTS])}{more}"
        )
    return point(sort, definition, definition.tree, sides, side_names(seen))


def side_names(values: Iterable[Value]) -> Iterator[str]:
    """Yield yes, no and unknown for truth values."""
    return (_SIDES[value] for value in values if value is None or isinstance(value, bool))


def _may_be_unknown(definition: Definition, judged: Judged) -> bool:
    return not _schedule(judged).is_definite(definition.tree)


def _schedule(judged: Judged) -> Schedule:
    return Schedule(judged.definitions).where_known(_ALWAYS_KNOWN)
