"""The typed tree that formulas become: what each node means is written here once, in words; two
executors obey it.

`compile.py` turns a tree into columns for millions; `interpreter.py` works one case at a time. They
must agree.

Three kinds of value exist while a rule runs:

* a truth value: true, false, unknown (Kleene);
* a number: the lowest and highest value it can take (None: no bound), as a whole number over a
  fixed denominator; it is known when both are equal. Money, counts, ratios and dates (as yyyymmdd)
  are all numbers;
* a word: an enum value or code, or unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from nostop.model import Level, Period

CompareOp = Literal["<", "<=", "==", "!=", ">=", ">"]
ArithOp = Literal["+", "-", "*", "//"]
AggregateFunction = Literal["any", "all", "total", "count", "smallest", "largest"]
Base = Literal["bool", "money", "int", "ratio", "date", "text", "zero"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a node is: `zero` is the literal 0, which fits any number. `per` is None for a stock of
    money."""

    base: Base
    per: Period | None = None
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.base == "money":
            return f"money per {self.per.value}" if self.per else "money (a stock, no period)"
        names = {"bool": "yes or no", "int": "whole number", "text": "word", "zero": "0"}
        return names.get(self.base, self.base)

    @property
    def is_number(self) -> bool:
        """Whether bounds can be kept for it."""
        return self.base in ("money", "int", "ratio", "date", "zero")


BOOL, INT, RATIO, DATE, ZERO = Kind("bool"), Kind("int"), Kind("ratio"), Kind("date"), Kind("zero")

#: How far down a value is tied: a constant to nobody, a person's fact to a person.
RANK: dict[Level | None, int] = {
    None: 0,
    Level.HOUSEHOLD: 1,
    Level.BENEFIT_UNIT: 2,
    Level.PERSON: 3,
}


@cache
def _compared(node: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(node) if each.compare)


@dataclass(frozen=True, slots=True)
class Node:
    """`level` is the level whose columns the node needs (None: a constant); `kind` what it gives.

    Nodes are keys of dictionaries, and equal where they are written alike. Their hash is kept:
    worked out again from the leaves up at each look, it was a good part of building a plan.
    """

    kind: Kind
    level: Level | None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kind: Any = type(self)
        values = (getattr(self, name) for name in _compared(kind))
        object.__setattr__(self, "_hash", hash((kind.__name__, *values)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Lit(Node):
    """0, 1, -1, true or false."""

    value: int | bool

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A text literal: an enum value."""

    text: str

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class FactRef(Node):
    """A fact of the catalogue."""

    name: str

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class DefRef(Node):
    """A named definition: `owner.name` of a working, part or scheme result."""

    name: str

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class RateRef(Node):
    """A dated rate: `owner.name`; a constant once the date is known."""

    name: str

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Today(Node):
    """`effective_date`."""

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and`, `or`, `not` over truth values."""

    op: Literal["and", "or", "not"]
    items: tuple[Node, ...]

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """One comparison: of numbers by their bounds, of words and truth values by equality."""

    op: CompareOp
    left: Node
    right: Node

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Among(Node):
    """`x in [...]`: whether a word is one of a list."""

    item: Node
    words: tuple[str, ...]
    negated: bool

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Arith(Node):
    """`+ - * //` of two numbers; `//` rounds down."""

    op: ArithOp
    left: Node
    right: Node

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`a if c else b`; while c is unknown, everything between the two is possible."""

    condition: Node
    then: Node
    otherwise: Node

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """Those of a benefit unit or household taken together: its people (`who` limits them to adults
    or children) or, `over` benefit units, the benefit units of a household."""

    function: AggregateFunction
    over: Level
    who: tuple[str, ...]
    item: Node
    where: Node | None

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A listed function of numbers: at_least, at_most, steps_over, age_on, years_before ..."""

    function: str
    args: tuple[Node, ...]
    option: str = ""

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """weekly(), monthly(), yearly(): the amount times `numerator / denominator`."""

    item: Node
    numerator: int
    denominator: int

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """rate(table, key, ...): `owner.name` of a table."""

    table: str
    keys: tuple[Node, ...]

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Receipt(Node):
    """A person's award of a scheme: in_payment, claimed, or the amount in payment."""

    function: Literal["in_payment", "claimed", "award"]
    scheme: str

    __hash__ = Node.__hash__


@dataclass(frozen=True, slots=True)
class Definition:
    """A named tree at one level: a working, a condition, a part or a scheme's own result.

    `written` is where its formula stands: file, line and column. `turning_points` are amounts that
    cut an uncertain range into stretches when the award's bounds are worked out.
    """

    name: str
    level: Level
    tree: Node
    says: str
    cite: str
    written: tuple[Path, int, int]
    turning_points: tuple[Node, ...] = ()

    @property
    def trees(self) -> tuple[Node, ...]:
        """The tree, and those of the turning points."""
        return (self.tree, *self.turning_points)

    @property
    def nodes(self) -> list[Node]:
        """Every node of its trees."""
        return [node for tree in self.trees for node in walk(tree)]

    @property
    def reads(self) -> list[str]:
        """The names of the definitions it reads, as often as it does, in reading order."""
        return [node.name for node in self.nodes if isinstance(node, DefRef)]


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below, in reading order."""
    match node:
        case Logic():
            return node.items
        case Compare() | Arith():
            return (node.left, node.right)
        case Among() | Convert():
            return (node.item,)
        case Choose():
            return (node.condition, node.then, node.otherwise)
        case Aggregate():
            return (node.item,) if node.where is None else (node.item, node.where)
        case Call():
            return node.args
        case Lookup():
            return node.keys
        case _:
            return ()


def walk(node: Node) -> list[Node]:
    """Return the node and all below it."""
    return list(_walked(node))


@lru_cache(maxsize=16_384)
def _walked(node: Node) -> tuple[Node, ...]:
    # Every check looks through the same trees: gathered once, they are a tenth of its time.
    return (node, *(below for child in children(node) for below in _walked(child)))


def outside_aggregates(node: Node) -> list[Node]:
    """Return the node and all below it, but for what stands inside aggregates."""
    found = [node]
    if not isinstance(node, Aggregate):
        for child in children(node):
            found.extend(outside_aggregates(child))
    return found


def lowest(nodes: Iterable[Node]) -> Level | None:
    """Return the level of the node tied furthest down; None where all are constants."""
    return max((node.level for node in nodes), key=lambda level: RANK[level], default=None)
