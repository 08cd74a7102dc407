"""Tables of law looked up on columns: small ones row by row, large ones by a join."""

import operator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm

from narwhals import Expr

from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import Num, Side, column, no_bound
from nostop.rulebook.batch.inputs import Columns
from nostop.rulebook.rates import KeyValue, Row, TableOn

#: From this many rows on, a join costs less than a chain of comparisons.
LARGE = 32


@dataclass(frozen=True, slots=True)
class Join:
    """A large table to be joined: put `keys` onto the frame, join `table` by them, then `found`
    gives the value over `den`."""

    keys: Columns
    table: dict[str, list[int] | list[str]]
    found: Columns
    den: int


def is_large(table: TableOn) -> bool:
    """Whether a table is better joined: a band cannot be."""
    return len(table.rows) >= LARGE and set(table.kinds) == {"exact"}


def look_up(table: TableOn, keys: list[Num | Expr]) -> Num:
    """Return a table's value for known keys; no bounds where a key is unknown, below the first
    band, or not listed."""
    den = lcm(*(value.denominator for _, value in table.rows))
    found = _chain(table.rows, table.kinds, keys, den)
    return Num(found, found, den)


def _chain(rows: tuple[Row, ...], kinds: tuple[str, ...], keys: list[Num | Expr], den: int) -> Expr:
    found = no_bound()
    # A later row's condition, put around the earlier ones, wins.
    for wanted, value in rows:
        fits = reduce(operator.and_, map(_fits, kinds, keys, wanted))
        found = exprs.when(fits).then(exprs.number(int(value * den))).otherwise(found)
    return found


def large_look_up(table: TableOn, name: str, keys: list[Num | Expr]) -> Join:
    """Return the join that gives `name|lo` for known keys: null where a key is unknown or not
    listed."""
    listed = [row for row in table.rows if "otherwise" not in row[0]]
    den = lcm(*(value.denominator for _, value in table.rows))
    names = [f"{name}&{index}" for index in range(len(keys))]
    columns: dict[str, list[int] | list[str]] = {
        each: _cells([row[0][index] for row in listed]) for index, each in enumerate(names)
    }
    columns[f"{name}&"] = [int(value * den) for _, value in listed]
    rest = TableOn(table.kinds, tuple(row for row in table.rows if "otherwise" in row[0]))
    found = exprs.col(f"{name}&")
    if rest.rows:
        found = exprs.coalesce(found, _chain(rest.rows, table.kinds, keys, den))
    return Join(
        keys=dict(zip(names, map(_key, keys), strict=True)),
        table=columns,
        found={f"{name}|lo": found},
        den=den,
    )


def _cells(values: list[KeyValue]) -> list[int] | list[str]:
    words = [value for value in values if isinstance(value, str)]
    return words or [int(value) for value in values if isinstance(value, Fraction)]


def _key(key: Num | Expr) -> Expr:
    """A known word or whole number; null where it is unknown or between two numbers."""
    if not isinstance(key, Num):
        return key
    low: Side = key.lo
    is_known = column(low) % key.den == 0
    if not key.is_exact:
        is_known = is_known & (column(low) == column(key.hi))
    return exprs.when(is_known).then(column(low) // key.den).otherwise(no_bound())


def _fits(kind: str, key: Num | Expr, wanted: KeyValue) -> Expr:
    """Whether a known number lies in or above a band, or a known number or word is the one
    wanted."""
    if not isinstance(key, Num):
        return ~key.is_null() if wanted == "otherwise" else key == wanted
    limit = int(Fraction(wanted) * key.den)
    fits = column(key.lo) >= limit if kind == "band" else column(key.lo) == limit
    return fits if key.is_exact else fits & (column(key.lo) == column(key.hi))
