from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.hours import read_bank_holidays
from nostop.scheduler.declared import When
from nostop.scheduler.moments import Clockwork

HOLIDAYS = read_bank_holidays(Path(__file__).resolve().parents[2] / "rules")
CLOCK = Clockwork(ZoneInfo("Europe/London"), HOLIDAYS)


def when(**said: object) -> When:
    return When.model_validate(said)


def moments(declared: When, begin: str, end: str) -> list[str]:
    """Every moment after `begin` and up to `end`, one after the other."""
    found, at = [], datetime.fromisoformat(begin)
    while (at := CLOCK.following(declared, at)) and at <= datetime.fromisoformat(end):
        found.append(at.isoformat())
    return found


def test_a_job_of_half_past_one_runs_once_in_october_and_is_not_lost_in_march():
    declared = when(at="01:30")
    assert moments(declared, "2026-10-24T12:00:00+00:00", "2026-10-26T12:00:00+00:00") == [
        "2026-10-25T00:30:00+00:00",  # the first of the two
        "2026-10-26T01:30:00+00:00",
    ]
    assert moments(declared, "2026-03-28T12:00:00+00:00", "2026-03-30T12:00:00+00:00") == [
        "2026-03-29T01:30:00+00:00",  # 02:30 by the new time
        "2026-03-30T00:30:00+00:00",
    ]


def test_every_hour_goes_on_through_both_changes():
    declared = when(every_minutes=60)
    for begin, end in (("2026-10-25T00:00", "2026-10-25T03:00"), ("2026-03-29T00:00",
                       "2026-03-29T03:00")):  # fmt: skip
        found = moments(declared, f"{begin}:00+00:00", f"{end}:00+00:00")
        assert [moment[11:16] for moment in found] == ["01:00", "02:00", "03:00"]


def test_every_quarter_within_hours_keeps_to_them():
    declared = when(**{"every_minutes": 15, "from": "08:00", "until": "09:00"})
    found = moments(declared, "2026-06-01T12:00:00+00:00", "2026-06-02T12:00:00+00:00")
    assert [moment[11:16] for moment in found] == ["07:00", "07:15", "07:30", "07:45"]


def test_days_of_the_week_and_bank_holidays():
    mondays = when(at="09:00", days=["monday"], bank_holidays=False)
    found = moments(mondays, "2026-05-18T12:00:00+00:00", "2026-06-09T12:00:00+00:00")
    # 25 May is one.
    assert [moment[:10] for moment in found] == ["2026-06-01", "2026-06-08"]
    # Nobody knows the holidays of 2029.
    assert CLOCK.following(mondays, datetime(2029, 1, 1, tzinfo=UTC)) is None
    assert CLOCK.following(when(at="09:00"), datetime(2029, 1, 1, tzinfo=UTC)) is not None


@pytest.mark.parametrize("minutes", [1, 7, 60, 1440])
def test_a_step_is_the_same_whenever_it_is_asked_for(minutes):
    declared = when(every_minutes=minutes)
    due = CLOCK.latest(declared, datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC))
    assert due is not None
    later = CLOCK.latest(declared, due + timedelta(minutes=minutes) - timedelta(seconds=1))
    assert later == due


@settings(max_examples=40, deadline=None)
@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 1)),  # noqa: DTZ001 - wants none
    declared=st.sampled_from(
        [
            when(at="01:30"),
            when(at="02:30", days=["sunday"]),
            when(every_minutes=25, days=["saturday", "sunday"]),
            when(**{"every_minutes": 90, "from": "00:15", "until": "03:00"}),
        ]
    ),
)
def test_the_latest_moment_is_the_one_before_the_following(at, declared):
    moment = at.replace(tzinfo=UTC)
    latest, following = CLOCK.latest(declared, moment), CLOCK.following(declared, moment)
    assert latest is not None
    assert following is not None
    assert latest <= moment < following
    assert CLOCK.following(declared, latest) == following
    assert CLOCK.latest(declared, following - timedelta(microseconds=1)) == latest
