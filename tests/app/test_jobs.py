from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

from nostop.app.jobs import Handler, JobFile, Jobs, Task
from nostop.model import SettingsError, StoreError
from nostop.store import open_store, upgrade
from nostop.store.jobs import hear, take

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def jobs(engine: Engine, handlers: Mapping[str, Handler]) -> Jobs:
    return Jobs(engine, lambda: NOW, handlers)


def greet(task: Task) -> JobFile:
    task.tell(50, "Halfway.")
    return JobFile("greeting.txt", "text/plain", task.word("name").encode())


def test_a_job_that_is_asked_for_is_done_and_can_be_fetched(engine: Engine):
    work = jobs(engine, {"greet": greet})
    job_id = work.ask("greet", {"name": "S1"}, "rhys")
    assert work.fetch(job_id, "rhys") is None
    assert work.work_one("w")
    assert not work.work_one("w")
    assert work.look(job_id).state == "done"
    assert work.fetch(job_id, "rhys") == JobFile("greeting.txt", "text/plain", b"S1")
    assert [each.job_id for each in work.of("rhys")] == [job_id]
    assert work.of("aled") == []


def test_a_kind_that_nobody_does_is_refused_by_name(engine: Engine):
    with pytest.raises(SettingsError, match="no job 'great'; did you mean 'greet'"):
        jobs(engine, {"greet": greet}).ask("great", {}, "rhys")


def test_a_job_that_fails_says_why_and_the_worker_goes_on(engine: Engine):
    def refuse(_task: Task) -> JobFile:
        raise StoreError("the run has no take-up; run nostop run")

    work = jobs(engine, {"refuse": refuse, "greet": greet})
    failed, done = work.ask("refuse", {}, "rhys"), work.ask("greet", {"name": "x"}, "rhys")
    assert work.work_one("w")
    assert work.work_one("w")
    assert work.look(failed).state == "failed"
    assert work.look(failed).said == "the run has no take-up; run nostop run"
    assert work.look(done).state == "done"


def test_inv_37_a_fault_in_a_job_quotes_nothing_about_anybody(
    engine: Engine, caplog: pytest.LogCaptureFixture
):
    def breaks(_task: Task) -> JobFile:
        raise KeyError("Canary Sample QQ123456C")

    work = jobs(engine, {"breaks": breaks})
    job_id = work.ask("breaks", {}, "rhys")
    work.work_one("w")
    assert work.look(job_id).said.startswith("a fault of nostop: KeyError")
    assert "Canary" not in work.look(job_id).said
    assert "QQ123456C" not in caplog.text


def test_a_worker_that_stops_in_the_middle_gives_its_job_to_the_next(engine: Engine):
    def told_to_stop(task: Task) -> JobFile:
        stopping.stop.set()
        return greet(task)

    stopping = jobs(engine, {"greet": told_to_stop})
    job_id = stopping.ask("greet", {"name": "S1"}, "rhys")
    stopping.serve("w1")
    assert stopping.look(job_id).state == "waiting"
    assert jobs(engine, {"greet": greet}).work_one("w2")
    assert stopping.look(job_id).state == "done"


def test_what_a_worker_makes_that_lost_its_job_is_not_kept(engine: Engine):
    def slow(_task: Task) -> JobFile:
        assert take(engine, "other", NOW + timedelta(minutes=5)) is not None
        return JobFile("late.txt", "text/plain", b"late")

    work = jobs(engine, {"slow": slow})
    job_id = work.ask("slow", {}, "rhys")
    work.work_one("w1")
    assert work.look(job_id).state == "running"
    assert hear(engine, job_id, "other", NOW)
    assert work.fetch(job_id, "rhys") is None


def test_a_worker_serves_until_it_is_told_to_stop(engine: Engine):
    def last(_task: Task) -> JobFile:
        work.stop.set()
        return JobFile("last.txt", "text/plain", b"")

    work = jobs(engine, {"last": last})
    job_id = work.ask("last", {}, "rhys")
    thread = Thread(target=work.serve, args=("w",))
    thread.start()
    thread.join()
    assert work.look(job_id).state == "done"
