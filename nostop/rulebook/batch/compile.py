"""Typed trees -> column expressions for one level's frame: what each node means, for millions.

A definition's columns carry its qualified name: `name` for a truth value or word, `name|lo` and
`name|hi` for a number. `run.py` puts them onto the frames; `matters.py` says which unknown facts
could still move them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import and_, or_
from typing import assert_never

from narwhals import Expr

from nostop.model import RuleError
from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch import date_columns, exprs
from nostop.rulebook.batch.columns import Num
from nostop.rulebook.batch.inputs import Columns
from nostop.rulebook.batch.lookups import Join, is_large, large_look_up, look_up
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.rates import Constants
from nostop.rulebook.schedule import Schedule
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    Definition,
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
    children,
)

#: Nodes whose columns are worth keeping: what reads them reads them several times over.
_KEPT = (Among, Call, Choose, Compare, Logic, Lookup)

_LOGIC: dict[str, Callable[[list[Expr]], Expr]] = {
    "and": lambda items: reduce(and_, items),
    "or": lambda items: reduce(or_, items),
    "not": lambda items: ~items[0],
}

#: The finest fraction of a penny that amounts are kept in. Times the largest amount
#: (`catalogue.LARGEST_AMOUNT`) it fits into 64 bits, nine of them added together too.
LARGEST_DENOMINATOR = 10**6


@dataclass(slots=True)
class Step:
    """Columns that are put onto a frame together, and the large tables to join by them then."""

    columns: Columns = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)


@dataclass(slots=True)
class Compiler:
    """Turns trees into column expressions for one level's frame.

    `overrides` replaces definitions, `inline` works them out on the spot. `steps` gives inner nodes
    columns of their own (`kept`), so that an expression never grows with the depth of a formula.
    """

    catalogue: Catalogue
    schedule: Schedule
    constants: Constants
    prefix: str = "~"
    overrides: dict[str, Num] = field(default_factory=dict)
    inline: frozenset[str] = frozenset()
    kept: dict[Node, Num | Expr] = field(default_factory=dict)

    def define(self, definition: Definition) -> Columns:
        """Return the value columns of one definition."""
        name = definition.name
        value = self.value(definition.tree)
        if isinstance(value, Num):
            self.schedule.denominators[name] = value.den
            if value.is_exact:
                self.schedule.exact.add(name)
            if value.is_sure:
                self.schedule.sure.add(name)
        return _named(name, value)

    # --- inner nodes ------------------------------------------------------------------------------

    def steps(self, trees: Iterable[Node]) -> list[Step]:
        """Return columns for the inner nodes of trees: each step reads the steps before it."""
        heights: dict[Node, int] = {}
        for tree in trees:
            self._height(tree, heights)
        steps = [Step() for _ in range(max(heights.values(), default=0))]
        for node, height in sorted(heights.items(), key=lambda item: item[1]):
            if height and node not in self.kept and self._is_kept(node):
                self._keep(node, f"{self.prefix}{len(self.kept)}", steps[height - 1])
        return [step for step in steps if step.columns]

    def _height(self, node: Node, heights: dict[Node, int]) -> int:
        if node not in heights:
            below = max((self._height(each, heights) for each in self._below(node)), default=0)
            heights[node] = below + self._is_kept(node)
        return heights[node]

    def _below(self, node: Node) -> tuple[Node, ...]:
        if isinstance(node, DefRef):
            return (self._tree(node.name),) if node.name in self.inline else ()
        return () if isinstance(node, Aggregate) else children(node)

    def _is_kept(self, node: Node) -> bool:
        inline = isinstance(node, DefRef) and node.name in self.inline
        return node.level is not None and (inline or isinstance(node, _KEPT))

    def _keep(self, node: Node, name: str, step: Step) -> None:
        table = self.constants.tables[node.table] if isinstance(node, Lookup) else None
        if isinstance(node, Lookup) and table is not None and is_large(table):
            join = large_look_up(table, name, [self.value(key) for key in node.keys])
            self.kept[node] = _of_columns(name, join.den, is_exact=True, is_sure=False)
            step.columns |= join.keys
            step.joins.append(join)
            return
        value = self.value(node)
        self.kept[node] = exprs.col(name)
        if isinstance(value, Num):
            self.kept[node] = _of_columns(
                name, value.den, is_exact=value.is_exact, is_sure=value.is_sure
            )
        step.columns |= _named(name, value)

    def _tree(self, name: str) -> Node:
        return self.schedule.definitions[name].tree

    # --- values -----------------------------------------------------------------------------------

    def value(self, node: Node) -> Num | Expr:
        """Return whatever the node is."""
        if node.kind.is_number:
            return self.number(node)
        return self.truth(node) if node.kind.base == "bool" else self.word(node)

    def number(self, node: Node) -> Num:
        """Return a number's bounds.

        Raises:
            RuleError: it would keep finer fractions than can be worked out exactly.
        """
        kept = self.kept.get(node)
        if isinstance(kept, Num):
            return kept
        match node:
            case Lit() | Today() | RateRef():
                number = c.constant(self.constants.value(node))
            case FactRef() | DefRef() | Receipt() | Aggregate():
                number = self._number_read(node)
            case _:
                number = self._number_worked_out(node)
        if number.den > LARGEST_DENOMINATOR:
            message = (
                f"keeps fractions as fine as 1/{number.den}: round on the way, by round_to(...)"
            )
            raise RuleError([self.schedule.problem(node, message)])
        return number

    def _number_read(self, node: FactRef | DefRef | Receipt | Aggregate) -> Num:
        match node:
            case FactRef(name=name):
                # What is not known lies between what the catalogue says it can be.
                is_date = self.catalogue.facts[name].type == "date"
                is_sure = self.schedule.is_definite(node)
                return _of_columns(name, 1, is_exact=is_date or is_sure, is_sure=is_sure)
            case DefRef(name=name):
                return self.defined_number(name)
            case Receipt(scheme=scheme):
                is_sure = self.schedule.is_definite(node)
                return _of_columns(f"award:{scheme}", 1, is_exact=is_sure, is_sure=is_sure)
            case Aggregate():
                name = self.schedule.aggregates[node].name
                is_sure = self.schedule.is_definite(node)
                den = self.schedule.denominators[name]
                return _of_columns(name, den, is_exact=is_sure, is_sure=is_sure)
        assert_never(node)

    def defined_number(self, name: str) -> Num:
        """Return the bounds of a definition's columns, or of what stands in their place."""
        if name in self.overrides:
            return self.overrides[name]
        if name in self.inline:
            return self.number(self._tree(name))
        return _of_columns(
            name,
            self.schedule.denominators[name],
            is_exact=name in self.schedule.exact,
            is_sure=name in self.schedule.sure,
        )

    def _number_worked_out(self, node: Node) -> Num:
        match node:
            case Arith():
                return self._arithmetic(node)
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return c.choose(
                    self.truth(condition),
                    self.number(then),
                    self.number(otherwise),
                    is_sure=self.schedule.is_definite(condition),
                )
            case Convert(item=item, numerator=top, denominator=bottom):
                return c.scale(self.number(item), Fraction(top, bottom))
            case Lookup(table=table, keys=keys):
                return look_up(self.constants.tables[table], [self.value(key) for key in keys])
            case Call():
                return self._call(node)
        raise TypeError(f"{type(node).__name__} is no number")

    def _arithmetic(self, node: Arith) -> Num:
        a, b = self.number(node.left), self.number(node.right)
        match node.op:
            case "+":
                return c.add(a, b)
            case "-":
                return c.subtract(a, b)
            case "*":
                return c.multiply(a, b)
            case "//":
                return c.floor_divide(a, c.only(b))

    def _call(self, node: Call) -> Num:
        args = [self.number(arg) for arg in node.args]
        match node.function:
            case "at_least":
                return c.at_least(*args)
            case "at_most":
                return c.at_most(*args)
            case "age_on":
                return date_columns.age_on(*args)
            case "steps_over":
                over = c.at_least(c.subtract(args[0], args[1]), c.constant(0))
                return c.ceil_divide(over, c.only(args[2]))
            case "round_to":
                unit, direction = node.option.split()
                return c.rounded(args[0], {"penny": 1, "pound": 100}[unit], direction)
            case "recorded_or":
                return self._recorded_or(node.args[0], *args)
        return date_columns.shift(node.function, args[0], args[1])

    def _recorded_or(self, fact: Node, recorded: Num, formula: Num) -> Num:
        if self.schedule.is_definite(fact):
            return recorded
        recorded, formula = c.level_with(recorded, formula)
        known = ~self.unknown(fact)
        if formula.is_sure:
            found = exprs.when(known).then(c.column(recorded.lo)).otherwise(c.column(formula.lo))
            return Num.sure(found, recorded.den)
        lo = exprs.when(known).then(c.column(recorded.lo)).otherwise(c.column(formula.lo))
        hi = exprs.when(known).then(c.column(recorded.hi)).otherwise(c.column(formula.hi))
        return Num(lo, hi, recorded.den)

    def truth(self, node: Node) -> Expr:
        """Return a truth value."""
        kept = self.kept.get(node)
        if kept is not None and not isinstance(kept, Num):
            return kept
        match node:
            case Lit() | RateRef():
                return exprs.truth(value=bool(self.constants.value(node)))
            case FactRef() | DefRef() | Receipt() | Aggregate():
                return self._truth_read(node)
            case Logic(op=op, items=items):
                return _LOGIC[op]([self.truth(item) for item in items])
            case Compare():
                return self._compare(node)
            case Among(item=item, words=words, negated=negated):
                found = self.word(item).is_in(words)
                return ~found if negated else found
            case Choose():
                return self._choose(node, c.unknown_truth())
        raise TypeError(f"{type(node).__name__} is no truth value")

    def _truth_read(self, node: FactRef | DefRef | Receipt | Aggregate) -> Expr:
        match node:
            case DefRef(name=name) if name in self.inline:
                return self.truth(self._tree(name))
            case FactRef(name=name) | DefRef(name=name):
                return exprs.col(name)
            case Receipt(function=function, scheme=scheme):
                return exprs.col(f"{function}:{scheme}")
            case Aggregate():
                return exprs.col(self.schedule.aggregates[node].name)
        assert_never(node)

    def _compare(self, node: Compare) -> Expr:
        if node.left.kind.is_number:
            return c.compare(node.op, self.number(node.left), self.number(node.right))
        a, b = self._plain(node.left), self._plain(node.right)
        return a == b if node.op == "==" else a != b

    def _choose(self, node: Choose, unknown: Expr) -> Expr:
        # Where the condition is unknown the answer stands only if both agree.
        test, a, b = self.truth(node.condition), self._plain(node.then), self._plain(node.otherwise)
        if self.schedule.is_definite(node.condition):
            return exprs.when(test).then(a).otherwise(b)
        agreed = exprs.when(a == b).then(a).otherwise(unknown)
        return exprs.when(test).then(a).otherwise(exprs.when(~test).then(b).otherwise(agreed))

    def _plain(self, node: Node) -> Expr:
        return self.truth(node) if node.kind.base == "bool" else self.word(node)

    def word(self, node: Node) -> Expr:
        """Return a word."""
        kept = self.kept.get(node)
        if kept is not None and not isinstance(kept, Num):
            return kept
        match node:
            case Word(text=text):
                return exprs.word(text)
            case DefRef(name=name) if name in self.inline:
                return self.word(self._tree(name))
            case FactRef(name=name) | DefRef(name=name):
                return exprs.col(name)
            case Choose():
                return self._choose(node, exprs.word(None))
        raise TypeError(f"{type(node).__name__} is no word")

    def unknown(self, fact: Node) -> Expr:
        """Whether a fact or receipt itself is unknown."""
        if isinstance(fact, FactRef):
            return exprs.col(f"{fact.name}?")
        if isinstance(fact, Receipt) and fact.function != "award":
            return exprs.col(f"{fact.function}:{fact.scheme}").is_null()
        if isinstance(fact, Receipt):
            # Receipt may be known and its amount not: nothing but the amount then can settle this.
            number = self.number(fact)
            return (c.column(number.lo) != c.column(number.hi)).fill_null(value=True)
        raise TypeError(f"{type(fact).__name__} is no fact")


def _named(name: str, value: Num | Expr) -> Columns:
    """A value's columns under a name: `name`, or `name|lo` and, unless the number is exact,
    `name|hi`."""
    if not isinstance(value, Num):
        return {name: value}
    columns = {f"{name}|lo": c.column(value.lo)}
    return columns if value.is_exact else columns | {f"{name}|hi": c.column(value.hi)}


def _of_columns(name: str, den: int, *, is_exact: bool, is_sure: bool) -> Num:
    """A number from its columns, as `_named` names them."""
    low = exprs.col(f"{name}|lo")
    return Num(low, low if is_exact else exprs.col(f"{name}|hi"), den, is_sure)
