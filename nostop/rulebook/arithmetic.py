"""Exact ranges and truth values in plain Python: what the interpreter counts with. `columns.py`
does the same on columns; they must agree.

A range is the lowest and highest value a number can take; None is "no bound on this side". It is
known where both are equal.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from math import ceil, floor
from typing import Literal

from nostop.rulebook.dates import full_years, shift_number

#: True, false, or not known.
Truth = bool | None
Bound = Fraction | None
Range = tuple[Bound, Bound]
ANYTHING: Range = (None, None)
NOTHING: Range = (Fraction(0), Fraction(0))


def exactly(value: Fraction | int) -> Range:
    """Return a known number."""
    return Fraction(value), Fraction(value)


def is_known(a: Range) -> bool:
    """Whether only one value is possible."""
    return a[0] is not None and a[0] == a[1]


def add(a: Range, b: Range) -> Range:
    """Return a + b."""
    return _sum(a[0], b[0]), _sum(a[1], b[1])


def negate(a: Range) -> Range:
    """Return -a."""
    return (None if a[1] is None else -a[1]), (None if a[0] is None else -a[0])


def multiply(a: Range, b: Range) -> Range:
    """Return a * b: exact where one is known; of two uncertain numbers only where neither can be
    below 0."""
    for factor, other in ((a, b), (b, a)):
        if factor[0] is not None and factor[0] == factor[1]:
            return scale(other, factor[0])
    if a[0] is None or b[0] is None or a[0] < 0 or b[0] < 0:
        return ANYTHING
    return a[0] * b[0], None if a[1] is None or b[1] is None else a[1] * b[1]


def scale(a: Range, factor: Fraction) -> Range:
    """Return a times a known number; nothing times anything is nothing."""
    if factor == 0:
        return NOTHING
    low, high = a if factor > 0 else (a[1], a[0])
    return (None if low is None else low * factor), (None if high is None else high * factor)


def larger(a: Range, b: Range) -> Range:
    """Return the larger of two numbers."""
    lows = [low for low in (a[0], b[0]) if low is not None]
    high = None if a[1] is None or b[1] is None else max(a[1], b[1])
    return max(lows, default=None), high


def smaller(a: Range, b: Range) -> Range:
    """Return the smaller of two numbers."""
    return negate(larger(negate(a), negate(b)))


def hull(a: Range, b: Range) -> Range:
    """Return the narrowest range that holds both."""
    low = None if a[0] is None or b[0] is None else min(a[0], b[0])
    high = None if a[1] is None or b[1] is None else max(a[1], b[1])
    return low, high


def rounded_down(a: Range, to: Fraction) -> Range:
    """Return how often `to` fits into a, as a whole number."""
    return (None if a[0] is None else Fraction(floor(a[0] / to))), (
        None if a[1] is None else Fraction(floor(a[1] / to))
    )


def rounded_up(a: Range, to: Fraction) -> Range:
    """Return how many times `to` it takes to reach a, as a whole number."""
    return (None if a[0] is None else Fraction(ceil(a[0] / to))), (
        None if a[1] is None else Fraction(ceil(a[1] / to))
    )


def rounded(a: Range, to: Fraction, direction: str) -> Range:
    """Return a as a multiple of `to`: up, down, or to the nearest, a half going up."""
    if direction == "up":
        return scale(rounded_up(a, to), to)
    if direction == "nearest":
        a = add(a, exactly(to / 2))
    return scale(rounded_down(a, to), to)


def years_between(born: Range, on: Range) -> Range:
    """Return full years from one date to another: fewest from the latest birth, most from the
    earliest."""
    low = None if on[0] is None or born[1] is None else full_years(int(born[1]), int(on[0]))
    high = None if on[1] is None or born[0] is None else full_years(int(born[0]), int(on[1]))
    return _range(low, high)


def moved(name: str, day: Range, count: Range) -> Range:
    """Return a date moved by years_after, months_before and the like."""
    first, last = count if name.endswith("after") else (count[1], count[0])
    low = None if day[0] is None or first is None else shift_number(name, int(day[0]), int(first))
    high = None if day[1] is None or last is None else shift_number(name, int(day[1]), int(last))
    return _range(low, high)


def is_below(a: Range, b: Range) -> Truth:
    """Whether a < b: true or false where it is so over the whole of both ranges."""
    if a[1] is not None and b[0] is not None and a[1] < b[0]:
        return True
    return False if a[0] is not None and b[1] is not None and a[0] >= b[1] else None


def is_same(a: Range, b: Range) -> Truth:
    """Whether a == b: true where both are known and equal, false where the ranges do not meet."""
    if is_known(a) and a == b:
        return True
    return False if is_below(a, b) is True or is_below(b, a) is True else None


def compare(op: str, left: Range, right: Range) -> Truth:
    """Whether a comparison holds, fails, or is open."""
    match op:
        case "<":
            return is_below(left, right)
        case ">":
            return is_below(right, left)
        case "==":
            return is_same(left, right)
    other = {
        "<=": is_below(right, left),
        ">=": is_below(left, right),
        "!=": is_same(left, right),
    }[op]
    return None if other is None else not other


def negated(truth: Truth) -> Truth:
    """Return not a."""
    return None if truth is None else not truth


def logic(op: Literal["and", "or", "not"], items: list[Truth]) -> Truth:
    """Kleene: one false settles `and`, one true settles `or`, whatever is unknown beside it."""
    if op == "not":
        return negated(items[0])
    settles = op == "or"
    if settles in items:
        return settles
    return None if None in items else not settles


def total(amounts: list[tuple[Range, Truth]]) -> Range:
    """Return the sum of amounts, each with whether it counts; one that may or may not count brings
    itself or nothing."""
    counted = [amount if counts else hull(amount, NOTHING) for amount, counts in amounts]
    return reduce(add, counted, NOTHING)


def extreme(amounts: list[tuple[Range, Truth]], pick: Callable[[Range, Range], Range]) -> Range:
    """Return the largest or smallest of amounts: 0 of none, anything while it is open which
    count."""
    if any(counts is None for _, counts in amounts):
        return ANYTHING
    return reduce(pick, (amount for amount, _ in amounts)) if amounts else NOTHING


def stretch(whole: Range, below: Range, above: Range) -> Range:
    """The part of a range between two turning points; where nothing of it lies there, its lowest
    value alone."""
    low = max((each for each in (whole[0], below[0]) if each is not None), default=None)
    high = min((each for each in (whole[1], above[1]) if each is not None), default=None)
    if low is not None and high is not None and low > high:
        return whole if whole[0] is None else (whole[0], whole[0])
    return low, high


def only(value: Range) -> Fraction:
    """Return the one value of a known number."""
    if value[0] is None or value[0] != value[1]:
        raise AssertionError("a divisor is a rate, and a rate is known")
    return value[0]


def _sum(a: Bound, b: Bound) -> Bound:
    return None if a is None or b is None else a + b


def _range(low: int | None, high: int | None) -> Range:
    return (None if low is None else Fraction(low)), (None if high is None else Fraction(high))
