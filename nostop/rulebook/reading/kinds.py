"""Which kinds of value go together, and what comes of them: money with money of one period, and the
like.

Every function refuses what does not fit by a `FormulaError`; `text` is the piece of the formula.
"""

from typing import NoReturn

from nostop.model import Period, nearest
from nostop.rulebook.catalogue import Fact
from nostop.rulebook.packs import Rate, Table
from nostop.rulebook.reading.syntax import fail, short
from nostop.rulebook.tree import INT, RATIO, Kind, Node, RateRef, Word

#: The functions that change an amount's period, and to which.
PERIOD_CHANGES = {"weekly": Period.WEEK, "monthly": Period.MONTH, "yearly": Period.YEAR}
_CHANGED_BY = {period: name for name, period in PERIOD_CHANGES.items()}


def kind_of_fact(fact: Fact) -> Kind:
    """Return what a reference to a fact gives."""
    if fact.type == "enum" or fact.type == "code":
        return Kind("text", values=fact.values)
    return Kind(fact.type, fact.per)


def kind_of_rate(rate: Rate | Table) -> Kind:
    """Return what a reference to a rate, or a look-up in a table, gives."""
    return Kind(rate.type, rate.per)


def must_be(node: Node, kind: Kind, what: str) -> None:
    """Refuse a node of another kind; 0 passes for a whole number."""
    if node.kind.base != kind.base and not (node.kind.base == "zero" and kind.base == "int"):
        fail(f"{what} is {node.kind} where {kind} is needed")


def must_compare(a: Node, b: Node, symbol: str, text: str) -> None:
    """Refuse a comparison of things that cannot be compared so."""
    if a.kind.is_number and b.kind.is_number:
        same(a, b, text)
        return
    if a.kind.base != b.kind.base:
        fail(f"'{short(text)}' compares {a.kind} with {b.kind}")
    if symbol not in ("==", "!="):
        fail(f"'{short(text)}': words and yes/no are compared with == or != only")
    check_word(a, b)
    check_word(b, a)


def check_word(fact: Node, word: Node) -> None:
    """Refuse a word that the fact beside it never is."""
    if isinstance(word, Word) and fact.kind.values and word.text not in fact.kind.values:
        listed = ", ".join(f'"{value}"' for value in fact.kind.values)
        fail(f'"{word.text}" is none of {listed}{nearest(word.text, list(fact.kind.values))}')


def same(a: Node, b: Node, text: str) -> Kind:
    """Return the kind of two numbers that stand side by side."""
    bases = {a.kind.base, b.kind.base}
    if bases == {"date", "zero"}:
        fail(f"'{short(text)}' puts a date beside 0")
    if a.kind.base == "zero":
        return b.kind
    if b.kind.base == "zero":
        return a.kind
    if bases == {"int", "ratio"}:
        return RATIO
    if len(bases) > 1:
        fail(f"'{short(text)}' puts {a.kind} beside {b.kind}")
    if a.kind.per != b.kind.per:
        _mixed(a.kind, b.kind, text)
    return a.kind


def either(a: Node, b: Node, text: str) -> Kind:
    """Return the kind of `a if ... else b`."""
    if a.kind.is_number and b.kind.is_number:
        return same(a, b, text)
    if a.kind.base != b.kind.base:
        fail(f"'{short(text)}' is {a.kind} or else {b.kind}")
    return a.kind


def of_arithmetic(symbol: str, a: Node, b: Node, text: str) -> Kind:
    """Return the kind of a sum, difference, product or quotient."""
    if "date" in (a.kind.base, b.kind.base):
        how = "dates are moved with years_after(...), months_before(...) and the like"
        fail(f"'{short(text)}': {how}")
    if symbol in ("+", "-"):
        return same(a, b, text)
    if symbol == "*":
        return _product(a.kind, b.kind, text)
    return _quotient(a.kind, b, text)


def _product(a: Kind, b: Kind, text: str) -> Kind:
    bases = {a.base, b.base}
    if a.base == b.base == "money":
        fail(f"'{short(text)}' multiplies money by money")
    if "money" in bases:
        return a if a.base == "money" else b
    return RATIO if "ratio" in bases else INT


def _quotient(a: Kind, b: Node, text: str) -> Kind:
    if not isinstance(b, RateRef):
        fail(f"'{short(text)}': divide by a rate only")
    if a.base == "money" and b.kind.base == "money":
        if a.per != b.kind.per:
            _mixed(a, b.kind, text)
        return INT
    if b.kind.base != "int":
        fail(f"'{short(text)}' divides {a} by {b.kind}")
    return a


def _mixed(a: Kind, b: Kind, text: str) -> NoReturn:
    hint = ""
    if a.per in _CHANGED_BY and b.per in _CHANGED_BY:
        hint = f": write {_CHANGED_BY[a.per]}(...) around the second"
    fail(f"'{short(text)}' mixes {a} with {b}{hint}")
