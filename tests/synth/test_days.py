from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.synth.days import days_before, last_september, pension_age_days


@pytest.mark.parametrize(
    ("on", "youngest"),
    [
        # Born from 6 April to 5 May 1960: 66 years and 1 month.
        (date(2026, 4, 6), date(1960, 4, 5)),
        (date(2026, 5, 5), date(1960, 4, 5)),
        (date(2026, 5, 6), date(1960, 4, 6)),
        (date(2026, 6, 1), date(1960, 5, 1)),
        # Born from 6 May 1960: 66 years and 2 months, from 6 July 2026.
        (date(2026, 7, 5), date(1960, 5, 5)),
        (date(2026, 7, 6), date(1960, 5, 6)),
        # Born from 6 September 1960: 66 years and 6 months.
        (date(2027, 4, 5), date(1960, 10, 5)),
    ],
)
def test_pension_age_days_is_the_age_of_the_youngest_who_reached_it(
    on: date, youngest: date
) -> None:
    assert on - timedelta(days=pension_age_days(on)) == youngest


@settings(deadline=None)
@given(st.dates(date(2026, 4, 6), date(2027, 4, 4)))
def test_pension_age_days_never_takes_it_away_again(on: date) -> None:
    tomorrow = on + timedelta(days=1)
    youngest = on - timedelta(days=pension_age_days(on))
    assert tomorrow - timedelta(days=pension_age_days(tomorrow)) >= youngest


def test_days_before_counts_back_and_forth() -> None:
    days = days_before(date(2026, 3, 1), np.asarray([1, 0, -31]))
    assert days.to_list() == [date(2026, 2, 28), date(2026, 3, 1), date(2026, 4, 1)]


@pytest.mark.parametrize(
    ("day", "began"),
    [
        (date(2026, 8, 31), date(2025, 9, 1)),
        (date(2026, 9, 1), date(2026, 9, 1)),
    ],
)
def test_last_september_is_when_the_school_year_began(day: date, began: date) -> None:
    assert last_september(day) == began
