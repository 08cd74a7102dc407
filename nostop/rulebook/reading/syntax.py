"""Formula text -> Python's own syntax tree, within limits. Nothing is evaluated."""

import ast
import warnings
from functools import lru_cache
from typing import NoReturn

MAX_LENGTH = 2000
MAX_NODES = 250
MAX_DEPTH = 25
_MOST_SHOWN = 60
#: What word processors and legislation write, and what a formula has for it.
_INSTEAD = {
    **dict.fromkeys("\u201c\u201d\u2018\u2019", "straight quotes"),
    **dict.fromkeys("\u2212\u2013\u2014", "-"),
    "\u00a0": "a plain space",
    "\u00d7": "*",
    "\u00f7": "//",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u00a3": "the name of a rate",
}


class FormulaError(Exception):
    """What is wrong in one formula, in the author's words; the caller knows file and line.

    `cause` is what the mistake may lie in, where that stands elsewhere (a name that nothing
    defines): it is told once, however many formulas meet it.
    """

    def __init__(self, message: str, cause: str = "") -> None:
        self.cause = cause
        super().__init__(message)


def fail(message: str, cause: str = "") -> NoReturn:
    """Refuse a formula."""
    raise FormulaError(message, cause)


def read_syntax(text: str) -> ast.expr:
    """Return the syntax tree of a formula.

    Raises:
        FormulaError: too long, too large, too deep, or no expression of Python.
    """
    if len(text) > MAX_LENGTH:
        fail(f"has {len(text)} characters; {MAX_LENGTH} is the most: split it into workings")
    # Python reads some letters as others ("ﬁ" as "fi"): a name would not be what it looks like.
    foreign = next((each for each in text if not each.isascii()), None)
    if foreign is not None:
        how = _INSTEAD.get(foreign, "plain letters, digits and signs")
        fail(f"holds '{foreign}' (U+{ord(foreign):04X}), which no formula has: write {how}")
    if "#" in text:
        where = "on a line of its own, outside the formula"
        fail(f"holds '#': what follows it would not be read. Put the comment {where}")
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


@lru_cache(maxsize=4096)
def names_in(text: str) -> tuple[str, ...]:
    """Return the names that a formula reads; none where it cannot be read."""
    try:
        parsed = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node.id for node in ast.walk(parsed) if isinstance(node, ast.Name))


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
