"""Pieces of formulas: each limit a unit below it, at it and above; each branch of an `if`."""

from collections import defaultdict
from collections.abc import Iterator

from nostop.determination.coverage.point import Judged, Point, point
from nostop.determination.coverage.truths import side_names
from nostop.rulebook.one.arithmetic import Truth
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.soundness.limits import Limit, limits_in
from nostop.rulebook.tree import Choose, Node, walk
from nostop.rulebook.words.formula_text import formula_text

#: Whose formula, and which piece of it.
_Piece = tuple[str, Node]


def limits(judged: Judged) -> Iterator[Point]:
    """Yield each limit of an owner's formulas."""
    found: dict[_Piece, set[tuple[Value, Value]]] = defaultdict(set)
    for case in judged.cases:
        for name, node, sides in case.record.sides:
            found[name, node].add(sides)
    for each in judged.own:
        for limit in limits_in(each.tree, judged.definitions):
            seen = {limit.side(sides) for sides in found[each.name, limit.node]}
            yield point("limit", each, limit.node, _limit_sides(limit), seen)


def _limit_sides(limit: Limit) -> dict[str, str]:
    measured, against = formula_text(limit.measured), formula_text(limit.against)
    units = {"money": "a penny", "date": "a day"}
    unit = units.get(limit.node.left.kind.base, "one")
    is_date = limit.node.left.kind.base == "date"
    below, above = ("before", "after") if is_date else ("below", "above")
    return {
        "below": f"{measured} is {unit} {below} {against}",
        "at": f"{measured} is exactly {against}",
        "above": f"{measured} is {unit} {above} {against}",
    }


def branches(judged: Judged) -> Iterator[Point]:
    """Yield each `a if c else b` of an owner's formulas, with what c was."""
    found: dict[_Piece, set[Truth]] = defaultdict(set)
    for case in judged.cases:
        for name, node, test in case.record.tests:
            found[name, node].add(test)
    for each in judged.own:
        chosen = (node for node in walk(each.tree) if isinstance(node, Choose))
        for node in dict.fromkeys(chosen):
            condition = formula_text(node.condition)
            sides = {"yes": f"{condition} holds", "no": f"{condition} does not hold"}
            yield point("branch", each, node, sides, side_names(found[each.name, node]))
