"""Dates written as yyyymmdd, as columns: ages, and days moved by years and months. `dates.py` does
the same for one date; they must agree."""

from dataclasses import replace

from narwhals import Expr

from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import (
    Num,
    Side,
    both_sides,
    column,
    constant,
    each_side,
    no_bound,
)
from nostop.rulebook.dates import shift_number


def age_on(born: Num, on: Num) -> Num:
    """Return full years between two dates written as yyyymmdd; a birthday on 29 February falls on 1
    March otherwise."""
    age = both_sides(
        lambda day, birth: (day - birth) // 10000, (on.lo, born.hi), (on.hi, born.lo), 1
    )
    return replace(age, is_sure=born.is_sure and on.is_sure)


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
    found = both_sides(moved, (day.lo, first), (day.hi, last), 1)
    return replace(found, is_sure=day.is_sure and count.is_sure)


def _add_years(day: Side, years: int, *, leap_to_march: bool) -> Expr:
    """Add a fixed number of years; only 29 February needs care, and it only ever starts from a leap
    year."""
    start = column(day)
    kept = start + years * 10000
    if years % 4:
        lost = start % 10000 == 229
    else:
        # Four years on is a leap year again, but for a century such as 2100.
        lost = (kept % 1_000_000 == 229) & ((kept // 1_000_000) % 4 != 0)
    return exprs.when(lost).then(kept + (72 if leap_to_march else -1)).otherwise(kept)


def _add_months(day: Side, months: Side, *, leap_to_march: bool) -> Expr:
    number = column(day)
    total = (number // 10000) * 12 + (number // 100) % 100 - 1 + months
    year, month, of_month = total // 12, total % 12 + 1, number % 100
    # 31, 30, 31, ... 31 in July and again in August: odd months are long up to July, even ones from
    # August.
    usual = (month + month // 8) % 2 + 30
    february = _leap_days(year) + 28
    length = exprs.when(month == 2).then(february).otherwise(usual)
    day_kept = exprs.when(of_month > length).then(length).otherwise(of_month)
    kept = year * 10000 + month * 100 + day_kept
    if leap_to_march:
        kept = (
            exprs.when((of_month == 29) & (length == 28)).then(year * 10000 + 301).otherwise(kept)
        )
    # A missing bound stays missing: `when` above would take a comparison with it as "no".
    return exprs.when(~number.is_null()).then(kept).otherwise(no_bound())


def _leap_days(year: Expr) -> Expr:
    """1 in a leap year, else 0: how many multiples of 4 (less those of 100, with those of 400) end
    in this year."""
    past = year - 1
    return (year // 4 - past // 4) - (year // 100 - past // 100) + (year // 400 - past // 400)
