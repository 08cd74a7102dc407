from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nostop.hours import read_bank_holidays
from nostop.scheduler.deciding import NOTHING, Act, Deed, Standing, decide
from nostop.scheduler.declared import Schedule
from nostop.scheduler.moments import Clockwork
from nostop.store.schedule import JobRunRecord

SCHEDULE = Schedule.model_validate(
    {
        "time_zone": "Europe/London",
        "jobs": {
            "fetch": {"command": ["feeds"], "when": {"at": "01:00"}, "if_missed": "skip"},
            "nightly": {
                "command": ["run"],
                "when": {"at": "02:00"},
                "after": ["fetch"],
                "if_missed": "run_once",
                "within_minutes": 120,
                "again_if_lost": True,
            },
        },
    }
)
HOLIDAYS = read_bank_holidays(Path(__file__).resolve().parents[2] / "rules")
CLOCK = Clockwork(SCHEDULE.time_zone, HOLIDAYS)


def moment(text: str) -> datetime:
    """A moment of December 2026 such as `9 02:00`, when clocks show UTC."""
    day, _, hour = text.partition(" ")
    return datetime.fromisoformat(f"2026-12-{int(day):02d}T{hour}:00+00:00")


def ran(job: str, due: str, state: str = "done", *, ended: str = "", attempt: int = 1):
    due_at = moment(due)
    ended_at = moment(ended) if ended else due_at
    return JobRunRecord(
        1, job, due_at, "a", attempt, due_at, due_at, ended_at, state, None, None, None
    )


def decided(job: str, at: str, *rows: JobRunRecord, paused: tuple[str, ...] = ()) -> Act:
    standing = Standing({row.job: row for row in rows}, dict.fromkeys(paused, "Ann"))
    return decide(job, SCHEDULE, CLOCK, standing, moment(at))


def skipped(due: str, reason: str) -> Act:
    return Act(Deed.SKIP, moment(due), reason)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("9 00:59", NOTHING),
        ("9 01:00", Act(Deed.RUN, moment("9 01:00"))),
        ("9 01:02", Act(Deed.RUN, moment("9 01:00"))),
        ("9 01:03", skipped("9 01:00", "missed")),
        ("10 00:59", skipped("9 01:00", "missed")),
    ],
)
def test_a_job_that_is_skipped_when_missed(at, expected):
    assert decided("fetch", at, ran("fetch", "8 01:00")) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("9 02:00", Act(Deed.RUN, moment("9 02:00"))),
        ("9 04:00", Act(Deed.RUN, moment("9 02:00"))),
        ("9 04:01", skipped("9 02:00", "missed by too much")),
        # Of three days of silence the last night is made up for, once.
        ("12 02:30", Act(Deed.RUN, moment("12 02:00"))),
    ],
)
def test_a_job_that_is_run_once_when_missed(at, expected):
    day = at.partition(" ")[0]
    rows = (ran("nightly", "8 02:00"), ran("fetch", f"{day} 01:00"))
    assert decided("nightly", at, *rows) == expected


def test_a_moment_with_a_row_is_left_alone_whatever_its_state():
    for state in ("running", "done", "failed", "skipped"):
        assert decided("fetch", "9 01:00", ran("fetch", "9 01:00", state)) == NOTHING


def test_a_moment_before_the_newest_row_is_left_alone():
    # Run by hand at 01:01, or the declared time was moved back during the day.
    assert decided("fetch", "9 01:02", ran("fetch", "9 01:01")) == NOTHING


def test_a_new_job_does_not_make_up_for_the_time_before_it():
    assert decided("fetch", "9 08:00") == skipped("9 01:00", "the schedule began after it")
    assert decided("fetch", "9 01:01") == Act(Deed.RUN, moment("9 01:00"))


def test_a_paused_job_and_one_that_still_runs_let_their_moment_pass():
    before = ran("fetch", "8 01:00")
    assert decided("fetch", "9 01:00", before, paused=("fetch",)) == skipped("9 01:00", "paused")
    running = ran("fetch", "8 01:00", "running")
    reason = "still running since the time before"
    assert decided("fetch", "9 01:00", running) == skipped("9 01:00", reason)


TOO_LONG = skipped("9 02:00", "waited too long for fetch")


@pytest.mark.parametrize(
    ("at", "fetch", "expected"),
    [
        ("9 02:00", ran("fetch", "8 01:00"), NOTHING),
        ("9 02:00", ran("fetch", "9 01:00", "running"), NOTHING),
        ("9 04:00", ran("fetch", "9 01:00", "running"), NOTHING),
        ("9 04:01", ran("fetch", "9 01:00", "running"), TOO_LONG),
        ("9 02:00", ran("fetch", "9 01:00", "failed"), skipped("9 02:00", "fetch failed")),
        ("9 02:00", ran("fetch", "9 01:00", "lost"), skipped("9 02:00", "fetch lost")),
        # Nothing to wait for: the feeds themselves say how old they are.
        ("9 02:00", ran("fetch", "9 01:00", "skipped"), Act(Deed.RUN, moment("9 02:00"))),
        # It ended late, and so may what waited for it.
        ("9 05:30", ran("fetch", "9 01:00", ended="9 03:45"), Act(Deed.RUN, moment("9 02:00"))),
    ],
)
def test_a_job_waits_for_those_before_it(at, fetch, expected):
    assert decided("nightly", at, ran("nightly", "8 02:00"), fetch) == expected


def test_a_lost_moment_is_done_again_where_that_is_declared_and_no_more_than_three_times():
    again = Act(Deed.AGAIN, moment("9 02:00"))
    assert decided("nightly", "9 02:30", ran("nightly", "9 02:00", "lost")) == again
    assert decided("nightly", "9 02:30", ran("nightly", "9 02:00", "lost", attempt=3)) == NOTHING
    late = moment("9 02:00") + timedelta(minutes=SCHEDULE.jobs["nightly"].at_most_minutes + 1)
    standing = Standing({"nightly": ran("nightly", "9 02:00", "lost")}, {})
    assert decide("nightly", SCHEDULE, CLOCK, standing, late) == NOTHING
    assert decided("fetch", "9 01:30", ran("fetch", "9 01:00", "lost")) == NOTHING
