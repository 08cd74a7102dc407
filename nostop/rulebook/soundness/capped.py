"""Tables whose values count only up to a rate: `at_most(tax * rate(shares, ...), tax * highest)`. A
row at the rate may then rise, and nothing comes of it."""

from collections.abc import Iterable, Iterator

from nostop.rulebook.soundness.slips import folded, with_children
from nostop.rulebook.tree import Call, Definition, Lit, Lookup, Node, RateRef, children, walk


def caps(definitions: Iterable[Definition], table: str) -> frozenset[str]:
    """Return the rates up to which a table's values count in formulas, by qualified name; none
    where a formula takes its values as they are."""
    found: set[str] = set()
    for definition in definitions:
        for tree in definition.trees:
            capped = list(_caps_in(tree, table))
            if len(capped) < _times_read(tree, table):
                return frozenset()
            found |= set(capped)
    return frozenset(found)


def _times_read(tree: Node, table: str) -> int:
    return sum(isinstance(node, Lookup) and node.table == table for node in walk(tree))


def _caps_in(tree: Node, table: str) -> Iterator[str]:
    for node in walk(tree):
        match node:
            case Call(function="at_most", args=(amount, highest)) if (
                _times_read(amount, table) == 1
            ):
                yield from _rates_that_cap(amount, highest, table)


def _rates_that_cap(amount: Node, highest: Node, table: str) -> Iterator[str]:
    """The rate that makes of the amount, in the place of the table's value, its own limit."""
    for rate in dict.fromkeys(walk(highest)):
        if isinstance(rate, RateRef):
            at_rate = _without_floor(folded(_with_rate(amount, table, rate)))
            if at_rate == folded(highest):
                yield rate.name


def _with_rate(node: Node, table: str, rate: RateRef) -> Node:
    if isinstance(node, Lookup) and node.table == table:
        return rate
    return with_children(node, tuple(_with_rate(each, table, rate) for each in children(node)))


def _without_floor(node: Node) -> Node:
    match node:
        case Call(function="at_least", args=(amount, Lit(value=0))):
            return amount
    return node
