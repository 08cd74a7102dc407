"""Exact ranges and truth values in plain Python: what the interpreter counts with. `columns.py`
does the same on columns; they must agree.

A range is the lowest and highest value a number can take; None is "no bound on this side". It is
known where both are equal. Whole numbers are int and fractions Fraction: the two mix exactly.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce

from nostop.rulebook.dates import full_years, shift_number

#: True, false, or not known.
Truth = bool | None
Number = int | Fraction
Bound = Number | None
Range = tuple[Bound, Bound]
ANYTHING: Range = (None, None)
NOTHING: Range = (0, 0)


def whole(value: Number) -> Number:
    """Return a number as an int where it is whole."""
    return value.numerator if value.denominator == 1 else value


def exactly(value: Number) -> Range:
    """Return a known number."""
    value = whole(value)
    return value, value


def is_known(a: Range) -> bool:
    """Whether only one value is possible."""
    return a[0] is not None and a[0] == a[1]


def add(a: Range, b: Range) -> Range:
    """Return a + b."""
    (low, high), (less, more) = a, b
    return (
        None if low is None or less is None else low + less,
        None if high is None or more is None else high + more,
    )


def subtract(a: Range, b: Range) -> Range:
    """Return a - b; the bounds cross."""
    (low, high), (less, more) = a, b
    return (
        None if low is None or more is None else low - more,
        None if high is None or less is None else high - less,
    )


def multiply(a: Range, b: Range) -> Range:
    """Return a * b: exact where one is known; of two uncertain numbers only where neither can be
    below 0."""
    for factor, other in ((a, b), (b, a)):
        if factor[0] is not None and factor[0] == factor[1]:
            return scale(other, factor[0])
    if a[0] is None or b[0] is None or a[0] < 0 or b[0] < 0:
        return ANYTHING
    return a[0] * b[0], None if a[1] is None or b[1] is None else a[1] * b[1]


def scale(a: Range, factor: Number) -> Range:
    """Return a times a known number; nothing times anything is nothing."""
    if factor == 0:
        return NOTHING
    low, high = a if factor > 0 else (a[1], a[0])
    return (
        None if low is None else whole(low * factor),
        None if high is None else whole(high * factor),
    )


def larger(a: Range, b: Range) -> Range:
    """Return the larger of two numbers."""
    (low, high), (less, more) = a, b
    return (
        low if less is None or (low is not None and low >= less) else less,
        None if high is None or more is None else max(high, more),
    )


def smaller(a: Range, b: Range) -> Range:
    """Return the smaller of two numbers."""
    (low, high), (less, more) = a, b
    return (
        None if low is None or less is None else min(low, less),
        high if more is None or (high is not None and high <= more) else more,
    )


def hull(a: Range, b: Range) -> Range:
    """Return the narrowest range that holds both."""
    (low, high), (less, more) = a, b
    return (
        None if low is None or less is None else min(low, less),
        None if high is None or more is None else max(high, more),
    )


def rounded_down(a: Range, to: Number) -> Range:
    """Return how often `to` fits into a, as a whole number."""
    low, high = a
    return None if low is None else low // to, None if high is None else high // to


def rounded_up(a: Range, to: Number) -> Range:
    """Return how many times `to` it takes to reach a, as a whole number."""
    low, high = a
    return None if low is None else -(-low // to), None if high is None else -(-high // to)


def rounded(a: Range, to: int, direction: str) -> Range:
    """Return a as a multiple of `to`: up, down, or to the nearest, a half going up."""
    if direction == "up":
        return scale(rounded_up(a, to), to)
    if direction == "nearest":
        a = add(a, exactly(Fraction(to, 2)))
    return scale(rounded_down(a, to), to)


def years_between(born: Range, on: Range) -> Range:
    """Return full years from one date to another: fewest from the latest birth, most from the
    earliest."""
    low = None if on[0] is None or born[1] is None else full_years(int(born[1]), int(on[0]))
    high = None if on[1] is None or born[0] is None else full_years(int(born[0]), int(on[1]))
    return low, high


def moved(name: str, day: Range, count: Range) -> Range:
    """Return a date moved by years_after, months_before and the like."""
    first, last = count if name.endswith("after") else (count[1], count[0])
    low = None if day[0] is None or first is None else shift_number(name, int(day[0]), int(first))
    high = None if day[1] is None or last is None else shift_number(name, int(day[1]), int(last))
    return low, high


def is_below(a: Range, b: Range) -> Truth:
    """Whether a < b: true or false where it is so over the whole of both ranges."""
    (low, high), (less, more) = a, b
    if high is not None and less is not None and high < less:
        return True
    return False if low is not None and more is not None and low >= more else None


def is_same(a: Range, b: Range) -> Truth:
    """Whether a == b: true where both are known and equal, false where the ranges do not meet."""
    if a == b and is_known(a):
        return True
    return False if is_below(a, b) is True or is_below(b, a) is True else None


#: Whether a comparison holds, fails, or is open.
COMPARISONS: dict[str, Callable[[Range, Range], Truth]] = {
    "<": is_below,
    ">": lambda a, b: is_below(b, a),
    "==": is_same,
    "<=": lambda a, b: negated(is_below(b, a)),
    ">=": lambda a, b: negated(is_below(a, b)),
    "!=": lambda a, b: negated(is_same(a, b)),
}


def negated(truth: Truth) -> Truth:
    """Return not a."""
    return None if truth is None else not truth


def extreme(amounts: list[tuple[Range, Truth]], pick: Callable[[Range, Range], Range]) -> Range:
    """Return the largest or smallest of amounts: 0 of none, anything while it is open which
    count."""
    if any(counts is None for _, counts in amounts):
        return ANYTHING
    return reduce(pick, (amount for amount, _ in amounts)) if amounts else NOTHING


def any_number_of(a: Range) -> Range:
    """Return what any number of equal ones, each of a range that holds 0, come to together."""
    low, high = a
    return 0 if low == 0 else None, 0 if high == 0 else None


def stretch(whole_range: Range, below: Range, above: Range) -> Range:
    """The part of a range between two turning points; where nothing of it lies there, its lowest
    value alone."""
    lows = [each for each in (whole_range[0], below[0]) if each is not None]
    highs = [each for each in (whole_range[1], above[1]) if each is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and low > high:
        return whole_range if whole_range[0] is None else (whole_range[0], whole_range[0])
    return low, high


def only(value: Range) -> Number:
    """Return the one value of a known number."""
    if value[0] is None or value[0] != value[1]:
        raise AssertionError("a divisor is a rate, and a rate is known")
    return value[0]
