"""The server, the load and the jobs: three processes, as in a service, on one machine."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from nostop.app.bench_web.asked_jobs import Asked, jobs_asked
from nostop.app.bench_web.base import Base
from nostop.app.bench_web.staff import Staff
from nostop.app.opened import VARIABLE
from nostop.model import SettingsError

#: The module of the pages that serves them to us: a name, for nothing here may import it.
_SERVER = "nostop.web.bench_serving"
_STORE = "NOSTOP_BENCH_STORE"
_STARTED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Strain:
    """What came of the load, which began at the first of `moments` and ended at the second, before
    anybody raced: seconds of each answer by route, errors by route, who was told that
    somebody was first; what was acknowledged, by what it is; what raced (decisions acknowledged, by
    case); the server's share of one processor, the machine's load average before and after, the
    processors that other machines on the same hardware took from it (`taken`), and what became of
    the jobs that were asked for meanwhile."""

    moments: tuple[datetime, datetime]
    seconds: dict[str, list[float]]
    errors: dict[str, int]
    wrong: list[str]
    told: dict[str, int]
    acknowledged: dict[str, int]
    races: dict[str, Any]
    processor: float
    machine_load: tuple[float, float]
    taken: float
    jobs: Asked

    @property
    def requests(self) -> int:
        """How many answers there were."""
        return sum(len(each) for each in self.seconds.values())

    @property
    def raced(self) -> dict[str, int]:
        """Decisions acknowledged in races, by case."""
        found: dict[str, int] = self.races["acknowledged"]
        return found


@dataclass(frozen=True, slots=True)
class Pace:
    """For how many seconds people work, how many they think on average before each click, and how
    many cases two of them decide at once after that."""

    seconds: float
    think: float
    races: int


def strained(url: str, base: Base, staff: Staff, pace: Pace) -> Strain:
    """Serve a store and work on it for a while.

    Raises:
        SettingsError: the server does not start, or the load does not end well.
    """
    with _served(url, base) as (server, port), _jobs_done(url, base):
        errand = {
            "base_url": f"http://127.0.0.1:{port}",
            "people": staff.sessions,
            **asdict(pace),
            "server": server,
        }
        command = [sys.executable, "-m", "nostop.app.bench_web.load"]
        with jobs_asked(url, base) as asked:
            done = subprocess.run(  # noqa: S603 - ourselves
                command, input=json.dumps(errand), capture_output=True, text=True, check=False
            )
    if done.returncode:
        raise SettingsError(f"bench web: the load ended early:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    notes = found["notes"]
    began, ended = map(datetime.fromisoformat, found["moments"])
    return Strain(
        moments=(began, ended),
        seconds=notes["seconds"],
        errors=notes["errors"],
        wrong=notes["wrong"],
        told=notes["told"],
        acknowledged=notes["acknowledged"],
        races=found["races"],
        processor=found["processor"],
        machine_load=tuple(found["machine_load"]),
        taken=found["taken"],
        jobs=asked,
    )


@contextmanager
def _served(url: str, base: Base) -> Iterator[tuple[int, int]]:
    """Start the server; yield its process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = [str(base.rules), str(base.run), str(base.campaigns)]
    command = [sys.executable, "-m", _SERVER, str(port), *places]
    with _started(command, {_STORE: url}) as process:
        _wait(process, port)
        yield process.pid, port


@contextmanager
def _jobs_done(url: str, base: Base) -> Iterator[None]:
    """Have what pages ask for done beside them, as in a service."""
    places = ["--rules", str(base.rules), "--run", str(base.run)]
    command = [sys.executable, "-m", "nostop.cli", "work", "jobs", *places]
    with _started(command, {VARIABLE: url}):
        yield


@contextmanager
def _started(command: Sequence[str], more: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(  # noqa: S603 - ourselves
        command,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[str]", port: int) -> None:
    until = time.monotonic() + _STARTED_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SettingsError("bench web: the server did not start")
