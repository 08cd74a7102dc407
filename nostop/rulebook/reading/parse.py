"""Formula text -> typed tree: what names and operators mean. Only a listed part of Python's syntax
has a meaning; `calls.py` lists the functions."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from nostop.model import Level, nearest
from nostop.rulebook.reading import kinds
from nostop.rulebook.reading.calls import Scope, read_call
from nostop.rulebook.reading.syntax import FormulaError, fail, read_syntax, short, source
from nostop.rulebook.tree import (
    BOOL,
    DATE,
    INT,
    RANK,
    ZERO,
    Among,
    Arith,
    ArithOp,
    Choose,
    Compare,
    CompareOp,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Node,
    RateRef,
    Today,
    Word,
    children,
    lowest,
    outside_aggregates,
)

_COMPARISONS: dict[type[ast.cmpop], CompareOp] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.GtE: ">=", ast.Gt: ">",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], ArithOp] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//",
}  # fmt: skip


def parse_formula(text: str, scope: Scope) -> Node:
    """Return the typed tree of a formula.

    Raises:
        FormulaError: the first thing that cannot stand, with what to write instead.
    """
    node = _Parser(scope).node(read_syntax(text))
    if RANK[node.level] > RANK[scope.level]:
        about, wanted = _words(node.level), _words(scope.level)
        fail(
            f"'{short(text)}' is about a {about} where one value for the {wanted} is needed: wrap "
            "the part about members in any_adult(...), all_adults(...), total(...) or count(...)",
            _told_too_low(node, scope.level),
        )
    return node


def _words(level: Level | None) -> str:
    return level.value.replace("_", " ") if level else "constant"


def _told_too_low(node: Node, level: Level) -> str:
    """The one working that ties a formula to a member: its own level may be the mistake."""
    low = (each for each in outside_aggregates(node) if RANK[each.level] > RANK[level])
    names = {each.name if isinstance(each, DefRef) else "" for each in low if not children(each)}
    return f"level of {names.pop()}" if len(names) == 1 and "" not in names else ""


def _no_such_name(name: str, scope: Scope) -> str:
    if name in scope.tables:
        return f"'{name}' is a table: write rate({name}, ...)"
    known = [*scope.facts, *scope.rates, *scope.definitions, "effective_date", "true", "false"]
    return f"'{name}' is no fact, rate or working here{nearest(name, known)}"


def _not_ours(tree: ast.expr) -> NoReturn:
    fail(f"'{short(source(tree))}' is not part of the rule language")


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

    def of_member(self) -> "_Parser":
        return _Parser(replace(self.scope, level=Level.PERSON))

    def node(self, tree: ast.expr) -> Node:
        return self.handlers.get(type(tree), _not_ours)(tree)

    def truth(self, tree: ast.expr) -> Node:
        node = self.node(tree)
        kinds.must_be(node, BOOL, f"'{short(source(tree))}'")
        return node

    def number(self, tree: ast.expr) -> Node:
        node = self.node(tree)
        if not node.kind.is_number:
            fail(f"'{short(source(tree))}' is {node.kind} where a number is needed")
        return node

    def name(self, tree: ast.Name) -> Node:
        name, scope = tree.id, self.scope
        if name in ("true", "false"):
            return Lit(BOOL, None, name == "true")
        if name == "effective_date":
            return Today(DATE, None)
        if name in scope.facts:
            fact = scope.facts[name]
            return FactRef(kinds.kind_of_fact(fact), fact.level, name)
        if name in scope.rates:
            qualified, rate = scope.rates[name]
            return RateRef(kinds.kind_of_rate(rate), None, qualified)
        if name in scope.definitions:
            qualified, level, kind = scope.definitions[name]
            return DefRef(kind, level, qualified)
        raise FormulaError(_no_such_name(name, scope), name)

    def constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, str):
            if not (value.isascii() and value.isprintable()):
                fail(f"{short(source(tree))}: a word has plain letters, digits and signs only")
            return Word(Kind("text"), None, value)
        if value is True or value is False:
            fail(f"write {str(value).lower()}, in small letters")
        if isinstance(value, int) and value in (0, 1):
            return Lit(ZERO if value == 0 else INT, None, value)
        if isinstance(value, int | float):
            instead = "put it into rates.yaml with its reference and use its name"
            fail(f"the number {short(source(tree))} stands bare: {instead}")
        _not_ours(tree)

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
            kind = kinds.of_arithmetic("-", nothing, item, source(tree))
            return Arith(kind, item.level, "-", nothing, item)
        _not_ours(tree)

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
            fail("'is' is not part of the rule language: write ==")
        a, b = self.node(left), self.node(right)
        kinds.must_compare(a, b, symbol, f"{source(left)} {symbol} {source(right)}")
        return Compare(BOOL, lowest((a, b)), symbol, a, b)

    def among(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Node:
        item = self.node(left)
        if item.kind.base != "text" or not isinstance(right, ast.List | ast.Tuple):
            needs = "needs a word on the left and a list of words on the right"
            fail(f"'{short(source(left))} in ...' {needs}")
        words = []
        for each in right.elts:
            word = self.node(each)
            if not isinstance(word, Word):
                fail("a list may hold words in quotes only")
            kinds.check_word(item, word)
            words.append(word.text)
        return Among(BOOL, item.level, item, tuple(words), negated)

    def arithmetic(self, tree: ast.BinOp) -> Node:
        symbol = _ARITHMETIC.get(type(tree.op))
        text = source(tree)
        if symbol is None:
            fail(f"'{short(text)}': only + - * and // are used (// rounds down)")
        a, b = self.number(tree.left), self.number(tree.right)
        return Arith(kinds.of_arithmetic(symbol, a, b, text), lowest((a, b)), symbol, a, b)

    def choose(self, tree: ast.IfExp) -> Node:
        condition = self.truth(tree.test)
        a, b = self.node(tree.body), self.node(tree.orelse)
        kind = kinds.either(a, b, source(tree))
        return Choose(kind, lowest((condition, a, b)), condition, a, b)

    def call(self, tree: ast.Call) -> Node:
        if not isinstance(tree.func, ast.Name):
            _not_ours(tree)
        return read_call(self, tree.func.id, tree)
