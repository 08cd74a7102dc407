import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from nostop.hours import read_bank_holidays
from nostop.model import StoreError
from nostop.scheduler.child import Pace
from nostop.scheduler.declared import Schedule, When
from nostop.scheduler.doing import Doer, Launch
from nostop.scheduler.moments import Clockwork
from nostop.scheduler.serving import ClockWatch, Scheduler
from nostop.store import upgrade
from nostop.store.schedule import JobRunRecord, claim_by_hand, history

RULES = Path(__file__).resolve().parents[2] / "rules"
PACE = Pace(0.2, 5, 2)
HOLIDAYS = read_bank_holidays(RULES)


@dataclass(frozen=True, slots=True)
class DueAt(Clockwork):
    """A job that was due once."""

    due_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def latest(self, when: When, at: datetime) -> datetime | None:  # noqa: ARG002 - as declared
        return self.due_at


def scheduler(
    engine: Engine, script: str, holder: str, due_at: datetime, pace: Pace = PACE
) -> Scheduler:
    schedule = Schedule.model_validate(
        {
            "jobs": {
                "job": {
                    "command": ["run"],
                    "when": {"every_minutes": 1},
                    "if_missed": "run_once",
                    "within_minutes": 60,
                    "again_if_lost": True,
                    "fine_exit_codes": [3],
                }
            }
        }
    )
    launch = Launch(["/bin/sh", "-c", script], dict(os.environ))
    doer = Doer(engine, holder, launch, lambda: datetime.now(UTC), pace)
    return Scheduler(doer, schedule, DueAt(ZoneInfo("UTC"), HOLIDAYS, due_at), lambda _: None)


@pytest.fixture
def started(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    made: list[Scheduler] = []

    def start(script: str, holder: str, due_at: datetime, pace: Pace = PACE) -> Scheduler:
        made.append(scheduler(empty_sqlite, script, holder, due_at, pace))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop(0)


def becomes(engine: Engine, true: Callable[[JobRunRecord], bool]) -> JobRunRecord:
    for _ in range(600):
        rows = history(engine, "job", most=5)
        if rows and true(rows[0]):
            assert len(rows) == 1
            return rows[0]
        time.sleep(0.05)
    raise AssertionError(history(engine, "job", most=5))


def test_what_is_stopped_with_its_scheduler_is_taken_up_by_the_next(
    started, empty_sqlite, tmp_path
):
    due_at, file = datetime.now(UTC), tmp_path / "begun"
    first = started(f"echo first >> {file}; sleep 60", "a", due_at)
    becomes(empty_sqlite, lambda run: run.state == "running" and file.is_file())
    first.stop(0)
    stopped = becomes(empty_sqlite, lambda run: run.state == "lost")
    assert (stopped.attempt, stopped.error) == (1, "its scheduler was told to stop")
    started(f"echo second >> {file}", "b", due_at)
    again = becomes(empty_sqlite, lambda run: run.state == "done")
    assert (again.attempt, again.claimed_by, again.due_at) == (2, "b", due_at)
    assert file.read_text(encoding="utf-8") == "first\nsecond\n"


def test_a_job_that_ends_within_the_grace_is_let_end(started, empty_sqlite, tmp_path):
    file = tmp_path / "begun"
    first = started(f"touch {file}; sleep 0.5", "a", datetime.now(UTC))
    becomes(empty_sqlite, lambda _: file.is_file())
    first.stop(30)
    assert becomes(empty_sqlite, lambda _: True).state == "done"


def test_inv_42_a_clock_that_was_set_is_noticed_and_nothing_runs(empty_sqlite):
    upgrade(empty_sqlite)
    at = datetime.now(UTC)
    late = scheduler(empty_sqlite, "true", "a", at)
    elapsed = iter([0.0, 0.0, 2.0])
    late.watch = ClockWatch(lambda: next(elapsed))
    late.watch.check(at - timedelta(days=1))
    late.look()
    assert late.problem is not None
    assert "clock was set by 23:59:5" in late.problem
    assert history(empty_sqlite, "job", most=5) == []


@pytest.mark.parametrize(("seconds", "believed"), [(299, True), (301, False), (-301, False)])
def test_a_clock_is_believed_within_five_minutes(seconds, believed):
    elapsed = iter([0.0, 0.0, 60.0])
    watch = ClockWatch(lambda: next(elapsed))
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    watch.check(at)
    later = at + timedelta(seconds=60 + seconds)
    if believed:
        watch.check(later)
    else:
        with pytest.raises(StoreError, match="no job is run on a wrong clock"):
            watch.check(later)


def test_a_store_that_does_not_answer_is_told_in_a_word(empty_sqlite):
    # No tables.
    told: list[str] = []
    lonely = scheduler(empty_sqlite, "true", "a", datetime.now(UTC))
    lonely.report = told.append
    lonely.look()
    lonely.look()
    assert told == ["the store does not answer"]


ON_A_LIFELINE = """
import os, sys, time
from pathlib import Path
from nostop.scheduler.lifeline import VARIABLE, hold
hold(os.environ[VARIABLE])
Path(sys.argv[1]).touch()
time.sleep(3)
"""


def test_a_job_is_let_go_on_while_a_file_is_locked_for_longer_than_its_silence(
    started, empty_sqlite, tmp_path
):
    # A bulk load, perhaps the job's own, keeps everybody else out.
    code, file = tmp_path / "job.py", tmp_path / "begun"
    code.write_text(ON_A_LIFELINE, encoding="utf-8")
    started(f"{sys.executable} {code} {file}", "a", datetime.now(UTC), Pace(0.2, 1, 2))
    becomes(empty_sqlite, lambda _: file.is_file())
    with closing(sqlite3.connect(empty_sqlite.url.database or "")) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(2)
        connection.execute("COMMIT")
    assert becomes(empty_sqlite, lambda run: run.state != "running").state == "done"


def test_a_job_is_lost_only_for_a_scheduler_that_got_through_for_as_long(empty_sqlite):
    upgrade(empty_sqlite)
    at = datetime.now(UTC)
    claim_by_hand(empty_sqlite, "job", "gone", "Ann", at)
    later = scheduler(empty_sqlite, "true", "a", at - timedelta(days=1))
    later.lost_after = timedelta(seconds=0.3)
    time.sleep(0.4)
    later.look()
    assert history(empty_sqlite, "job", most=1)[0].state == "running"
    time.sleep(0.4)
    later.look()
    # Lost, and so taken up again.
    assert becomes(empty_sqlite, lambda run: run.state == "done").attempt == 2
    later.stop(30)


@pytest.mark.parametrize(("code", "state"), [(0, "done"), (3, "done"), (2, "failed")])
def test_an_exit_code_that_is_declared_fine_is_no_failure(started, empty_sqlite, code, state):
    started(f"echo nostop: it is night >&2; exit {code}", "a", datetime.now(UTC))
    run = becomes(empty_sqlite, lambda run: run.state != "running")
    error = "it is night" if code else None
    assert (run.state, run.exit_code, run.error) == (state, code, error)
