"""Which case would notice a change to a formula, in words that follow "a case in which"."""

from collections.abc import Callable
from typing import Any

from nostop.rulebook.soundness.slips import Slip
from nostop.rulebook.tree import Aggregate, Arith, Call, Compare, Logic, Node
from nostop.rulebook.words.formula_text import formula_text


def what_case(slip: Slip) -> str:
    """Return which case would notice a change."""
    return _WORDS[slip.sort](slip.before, slip.after)


def _comparison(before: Node, after: Node) -> str:
    match before, after:
        case Compare(op=op, left=left, right=right), Compare(op=other) if op[0] == other[0] in "<>":
            return f"{formula_text(left)} is exactly {formula_text(right)}, and the result tells"
    return f"the result hangs on {formula_text(before)}"


def _and_or(before: Logic, _after: Node) -> str:
    items = ", ".join(formula_text(item) for item in before.items)
    return f"the result hangs on it, and some of these hold and some do not: {items}"


def _not(before: Logic, _after: Node) -> str:
    return f"the result hangs on {formula_text(before.items[0])}"


def _plus_minus(before: Arith, _after: Node) -> str:
    return f"{formula_text(before.right)} is not 0, and the amount is expected"


def _limit(before: Call, _after: Node) -> str:
    first, second = map(formula_text, before.args)
    return f"{first} and {second} differ, and the amount is expected"


def _rounding(before: Call, after: Call) -> str:
    unit, direction = before.option.split()
    other = after.option.split()[1]
    item = formula_text(before.args[0])
    return f"{item} is no whole {unit}, and {direction} and {other} differ; the amount is expected"


def _members(before: Aggregate, _after: Node) -> str:
    return f"{formula_text(before.item)} is not the same for everybody"


def _where(before: Aggregate, _after: Node) -> str:
    where = formula_text(before.where) if before.where else ""
    return f"{where} holds for one and not for another, of whom {formula_text(before.item)} matters"


def _condition(_before: Node, _after: Node) -> str:
    return "this condition does not hold, and every other does"


def _part(_before: Node, _after: Node) -> str:
    return "this part is not 0, and the amount is expected"


_WORDS: dict[str, Callable[[Any, Any], str]] = {
    "comparison": _comparison,
    "and/or": _and_or,
    "not": _not,
    "plus/minus": _plus_minus,
    "limit": _limit,
    "rounding": _rounding,
    "members": _members,
    "where": _where,
    "condition dropped": _condition,
    "part dropped": _part,
}
