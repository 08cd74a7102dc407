"""Two real schedulers on one store: what is stopped or killed, and who takes over."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.store.schedule import history

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A scheduler, and what it has said so far."""

    def __init__(self, engine: Engine, folder: Path, name: str) -> None:
        url = engine.url.render_as_string(hide_password=False)
        self.said = folder / f"{name}.txt"
        with self.said.open("w", encoding="utf-8") as said:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "tests.scheduler.a_scheduler", url,
                 str(folder / "done.txt"), name],
                cwd=ROOT, env=dict(os.environ), stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def says(self, line: str, times: int = 1) -> Callable[[], bool]:
        return lambda: self.said.read_text(encoding="utf-8").splitlines().count(line) >= times

    def send(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)


@pytest.fixture
def started(store: Engine, tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    running: list[Process] = []

    def start(name: str) -> Process:
        running.append(Process(store, tmp_path, name))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()


def stop_between_writes(scheduler: Process, engine: Engine) -> None:
    """Stop a process; where it is in the middle of a write to a file, which would keep everybody
    waiting, a little later."""
    while True:
        scheduler.send(signal.SIGSTOP)
        if engine.dialect.name != "sqlite":
            return
        database = sqlite3.connect(engine.url.database or "", timeout=1)
        with closing(database) as connection, suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
            return
        scheduler.send(signal.SIGCONT)
        time.sleep(0.3)


def until(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("waited a minute for what did not come")


def test_one_leads_another_takes_over_and_each_moment_is_done_once(store, tmp_path, started):
    file = tmp_path / "done.txt"

    def done() -> list[str]:
        return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []

    def more(than: int) -> Callable[[], bool]:
        return lambda: len(done()) >= than + 2

    first = started("first")
    until(first.says("leads"))
    second = started("second")
    until(more(len(done())))
    assert not second.says("leads")()
    # Stopped for longer than its lease, the first finds out before its next act.
    stop_between_writes(first, store)
    until(second.says("leads"))
    first.send(signal.SIGCONT)
    until(first.says("another scheduler leads"))
    until(more(len(done())))
    # Killed, the second is replaced.
    second.send(signal.SIGKILL)
    until(first.says("leads", times=2))
    until(more(len(done())))
    first.send(signal.SIGTERM)
    assert first.process.wait(60) == 0
    assert first.says("ended")()

    moments = done()
    assert len(moments) == len(set(moments))
    rows = history(store, "write", most=10_000)
    assert {run.due_at.isoformat() for run in rows if run.state == "done"} <= set(moments)
    assert set(moments) <= {run.due_at.isoformat() for run in rows if run.state != "skipped"}
    # What the killed one was at may never be known; everything else ended well.
    assert [run.state for run in rows].count("running") <= 1
    assert {"first", "second"} == {run.claimed_by for run in rows}


@pytest.mark.skipif(not os.environ.get("NOSTOP_NIGHTLY"), reason="timed: `make nightly`")
def test_a_leader_that_is_killed_is_replaced_within_ten_seconds(store, tmp_path, started):
    leads, seconds = started("scheduler-0"), []
    until(leads.says("leads"))
    for number in range(1, 11):
        follows = started(f"scheduler-{number}")
        until(follows.says("another scheduler leads"))
        leads.send(signal.SIGKILL)
        killed = time.monotonic()
        until(follows.says("leads"))
        seconds.append(time.monotonic() - killed)
        leads = follows
    assert max(seconds) < 10, seconds
    moments = (tmp_path / "done.txt").read_text(encoding="utf-8").splitlines()
    assert len(moments) == len(set(moments))
    print(f"{store.dialect.name}: {min(seconds):.1f} to {max(seconds):.1f} s")  # noqa: T201
