import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nostop.scheduler.child import Child, Pace
from nostop.store.schedule import Ended

PACE = Pace(beat=0.2, silence=1, stop=1)
NOTHING = "ended with {} and said nothing of ours"
ENVIRONMENT = {"PATH": os.environ["PATH"], "SECRET": "for-the-job"}


def shell(script: str, *arguments: str) -> Child:
    return Child(["/bin/sh", "-c", script, *arguments], ENVIRONMENT, PACE)


def wait_for(path: Path) -> str:
    for _ in range(300):
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8").strip()
        time.sleep(0.05)
    raise AssertionError(path)


def is_gone(pid: int) -> bool:
    """Whether a process ends within a while; one that nobody has collected yet has ended."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", Ended("done", 0)),
        ('test "$SECRET" = for-the-job', Ended("done", 0)),
        ("exit 3", Ended("failed", 3, NOTHING.format(3))),
        ("echo 'nostop: feeds: none' >&2; exit 2", Ended("failed", 2, "feeds: none")),
        ("echo nostop: printed; exit 2", Ended("failed", 2, NOTHING.format(2))),
        ("kill -9 $$", Ended("failed", -9, NOTHING.format(-9))),
        ("echo 'KeyError: Ann Lee' >&2; exit 1", Ended("failed", 1, NOTHING.format(1))),
        (
            "echo 'nostop: no such person ann.lee@example.org, QQ123456C' >&2; exit 2",
            Ended("failed", 2, "no such person [redacted] [redacted]"),
        ),
        ("echo 'nostop: first' >&2; echo 'nostop: last' >&2; exit 2", Ended("failed", 2, "last")),
    ],
)  # fmt: skip
def test_how_a_job_ended(script, expected):
    assert shell(script).run(lambda: True, at_most=30) == expected


def test_an_error_that_is_kept_has_a_bounded_length():
    ended = shell("echo nostop: $(seq 1 999) >&2; exit 2").run(lambda: True, at_most=30)
    assert ended.error is not None
    assert len(ended.error) == 303


def test_a_command_that_cannot_be_started_has_failed():
    child = Child(["/nowhere/at/all"], ENVIRONMENT, PACE)
    assert child.run(lambda: True, at_most=30) == Ended(
        "failed", None, "cannot be started: No such file or directory"
    )


def test_a_job_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    child = shell('sleep 60 & echo $! > "$0"; trap "" TERM; wait; sleep 60', str(tmp_path / "pid"))
    ended = child.run(lambda: True, at_most=0.5)
    assert (ended.state, ended.error) == ("failed", "took longer than at_most_minutes")
    assert is_gone(int(wait_for(tmp_path / "pid")))


def test_a_job_that_is_no_longer_ours_is_ended():
    ended = shell("sleep 60").run(lambda: False, at_most=30)
    assert (ended.state, ended.error) == ("lost", "taken up by another scheduler")


LIVING = """
import os, sys, time
from pathlib import Path
from nostop.scheduler.lifeline import VARIABLE, hold
hold(os.environ[VARIABLE])
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""


def test_a_job_ends_itself_when_the_store_hears_of_it_no_more(tmp_path):
    child = Child([sys.executable, "-c", LIVING, str(tmp_path / "pid")], ENVIRONMENT, PACE)
    ended = child.run(lambda: None, at_most=50)
    assert (ended.state, ended.exit_code) == ("failed", -9)


PARENT = """
import os, sys
from nostop.scheduler.child import Child, Pace
Child([sys.executable, "-c", sys.argv[2], sys.argv[1]], dict(os.environ),
      Pace(0.2, 20, 1)).run(lambda: True, 60)
"""


def test_a_job_does_not_outlive_a_scheduler_that_was_killed(tmp_path):
    parent = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", PARENT, str(tmp_path / "pid"), LIVING], env=dict(os.environ)
    )
    job = int(wait_for(tmp_path / "pid"))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert is_gone(job)
