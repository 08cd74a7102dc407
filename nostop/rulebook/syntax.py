"""Formula text -> Python's own syntax tree, within limits. Nothing is evaluated."""

import ast
import warnings
from typing import NoReturn

MAX_LENGTH = 2000
MAX_NODES = 250
MAX_DEPTH = 25
_MOST_SHOWN = 60


class FormulaError(Exception):
    """What is wrong in one formula, in the author's words; the caller knows file and line."""


def fail(message: str) -> NoReturn:
    """Refuse a formula."""
    raise FormulaError(message)


def read_syntax(text: str) -> ast.expr:
    """Return the syntax tree of a formula.

    Raises:
        FormulaError: too long, too large, too deep, or no expression of Python.
    """
    if len(text) > MAX_LENGTH:
        fail(f"has {len(text)} characters; {MAX_LENGTH} is the most: split it into workings")
    try:
        parsed = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = error.offset if isinstance(error, SyntaxError) and error.offset else 0
        where = f" near '{short(' '.join(text.split())[max(at - 1, 0) :])}'" if at else ""
        fail(f"cannot be read as a formula{where}: check brackets, quotes and operators")
    if sum(1 for _ in ast.walk(parsed)) > MAX_NODES * 2:
        fail("is too large: split it into workings")
    if _depth(parsed) > MAX_DEPTH * 2:
        fail("is nested too deep: split it into workings")
    return parsed.body


def names_in(text: str) -> list[str]:
    """Return the names that a formula reads; none where it cannot be read."""
    try:
        parsed = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)]


def _parsed(text: str) -> ast.Expression:
    with warnings.catch_warnings():
        # What Python would only warn of is an error here.
        warnings.simplefilter("error")
        return ast.parse(" ".join(text.split()), mode="eval")


def _depth(node: ast.AST) -> int:
    deepest, layer = 0, [node]
    while layer:
        deepest += 1
        layer = [child for each in layer for child in ast.iter_child_nodes(each)]
    return deepest


def source(tree: ast.expr) -> str:
    """Return a piece of a formula as its author writes it: words in double quotes."""
    return ast.unparse(tree).replace("'", '"')


def short(text: str) -> str:
    """Return text cut to what fits into a message."""
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
