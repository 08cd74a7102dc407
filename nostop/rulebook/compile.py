"""Typed trees -> one narwhals plan for all schemes asked for, on one date.

Person columns -> one aggregation -> household columns and benefit-unit columns, and back by join
where a rule asks. A definition's columns carry its qualified name: `name` for a truth value or
word, `name|lo` and `name|hi` for a number. For each fact that a definition rests on, `name?fact`
says whether that fact is unknown and could still move the definition.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

import narwhals as nw

from nostop.model import Level
from nostop.rulebook import columns as c
from nostop.rulebook.book import Rulebook
from nostop.rulebook.columns import Num
from nostop.rulebook.rates import Constants
from nostop.rulebook.schedule import Aggregated, Schedule, applies_to, receipt_fact
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

Columns = dict[str, nw.Expr]
#: A leaf of a tree, and when its uncertainty gets through (None: always).
Paths = dict[Node, nw.Expr | None]


#: Nodes whose columns are worth keeping: what reads them reads them several times over.
_KEPT = (Among, Call, Choose, Compare, Logic, Lookup)


@dataclass(slots=True)
class Trees:
    """Turns trees into column expressions for one level's frame.

    `overrides` replaces definitions, `inline` works them out on the spot. `steps` gives inner nodes
    columns of their own (`kept`), so that an expression never grows with the depth of a formula.
    """

    book: Rulebook
    schedule: Schedule
    constants: Constants
    definitions: dict[str, Definition]
    prefix: str = "~"
    overrides: dict[str, Num] = field(default_factory=dict)
    inline: frozenset[str] = frozenset()
    kept: dict[Node, Num | nw.Expr] = field(default_factory=dict)

    # --- inner nodes ------------------------------------------------------------------------------

    def steps(self, trees: Iterable[Node]) -> list[Columns]:
        """Return columns for the inner nodes of trees: each step reads the steps before it."""
        heights: dict[Node, int] = {}
        for tree in trees:
            self._height(tree, heights)
        steps: list[Columns] = [{} for _ in range(max(heights.values(), default=0))]
        for node, height in sorted(heights.items(), key=lambda item: item[1]):
            if height and node not in self.kept and self._is_kept(node):
                name = f"{self.prefix}{len(self.kept)}"
                steps[height - 1] |= self._keep(node, name)
        return [step for step in steps if step]

    def _height(self, node: Node, heights: dict[Node, int]) -> int:
        if node not in heights:
            below = max((self._height(each, heights) for each in self._below(node)), default=0)
            heights[node] = below + self._is_kept(node)
        return heights[node]

    def _below(self, node: Node) -> tuple[Node, ...]:
        if isinstance(node, DefRef):
            return (self.definitions[node.name].tree,) if node.name in self.inline else ()
        return () if isinstance(node, Aggregate) else children(node)

    def _is_kept(self, node: Node) -> bool:
        inline = isinstance(node, DefRef) and node.name in self.inline
        return node.level is not None and (inline or isinstance(node, _KEPT))

    def _keep(self, node: Node, name: str) -> Columns:
        value = self.value(node)
        columns = named_columns(name, value)
        self.kept[node] = (
            Num(*_sides(name, value), value.den) if isinstance(value, Num) else nw.col(name)
        )
        return columns

    # --- values -----------------------------------------------------------------------------------

    def number(self, node: Node) -> Num:
        """Return a number's bounds."""
        if node in self.kept:
            return self.kept[node]  # type: ignore[return-value]
        match node:
            case Lit(value=value):
                return c.constant(int(value))
            case Today():
                return c.constant(_yyyymmdd(self.constants))
            case RateRef(name=name):
                return c.constant(self.constants.rate(name, self.book.path))  # type: ignore[arg-type]
            case FactRef(name=name):
                return self.fact(name)
            case DefRef(name=name):
                return self.defined_number(name)
            case Receipt(scheme=scheme):
                return Num(nw.col(f"award:{scheme}|lo"), nw.col(f"award:{scheme}|hi"))
            case Aggregate():
                return self.aggregated_number(node)
            case Arith():
                return self.arithmetic(node)
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return c.choose(self.truth(condition), self.number(then), self.number(otherwise))
            case Convert(item=item, numerator=top, denominator=bottom):
                return c.scale(self.number(item), Fraction(top, bottom))
            case Lookup(table=table, keys=keys):
                return c.look_up(
                    self.constants.table(table, self.book.path), [self.value(key) for key in keys]
                )
            case Call():
                return self.call(node)
        raise TypeError(f"{type(node).__name__} is no number")

    def fact(self, name: str) -> Num:
        """Return a fact's bounds: what is not known lies between what the catalogue says it can
        be."""
        if self.book.catalogue.facts[name].type == "date":
            day = nw.col(f"{name}|lo")
            return Num(day, day)
        return Num(nw.col(f"{name}|lo"), nw.col(f"{name}|hi"))

    def defined_number(self, name: str) -> Num:
        if name in self.overrides:
            return self.overrides[name]
        if name in self.inline:
            return self.number(self.definitions[name].tree)
        low = nw.col(f"{name}|lo")
        high = low if name in self.schedule.exact else nw.col(f"{name}|hi")
        return Num(low, high, self.schedule.denominators[name])

    def aggregated_number(self, node: Aggregate) -> Num:
        name = self.schedule.aggregates[node].name
        return Num(nw.col(f"{name}|lo"), nw.col(f"{name}|hi"), self.schedule.denominators[name])

    def arithmetic(self, node: Arith) -> Num:
        a, b = self.number(node.left), self.number(node.right)
        if node.op == "+":
            return c.add(a, b)
        if node.op == "-":
            return c.subtract(a, b)
        if node.op == "*":
            return c.multiply(a, b)
        return c.floor_divide(a, b.constant)  # type: ignore[arg-type]

    def call(self, node: Call) -> Num:
        args = [self.number(arg) for arg in node.args]
        match node.function:
            case "at_least":
                return c.at_least(*args)
            case "at_most":
                return c.at_most(*args)
            case "age_on":
                return c.age_on(*args)
            case "steps_over":
                over = c.at_least(c.subtract(args[0], args[1]), c.constant(0))
                return c.ceil_divide(over, args[2].constant)  # type: ignore[arg-type]
            case "round_to":
                unit, direction = node.option.split()
                return c.rounded(args[0], {"penny": 1, "pound": 100}[unit], direction)
            case "recorded_or":
                return self.recorded_or(node.args[0], args)
        return c.shift(node.function, args[0], args[1])

    def recorded_or(self, fact: Node, args: list[Num]) -> Num:
        recorded, formula = c.level_with(*args)
        known = ~self.unknown(fact)
        lo = nw.when(known).then(c.column(recorded.lo)).otherwise(c.column(formula.lo))
        return Num(
            lo,
            nw.when(known).then(c.column(recorded.hi)).otherwise(c.column(formula.hi)),
            recorded.den,
        )

    def truth(self, node: Node) -> nw.Expr:
        """Return a truth value."""
        if node in self.kept:
            return self.kept[node]  # type: ignore[return-value]
        match node:
            case Lit(value=value):
                return nw.lit(bool(value))
            case RateRef(name=name):
                return nw.lit(bool(self.constants.rate(name, self.book.path)))
            case FactRef(name=name):
                return nw.col(name)
            case DefRef(name=name):
                return (
                    self.truth(self.definitions[name].tree) if name in self.inline else nw.col(name)
                )
            case Receipt(function=function, scheme=scheme):
                return nw.col(f"{function}:{scheme}")
            case Aggregate():
                return nw.col(self.schedule.aggregates[node].name)
            case Logic(op=op, items=items):
                return self.logic(op, [self.truth(item) for item in items])
            case Compare():
                return self.compare(node)
            case Among(item=item, words=words, negated=negated):
                found = self.word(item).is_in(words)
                return ~found if negated else found
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return self.choose_truth(
                    *(self.truth(each) for each in (condition, then, otherwise))
                )
        raise TypeError(f"{type(node).__name__} is no truth value")

    def logic(self, op: str, items: list[nw.Expr]) -> nw.Expr:
        if op == "not":
            return ~items[0]
        return (
            reduce(lambda a, b: a & b, items) if op == "and" else reduce(lambda a, b: a | b, items)
        )

    def compare(self, node: Compare) -> nw.Expr:
        if node.left.kind.is_number:
            return c.compare(node.op, self.number(node.left), self.number(node.right))
        a, b = self.value(node.left), self.value(node.right)
        return a == b if node.op == "==" else a != b  # type: ignore[return-value]

    def choose_truth(self, condition: nw.Expr, a: nw.Expr, b: nw.Expr) -> nw.Expr:
        # Where the condition is unknown the answer stands only if both agree.
        agreed = nw.when(a == b).then(a).otherwise(c.unknown_truth())
        return nw.when(condition).then(a).otherwise(nw.when(~condition).then(b).otherwise(agreed))

    def word(self, node: Node) -> nw.Expr:
        """Return a word."""
        if node in self.kept:
            return self.kept[node]  # type: ignore[return-value]
        match node:
            case Word(text=text):
                return nw.lit(text)
            case DefRef(name=name) if name in self.inline:
                return self.word(self.definitions[name].tree)
            case FactRef(name=name) | DefRef(name=name):
                return nw.col(name)
            case Choose(condition=condition, then=then, otherwise=otherwise):
                test, a, b = self.truth(condition), self.word(then), self.word(otherwise)
                agreed = nw.when(a == b).then(a).otherwise(nw.lit(None, dtype=nw.String))
                return nw.when(test).then(a).otherwise(nw.when(~test).then(b).otherwise(agreed))
        raise TypeError(f"{type(node).__name__} is no word")

    def value(self, node: Node) -> Num | nw.Expr:
        """Return whatever the node is."""
        if node.kind.is_number:
            return self.number(node)
        return self.truth(node) if node.kind.base == "bool" else self.word(node)

    # --- what is unknown, and matters -------------------------------------------------------------

    def unknown(self, fact: Node) -> nw.Expr:
        """Whether a fact or receipt itself is unknown."""
        if isinstance(fact, FactRef):
            return nw.col(f"{fact.name}?")
        if isinstance(fact, Receipt) and fact.function != "award":
            return nw.col(f"{fact.function}:{fact.scheme}").is_null()
        if isinstance(fact, Receipt):
            # Receipt may be known and its amount not: nothing but the amount then can settle this.
            number = self.number(fact)
            return (c.column(number.lo) != c.column(number.hi)).fill_null(value=True)
        raise TypeError(f"{type(fact).__name__} is no fact")

    def paths(self, node: Node) -> Paths:
        """Return the leaves a node rests on, each with the condition under which its uncertainty
        can reach the node."""
        match node:
            case FactRef() | Receipt() | Aggregate():
                return {node: None} if self.schedule.facts_of(node) else {}
            case DefRef(name=name):
                inline = name in self.inline
                return self.paths(self.definitions[name].tree) if inline else self.leaf(node)
            case Logic() | Compare() | Among():
                return _under(self.truth(node).is_null(), self.together(children(node)))
            case Choose(condition=condition, then=then, otherwise=otherwise):
                test = self.truth(condition)
                return _merged(
                    self.paths(condition),
                    _under(test.fill_null(value=True), self.paths(then)),
                    _under((~test).fill_null(value=True), self.paths(otherwise)),
                )
            case Call(function="at_least" | "at_most"):
                return self.paths_in_clip(node)
            case Call(function="recorded_or", args=(recorded, formula)):
                return _under(self.unknown(recorded), self.paths(formula))
            case Arith(op="*", left=left, right=right):
                return _merged(
                    _under(self.may_differ_from_zero(right), self.paths(left)),
                    _under(self.may_differ_from_zero(left), self.paths(right)),
                )
        return self.together(children(node))

    def leaf(self, node: Node) -> Paths:
        return {node: None} if self.schedule.facts_of(node) else {}

    def together(self, nodes: Iterable[Node]) -> Paths:
        return _merged(*(self.paths(node) for node in nodes))

    def paths_in_clip(self, node: Call) -> Paths:
        """Of two amounts, one that loses over its whole range moves nothing."""
        a, b = c.level_with(self.number(node.args[0]), self.number(node.args[1]))
        if node.function == "at_most":
            a, b = _negated(a), _negated(b)
        first = ~(c.column(a.hi) <= c.column(b.lo)).fill_null(value=False)
        second = ~(c.column(b.hi) <= c.column(a.lo)).fill_null(value=False)
        return _merged(
            _under(first, self.paths(node.args[0])), _under(second, self.paths(node.args[1]))
        )

    def may_differ_from_zero(self, node: Node) -> nw.Expr | None:
        factor = self.number(node)
        if factor.constant is not None:
            return None
        return ~((c.column(factor.lo) == 0) & (c.column(factor.hi) == 0)).fill_null(value=False)

    def reaching(self, paths: Paths, fact: str) -> nw.Expr:
        """Whether an unknown fact reaches through any of the paths whose leaf rests on it."""
        found = []
        for leaf, path in paths.items():
            if fact in self.schedule.facts_of(leaf):
                open_leaf = self.unknown_through(leaf, fact)
                found.append(open_leaf if path is None else path & open_leaf)
        return reduce(lambda a, b: a | b, found)

    def unknown_through(self, leaf: Node, fact: str) -> nw.Expr:
        if isinstance(leaf, DefRef):
            return nw.col(f"{leaf.name}?{fact}")
        if isinstance(leaf, Aggregate):
            return nw.col(f"{self.schedule.aggregates[leaf].name}?{fact}")
        return self.unknown(leaf)

    # --- columns of definitions and aggregates ----------------------------------------------------

    def define(self, definition: Definition) -> Columns:
        """Return the value columns of one definition."""
        name = definition.name
        value = self.value(definition.tree)
        if isinstance(value, Num):
            self.schedule.denominators[name] = value.den
            if value.is_exact:
                self.schedule.exact.add(name)
        return named_columns(name, value)

    def path_columns(self, name: str, parts: Iterable[Node]) -> tuple[Columns, Paths]:
        """Return columns for the paths to each leaf, and the paths as those columns."""
        columns: Columns = {}
        paths: Paths = {}
        for index, (leaf, path) in enumerate(self.together(parts).items()):
            if path is None:
                paths[leaf] = None
            else:
                columns[f"{name}@{index}"] = path
                paths[leaf] = nw.col(f"{name}@{index}")
        return columns, paths

    def define_matters(self, definition: Definition, paths: Paths) -> Columns:
        """Return the `name?fact` columns of one definition; its value columns stand already."""
        name = definition.name
        if not definition.tree.kind.is_number:
            open_ = nw.col(name).is_null()
        elif name in self.schedule.exact:
            open_ = nw.col(f"{name}|lo").is_null()
        else:
            open_ = (nw.col(f"{name}|lo") != nw.col(f"{name}|hi")).fill_null(value=True)
        facts = sorted(self.schedule.facts_of(definition.tree))
        return {f"{name}?{fact}": self.reaching(paths, fact) & open_ for fact in facts}

    def member_columns(self, aggregated: Aggregated, paths: Paths) -> Columns:
        """Return what each person brings to an aggregate."""
        node, name = aggregated.node, aggregated.name
        included = self.included(node)
        counts = included.fill_null(value=True)
        found: Columns = {}
        for fact in sorted(self.schedule.facts_of(node)):
            found[f"{name}?{fact}"] = self.reaching(paths, fact) & counts
        if node.function in ("any", "all", "count"):
            item = self.truth(node.item)
            holds = included & (~item if node.function == "all" else item)
            return found | {f"{name}:yes": _count(holds), f"{name}:open": _count(holds.is_null())}
        return found | self.member_amounts(node, name, included)

    def included(self, node: Aggregate) -> nw.Expr:
        roles = [
            role for role in node.who if role in applies_to(self.book, self.definitions, node.item)
        ]
        who = nw.col("role").is_in(roles)
        return who if node.where is None else who & self.truth(node.where)

    def member_amounts(self, node: Aggregate, name: str, included: nw.Expr) -> Columns:
        number = self.number(node.item)
        self.schedule.denominators[name] = number.den
        lo, hi = c.column(number.lo), c.column(number.hi)
        if node.function == "total":
            # Someone who may or may not count brings between nothing and their amount.
            lo = _when_included(included, lo, c.column(c.at_most(Num(lo, lo), c.constant(0)).lo))
            hi = _when_included(included, hi, c.column(c.at_least(Num(hi, hi), c.constant(0)).hi))
            return {f"{name}:lo": lo, f"{name}:hi": hi}
        none = nw.lit(None, dtype=nw.Int64)
        return {
            f"{name}:lo": nw.when(included).then(lo).otherwise(none),
            f"{name}:hi": nw.when(included).then(hi).otherwise(none),
            f"{name}:in": _count(included.fill_null(value=False)),
            f"{name}:open": _count(included.is_null()),
        }

    def group_columns(self, aggregated: Aggregated) -> list[nw.Expr]:
        """Return the aggregations over members."""
        node, name = aggregated.node, aggregated.name
        found = [nw.col(f"{name}?{fact}").any() for fact in sorted(self.schedule.facts_of(node))]
        if node.function in ("any", "all", "count"):
            return [*found, nw.col(f"{name}:yes").sum(), nw.col(f"{name}:open").sum()]
        if node.function == "total":
            return [*found, *(e for side in ("lo", "hi") for e in _sum_of(f"{name}:{side}"))]
        pick = "max" if node.function == "largest" else "min"
        sides = [getattr(nw.col(f"{name}:{side}"), pick)() for side in ("lo", "hi")]
        counted = [
            nw.col(f"{name}:{side}").count().alias(f"{name}:{side}#") for side in ("lo", "hi")
        ]
        return [*found, *sides, *counted, nw.col(f"{name}:in").sum(), nw.col(f"{name}:open").sum()]

    def group_results(self, aggregated: Aggregated) -> Columns:
        """Return an aggregate's value columns from what `group_columns` gave."""
        node, name = aggregated.node, aggregated.name
        yes, open_ = nw.col(f"{name}:yes"), nw.col(f"{name}:open")
        if node.function == "count":
            self.schedule.denominators[name] = 1
            return {f"{name}|lo": yes, f"{name}|hi": yes + open_}
        if node.function in ("any", "all"):
            some = (
                nw.when(yes > 0)
                .then(nw.lit(value=True))
                .otherwise(
                    nw.when(open_ > 0).then(c.unknown_truth()).otherwise(nw.lit(value=False))
                )
            )
            return {name: ~some if node.function == "all" else some}
        if node.function == "total":
            return {
                f"{name}|{side}": nw.when(nw.col(f"{name}:{side}_null") == 0)
                .then(nw.col(f"{name}:{side}"))
                .otherwise(c.no_bound())
                for side in ("lo", "hi")
            }
        return self.extreme(name, largest=node.function == "largest")

    def extreme(self, name: str, *, largest: bool) -> Columns:
        """The largest or smallest amount: 0 over nobody, and no bounds while it is open who
        counts."""
        members, open_ = nw.col(f"{name}:in"), nw.col(f"{name}:open")
        found = {}
        for side in ("lo", "hi"):
            value, counted = nw.col(f"{name}:{side}"), nw.col(f"{name}:{side}#")
            # For the largest, one missing upper bound leaves none; a missing lower bound is only
            # skipped. Smallest: mirrored.
            strict = (side == "hi") == largest
            sound = (counted == members) if strict else (counted > 0)
            bounded = nw.when(sound).then(value).otherwise(c.no_bound())
            settled = nw.when(members == 0).then(nw.lit(0, dtype=nw.Int64)).otherwise(bounded)
            found[f"{name}|{side}"] = nw.when(open_ == 0).then(settled).otherwise(c.no_bound())
        return found


def named_columns(name: str, value: Num | nw.Expr) -> Columns:
    """Return a value's columns under a name: `name`, or `name|lo` and, unless the number is exact,
    `name|hi`."""
    if not isinstance(value, Num):
        return {name: value}
    columns = {f"{name}|lo": c.column(value.lo)}
    return columns if value.is_exact else columns | {f"{name}|hi": c.column(value.hi)}


def _sides(name: str, value: Num) -> tuple[nw.Expr, nw.Expr]:
    low = nw.col(f"{name}|lo")
    return low, low if value.is_exact else nw.col(f"{name}|hi")


def fact_columns(book: Rulebook, level: Level, needed: Iterable[str]) -> Columns:
    """Return, for raw fact columns, the `fact?` flag and a number's `fact|lo` and `fact|hi`."""
    found: Columns = {}
    for name in sorted(needed):
        fact = book.catalogue.facts[name]
        if fact.level is not level:
            continue
        raw = nw.col(name)
        found[f"{name}?"] = raw.is_null()
        if fact.type == "date":
            number = (
                raw.dt.year().cast(nw.Int64) * 10000
                + raw.dt.month().cast(nw.Int64) * 100
                + raw.dt.day().cast(nw.Int64)
            )
            found[f"{name}|lo"] = number
        elif fact.type in ("int", "money"):
            found[f"{name}|lo"] = raw.fill_null(0) if fact.non_negative else raw
            found[f"{name}|hi"] = raw if fact.at_most is None else raw.fill_null(fact.at_most)
    return found


def receipt_columns(schemes: Iterable[str]) -> Columns:
    """Return receipt columns from `known:scheme`, `paid:scheme`, `held:scheme` and `sum:scheme` of
    the awards table."""
    found: Columns = {}
    for scheme in schemes:
        known = nw.col(f"known:{scheme}")
        for function, source in (("in_payment", "paid"), ("claimed", "held")):
            has = nw.col(f"{source}:{scheme}").fill_null(value=False)
            absent = nw.when(known).then(nw.lit(value=False)).otherwise(c.unknown_truth())
            found[f"{function}:{scheme}"] = nw.when(has).then(nw.lit(value=True)).otherwise(absent)
        paid = nw.col(f"paid:{scheme}").fill_null(value=False)
        amount = nw.col(f"sum:{scheme}")
        nothing = nw.lit(0, dtype=nw.Int64)
        found[f"award:{scheme}|lo"] = nw.when(paid).then(amount.fill_null(0)).otherwise(nothing)
        absent_hi = nw.when(known).then(nothing).otherwise(c.no_bound())
        found[f"award:{scheme}|hi"] = nw.when(paid).then(amount).otherwise(absent_hi)
    return found


def _under(condition: nw.Expr | None, paths: Paths) -> Paths:
    if condition is None:
        return paths
    return {leaf: condition if path is None else condition & path for leaf, path in paths.items()}


def _merged(*many: Paths) -> Paths:
    found: Paths = {}
    for paths in many:
        for leaf, path in paths.items():
            other = found.get(leaf, path)
            found[leaf] = (
                None
                if path is None or other is None
                else (path if leaf not in found else other | path)
            )
    return found


def _negated(a: Num) -> Num:
    return Num(c.column(a.hi) * -1, c.column(a.lo) * -1, a.den)


def _count(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))


def _when_included(included: nw.Expr, inside: nw.Expr, open_: nw.Expr) -> nw.Expr:
    outside = nw.when(~included).then(nw.lit(0, dtype=nw.Int64)).otherwise(open_)
    return nw.when(included).then(inside).otherwise(outside)


def _sum_of(name: str) -> list[nw.Expr]:
    return [nw.col(name).sum(), nw.col(name).null_count().alias(f"{name}_null")]


def _yyyymmdd(constants: Constants) -> int:
    day = constants.effective_on
    return day.year * 10000 + day.month * 100 + day.day


__all__ = ["Columns", "Trees", "fact_columns", "receipt_columns", "receipt_fact"]
