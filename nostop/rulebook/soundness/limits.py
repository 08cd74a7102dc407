"""Limits of law: comparisons with a rate, an age, a day or an amount made of rates only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from nostop.rulebook.dates import NEVER_NUMBER, as_date
from nostop.rulebook.one.arithmetic import Number, Range, is_known, only
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.tree import (
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    Definition,
    DefRef,
    Lit,
    Lookup,
    Node,
    RateRef,
    Today,
    walk,
)

Definitions = Mapping[str, Definition]


@dataclass(frozen=True, slots=True)
class Limit:
    """A comparison with a limit: what is held against it, and whether that stands on the left."""

    node: Compare
    measured: Node
    against: Node
    is_left: bool

    def side(self, sides: tuple[Value, Value]) -> str:
        """Return `below`, `at` or `above` where what is measured is within one unit (a penny, a
        day, a year) of the limit; an empty text where it is further off, or not known."""
        left, right = (only(each) if _is_number(each) else None for each in sides)
        if left is None or right is None:
            return ""
        over = _distance(left, right, is_date=self.node.left.kind.base == "date")
        if not self.is_left:
            over = -over
        if over == 0:
            return "at"
        if over > 0:
            return "above" if over <= 1 else ""
        return "below" if over >= -1 else ""


def _is_number(value: Value) -> TypeGuard[Range]:
    """Whether a value is a known number."""
    return isinstance(value, tuple) and is_known(value)


def _distance(measured: Number, limit: Number, *, is_date: bool) -> Number:
    """How far one number is above another: dates in days."""
    if not is_date:
        return measured - limit
    if max(measured, limit) >= NEVER_NUMBER:
        # 9999-12-31 is never, and no day beside any other.
        return 0 if measured == limit else NEVER_NUMBER
    return (as_date(int(measured)) - as_date(int(limit))).days


def limits_in(tree: Node, definitions: Definitions) -> Iterator[Limit]:
    """Yield each limit of a tree once, in reading order."""
    compared = (node for node in walk(tree) if isinstance(node, Compare))
    for node in dict.fromkeys(compared):
        limit = _limit(node, definitions)
        if limit is not None:
            yield limit


def _limit(node: Compare, definitions: Definitions) -> Limit | None:
    left, right = (_is_of_rates(each, definitions) for each in (node.left, node.right))
    if left and right:
        # Both are rates: what moves between cases is the day.
        left, right = (not _has_today(each) for each in (node.left, node.right))
    if left == right:
        return None
    if right:
        return Limit(node, node.left, node.right, is_left=True)
    return Limit(node, node.right, node.left, is_left=False)


def _is_of_rates(node: Node, definitions: Definitions) -> bool:
    """Whether an amount is a rate, or worked out from rates and the day alone; which of them may
    hang on facts."""
    leaves = list(_leaves(node, definitions))
    is_rate = [isinstance(each, RateRef | Lookup | Today) for each in leaves]
    return any(is_rate) and all(
        isinstance(each, Lit) or rate for each, rate in zip(leaves, is_rate, strict=True)
    )


def _leaves(node: Node, definitions: Definitions) -> Iterator[Node]:
    """What an amount is made of."""
    match node:
        case DefRef(name=name) if name in definitions:
            yield from _leaves(definitions[name].tree, definitions)
        case Choose(then=then, otherwise=otherwise):
            yield from _leaves(then, definitions)
            yield from _leaves(otherwise, definitions)
        case Arith(left=left, right=right):
            yield from _leaves(left, definitions)
            yield from _leaves(right, definitions)
        case Call(args=args):
            for each in args:
                yield from _leaves(each, definitions)
        case Convert(item=item):
            yield from _leaves(item, definitions)
        case _:
            yield node


def _has_today(node: Node) -> bool:
    return any(isinstance(each, Today) for each in walk(node))
