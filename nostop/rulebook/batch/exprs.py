"""The few words that column expressions are made of, in whichever library is to work them out.

narwhals and polars name them alike. On polars its own are used: the same expressions by way of
narwhals took most of the time that a small population takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import cast

import narwhals as nw
from narwhals import Expr
from narwhals.functions import When

_MADE_IN: ContextVar[ModuleType] = ContextVar("made_in", default=nw)


@contextmanager
def made_in(library: ModuleType) -> Iterator[None]:
    """Make expressions in a library (polars or narwhals) meanwhile; else they are narwhals'."""
    token = _MADE_IN.set(library)
    try:
        yield
    finally:
        _MADE_IN.reset(token)


def col(name: str) -> Expr:
    """Return a column."""
    return cast("Expr", _MADE_IN.get().col(name))


def number(value: int | None) -> Expr:
    """Return the same whole number, or none, for every row."""
    library = _MADE_IN.get()
    return cast("Expr", library.lit(value, dtype=library.Int64))


def truth(*, value: bool | None) -> Expr:
    """Return the same truth value, or none, for every row."""
    library = _MADE_IN.get()
    return cast("Expr", library.lit(value, dtype=library.Boolean))


def word(value: str | None) -> Expr:
    """Return the same word, or none, for every row."""
    library = _MADE_IN.get()
    return cast("Expr", library.lit(value, dtype=library.String))


def when(condition: Expr) -> When:
    """Begin `when(...).then(...).otherwise(...)`."""
    return cast("When", _MADE_IN.get().when(condition))


def coalesce(*exprs: Expr) -> Expr:
    """Return the first that is there."""
    return cast("Expr", _MADE_IN.get().coalesce(*exprs))


def larger(a: Expr, b: Expr) -> Expr:
    """Return the larger of those that are there."""
    return cast("Expr", _MADE_IN.get().max_horizontal(a, b))


def smaller(a: Expr, b: Expr) -> Expr:
    """Return the smaller of those that are there."""
    return cast("Expr", _MADE_IN.get().min_horizontal(a, b))


def whole(expr: Expr) -> Expr:
    """Return a number as the type that all numbers have."""
    return expr.cast(_MADE_IN.get().Int64)
