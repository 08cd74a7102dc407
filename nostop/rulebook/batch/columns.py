"""Exact ranges on columns: a number is a lowest and a highest column over one fixed denominator.

Null in `lo` means no lower bound, null in `hi` no upper bound; a number is known where both are
there and equal. Constants stay Python integers until they meet a column, so that nothing is
computed a million times that could be computed once. Only operations that every narwhals backend
gives the same answer for are used: whole numbers, `//`, comparisons, `when`.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from math import lcm

from narwhals import Expr

from nostop.rulebook.batch import exprs
from nostop.rulebook.tree import CompareOp

Side = Expr | int
#: `min` or `max`.
Pick = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Num:
    """A number between `lo / den` and `hi / den`; a sure one is known for every row."""

    lo: Side
    hi: Side
    den: int = 1
    is_sure: bool = False

    @property
    def constant(self) -> Fraction | None:
        """The exact value where it is the same for every row."""
        if isinstance(self.lo, int) and isinstance(self.hi, int) and self.lo == self.hi:
            return Fraction(self.lo, self.den)
        return None

    @property
    def is_exact(self) -> bool:
        """Whether both sides are one and the same column: known, or (unless it is sure) null and
        wholly unknown. Worked out once, not twice."""
        return self.lo is self.hi

    def over(self, den: int) -> "Num":
        """Return the same number over a multiple of its denominator."""
        factor = den // self.den
        return self if factor == 1 else each_side(lambda side: side * factor, self, den)

    @staticmethod
    def sure(value: Side, den: int = 1) -> "Num":
        """Return a number that is known for every row."""
        return Num(value, value, den, is_sure=True)


def constant(value: Fraction | int) -> Num:
    """Return a number that is the same for every row."""
    exact = Fraction(value)
    return Num.sure(exact.numerator, exact.denominator)


def only(a: Num) -> Fraction:
    """Return the one value of a number that is the same for every row."""
    if a.constant is None:
        raise AssertionError("a divisor is a rate, and a rate is known")
    return a.constant


def each_side(work: Callable[[Side], Side], a: Num, den: int) -> Num:
    """Return a number whose sides are worked out from a's: once where a is exact. The work must
    never fall."""
    lo = work(a.lo)
    return Num(lo, lo if a.is_exact else work(a.hi), den, a.is_sure)


def both_sides(
    work: Callable[[Side, Side], Side], low: tuple[Side, Side], high: tuple[Side, Side], den: int
) -> Num:
    """Return a number from the pairs that make its low and its high side: once where they are the
    same pair."""
    lo = work(*low)
    return Num(lo, lo if low[0] is high[0] and low[1] is high[1] else work(*high), den)


def both_sure(work: Callable[[Side, Side], Side], a: Num, b: Num) -> Num | None:
    """Return a sure number from two that are over one denominator, or None where one is not."""
    return Num.sure(work(a.lo, b.lo), a.den) if a.is_sure and b.is_sure else None


def no_bound() -> Expr:
    """Return the column that means "no bound on this side"."""
    return exprs.number(None)


def unknown_truth() -> Expr:
    """Return the unknown truth value."""
    return exprs.truth(value=None)


def column(side: Side) -> Expr:
    """Return one side as a column expression."""
    return exprs.number(side) if isinstance(side, int) else side


def level_with(a: Num, b: Num) -> tuple[Num, Num]:
    """Return both numbers over one denominator."""
    den = lcm(a.den, b.den)
    return a.over(den), b.over(den)


def add(a: Num, b: Num) -> Num:
    """Return a + b."""
    a, b = level_with(a, b)
    sure = both_sure(lambda x, y: x + y, a, b)
    return sure or both_sides(lambda x, y: x + y, (a.lo, b.lo), (a.hi, b.hi), a.den)


def subtract(a: Num, b: Num) -> Num:
    """Return a - b; the bounds cross."""
    a, b = level_with(a, b)
    sure = both_sure(lambda x, y: x - y, a, b)
    return sure or both_sides(lambda x, y: x - y, (a.lo, b.hi), (a.hi, b.lo), a.den)


def multiply(a: Num, b: Num) -> Num:
    """Return a * b: exact where one is known; of two uncertain numbers only where neither can be
    below 0."""
    for x, y in ((a, b), (b, a)):
        factor = y.constant
        if factor is not None:
            return scale(x, factor)
    sure = both_sure(lambda x, y: x * y, a, b)
    if sure is not None:
        return replace(sure, den=a.den * b.den)
    positive = (column(a.lo) >= 0) & (column(b.lo) >= 0)
    lo = exprs.when(positive).then(column(a.lo) * column(b.lo)).otherwise(no_bound())
    hi = exprs.when(positive).then(column(a.hi) * column(b.hi)).otherwise(no_bound())
    for x, y in ((a, b), (b, a)):
        times, is_known = column(x.lo), column(x.lo) == column(x.hi)
        nothing = exprs.when(times == 0).then(exprs.number(0))
        low, high = column(y.lo), column(y.hi)
        first = nothing.otherwise(times * exprs.when(times > 0).then(low).otherwise(high))
        last = nothing.otherwise(times * exprs.when(times > 0).then(high).otherwise(low))
        lo = exprs.when(is_known).then(first).otherwise(lo)
        hi = exprs.when(is_known).then(last).otherwise(hi)
    return Num(lo, hi, a.den * b.den)


def scale(a: Num, factor: Fraction) -> Num:
    """Return a times an exact constant."""
    if factor == 0:
        return constant(0)
    turned = a if factor > 0 else Num(a.hi, a.lo, a.den, a.is_sure)
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
    sure = both_sure(lambda x, y: _of_those_there(max, x, y), a, b)
    return sure or Num(_of_those_there(max, a.lo, b.lo), _if_both_there(max, a.hi, b.hi), a.den)


def at_most(a: Num, b: Num) -> Num:
    """Return the smaller of the two."""
    a, b = level_with(a, b)
    sure = both_sure(lambda x, y: _of_those_there(min, x, y), a, b)
    return sure or Num(_if_both_there(min, a.lo, b.lo), _of_those_there(min, a.hi, b.hi), a.den)


def _of_those_there(pick: Pick, a: Side, b: Side) -> Side:
    # Of the larger of two numbers, a missing lower bound lies below any other: the horizontal
    # maximum skips it, and that is right here. For the smaller it is the other way round.
    if isinstance(a, int) and isinstance(b, int):
        return pick(a, b)
    return _horizontal(pick, a, b)


def _if_both_there(pick: Pick, a: Side, b: Side) -> Side:
    if isinstance(a, int) and isinstance(b, int):
        return pick(a, b)
    missing = reduce(operator.or_, (each.is_null() for each in (a, b) if not isinstance(each, int)))
    return exprs.when(~missing).then(_horizontal(pick, a, b)).otherwise(no_bound())


def _horizontal(pick: Pick, a: Side, b: Side) -> Expr:
    horizontal = exprs.larger if pick is max else exprs.smaller
    return horizontal(column(a), column(b))


def hull(a: Num, b: Num) -> Num:
    """Return the narrowest range that holds both."""
    a, b = level_with(a, b)
    return Num(_if_both_there(min, a.lo, b.lo), _if_both_there(max, a.hi, b.hi), a.den)


def choose(condition: Expr, a: Num, b: Num, *, is_sure: bool) -> Num:
    """Return a where the condition holds, b where it does not, and the range of both where it is
    unknown; it never is where it is sure."""
    a, b = level_with(a, b)
    if is_sure:
        picked = both_sides(
            lambda x, y: exprs.when(condition).then(column(x)).otherwise(column(y)),
            (a.lo, b.lo), (a.hi, b.hi), a.den,
        )  # fmt: skip
        return replace(picked, is_sure=a.is_sure and b.is_sure)
    either = hull(a, b)
    lo = _choose_side(condition, a.lo, b.lo, either.lo)
    return Num(lo, _choose_side(condition, a.hi, b.hi, either.hi), a.den)


def _choose_side(condition: Expr, a: Side, b: Side, either: Side) -> Side:
    return (
        exprs.when(condition)
        .then(column(a))
        .otherwise(exprs.when(~condition).then(column(b)).otherwise(column(either)))
    )


_COMPARISONS: dict[CompareOp, Callable[[Expr, Expr], Expr]] = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq,
    ">": operator.gt, ">=": operator.ge, "!=": operator.ne,
}  # fmt: skip


def compare(op: CompareOp, a: Num, b: Num) -> Expr:
    """Return a truth value: decided where it holds, or fails, over the whole range of both."""
    a, b = level_with(a, b)
    holds = _COMPARISONS[op]
    a_lo, a_hi, b_lo, b_hi = (column(side) for side in (a.lo, a.hi, b.lo, b.hi))
    if a.is_exact and b.is_exact:
        return holds(a_lo, b_lo)
    if op in ("<", "<="):
        return _decided(holds(a_hi, b_lo), ~holds(a_lo, b_hi))
    if op in (">", ">="):
        return _decided(holds(a_lo, b_hi), ~holds(a_hi, b_lo))
    same = (a_lo == a_hi) & (b_lo == b_hi) & (a_lo == b_lo)
    apart = (a_hi < b_lo).fill_null(value=False) | (b_hi < a_lo).fill_null(value=False)
    return _decided(same, apart) if op == "==" else _decided(apart, same)


def _decided(yes: Expr, no: Expr) -> Expr:
    return (
        exprs.when(yes)
        .then(exprs.truth(value=True))
        .otherwise(exprs.when(no).then(exprs.truth(value=False)).otherwise(unknown_truth()))
    )
