"""Formula text -> typed tree. Python's own parser reads it; only a listed subset has a meaning, and
nothing is evaluated."""

import ast
import keyword
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import NoReturn

from nostop.model import Level, Period, nearest
from nostop.rulebook.catalogue import Fact
from nostop.rulebook.packs import Rate, Table
from nostop.rulebook.tree import (
    BOOL,
    DATE,
    INT,
    RANK,
    RATIO,
    ZERO,
    Aggregate,
    Among,
    Arith,
    Base,
    Call,
    Choose,
    Compare,
    Convert,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)

MAX_LENGTH = 2000
MAX_NODES = 250
MAX_DEPTH = 25

AGGREGATES = {
    "any_adult": ("any", ("adult",)),
    "all_adults": ("all", ("adult",)),
    "any_child": ("any", ("child",)),
    "any_member": ("any", ("adult", "child")),
    "all_members": ("all", ("adult", "child")),
    "total": ("total", ("adult", "child")),
    "count": ("count", ("adult", "child")),
    "smallest": ("smallest", ("adult", "child")),
    "largest": ("largest", ("adult", "child")),
}
DATE_SHIFTS = (
    "years_before",
    "months_before",
    "weeks_before",
    "years_after",
    "months_after",
    "weeks_after",
)
PERIOD_CHANGES = {"weekly": Period.WEEK, "monthly": Period.MONTH, "yearly": Period.YEAR}
FUNCTIONS = [
    *AGGREGATES, *DATE_SHIFTS, *PERIOD_CHANGES,
    "age_on", "at_least", "at_most", "award", "claimed", "entitled", "entitlement", "in_payment", "rate",
    "recorded_or", "round_to", "steps_over",
]  # fmt: skip
#: Words with a meaning of their own; `amount` and the like are what every scheme's result is
#: called.
RESERVED = {"effective_date", "true", "false", "amount", *keyword.kwlist, *FUNCTIONS}

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.GtE: ">=", ast.Gt: ">",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
}


class FormulaError(Exception):
    """What is wrong in one formula, in the author's words; the caller knows file and line."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names one formula may use.

    `definitions` maps a name to its qualified name, level and kind; `outcomes` a scheme to level,
    and period of its award.
    """

    level: Level
    facts: dict[str, Fact]
    rates: dict[str, tuple[str, Rate]]
    tables: dict[str, tuple[str, Table]]
    definitions: dict[str, tuple[str, Level, Kind]]
    outcomes: dict[str, tuple[Level, Period]]
    award_periods: dict[str, Period]
    weeks_in_year: Fraction | None = None
    enum_words: frozenset[str] = field(default=frozenset())


def parse_formula(text: str, scope: Scope) -> Node:
    """Return the typed tree of a formula.

    Raises:
        FormulaError: the first thing that cannot stand, with what to write instead.
    """
    if len(text) > MAX_LENGTH:
        _fail(f"has {len(text)} characters; {MAX_LENGTH} is the most: split it into workings")
    try:
        parsed = syntax(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = error.offset if isinstance(error, SyntaxError) and error.offset else 0
        where = f" near '{_short(' '.join(text.split())[max(at - 1, 0) :])}'" if at else ""
        _fail(f"cannot be read as a formula{where}: check brackets, quotes and operators")
    _check_size(parsed)
    node = _Parser(scope).node(parsed.body)
    _check_level(node, scope.level, text)
    return node


def syntax(text: str) -> ast.Expression:
    """Return Python's syntax tree of a formula; what Python would only warn of is an error too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ast.parse(" ".join(text.split()), mode="eval")


def _source(tree: ast.expr) -> str:
    """Return a piece of a formula as its author writes it: words in double quotes."""
    return ast.unparse(tree).replace("'", '"')


def _fail(message: str) -> NoReturn:
    raise FormulaError(message)


def _check_size(parsed: ast.Expression) -> None:
    count = sum(1 for _ in ast.walk(parsed))
    if count > MAX_NODES * 2:
        _fail("is too large: split it into workings")
    if _depth(parsed) > MAX_DEPTH * 2:
        _fail("is nested too deep: split it into workings")


def _depth(node: ast.AST) -> int:
    deepest, layer = 0, [node]
    while layer:
        deepest += 1
        layer = [child for each in layer for child in ast.iter_child_nodes(each)]
    return deepest


def _check_level(node: Node, level: Level, text: str) -> None:
    if RANK[node.level] > RANK[level]:
        _fail(
            f"'{_short(text)}' is about a {_words(node.level)} where one value for the {_words(level)} is needed: "
            "wrap the part about members in any_adult(...), all_adults(...), total(...) or count(...)"
        )


def _words(level: Level | None) -> str:
    return level.value.replace("_", " ") if level else "constant"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Parser:
    """One formula's walk over Python's syntax tree."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.handlers: dict[type[ast.expr], Callable[..., Node]] = {
            ast.Name: self.name,
            ast.Constant: self.constant,
            ast.BoolOp: self.logic,
            ast.UnaryOp: self.unary,
            ast.Compare: self.compare,
            ast.BinOp: self.arithmetic,
            ast.IfExp: self.choose,
            ast.Call: self.call,
        }

    def node(self, tree: ast.expr) -> Node:
        handler = self.handlers.get(type(tree))
        if handler is None:
            _fail(f"'{_short(_source(tree))}' is not part of the rule language")
        return handler(tree)

    def name(self, tree: ast.Name) -> Node:
        name, scope = tree.id, self.scope
        if name in ("true", "false"):
            return Lit(BOOL, None, name == "true")
        if name == "effective_date":
            return Today(DATE, None)
        if name in scope.facts:
            fact = scope.facts[name]
            return FactRef(kind_of_fact(fact), fact.level, name)
        if name in scope.rates:
            qualified, rate = scope.rates[name]
            return RateRef(Kind(_base(rate.type), rate.per), None, qualified)
        if name in scope.definitions:
            qualified, level, kind = scope.definitions[name]
            return DefRef(kind, level, qualified)
        if name in scope.tables:
            _fail(f"'{name}' is a table: write rate({name}, ...)")
        known = [*scope.facts, *scope.rates, *scope.definitions, "effective_date", "true", "false"]
        _fail(f"'{name}' is no fact, rate or working here{nearest(name, known)}")

    def constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, str):
            return Word(Kind("text"), None, value)
        if value is True or value is False:
            _fail(f"write {str(value).lower()}, in small letters")
        if isinstance(value, int) and value in (0, 1):
            return Lit(ZERO if value == 0 else INT, None, value)
        if isinstance(value, int | float):
            shown = _short(_source(tree))
            _fail(
                f"the number {shown} stands bare: put it into rates.yaml with its reference and use its name"
            )
        _fail(f"'{_short(_source(tree))}' is not part of the rule language")

    def logic(self, tree: ast.BoolOp) -> Node:
        items = tuple(self.truth(each) for each in tree.values)
        return Logic(BOOL, lowest(items), "and" if isinstance(tree.op, ast.And) else "or", items)

    def unary(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.Not):
            item = self.truth(tree.operand)
            return Logic(BOOL, item.level, "not", (item,))
        if isinstance(tree.op, ast.USub):
            if isinstance(tree.operand, ast.Constant) and tree.operand.value == 1:
                return Lit(INT, None, -1)
            item = self.number(tree.operand)
            nothing = Lit(ZERO, None, 0)
            kind = self.arithmetic_kind("-", nothing, item, _source(tree))
            return Arith(kind, item.level, "-", nothing, item)
        _fail(f"'{_short(_source(tree))}' is not part of the rule language")

    def compare(self, tree: ast.Compare) -> Node:
        operands = [tree.left, *tree.comparators]
        parts = [
            self.comparison(op, left, right)
            for op, left, right in zip(tree.ops, operands, operands[1:], strict=False)
        ]
        if len(parts) == 1:
            return parts[0]
        return Logic(BOOL, lowest(parts), "and", tuple(parts))

    def comparison(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Node:
        if isinstance(op, ast.In | ast.NotIn):
            return self.among(left, right, negated=isinstance(op, ast.NotIn))
        symbol = _COMPARISONS.get(type(op))
        if symbol is None:
            _fail("'is' is not part of the rule language: write ==")
        a, b = self.node(left), self.node(right)
        self.must_compare(a, b, symbol, f"{_source(left)} {symbol} {_source(right)}")
        return Compare(BOOL, lowest((a, b)), symbol, a, b)  # type: ignore[arg-type]

    def must_compare(self, a: Node, b: Node, symbol: str, text: str) -> None:
        if a.kind.is_number and b.kind.is_number:
            self.same(a, b, text)
            return
        if a.kind.base != b.kind.base:
            _fail(f"'{_short(text)}' compares {a.kind} with {b.kind}")
        if symbol not in ("==", "!="):
            _fail(f"'{_short(text)}': words and yes/no are compared with == or != only")
        self.check_words(a, b)
        self.check_words(b, a)

    def check_words(self, fact: Node, word: Node) -> None:
        if isinstance(word, Word) and fact.kind.values and word.text not in fact.kind.values:
            listed = ", ".join(f'"{value}"' for value in fact.kind.values)
            _fail(f'"{word.text}" is none of {listed}{nearest(word.text, list(fact.kind.values))}')

    def among(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Node:
        item = self.node(left)
        if item.kind.base != "text" or not isinstance(right, ast.List | ast.Tuple):
            _fail(
                f"'{_short(_source(left))} in ...' needs a word on the left and a list of words on the right"
            )
        words = [self.node(each) for each in right.elts]
        for word in words:
            if not isinstance(word, Word):
                _fail("a list may hold words in quotes only")
            self.check_words(item, word)
        return Among(
            BOOL, item.level, item, tuple(w.text for w in words if isinstance(w, Word)), negated
        )

    def arithmetic(self, tree: ast.BinOp) -> Node:
        symbol = _ARITHMETIC.get(type(tree.op))
        text = _source(tree)
        if symbol is None:
            _fail(f"'{_short(text)}': only + - * and // are used (// rounds down)")
        a, b = self.number(tree.left), self.number(tree.right)
        kind = self.arithmetic_kind(symbol, a, b, text)
        return Arith(kind, lowest((a, b)), symbol, a, b)  # type: ignore[arg-type]

    def arithmetic_kind(self, symbol: str, a: Node, b: Node, text: str) -> Kind:
        if "date" in (a.kind.base, b.kind.base):
            _fail(
                f"'{_short(text)}': dates are moved with years_after(...), months_before(...) and the like"
            )
        if symbol in ("+", "-"):
            return self.same(a, b, text)
        if symbol == "*":
            return self.product(a.kind, b.kind, text)
        return self.quotient(a.kind, b, text)

    def product(self, a: Kind, b: Kind, text: str) -> Kind:
        bases = {a.base, b.base}
        if a.base == b.base == "money":
            _fail(f"'{_short(text)}' multiplies money by money")
        if "money" in bases:
            return a if a.base == "money" else b
        return RATIO if "ratio" in bases else INT

    def quotient(self, a: Kind, b: Node, text: str) -> Kind:
        if not isinstance(b, RateRef):
            _fail(f"'{_short(text)}': divide by a rate only")
        if a.base == "money" and b.kind.base == "money":
            if a.per != b.kind.per:
                self.mixed(a, b.kind, text)
            return INT
        if b.kind.base != "int":
            _fail(f"'{_short(text)}' divides {a} by {b.kind}")
        return a

    def choose(self, tree: ast.IfExp) -> Node:
        condition = self.truth(tree.test)
        a, b = self.node(tree.body), self.node(tree.orelse)
        text = _source(tree)
        if a.kind.is_number and b.kind.is_number:
            kind = self.same(a, b, text)
        elif a.kind.base == b.kind.base:
            kind = a.kind
        else:
            _fail(f"'{_short(text)}' is {a.kind} or else {b.kind}")
        return Choose(kind, lowest((condition, a, b)), condition, a, b)

    # --- calls ------------------------------------------------------------------------------------

    def call(self, tree: ast.Call) -> Node:
        if not isinstance(tree.func, ast.Name):
            _fail(f"'{_short(_source(tree))}' is not part of the rule language")
        name = tree.func.id
        if name not in FUNCTIONS:
            _fail(f"'{name}' is no function{nearest(name, FUNCTIONS)}")
        if name in AGGREGATES:
            return self.aggregate(name, tree)
        if tree.keywords:
            _fail(f"{name}(...) takes no '{tree.keywords[0].arg or '**'}='")
        if name in PERIOD_CHANGES:
            return self.convert(name, tree.args)
        if name in DATE_SHIFTS:
            return self.shift(name, tree.args)
        return getattr(self, f"call_{name}")(tree.args)  # type: ignore[no-any-return]

    def aggregate(self, name: str, tree: ast.Call) -> Node:
        if self.scope.level is Level.PERSON:
            _fail(
                f"{name}(...) looks over members, and this formula is about one person: give its working level: benefit_unit"
            )
        where = next((each.value for each in tree.keywords if each.arg == "where"), None)
        if len(tree.args) != 1 or len(tree.keywords) > (where is not None):
            _fail(f"write {name}(what) or {name}(what, where=condition)")
        inner = _Parser(_inside(self.scope))
        item = inner.node(tree.args[0])
        condition = inner.truth(where) if where is not None else None
        function, who = AGGREGATES[name]
        if function in ("any", "all", "count"):
            inner.must_be(item, BOOL, f"{name}(...)")
            kind = INT if function == "count" else BOOL
        else:
            if item.kind.base not in ("money", "int"):
                _fail(f"{name}(...) takes an amount or a number, not {item.kind}")
            kind = item.kind
        return Aggregate(kind, self.scope.level, function, who, item, condition)  # type: ignore[arg-type]

    def convert(self, name: str, args: list[ast.expr]) -> Node:
        (item,) = self.numbers(args, 1, f"{name}(amount)")
        if item.kind.base != "money" or item.kind.per not in (
            Period.WEEK,
            Period.MONTH,
            Period.YEAR,
        ):
            _fail(f"{name}(...) takes money with a period, not {item.kind}")
        wanted = PERIOD_CHANGES[name]
        factor = self.per_year(item.kind.per) / self.per_year(wanted)
        return Convert(
            Kind("money", wanted), item.level, item, factor.numerator, factor.denominator
        )

    def per_year(self, period: Period) -> Fraction:
        if period is Period.WEEK:
            if self.scope.weeks_in_year is None:
                _fail(
                    'a period is changed between weeks and others: say how by `periods: {weeks_in_year: "52", cite: ...}`'
                )
            return self.scope.weeks_in_year
        return Fraction(12 if period is Period.MONTH else 1)

    def shift(self, name: str, args: list[ast.expr]) -> Node:
        moved, count = self.numbers(args, 2, f"{name}(date, number)")
        self.must_be(moved, DATE, f"{name}(...)")
        self.must_be(count, INT, f"the second part of {name}(...)")
        if name.startswith("weeks") and not (
            isinstance(moved, Today) and isinstance(count, RateRef | Lit)
        ):
            _fail(
                f"{name}(...) moves effective_date by a rate only: compare the other date with that"
            )
        return Call(DATE, lowest((moved, count)), name, (moved, count))

    def call_age_on(self, args: list[ast.expr]) -> Node:
        born, on = self.numbers(args, 2, "age_on(born_on, effective_date)")
        self.must_be(born, DATE, "age_on(...)")
        self.must_be(on, DATE, "age_on(...)")
        return Call(INT, lowest((born, on)), "age_on", (born, on))

    def call_at_least(self, args: list[ast.expr]) -> Node:
        return self.clip("at_least", args)

    def call_at_most(self, args: list[ast.expr]) -> Node:
        return self.clip("at_most", args)

    def clip(self, name: str, args: list[ast.expr]) -> Node:
        a, b = self.numbers(args, 2, f"{name}(amount, limit)")
        return Call(self.same(a, b, f"{name}(...)"), lowest((a, b)), name, (a, b))

    def call_steps_over(self, args: list[ast.expr]) -> Node:
        amount, threshold, step = self.numbers(args, 3, "steps_over(amount, threshold, step)")
        self.same(amount, threshold, "steps_over(...)")
        self.same(amount, step, "steps_over(...)")
        if not isinstance(step, RateRef):
            _fail("the step of steps_over(amount, threshold, step) must be a rate")
        return Call(INT, lowest((amount, threshold)), "steps_over", (amount, threshold, step))

    def call_recorded_or(self, args: list[ast.expr]) -> Node:
        fact, formula = self.numbers(args, 2, "recorded_or(fact, formula)")
        if not isinstance(fact, FactRef):
            _fail("recorded_or(fact, formula) takes a fact first")
        return Call(
            self.same(fact, formula, "recorded_or(...)"),
            lowest((fact, formula)),
            "recorded_or",
            (fact, formula),
        )

    def call_round_to(self, args: list[ast.expr]) -> Node:
        form = 'round_to(amount, "penny" or "pound", "up", "down" or "nearest")'
        if len(args) != 3:
            _fail(f"write {form}")
        amount, unit, way = self.number(args[0]), self.node(args[1]), self.node(args[2])
        if not (isinstance(unit, Word) and unit.text in ("penny", "pound")):
            _fail(f"write {form}")
        if (
            not (isinstance(way, Word) and way.text in ("up", "down", "nearest"))
            or amount.kind.base != "money"
        ):
            _fail(f"write {form}")
        return Call(amount.kind, amount.level, "round_to", (amount,), f"{unit.text} {way.text}")

    def call_rate(self, args: list[ast.expr]) -> Node:
        if not args or not isinstance(args[0], ast.Name):
            _fail("write rate(table, key)")
        name = args[0].id
        if name not in self.scope.tables:
            _fail(f"'{name}' is no table{nearest(name, list(self.scope.tables))}")
        qualified, table = self.scope.tables[name]
        if len(args) - 1 != len(table.keys):
            _fail(f"rate({name}, ...) needs {len(table.keys)} key(s): {', '.join(table.keys)}")
        keys = tuple(self.node(each) for each in args[1:])
        for key, column in zip(keys, table.keys, strict=True):
            self.check_key(key, column, name, table)
        return Lookup(Kind(_base(table.type), table.per), lowest(keys), qualified, keys)

    def check_key(self, key: Node, column: str, name: str, table: Table) -> None:
        """Refuse a key that no row of the table could fit: a number for a word, a misspelt word, an
        age for a date."""
        how = table.keys[column]
        found = [row[column] for dated in table.values for row in dated.rows]
        wanted = (
            "a word" if how == "exact" else "a date" if isinstance(found[0], date) else "a number"
        )
        given = {"text": "a word", "date": "a date", "int": "a number", "money": "a number"}.get(
            key.kind.base
        )
        if given != wanted:
            _fail(f"rate({name}, ...): the key '{column}' is {wanted}, not {key.kind}")
        for word in found:
            if key.kind.values and word not in (*key.kind.values, "otherwise"):
                hint = nearest(str(word), list(key.kind.values))
                _fail(
                    f"rate({name}, ...): the table has a row for '{word}', which '{column}' never is{hint}"
                )

    def call_in_payment(self, args: list[ast.expr]) -> Node:
        return Receipt(BOOL, Level.PERSON, "in_payment", self.award_scheme("in_payment", args))

    def call_claimed(self, args: list[ast.expr]) -> Node:
        return Receipt(BOOL, Level.PERSON, "claimed", self.award_scheme("claimed", args))

    def call_award(self, args: list[ast.expr]) -> Node:
        scheme = self.award_scheme("award", args)
        return Receipt(
            Kind("money", self.scope.award_periods[scheme]), Level.PERSON, "award", scheme
        )

    def award_scheme(self, function: str, args: list[ast.expr]) -> str:
        name = self.scheme_name(function, args)
        if name not in self.scope.award_periods:
            known = list(self.scope.award_periods)
            _fail(f"'{name}' is no award{nearest(name, known)} (known: {', '.join(sorted(known))})")
        return name

    def call_entitled(self, args: list[ast.expr]) -> Node:
        name, level, _ = self.outcome("entitled", args)
        return DefRef(BOOL, level, f"{name}.entitled")

    def call_entitlement(self, args: list[ast.expr]) -> Node:
        name, level, period = self.outcome("entitlement", args)
        return DefRef(Kind("money", period), level, f"{name}.amount")

    def outcome(self, function: str, args: list[ast.expr]) -> tuple[str, Level, Period]:
        name = self.scheme_name(function, args)
        if name not in self.scope.outcomes:
            _fail(f"'{name}' is no scheme{nearest(name, list(self.scope.outcomes))}")
        return name, *self.scope.outcomes[name]

    def scheme_name(self, function: str, args: list[ast.expr]) -> str:
        if len(args) != 1 or not isinstance(args[0], ast.Name):
            _fail(f"write {function}(scheme)")
        return args[0].id

    # --- what fits --------------------------------------------------------------------------------

    def truth(self, tree: ast.expr) -> Node:
        node = self.node(tree)
        self.must_be(node, BOOL, f"'{_short(_source(tree))}'")
        return node

    def number(self, tree: ast.expr) -> Node:
        node = self.node(tree)
        if not node.kind.is_number:
            _fail(f"'{_short(_source(tree))}' is {node.kind} where a number is needed")
        return node

    def numbers(self, args: list[ast.expr], count: int, form: str) -> list[Node]:
        if len(args) != count:
            _fail(f"write {form}")
        return [self.number(each) for each in args]

    def must_be(self, node: Node, kind: Kind, what: str) -> None:
        if node.kind.base != kind.base and not (node.kind.base == "zero" and kind.base == "int"):
            _fail(f"{what} is {node.kind} where {kind} is needed")

    def same(self, a: Node, b: Node, text: str) -> Kind:
        if {a.kind.base, b.kind.base} == {"date", "zero"}:
            _fail(f"'{_short(text)}' puts a date beside 0")
        if a.kind.base == "zero":
            return b.kind
        if b.kind.base == "zero":
            return a.kind
        if a.kind.base != b.kind.base:
            if {a.kind.base, b.kind.base} == {"int", "ratio"}:
                return RATIO
            _fail(f"'{_short(text)}' puts {a.kind} beside {b.kind}")
        if a.kind.per != b.kind.per:
            self.mixed(a.kind, b.kind, text)
        return a.kind

    def mixed(self, a: Kind, b: Kind, text: str) -> NoReturn:
        change = {Period.WEEK: "weekly", Period.MONTH: "monthly", Period.YEAR: "yearly"}
        hint = (
            f": write {change[a.per]}(...) around the second"
            if a.per in change and b.per in change
            else ""
        )
        _fail(f"'{_short(text)}' mixes {a} with {b}{hint}")


def _inside(scope: Scope) -> Scope:
    return replace(scope, level=Level.PERSON)


def lowest(nodes: tuple[Node, ...] | list[Node]) -> Level | None:
    """Return the level of the node tied furthest down; None where all are constants."""
    return max((node.level for node in nodes), key=lambda level: RANK[level], default=None)


def kind_of_fact(fact: Fact) -> Kind:
    """Return what a reference to a fact gives."""
    if fact.type in ("enum", "code"):
        return Kind("text", values=fact.values)
    return Kind(_base(fact.type), fact.per)


def _base(type_: str) -> Base:
    return type_  # type: ignore[return-value]
