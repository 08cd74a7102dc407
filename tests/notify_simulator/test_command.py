"""`nostop notify-simulator`."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from nostop.cli import main
from nostop.notify_simulator import WELL_KNOWN_KEYS
from tests.notify_simulator.conftest import token


def started(*arguments: str) -> subprocess.Popen:
    command = "from nostop.cli import main; main()"
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", command, "notify-simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_prints_what_a_demonstration_needs_and_stops_when_told(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    with started("--port", "0", "--ledger", str(ledger)) as process:
        printed = [process.stdout.readline().strip() for _ in range(8)]
        url = printed[0].removeprefix("NOSTOP_GOVUK_NOTIFY_BASE_URL=")
        answer = httpx.get(f"{url}/v2/templates", headers={"Authorization": f"Bearer {token()}"})
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert answer.status_code == 200
    assert printed[1] == f"NOSTOP_GOVUK_NOTIFY_API_KEY={WELL_KNOWN_KEYS[0].text}"
    assert printed[7] == f"# outbox {url}/  control {url}/_control  ledger {ledger}"
    assert (process.returncode, errors) == (0, f"stopped; the ledger is {ledger}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "other machines would reach the simulator"),  # noqa: S104
        (["--key", "secret"], "expected [live:|team:|test:]NAME-SERVICE_ID-SECRET"),
        (["--ledger", "missing/folder/ledger.sqlite"], "the ledger cannot be opened"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["notify-simulator", "--port", "0", *arguments])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            main(["notify-simulator", "--port", str(port), "--ledger", ledger])
    assert f"port {port} cannot be listened on" in capsys.readouterr().err
