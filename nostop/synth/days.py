"""Dates and ages: when State Pension age is reached, and days before a date."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from nostop.synth.chance import Ints

YEAR_DAYS = 365.2425


def days_before(day: date, days: Ints) -> pl.Series:
    """Return for each number the date so many days before `day`."""
    return pl.Series(np.datetime64(day) - days.astype("timedelta64[D]")).cast(pl.Date)


def pension_age_days(effective_on: date) -> int:
    """Return the age in days of the youngest person who has reached State Pension age.

    66 for births before 6 April 1960, then a month more for each month of birth until 67
    (Pensions Act 2014 s.26): in 2026-27 nobody born later has reached it.
    """
    reached = date(1960, 4, 5)
    for month in range(1, 12):
        born_from = _plus_months(date(1960, 3, 6), month)
        born_to = _plus_months(born_from, 1) - timedelta(days=1)
        latest = _plus_months(effective_on, -(66 * 12 + month))
        if latest >= born_from:
            reached = min(latest, born_to)
    youngest = min(reached, _plus_months(effective_on, -66 * 12))
    return (effective_on - youngest).days


def _plus_months(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, min(day.day, 28))


def last_september(day: date) -> date:
    """Return the 1 September on or before a day: when its school year began."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)
