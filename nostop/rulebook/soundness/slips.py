"""A formula with one thing changed, in every way in which a slip of the pen could: what no case
notices is not tested."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from nostop.rulebook.tree import (
    Aggregate,
    AggregateFunction,
    Among,
    Arith,
    ArithOp,
    Call,
    Choose,
    Compare,
    CompareOp,
    Convert,
    Lit,
    Logic,
    Lookup,
    Node,
    children,
)

N = TypeVar("N", bound=Node)


@dataclass(frozen=True, slots=True)
class Slip:
    """One change to a formula: what sort it is, the piece before and after, and the whole tree."""

    sort: str
    before: Node
    after: Node
    tree: Node


def slips(tree: Node) -> tuple[list[Slip], int]:
    """Return every change to a tree, in reading order, each resulting tree once; and how many are
    left out because they provably leave the tree as it was, or repeat one before."""
    seen, found, equal = {folded(tree)}, [], 0
    for slip in _slips(tree):
        same = folded(slip.tree)
        if same in seen:
            equal += 1
        else:
            seen.add(same)
            found.append(slip)
    return found, equal


def _slips(node: Node) -> Iterator[Slip]:
    for sort, after in _own(node):
        yield Slip(sort, node, after, after)
    below = children(node)
    for index, child in enumerate(below):
        for slip in _slips(child):
            parts = (*below[:index], slip.tree, *below[index + 1 :])
            yield replace(slip, tree=with_children(node, parts))


# --- what may slip --------------------------------------------------------------------------------

_SLIPS: dict[CompareOp, tuple[CompareOp, ...]] = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",),
}  # fmt: skip
_OTHER_WAY: dict[ArithOp, ArithOp] = {"+": "-", "-": "+"}
_OTHER_CALL = {"at_least": "at_most", "at_most": "at_least"}
_OTHER_AGGREGATE: dict[AggregateFunction, AggregateFunction] = {
    "any": "all", "all": "any", "smallest": "largest", "largest": "smallest",
}  # fmt: skip
_DIRECTIONS = ("up", "down", "nearest")


def _own(node: Node) -> Iterator[tuple[str, Node]]:
    """The changes to a node itself, by their sorts."""
    match node:
        case Compare() | Among() | Logic():
            yield from _truths(node)
        case Arith(op=op) if op in _OTHER_WAY:
            yield "plus/minus", _with(node, op=_OTHER_WAY[op])
        case Call():
            yield from _calls(node)
        case Aggregate():
            yield from _aggregates(node)


def _truths(node: Compare | Among | Logic) -> Iterator[tuple[str, Node]]:
    match node:
        case Compare(op=op):
            for other in _SLIPS[op]:
                yield "comparison", _with(node, op=other)
        case Among(negated=negated):
            yield "comparison", _with(node, negated=not negated)
        case Logic(op="not", items=(item,)):
            yield "not", item
        case Logic(op=op):
            yield "and/or", _with(node, op="or" if op == "and" else "and")


def _calls(node: Call) -> Iterator[tuple[str, Node]]:
    if node.function in _OTHER_CALL:
        yield "limit", _with(node, function=_OTHER_CALL[node.function])
    if node.function == "round_to":
        unit, direction = node.option.split()
        for other in _DIRECTIONS:
            if other != direction:
                yield "rounding", _with(node, option=f"{unit} {other}")


def _aggregates(node: Aggregate) -> Iterator[tuple[str, Node]]:
    if node.function in _OTHER_AGGREGATE:
        yield "members", _with(node, function=_OTHER_AGGREGATE[node.function])
    if node.where is not None:
        yield "where", _with(node, where=None)


def _with(node: N, **changed: object) -> N:
    """A node with other fields; its hash is worked out anew."""
    given = {each.name: getattr(node, each.name) for each in fields(node) if each.init}
    return type(node)(**{**given, **changed})


def with_children(node: Node, parts: tuple[Node, ...]) -> Node:
    """Return a node with other nodes directly below, in the order of `tree.children`."""
    match node:
        case Logic():
            return _with(node, items=parts)
        case Compare() | Arith():
            return _with(node, left=parts[0], right=parts[1])
        case Among() | Convert():
            return _with(node, item=parts[0])
        case Choose():
            return _with(node, condition=parts[0], then=parts[1], otherwise=parts[2])
        case Aggregate():
            return _with(node, item=parts[0], where=parts[1] if len(parts) == 2 else None)
        case Call():
            return _with(node, args=parts)
        case Lookup():
            return _with(node, keys=parts)
    return node


# --- what is the same -----------------------------------------------------------------------------

_CONTRARY: dict[CompareOp, CompareOp] = {
    "<": ">=", ">=": "<", "<=": ">", ">": "<=", "==": "!=", "!=": "==",
}  # fmt: skip
_MIRRORED: dict[CompareOp, CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def folded(node: Node) -> Node:
    """Return the same formula in a shape that others of the same meaning have too, known or
    unknown: no `not` before a comparison, no repeated or nested `and`, no adding of 0."""
    node = with_children(node, tuple(map(folded, children(node))))
    match node:
        case Logic(op="not", items=(item,)):
            return _contrary(node, item)
        case Logic():
            return _joined(node)
        case Compare(op=">" | ">=" as op, left=left, right=right):
            return _with(node, op=_MIRRORED[op], left=right, right=left)
        case Choose(then=then, otherwise=otherwise) if then == otherwise:
            return then
        case Arith(op="+" | "-", left=left, right=right) if _is_nothing(right):
            return left
        case Call(function="at_least" | "at_most", args=(first, second)) if first == second:
            return first
    return node


def _contrary(node: Logic, item: Node) -> Node:
    match item:
        case Logic(op="not", items=(inner,)):
            return inner
        case Compare(op=op):
            return folded(_with(item, op=_CONTRARY[op]))
        case Among(negated=negated):
            return _with(item, negated=not negated)
    return node


def _joined(node: Logic) -> Node:
    items: dict[Node, None] = {}
    for item in node.items:
        nested = isinstance(item, Logic) and item.op == node.op
        items.update(dict.fromkeys(children(item) if nested else (item,)))
    return next(iter(items)) if len(items) == 1 else _with(node, items=tuple(items))


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Lit) and node.value == 0 and node.kind.base != "bool"


def dropped(what: str, tree: Node) -> Slip:
    """Return the dropping of a condition (always true, then) or of a part (0)."""
    is_truth = tree.kind.base == "bool"
    after = Lit(tree.kind, None, value=True) if is_truth else Lit(tree.kind, None, 0)
    return Slip(f"{what} dropped", tree, after, after)
