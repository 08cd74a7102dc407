import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.hours import (
    WEEKDAYS,
    Closed,
    Window,
    closed_because,
    is_open,
    next_opening,
    parse_time,
    read_bank_holidays,
)
from nostop.model import SettingsError, YamlError

RULES = Path(__file__).resolve().parent.parent / "rules"
HOLIDAYS = read_bank_holidays(RULES)
OFFICE = Window(time(8), time(20))
EVERY_DAY = Window(time(8), time(20), days=frozenset(WEEKDAYS))
#: Odd ones, about the hour at which clocks change.
SMALL_HOURS = Window(time(1, 30), time(1, 45), days=frozenset({"sunday"}), bank_holidays=True)
OVER_THE_GAP = Window(time(0, 30), time(2, 15), days=frozenset({"sunday"}), bank_holidays=True)
NATIONS = ("england", "wales", "scotland", "northern_ireland", None)


def wall_clock(at: datetime) -> datetime:
    """The hands of a clock in the United Kingdom, without asking a time zone database."""
    begin, end = (last_sunday(at.year, month) for month in (3, 10))
    summer = begin <= at.replace(tzinfo=None) < end
    return at.replace(tzinfo=None) + timedelta(hours=1 if summer else 0)


@cache
def last_sunday(year: int, month: int) -> datetime:
    days = calendar.monthcalendar(year, month)
    return datetime(year, month, max(week[6] for week in days), 1)  # noqa: DTZ001 - a wall clock


@pytest.mark.parametrize("window", [OFFICE, EVERY_DAY, SMALL_HOURS, OVER_THE_GAP])
def test_inv_13_nothing_is_open_outside_its_hours_in_two_years_of_quarters_of_an_hour(window):
    at, open_moments = datetime(2026, 1, 1, tzinfo=UTC), 0
    while at.year < 2028:
        hands = wall_clock(at)
        inside = (
            window.from_ <= hands.time() < window.until and WEEKDAYS[hands.weekday()] in window.days
        )
        holiday = not window.bank_holidays and HOLIDAYS.closes(hands.date(), "scotland")
        assert is_open(window, at, "scotland", HOLIDAYS) == (inside and not holiday), at
        open_moments += inside and not holiday
        at += timedelta(minutes=15)
    assert open_moments


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Clocks went forward at 01:00 on 29 March 2026: 07:30 UTC is 08:30.
        ("2026-03-27T07:30:00+00:00", Closed.HOUR),
        ("2026-03-30T07:30:00+00:00", None),
        ("2026-03-30T18:59:59+00:00", None),
        ("2026-03-30T19:00:00+00:00", Closed.HOUR),
        # and back at 02:00 on 25 October.
        ("2026-10-23T07:30:00+00:00", None),
        ("2026-10-26T07:30:00+00:00", Closed.HOUR),
        ("2026-10-26T19:59:59+00:00", None),
        # The zone that a moment is told in makes no difference.
        ("2026-10-26T09:00:00+09:00", Closed.HOUR),
        ("2026-10-24T12:00:00+00:00", Closed.WEEKDAY),
    ],
)
def test_hours_are_those_of_the_clocks_people_have(at, expected):
    assert closed_because(OFFICE, datetime.fromisoformat(at), "england", HOLIDAYS) == expected


@pytest.mark.parametrize(
    ("day", "closed_in"),
    [
        ("2026-12-24", set()),
        ("2026-12-25", {"england", "wales", "scotland", "northern_ireland", None}),
        # Boxing Day is a Saturday: Monday stands for it, and the day itself stays closed.
        ("2026-12-26", {"england", "wales", "scotland", "northern_ireland", None}),
        ("2026-12-28", {"england", "wales", "scotland", "northern_ireland", None}),
        ("2027-01-02", {"scotland", None}),
        ("2027-01-04", {"scotland", None}),
        ("2026-06-15", {"scotland", None}),
        ("2026-07-13", {"northern_ireland", None}),
        ("2026-03-17", {"northern_ireland", None}),
        ("2026-04-06", {"england", "wales", "northern_ireland", None}),
        ("2026-08-03", {"scotland", None}),
        ("2026-08-31", {"england", "wales", "northern_ireland", None}),
    ],
)
def test_a_bank_holiday_closes_its_own_nations_and_everybody_of_whom_that_is_not_known(
    day, closed_in
):
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    closed = {nation for nation in NATIONS if not is_open(EVERY_DAY, noon, nation, HOLIDAYS)}
    assert closed == closed_in
    always = Window(time(8), time(20), days=frozenset(WEEKDAYS), bank_holidays=True)
    assert all(is_open(always, noon, nation, HOLIDAYS) for nation in NATIONS)


def test_a_year_without_known_bank_holidays_is_closed_and_says_so():
    at = datetime(2029, 6, 5, 12, tzinfo=UTC)
    assert closed_because(OFFICE, at, "england", HOLIDAYS) == Closed.CALENDAR_ENDS
    assert next_opening(OFFICE, at, "england", HOLIDAYS) is None
    # New Year's Eve at 23:30 UTC is still 2028 here: the day of the clocks counts.
    eve = datetime(2028, 12, 31, 23, 30, tzinfo=UTC)
    assert closed_because(OFFICE, eve, "england", HOLIDAYS) == Closed.WEEKDAY
    assert next_opening(OFFICE, eve, "england", HOLIDAYS) is None


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        (OFFICE, "2026-06-01T12:00:00+00:00", "2026-06-01T12:00:00+00:00"),
        (OFFICE, "2026-06-01T06:59:00+00:00", "2026-06-01T07:00:00+00:00"),
        (OFFICE, "2026-04-02T19:00:00+00:00", "2026-04-07T07:00:00+00:00"),
        (OFFICE, "2026-12-24T20:00:00+00:00", "2026-12-29T08:00:00+00:00"),
        # 01:30 comes twice on 25 October, and not at all on 29 March.
        (SMALL_HOURS, "2026-10-25T00:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        (SMALL_HOURS, "2026-10-25T00:50:00+00:00", "2026-10-25T01:30:00+00:00"),
        (SMALL_HOURS, "2026-03-29T00:00:00+00:00", "2026-04-05T00:30:00+00:00"),
        (OVER_THE_GAP, "2026-03-29T00:00:00+00:00", "2026-03-29T00:30:00+00:00"),
    ],
)
def test_the_next_opening(window, at, opens):
    found = next_opening(window, datetime.fromisoformat(at), "england", HOLIDAYS)
    assert found == datetime.fromisoformat(opens)


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.integers(0, 2 * 365 * 96),
    window=st.sampled_from([OFFICE, EVERY_DAY, SMALL_HOURS, OVER_THE_GAP]),
    nation=st.sampled_from(NATIONS),
)
def test_the_next_opening_is_open_and_no_quarter_before_it_is(minutes, window, nation):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * minutes)
    opens = next_opening(window, at, nation, HOLIDAYS)
    assert opens is not None
    assert opens >= at
    assert is_open(window, opens, nation, HOLIDAYS)
    while at < opens:
        assert not is_open(window, at, nation, HOLIDAYS)
        at += timedelta(minutes=15)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(SettingsError, match="from 20:00 until 08:00 is never"):
        Window(time(20), time(8))
    with pytest.raises(SettingsError, match=r"days \['mon'\] are none of monday"):
        Window(time(8), time(20), days=frozenset({"mon"}))
    with pytest.raises(SettingsError, match="'cornwall' is none of the nations"):
        is_open(OFFICE, datetime(2026, 6, 1, 12, tzinfo=UTC), "cornwall", HOLIDAYS)
    with pytest.raises(ValueError, match="without a zone"):
        is_open(OFFICE, datetime(2026, 6, 1, 12), "england", HOLIDAYS)  # noqa: DTZ001 - the case
    with pytest.raises(ValueError, match="no time of day"):
        parse_time("8:00")
    assert parse_time("08:05") == time(8, 5)


def test_a_calendar_that_lacks_a_nation_or_a_year_is_refused(tmp_path):
    text = (RULES / "calendar/bank_holidays.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "calendar"
    folder.mkdir()

    def read(changed: str) -> None:
        (folder / "bank_holidays.yaml").write_text(changed, encoding="utf-8")
        read_bank_holidays(tmp_path)

    with pytest.raises(SettingsError, match=r"the years \[2029\] are not both"):
        read(text.replace("2027, 2028]", "2027, 2028, 2029]"))
    with pytest.raises(SettingsError, match=r"lacks the holidays of \['northern_ireland'\]"):
        read(text[: text.index("  northern_ireland:")])
    with pytest.raises(SettingsError, match=r"bank_holidays\.yaml:1[0-9]:.*"):
        read(text.replace("  england_and_wales:", "  cornwall:"))
    with pytest.raises(YamlError, match="cannot be read"):
        read_bank_holidays(tmp_path / "elsewhere")


def test_every_substitute_comes_after_a_day_at_the_weekend():
    monday_holidays = {day for days in HOLIDAYS.days.values() for day in days if day.weekday() < 5}
    weekend = {day for days in HOLIDAYS.days.values() for day in days if day.weekday() >= 5}
    assert date(2026, 12, 26) in weekend
    for day in weekend:
        assert any(day < other <= day + timedelta(days=3) for other in monday_holidays)
