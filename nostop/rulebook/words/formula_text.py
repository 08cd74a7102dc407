"""A typed tree written as a formula again, as an author would: what a changed tree says can be
shown beside what is written in a pack."""

from nostop.model import Level, Period
from nostop.rulebook.reading.calls import AGGREGATES
from nostop.rulebook.reading.kinds import PERIOD_CHANGES
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    DefRef,
    FactRef,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)

#: How tightly each operator holds what it joins, the loosest first.
_CHOOSE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _ATOM = range(8)
_HOLDS = {
    "or": _OR, "and": _AND, "not": _NOT, "+": _SUM, "-": _SUM, "*": _PRODUCT, "//": _PRODUCT,
}  # fmt: skip
_PERIODS: dict[Period | None, str] = {period: name for name, period in PERIOD_CHANGES.items()}
_AGGREGATES = {
    (
        function,
        Level.BENEFIT_UNIT if name.endswith(("_unit", "_units")) else Level.PERSON,
        who,
    ): name
    for name, (function, who) in AGGREGATES.items()
}


def formula_text(node: Node) -> str:
    """Return a tree as a formula, with no more brackets than it needs."""
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """The text, and how tightly it holds together."""
    match node:
        case Logic():
            return _logic(node)
        case Compare(op=op, left=left, right=right):
            return f"{_within(left, _SUM)} {op} {_within(right, _SUM)}", _COMPARE
        case Among(item=item, words=words, negated=negated):
            listed = ", ".join(f'"{word}"' for word in words)
            return f"{_within(item, _SUM)} {'not in' if negated else 'in'} [{listed}]", _COMPARE
        case Arith(op=op, left=left, right=right):
            # What stands on the right of an operator is bracketed: a - (b + c).
            own = _HOLDS[op]
            return f"{_within(left, own)} {op} {_within(right, own + 1)}", own
        case Choose(condition=condition, then=then, otherwise=otherwise):
            first, test = _within(then, _OR), _within(condition, _OR)
            return f"{first} if {test} else {_within(otherwise, _CHOOSE)}", _CHOOSE
    return _called(node), _ATOM


def _within(node: Node, holds: int) -> str:
    text, own = _written(node)
    return f"({text})" if own < holds else text


def _logic(node: Logic) -> tuple[str, int]:
    own = _HOLDS[node.op]
    if node.op == "not":
        return f"not {_within(node.items[0], own)}", own
    return f" {node.op} ".join(_within(item, own + 1) for item in node.items), own


def _called(node: Node) -> str:
    match node:
        case Aggregate():
            return _aggregate(node)
        case Call(function=function, args=args, option=option):
            told = [*map(formula_text, args), *(f'"{word}"' for word in option.split())]
            return f"{function}({', '.join(told)})"
        case Convert(item=item):
            return f"{_PERIODS[node.kind.per]}({formula_text(item)})"
        case Lookup(table=table, keys=keys):
            return f"rate({', '.join([_local(table), *map(formula_text, keys)])})"
        case Receipt(function=function, scheme=scheme):
            return f"{function}({scheme})"
    return _name(node)


def _aggregate(node: Aggregate) -> str:
    # Over benefit units, only `any` and `all` have names of their own.
    key = (node.function, node.over, node.who)
    name = _AGGREGATES.get(key) or _AGGREGATES.get((node.function, Level.PERSON, node.who))
    where = "" if node.where is None else f", where={formula_text(node.where)}"
    return f"{name or 'all_children'}({formula_text(node.item)}{where})"


def _name(node: Node) -> str:
    match node:
        case Lit(value=value):
            return str(value).lower()
        case Word(text=text):
            return f'"{text}"'
        case Today():
            return "effective_date"
        case DefRef(name=name):
            return _definition(name)
        case FactRef(name=name):
            return name
        case RateRef(name=name):
            return _local(name)
    raise AssertionError(f"{type(node).__name__} has no text")


def _definition(name: str) -> str:
    scheme, _, local = name.partition(".")
    results = {"entitled": f"entitled({scheme})", "amount": f"entitlement({scheme})"}
    return results.get(local, local)


def _local(name: str) -> str:
    return name.partition(".")[2]
