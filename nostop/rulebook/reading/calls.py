"""The functions of the rule language: what each takes, and the node it becomes. Their meaning
stands in `tree.py`, for authors in rules/README.md."""

import ast
import keyword
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Protocol

from nostop.model import Level, Period, nearest
from nostop.rulebook.catalogue import Fact
from nostop.rulebook.packs import Rate, Table
from nostop.rulebook.reading.kinds import PERIOD_CHANGES, kind_of_rate, must_be, same
from nostop.rulebook.reading.syntax import fail
from nostop.rulebook.tree import (
    BOOL,
    DATE,
    INT,
    Aggregate,
    AggregateFunction,
    Call,
    Convert,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
    lowest,
)


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
    weeks_in_year: Fraction | None


class Reader(Protocol):
    """What a function needs of the parser to read its arguments."""

    scope: Scope

    def node(self, tree: ast.expr) -> Node:
        """Return the tree of an argument."""
        ...

    def number(self, tree: ast.expr) -> Node:
        """Return the tree of an argument that must be a number."""
        ...

    def truth(self, tree: ast.expr) -> Node:
        """Return the tree of an argument that must be yes or no."""
        ...

    def of_member(self) -> "Reader":
        """Return the reader of a formula about one of those that an aggregate ranges over."""
        ...


AGGREGATES: dict[str, tuple[AggregateFunction, tuple[str, ...]]] = {
    "any_adult": ("any", ("adult",)),
    "all_adults": ("all", ("adult",)),
    "any_child": ("any", ("child",)),
    "any_member": ("any", ("adult", "child")),
    "all_members": ("all", ("adult", "child")),
    "any_benefit_unit": ("any", ("adult", "child")),
    "all_benefit_units": ("all", ("adult", "child")),
    "total": ("total", ("adult", "child")),
    "count": ("count", ("adult", "child")),
    "smallest": ("smallest", ("adult", "child")),
    "largest": ("largest", ("adult", "child")),
}
_OVER_UNITS = ("any_benefit_unit", "all_benefit_units")
#: Over people or, where what they take is about benefit units, over those of a household.
_OVER_ANY = ("total", "count", "smallest", "largest")


def read_call(reader: Reader, name: str, tree: ast.Call) -> Node:
    """Return the node of a call."""
    if name not in FUNCTIONS:
        fail(f"'{name}' is no function{nearest(name, list(FUNCTIONS))}")
    if name in AGGREGATES:
        return _aggregate(reader, name, tree)
    if tree.keywords:
        fail(f"{name}(...) takes no '{tree.keywords[0].arg or '**'}='")
    return _CALLS[name](reader, name, tree.args)


def _aggregate(reader: Reader, name: str, tree: ast.Call) -> Node:
    level = reader.scope.level
    if level is Level.PERSON:
        mend = "give its working level: benefit_unit"
        fail(f"{name}(...) looks over members, and this formula is about one person: {mend}")
    where = next((each.value for each in tree.keywords if each.arg == "where"), None)
    if len(tree.args) != 1 or len(tree.keywords) > (where is not None):
        fail(f"write {name}(what) or {name}(what, where=condition)")
    inner = reader.of_member()
    item = inner.node(tree.args[0])
    condition = inner.truth(where) if where is not None else None
    function, who = AGGREGATES[name]
    kind = _kind_over(function, name, item)
    over = _ranges_over(name, level, [item] if condition is None else [item, condition])
    return Aggregate(kind, level, function, over, who, item, condition)


def _ranges_over(name: str, level: Level, parts: list[Node]) -> Level:
    """What an aggregate ranges over: people, or a household's benefit units where its parts are
    about them."""
    about = lowest(parts)
    if name in _OVER_ANY:
        units = level is Level.HOUSEHOLD and about is Level.BENEFIT_UNIT
        return Level.BENEFIT_UNIT if units else Level.PERSON
    if name not in _OVER_UNITS:
        return Level.PERSON
    if level is not Level.HOUSEHOLD:
        mend = "give its working level: household"
        fail(f"{name}(...) looks over the benefit units of a household: {mend}")
    if about is Level.PERSON:
        mend = "work the person's part out for the benefit unit first, in a working of its own"
        fail(f"{name}(...) is about benefit units, and its part about a person: {mend}")
    return Level.BENEFIT_UNIT


def _kind_over(function: AggregateFunction, name: str, item: Node) -> Kind:
    if function in ("any", "all", "count"):
        must_be(item, BOOL, f"{name}(...)")
        return INT if function == "count" else BOOL
    if item.kind.base not in ("money", "int"):
        fail(f"{name}(...) takes an amount or a number, not {item.kind}")
    return item.kind


def _numbers(reader: Reader, args: list[ast.expr], count: int, form: str) -> list[Node]:
    if len(args) != count:
        fail(f"write {form}")
    return [reader.number(each) for each in args]


# --- amounts --------------------------------------------------------------------------------------


def _clip(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    a, b = _numbers(reader, args, 2, f"{name}(amount, limit)")
    return Call(same(a, b, f"{name}(...)"), lowest((a, b)), name, (a, b))


def _convert(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    (item,) = _numbers(reader, args, 1, f"{name}(amount)")
    wanted = PERIOD_CHANGES[name]
    if item.kind.base != "money" or item.kind.per not in PERIOD_CHANGES.values():
        fail(f"{name}(...) takes money with a period, not {item.kind}")
    weeks = reader.scope.weeks_in_year
    factor = _per_year(item.kind.per, weeks) / _per_year(wanted, weeks)
    kind = Kind("money", wanted)
    return Convert(kind, item.level, item, factor.numerator, factor.denominator)


def _per_year(period: Period | None, weeks_in_year: Fraction | None) -> Fraction:
    if period is not Period.WEEK:
        return Fraction(12 if period is Period.MONTH else 1)
    if weeks_in_year is None:
        how = 'say how by `periods: {weeks_in_year: "52", cite: ...}`'
        fail(f"a period is changed between weeks and others: {how}")
    return weeks_in_year


def _round_to(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    form = f'write {name}(amount, "penny" or "pound", "up", "down" or "nearest")'
    if len(args) != 3:
        fail(form)
    amount, unit, way = reader.number(args[0]), reader.node(args[1]), reader.node(args[2])
    if not (isinstance(unit, Word) and unit.text in ("penny", "pound")):
        fail(form)
    if not (isinstance(way, Word) and way.text in ("up", "down", "nearest")):
        fail(form)
    if amount.kind.base != "money":
        fail(form)
    return Call(amount.kind, amount.level, name, (amount,), f"{unit.text} {way.text}")


def _steps_over(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    form = f"{name}(amount, threshold, step)"
    amount, threshold, step = _numbers(reader, args, 3, form)
    same(amount, threshold, f"{name}(...)")
    same(amount, step, f"{name}(...)")
    if not isinstance(step, RateRef):
        fail(f"the step of {form} must be a rate")
    return Call(INT, lowest((amount, threshold)), name, (amount, threshold, step))


def _recorded_or(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    form = f"{name}(fact, formula)"
    fact, formula = _numbers(reader, args, 2, form)
    if not isinstance(fact, FactRef):
        fail(f"{form} takes a fact first")
    kind = same(fact, formula, f"{name}(...)")
    return Call(kind, lowest((fact, formula)), name, (fact, formula))


# --- dates ----------------------------------------------------------------------------------------


def _age_on(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    born, on = _numbers(reader, args, 2, f"{name}(born_on, effective_date)")
    must_be(born, DATE, f"{name}(...)")
    must_be(on, DATE, f"{name}(...)")
    return Call(INT, lowest((born, on)), name, (born, on))


def _move(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    moved, count = _numbers(reader, args, 2, f"{name}(date, number)")
    must_be(moved, DATE, f"{name}(...)")
    must_be(count, INT, f"the second part of {name}(...)")
    is_fixed = isinstance(moved, Today) and isinstance(count, RateRef | Lit)
    if name.startswith("weeks") and not is_fixed:
        instead = "compare the other date with that"
        fail(f"{name}(...) moves effective_date by a rate only: {instead}")
    return Call(DATE, lowest((moved, count)), name, (moved, count))


# --- tables ---------------------------------------------------------------------------------------


def _rate(reader: Reader, _name: str, args: list[ast.expr]) -> Node:
    tables = reader.scope.tables
    if not args or not isinstance(args[0], ast.Name):
        fail("write rate(table, key)")
    name = args[0].id
    if name not in tables:
        fail(f"'{name}' is no table{nearest(name, list(tables))}", name)
    qualified, table = tables[name]
    if len(args) - 1 != len(table.keys):
        needed = f"{len(table.keys)} key(s): {', '.join(table.keys)}"
        fail(f"rate({name}, ...) needs {needed}")
    keys = tuple(reader.node(each) for each in args[1:])
    for key, column in zip(keys, table.keys, strict=True):
        _check_key(key, column, name, table)
    return Lookup(kind_of_rate(table), lowest(keys), qualified, keys)


_KEY_WORDS = {"text": "a word", "date": "a date", "int": "a number", "money": "a number"}


def _check_key(key: Node, column: str, name: str, table: Table) -> None:
    """Refuse a key that no row of the table could fit: a number for a word, a misspelt word, an age
    for a date."""
    found = [row[column] for dated in table.values for row in dated.rows]
    wanted = "a number"
    if isinstance(found[0], date | str):
        wanted = "a word" if isinstance(found[0], str) else "a date"
    if _KEY_WORDS.get(key.kind.base) != wanted:
        fail(f"rate({name}, ...): the key '{column}' is {wanted}, not {key.kind}")
    for word in found:
        if key.kind.values and word not in (*key.kind.values, "otherwise"):
            hint = nearest(str(word), list(key.kind.values))
            row = f"the table has a row for '{word}', which '{column}' never is"
            fail(f"rate({name}, ...): {row}{hint}")


# --- awards and other schemes ---------------------------------------------------------------------


def _in_payment(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    return Receipt(BOOL, Level.PERSON, "in_payment", _award_name(reader, name, args))


def _claimed(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    return Receipt(BOOL, Level.PERSON, "claimed", _award_name(reader, name, args))


def _award(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    scheme = _award_name(reader, name, args)
    kind = Kind("money", reader.scope.award_periods[scheme])
    return Receipt(kind, Level.PERSON, "award", scheme)


def _award_name(reader: Reader, name: str, args: list[ast.expr]) -> str:
    scheme, known = _scheme_name(name, args), sorted(reader.scope.award_periods)
    if scheme not in known:
        hint = f"{nearest(scheme, known)} (known: {', '.join(known)})"
        fail(f"'{scheme}' is no award{hint}", scheme)
    return scheme


def _entitled(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    scheme, level, _ = _outcome(reader, name, args)
    return DefRef(BOOL, level, f"{scheme}.entitled")


def _entitlement(reader: Reader, name: str, args: list[ast.expr]) -> Node:
    scheme, level, period = _outcome(reader, name, args)
    return DefRef(Kind("money", period), level, f"{scheme}.amount")


def _outcome(reader: Reader, name: str, args: list[ast.expr]) -> tuple[str, Level, Period]:
    scheme, outcomes = _scheme_name(name, args), reader.scope.outcomes
    if scheme not in outcomes:
        fail(f"'{scheme}' is no scheme{nearest(scheme, list(outcomes))}", scheme)
    return scheme, *outcomes[scheme]


def _scheme_name(function: str, args: list[ast.expr]) -> str:
    if len(args) != 1 or not isinstance(args[0], ast.Name):
        fail(f"write {function}(scheme)")
    return args[0].id


_CALLS: dict[str, Callable[[Reader, str, list[ast.expr]], Node]] = {
    "age_on": _age_on,
    "at_least": _clip,
    "at_most": _clip,
    "award": _award,
    "claimed": _claimed,
    "entitled": _entitled,
    "entitlement": _entitlement,
    "in_payment": _in_payment,
    "months_after": _move,
    "months_before": _move,
    "monthly": _convert,
    "rate": _rate,
    "recorded_or": _recorded_or,
    "round_to": _round_to,
    "steps_over": _steps_over,
    "weekly": _convert,
    "weeks_after": _move,
    "weeks_before": _move,
    "yearly": _convert,
    "years_after": _move,
    "years_before": _move,
}
FUNCTIONS = (*AGGREGATES, *_CALLS)
#: Words with a meaning of their own; `amount` is what every scheme's result is called.
RESERVED = frozenset({"effective_date", "true", "false", "amount", *keyword.kwlist, *FUNCTIONS})
