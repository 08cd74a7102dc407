"""Calendar arithmetic on dates written as yyyymmdd.

Years: a birthday on 29 February falls on 1 March in other years (a person attains an age at the
start of the anniversary). Months: the day is kept, or the month's last day taken where it is too
short, as Pensions Act 1995 Sch. 4 para. 1(7A) does.
"""

from calendar import isleap, monthrange
from datetime import date, timedelta

#: 9999-12-31, "never": what lies there, or was moved from there, never comes.
NEVER_NUMBER = 99991231


def as_date(number: int) -> date:
    """Return yyyymmdd as a date."""
    return date(number // 10000, number // 100 % 100, number % 100)


def as_number(day: date) -> int:
    """Return a date as yyyymmdd."""
    return day.year * 10000 + day.month * 100 + day.day


def shift_number(name: str, number: int, count: int) -> int:
    """Return yyyymmdd moved: years_before, years_after, months_before, months_after, weeks_before,
    weeks_after."""
    unit, way = name.split("_")
    signed = count if way == "after" else -count
    if unit == "weeks":
        return as_number(as_date(number) + timedelta(weeks=signed))
    months = signed * (12 if unit == "years" else 1)
    total = number // 10000 * 12 + number // 100 % 100 - 1 + months
    year, month, day = total // 12, total % 12 + 1, number % 100
    if unit == "years" and way == "after" and (month, day) == (2, 29) and not isleap(year):
        return year * 10000 + 301
    # Never (9999-12-31) may move past the last year of Python's calendar: 2000 and 2001 stand for
    # every year.
    return (
        year * 10000 + month * 100 + min(day, monthrange(2000 if isleap(year) else 2001, month)[1])
    )


def full_years(born: int, on: int) -> int:
    """Return full years between two dates written as yyyymmdd."""
    return (on - born) // 10000
