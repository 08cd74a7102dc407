from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from nostop.model import StoreError
from nostop.store.audit import entries_of
from nostop.store.jobs import (
    MOST_OPEN,
    MOST_TRIES,
    SILENCE,
    JobFile,
    JobRecord,
    NewJob,
    ask,
    clear,
    fail,
    fetch,
    finish,
    hear,
    jobs_of,
    let_go,
    read_job,
    take,
)

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FLIPS = NewJob("J1", "who_flips", {"proposal": "P1", "most": 3}, "rhys")
FILE = JobFile("flips.json", "application/json", b"{}")


def job(engine: Engine, job_id: str = "J1") -> JobRecord:
    with engine.begin() as connection:
        found = read_job(connection, job_id)
    assert found is not None
    return found


def test_a_job_is_taken_up_told_of_done_and_fetched_with_its_audit(store: Engine):
    ask(store, FLIPS, NOW)
    assert job(store).state == "waiting"
    taken = take(store, "w1", NOW + SECOND)
    assert taken is not None
    assert dict(taken.arguments) == {"proposal": "P1", "most": 3}
    assert take(store, "w2", NOW + SECOND) is None
    assert hear(store, "J1", "w1", NOW + 2 * SECOND, (40, "Half of them."))
    standing = job(store)
    assert (standing.state, standing.progress, standing.said) == ("running", 40, "Half of them.")
    assert finish(store, "J1", "w1", FILE, NOW + 3 * SECOND)
    assert (job(store).state, job(store).progress, job(store).has_result) == ("done", 100, True)
    assert fetch(store, "J1", "rhys", NOW + 4 * SECOND) == FILE
    entries = entries_of(store, "J1", most=9)
    assert entries["action"].to_list() == ["job.asked", "job.fetched"]
    assert entries["actor"].to_list() == ["rhys", "rhys"]


def test_jobs_wait_their_turn(store: Engine):
    for number in (2, 1, 3):
        ask(store, replace(FLIPS, job_id=f"J{number}"), NOW + number * SECOND)
    taken = [take(store, "w", NOW + 9 * SECOND) for _ in range(4)]
    assert [each and each.job_id for each in taken] == ["J1", "J2", "J3", None]


def test_a_job_whose_worker_fell_silent_is_run_again_and_the_first_result_is_dropped(
    store: Engine,
):
    ask(store, FLIPS, NOW)
    take(store, "w1", NOW)
    assert take(store, "w2", NOW + SILENCE) is None
    again = take(store, "w2", NOW + SILENCE + SECOND)
    assert again is not None
    assert not hear(store, "J1", "w1", NOW + SILENCE + SECOND)
    assert not finish(store, "J1", "w1", FILE, NOW + SILENCE + SECOND)
    assert not fail(store, "J1", "w1", "broke", NOW + SILENCE + SECOND)
    assert job(store).state == "running"
    assert finish(store, "J1", "w2", FILE, NOW + 2 * SILENCE)
    assert job(store).has_result


def test_a_job_that_kills_its_workers_fails_by_name(store: Engine):
    ask(store, FLIPS, NOW)
    at = NOW
    for _ in range(MOST_TRIES):
        assert take(store, "w", at) is not None
        at += SILENCE + SECOND
    assert take(store, "w", at) is None
    assert job(store).state == "failed"
    assert job(store).said == "its worker stopped 3 times; ask whoever runs nostop to look"


def test_a_worker_that_is_told_to_stop_gives_its_job_back_without_a_try(store: Engine):
    ask(store, FLIPS, NOW)
    for _ in range(MOST_TRIES + 1):
        assert take(store, "w", NOW) is not None
        let_go(store, "J1", "w")
    assert (job(store).state, job(store).tries) == ("waiting", 0)


def test_results_are_taken_away_after_their_time(store: Engine):
    ask(store, FLIPS, NOW)
    take(store, "w", NOW)
    finish(store, "J1", "w", FILE, NOW)
    assert clear(store, NOW) == 0
    assert clear(store, NOW + SECOND) == 1
    assert fetch(store, "J1", "rhys", NOW) is None
    assert (job(store).state, job(store).has_result) == ("done", False)
    assert entries_of(store, "J1", most=9)["action"].to_list() == ["job.asked"]


@pytest.mark.parametrize(
    "arguments",
    [{"person": "Mary Sample"}, {"e-mail": "mary@example.org"}, {"two words": "x"}],
)
def test_arguments_that_could_be_personal_are_refused(
    empty_sqlite: Engine, arguments: dict[str, str]
):
    with pytest.raises(StoreError, match="is not a plain id"):
        ask(empty_sqlite, replace(FLIPS, arguments=arguments), NOW)


def test_one_person_cannot_fill_the_queue(store: Engine):
    for number in range(MOST_OPEN):
        ask(store, replace(FLIPS, job_id=f"J{number}"), NOW)
    with pytest.raises(StoreError, match="you have 10 waiting or running"):
        ask(store, replace(FLIPS, job_id="J10"), NOW)
    ask(store, replace(FLIPS, job_id="J10", by="aled"), NOW)
    with store.begin() as connection:
        assert [each.job_id for each in jobs_of(connection, "aled", most=5)] == ["J10"]


def test_of_many_workers_each_job_goes_to_one(store: Engine):
    for number in range(8):
        ask(store, replace(FLIPS, job_id=f"J{number}"), NOW + number * SECOND)
    start, taken = Barrier(4), []

    def work(name: str) -> None:
        start.wait()
        while (each := take(store, name, NOW + 9 * SECOND)) is not None:
            taken.append(each.job_id)

    threads = [Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"J{number}" for number in range(8)]
