"""`nostop serve` in several processes: one that dies is replaced, one that cannot begin says so."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Nostop

_PATIENCE = 120.0


@contextmanager
def serving(folder: Path, *more: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Serve an empty store from a folder in two processes; yield the process and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nostop.cli", "serve", "--processes", "2", "--port", str(port)]
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, *more],
            env={**os.environ, "NOSTOP_DATABASE_URL": f"sqlite:///{folder / 'store.db'}"},
            stderr=said,
            text=True,
        )
    try:
        yield process, f"http://127.0.0.1:{port}/sign-in"
    finally:
        process.kill()
        process.wait()


def within_patience(happens: Callable[[], bool]) -> bool:
    """Whether something happens before patience ends."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if happens():
            return True
        time.sleep(0.1)
    return False


def servers_of(process: "subprocess.Popen[str]") -> set[int]:
    """The processes that serve pages: children that were spawned with our code."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == process.pid and b"spawn_main" in words:
            found.add(int(folder.name))
    return found


def answers(address: str) -> bool:
    """Whether the sign-in page is shown."""
    try:
        return httpx.get(address, timeout=_PATIENCE, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_process_that_dies_is_replaced_and_all_end_when_told(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, address):
        assert within_patience(lambda: answers(address))
        first = servers_of(process)
        assert len(first) == 2
        os.kill(min(first), signal.SIGKILL)
        assert within_patience(lambda: answers(address))
        assert within_patience(lambda: len(servers_of(process) - first) == 1)
        everybody = servers_of(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0
        assert not [each for each in everybody if Path(f"/proc/{each}").exists()]


def test_a_process_that_cannot_begin_says_why_and_nothing_is_served(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    with serving(tmp_path, "--rules", str(rules)) as (process, _):
        assert process.wait(_PATIENCE) == 2
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert "nostop serve: " in said
    assert "a process could not begin" in " ".join(said.split())
    assert "Traceback" not in said


def test_a_level_of_logs_that_is_none_is_refused(
    nostop: Nostop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOSTOP_LOG_LEVEL", "loud")
    status, _, said = nostop("rules", "list")
    assert status == 2
    assert "the level 'loud' is none of" in said


def test_an_address_that_another_program_has_is_told(
    nostop: Nostop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOSTOP_DATABASE_URL", f"sqlite:///{tmp_path / 'store.db'}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, said = nostop("serve", "--port", str(port))
    assert status == 2
    assert f"cannot answer at 127.0.0.1:{port}: Address already in use; choose another" in said


@pytest.mark.parametrize("processes", ["0", "two"])
def test_a_number_of_processes_that_cannot_be_is_refused(nostop: Nostop, processes: str) -> None:
    status, _, said = nostop("serve", "--processes", processes)
    assert status == 2
    assert "processes" in said
