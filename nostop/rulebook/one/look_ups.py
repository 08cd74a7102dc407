"""A table as a function of its keys: exact keys by dict, a band by bisection, so that a table of a
thousand rows costs no more than one of ten."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import product
from operator import le
from typing import NamedTuple

from nostop.rulebook.one.arithmetic import ANYTHING, Number, Range, exactly
from nostop.rulebook.rates import TableOn

#: A key's value: a range, a word, or None for an unknown word.
Key = Range | str | None


class _Row(NamedTuple):
    """The lowest value of each band, where the row stands, and its value."""

    limits: tuple[Number, ...]
    position: int
    value: Range


def look_up(table: TableOn) -> Callable[[Sequence[Key]], Range]:
    """Return the function from keys to the value: anything where a key is unknown, below the first
    band, or not listed. Of several rows that fit, the last is the one."""
    exact = [index for index, kind in enumerate(table.kinds) if kind == "exact"]
    bands = [index for index, kind in enumerate(table.kinds) if kind == "band"]
    rows: dict[tuple[Number | str, ...], list[_Row]] = {}
    for position, (keys, value) in enumerate(table.rows):
        limits = tuple(_number(keys[index]) for index in bands)
        row = _Row(limits, position, exactly(value))
        rows.setdefault(tuple(keys[index] for index in exact), []).append(row)

    def found(keys: Sequence[Key]) -> Range:
        known = [_known(key) for key in keys]
        if None in known:
            return ANYTHING
        numbers = [_number(known[index]) for index in bands]
        listed = product(*(_listed_as(known[index]) for index in exact))
        fitting = [row for own in listed for row in _last(rows.get(own, []), numbers)]
        return max(fitting, key=lambda row: row.position).value if fitting else ANYTHING

    return found


def _known(key: Key) -> Number | str | None:
    if isinstance(key, tuple):
        return key[0] if key[0] == key[1] else None
    return key


def _listed_as(key: Number | str | None) -> list[Number | str]:
    if key is None:
        return []
    return [key, "otherwise"] if isinstance(key, str) else [key]


def _last(rows: list[_Row], numbers: list[Number]) -> list[_Row]:
    """The last of the rows that fit; none where none does. Rows stand in the order of their
    bands."""
    if len(numbers) == 1:
        count = bisect_right(rows, numbers[0], key=lambda row: row.limits[0])
        return rows[count - 1 : count] if count else []
    return [row for row in rows if all(map(le, row.limits, numbers))][-1:]


def _number(key: Number | str | None) -> Number:
    if key is None or isinstance(key, str):
        raise AssertionError("a band goes by a number: `calls.read_call` refuses a word")
    return key
