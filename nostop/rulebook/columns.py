"""Interval arithmetic on columns: a number is a lowest and a highest column over one fixed
denominator.

Null in `lo` means no lower bound, null in `hi` no upper bound; a number is known where both are
there and equal. Constants stay Python integers until they meet a column, so that nothing is
computed a million times that could be computed once. Only operations that every narwhals backend
gives the same answer for are used: whole numbers, `//`, comparisons, `when`.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm

import narwhals as nw

from nostop.rulebook.dates import shift_number
from nostop.rulebook.rates import TableOn

Side = nw.Expr | int


@dataclass(frozen=True, slots=True)
class Num:
    """A number between `lo / den` and `hi / den`."""

    lo: Side
    hi: Side
    den: int = 1

    @property
    def constant(self) -> Fraction | None:
        """The exact value where it is the same for every row."""
        if isinstance(self.lo, int) and isinstance(self.hi, int) and self.lo == self.hi:
            return Fraction(self.lo, self.den)
        return None

    @property
    def is_exact(self) -> bool:
        """Whether both sides are one and the same column: known, or null and wholly unknown. Worked
        out once, not twice."""
        return self.lo is self.hi

    def over(self, den: int) -> "Num":
        """Return the same number over a multiple of its denominator."""
        factor = den // self.den
        return self if factor == 1 else each_side(lambda side: side * factor, self, den)


def constant(value: Fraction | int) -> Num:
    """Return a number that is the same for every row."""
    exact = Fraction(value)
    top = exact.numerator
    return Num(top, top, exact.denominator)


def each_side(work: Callable[[Side], Side], a: Num, den: int) -> Num:
    """Return a number whose sides are worked out from a's: once where a is exact. The work must
    never fall."""
    lo = work(a.lo)
    return Num(lo, lo if a.is_exact else work(a.hi), den)


def both_sides(
    work: Callable[[Side, Side], Side], low: tuple[Side, Side], high: tuple[Side, Side], den: int
) -> Num:
    """Return a number from the pairs that make its low and its high side: once where they are the
    same pair."""
    lo = work(*low)
    return Num(lo, lo if low[0] is high[0] and low[1] is high[1] else work(*high), den)


def no_bound() -> nw.Expr:
    """Return the column that means "no bound on this side"."""
    return nw.lit(None, dtype=nw.Int64)


def unknown_truth() -> nw.Expr:
    """Return the unknown truth value."""
    return nw.lit(None, dtype=nw.Boolean)


def column(side: Side) -> nw.Expr:
    """Return one side as a column expression."""
    return nw.lit(side, dtype=nw.Int64) if isinstance(side, int) else side


def level_with(a: Num, b: Num) -> tuple[Num, Num]:
    """Return both numbers over one denominator."""
    den = lcm(a.den, b.den)
    return a.over(den), b.over(den)


def add(a: Num, b: Num) -> Num:
    """Return a + b."""
    a, b = level_with(a, b)
    return both_sides(lambda x, y: x + y, (a.lo, b.lo), (a.hi, b.hi), a.den)


def subtract(a: Num, b: Num) -> Num:
    """Return a - b; the bounds cross."""
    a, b = level_with(a, b)
    return both_sides(lambda x, y: x - y, (a.lo, b.hi), (a.hi, b.lo), a.den)


def multiply(a: Num, b: Num) -> Num:
    """Return a * b: exact where one is known; of two uncertain numbers only where neither can be
    below 0."""
    for x, y in ((a, b), (b, a)):
        factor = y.constant
        if factor is not None:
            return scale(x, factor)
    positive = (column(a.lo) >= 0) & (column(b.lo) >= 0)
    lo = nw.when(positive).then(column(a.lo) * column(b.lo)).otherwise(no_bound())
    hi = nw.when(positive).then(column(a.hi) * column(b.hi)).otherwise(no_bound())
    for x, y in ((a, b), (b, a)):
        times, is_known = column(x.lo), column(x.lo) == column(x.hi)
        nothing = nw.when(times == 0).then(nw.lit(0, dtype=nw.Int64))
        low, high = column(y.lo), column(y.hi)
        first = nothing.otherwise(times * nw.when(times > 0).then(low).otherwise(high))
        last = nothing.otherwise(times * nw.when(times > 0).then(high).otherwise(low))
        lo = nw.when(is_known).then(first).otherwise(lo)
        hi = nw.when(is_known).then(last).otherwise(hi)
    return Num(lo, hi, a.den * b.den)


def scale(a: Num, factor: Fraction) -> Num:
    """Return a times an exact constant."""
    if factor == 0:
        return constant(0)
    turned = a if factor > 0 else Num(a.hi, a.lo, a.den)
    reduced = Fraction(factor.numerator, factor.denominator * a.den)
    return each_side(lambda side: side * reduced.numerator, turned, reduced.denominator)


def floor_divide(a: Num, divisor: Fraction) -> Num:
    """Return a // divisor, rounded down; the divisor is above 0."""
    top, bottom = divisor.denominator, divisor.numerator * a.den
    return each_side(lambda side: (side * top) // bottom, a, 1)


def ceil_divide(a: Num, divisor: Fraction) -> Num:
    """Return a / divisor rounded up to a whole number; the divisor is above 0."""
    top, bottom = divisor.denominator, divisor.numerator * a.den
    return each_side(lambda side: (side * top + bottom - 1) // bottom, a, 1)


def rounded(a: Num, to: int, direction: str) -> Num:
    """Return a as a whole multiple of `to` pence: up, down, or to the nearest (a half goes up)."""
    if direction == "up":
        whole = ceil_divide(a, Fraction(to))
    elif direction == "down":
        whole = floor_divide(a, Fraction(to))
    else:
        whole = floor_divide(add(a, constant(Fraction(to, 2))), Fraction(to))
    return scale(whole, Fraction(to))


def at_least(a: Num, b: Num) -> Num:
    """Return the larger of the two."""
    a, b = level_with(a, b)
    return Num(_larger_low(a.lo, b.lo), _both(max, a.hi, b.hi), a.den)


def at_most(a: Num, b: Num) -> Num:
    """Return the smaller of the two."""
    a, b = level_with(a, b)
    return Num(_both(min, a.lo, b.lo), _smaller_high(a.hi, b.hi), a.den)


def _larger_low(a: Side, b: Side) -> Side:
    # A missing lower bound is below every other: the horizontal maximum skips it, and that is right
    # here.
    return (
        max(a, b)
        if isinstance(a, int) and isinstance(b, int)
        else nw.max_horizontal(column(a), column(b))
    )


def _smaller_high(a: Side, b: Side) -> Side:
    return (
        min(a, b)
        if isinstance(a, int) and isinstance(b, int)
        else nw.min_horizontal(column(a), column(b))
    )


def _both(pick: object, a: Side, b: Side) -> Side:
    """The smaller or larger of two sides where both are bounded, else no bound."""
    if isinstance(a, int) and isinstance(b, int):
        return pick(a, b)  # type: ignore[operator,no-any-return]
    horizontal = nw.min_horizontal if pick is min else nw.max_horizontal
    missing = [side.is_null() for side in (a, b) if not isinstance(side, int)]
    unbounded = reduce(lambda x, y: x | y, missing)
    return nw.when(~unbounded).then(horizontal(column(a), column(b))).otherwise(no_bound())


def hull(a: Num, b: Num) -> Num:
    """Return the narrowest range that holds both."""
    a, b = level_with(a, b)
    return Num(_both(min, a.lo, b.lo), _both(max, a.hi, b.hi), a.den)


def choose(condition: nw.Expr, a: Num, b: Num) -> Num:
    """Return a where the condition holds, b where it does not, and the range of both where it is
    unknown."""
    a, b = level_with(a, b)
    either = hull(a, b)
    lo = _choose_side(condition, a.lo, b.lo, either.lo)
    return Num(lo, _choose_side(condition, a.hi, b.hi, either.hi), a.den)


def _choose_side(condition: nw.Expr, a: Side, b: Side, either: Side) -> Side:
    return (
        nw.when(condition)
        .then(column(a))
        .otherwise(nw.when(~condition).then(column(b)).otherwise(column(either)))
    )


def compare(op: str, a: Num, b: Num) -> nw.Expr:
    """Return a truth value: decided where it holds, or fails, over the whole range of both."""
    a, b = level_with(a, b)
    if a.is_exact and b.is_exact:
        return _PLAIN[op](column(a.lo), column(b.lo))
    if op in (">", ">="):
        a, b, op = b, a, {">": "<", ">=": "<="}[op]
    a_lo, a_hi, b_lo, b_hi = (column(side) for side in (a.lo, a.hi, b.lo, b.hi))
    if op == "<":
        return _decided(a_hi < b_lo, a_lo >= b_hi)
    if op == "<=":
        return _decided(a_hi <= b_lo, a_lo > b_hi)
    same = (a_lo == a_hi) & (b_lo == b_hi) & (a_lo == b_lo)
    apart = (a_hi < b_lo).fill_null(value=False) | (b_hi < a_lo).fill_null(value=False)
    return _decided(same, apart) if op == "==" else _decided(apart, same)


_PLAIN: dict[str, Callable[[nw.Expr, nw.Expr], nw.Expr]] = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip


def _decided(yes: nw.Expr, no: nw.Expr) -> nw.Expr:
    return (
        nw.when(yes)
        .then(nw.lit(value=True))
        .otherwise(nw.when(no).then(nw.lit(value=False)).otherwise(unknown_truth()))
    )


def age_on(born: Num, on: Num) -> Num:
    """Return full years between two dates written as yyyymmdd; a birthday on 29 February falls on 1
    March otherwise."""
    return both_sides(
        lambda day, birth: (day - birth) // 10000, (on.lo, born.hi), (on.hi, born.lo), 1
    )


def shift(name: str, day: Num, count: Num) -> Num:
    """Return a date moved by years or months (columns), or by weeks too (constants)."""
    if day.constant is not None and count.constant is not None:
        return constant(shift_number(name, int(day.constant), int(count.constant)))
    sign = 1 if name.endswith("after") else -1
    leap_to_march = name == "years_after"
    if name.startswith("years") and count.constant is not None:
        years = sign * int(count.constant)
        return each_side(
            lambda start: _add_years(start, years, leap_to_march=leap_to_march), day, 1
        )
    months = 12 if name.startswith("years") else 1

    def moved(start: Side, by: Side) -> Side:
        return _add_months(start, by * (sign * months), leap_to_march=leap_to_march)

    first, last = (count.lo, count.hi) if sign > 0 else (count.hi, count.lo)
    return both_sides(moved, (day.lo, first), (day.hi, last), 1)


def _add_years(day: Side, years: int, *, leap_to_march: bool) -> nw.Expr:
    """Add a fixed number of years; only 29 February needs care, and it only ever starts from a leap
    year."""
    start = column(day)
    kept = start + years * 10000
    if years % 4:
        lost = start % 10000 == 229
    else:
        # Four years on is a leap year again, but for a century such as 2100.
        lost = (kept % 1_000_000 == 229) & ((kept // 1_000_000) % 4 != 0)
    return nw.when(lost).then(kept + (72 if leap_to_march else -1)).otherwise(kept)


def _add_months(day: Side, months: Side, *, leap_to_march: bool) -> nw.Expr:
    number = column(day)
    total = (number // 10000) * 12 + (number // 100) % 100 - 1 + months
    year, month, of_month = total // 12, total % 12 + 1, number % 100
    # 31, 30, 31, ... 31 in July and again in August: odd months are long up to July, even ones from
    # August.
    usual = (month + month // 8) % 2 + 30
    february = _leap_days(year) + 28
    length = nw.when(month == 2).then(february).otherwise(usual)
    day_kept = nw.when(of_month > length).then(length).otherwise(of_month)
    kept = year * 10000 + month * 100 + day_kept
    if leap_to_march:
        kept = nw.when((of_month == 29) & (length == 28)).then(year * 10000 + 301).otherwise(kept)
    # A missing bound stays missing: `when` above would take a comparison with it as "no".
    return nw.when(~number.is_null()).then(kept).otherwise(no_bound())


def _leap_days(year: nw.Expr) -> nw.Expr:
    """1 in a leap year, else 0: how many multiples of 4 (less those of 100, with those of 400) end
    in this year."""
    past = year - 1
    return (year // 4 - past // 4) - (year // 100 - past // 100) + (year // 400 - past // 400)


def look_up(table: TableOn, keys: list[Num | nw.Expr]) -> Num:
    """Return a table's value for known keys; no bounds where a key is unknown, below the first
    band, or not listed."""
    den = reduce(lcm, (value.denominator for _, value in table.rows), 1)
    found: nw.Expr = no_bound()
    # A later row's condition, put around the earlier ones, wins.
    for row_keys, value in _best_last(table):
        fits = [
            _fits(kind, key, wanted)
            for kind, key, wanted in zip(table.kinds, keys, row_keys, strict=True)
        ]
        condition = reduce(lambda x, y: x & y, fits)
        found = nw.when(condition).then(nw.lit(int(value * den), dtype=nw.Int64)).otherwise(found)
    return Num(found, found, den)


def _best_last(table: TableOn) -> list[tuple[tuple[Fraction | str, ...], Fraction]]:
    """Rows so that `otherwise` stands before exact words, and a lower band before a higher one."""
    bands = [index for index, kind in enumerate(table.kinds) if kind == "band"]
    return sorted(
        table.rows, key=lambda row: (-row[0].count("otherwise"), [row[0][index] for index in bands])
    )


def _fits(kind: str, key: Num | nw.Expr, wanted: Fraction | str) -> nw.Expr:
    if isinstance(key, Num):
        limit = int(Fraction(wanted) * key.den)
        fits = (column(key.lo) >= limit) if kind == "band" else (column(key.lo) == limit)
        return fits if key.is_exact else fits & (column(key.lo) == column(key.hi))
    if wanted == "otherwise":
        return ~key.is_null()
    return key == wanted
