from datetime import date

import pytest

from nostop.rulebook.dates import NEVER_NUMBER, as_date, as_number, full_years, shift_number


@pytest.mark.parametrize(
    ("name", "day", "count", "expected"),
    [
        ("years_after", 20240229, 1, 20250301),
        ("years_after", 20240229, 4, 20280229),
        ("years_after", 20960229, 4, 21000301),
        ("years_before", 20240229, 1, 20230228),
        ("years_before", 20240229, -1, 20250228),
        ("months_after", 19600731, 796, 20261130),
        ("months_after", 20231231, 2, 20240229),
        ("months_after", 20221231, 2, 20230228),
        ("months_before", 20240331, 1, 20240229),
        ("months_before", 20240115, 1, 20231215),
        ("months_after", NEVER_NUMBER, 2, 100000229),
        ("weeks_before", 20260601, 52, 20250602),
        ("weeks_after", 20260601, 1, 20260608),
    ],
)
def test_day_is_moved(name: str, day: int, count: int, expected: int) -> None:
    assert shift_number(name, day, count) == expected


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (20000229, 20250228, 24),
        (20000229, 20250301, 25),
        (20000229, 20240229, 24),
        (19600601, 20260531, 65),
        (19600601, 20260601, 66),
        (20260602, 20260601, -1),
    ],
)
def test_full_years_turn_on_the_birthday(born: int, on: int, years: int) -> None:
    assert full_years(born, on) == years


def test_number_and_date_are_the_same_day() -> None:
    assert as_number(date(2026, 6, 1)) == 20260601
    assert as_date(20260601) == date(2026, 6, 1)
