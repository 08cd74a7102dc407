"""`nostop schedule`, `health` and `metrics` as an operator meets them."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Nostop

SCHEDULE = """\
time_zone: Europe/London
jobs:
  check:
    command: [feeds, status, {run}]
    when: {{at: "02:30"}}
    if_missed: run_once
    within_minutes: 60
  figures:
    command: [metrics]
    when: {{every_minutes: 60}}
    if_missed: skip
"""


@pytest.fixture
def calendar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOSTOP_DATABASE_URL", f"sqlite:///{tmp_path / 'nostop.db'}")
    file = tmp_path / "schedule.yaml"
    file.write_text(SCHEDULE.format(run=tmp_path / "no-run"), encoding="utf-8")
    return file


def test_a_job_is_listed_paused_resumed_and_told_of(nostop: Nostop, calendar: Path):
    where = ("--calendar", calendar)
    listed = nostop("schedule", "list", *where)
    assert listed.code == 0
    assert re.search(r"check +20\d\d-\d\d-\d\d 02:30 +- +never ran", listed.out)
    paused = nostop("schedule", "pause", "check", *where, "--by", "Ann Lee")
    assert paused.out == "check is paused\n"
    assert "was paused already" in nostop("schedule", "pause", "check", *where, "--by", "B").out
    assert re.search("check +paused by Ann Lee", nostop("schedule", "list", *where).out)
    assert nostop("schedule", "resume", "check", *where, "--by", "B").out == "check goes on\n"
    assert "was not paused" in nostop("schedule", "resume", "check", *where, "--by", "B").out
    assert "Due" in nostop("schedule", "history", "check", *where).out


def test_a_job_is_run_now_in_a_process_of_its_own_and_its_error_is_kept(
    nostop: Nostop, calendar: Path
):
    where = ("--calendar", calendar)
    ran = nostop("schedule", "run-now", "check", *where, "--by", "Ann Lee")
    assert ran.code == 1
    assert ran.out.startswith("check: failed: ")
    assert "no-run" in ran.out
    well = nostop("schedule", "run-now", "figures", *where, "--by", "Ann Lee")
    assert (well.code, well.out) == (0, "figures: done\n")
    told = nostop("schedule", "history", "check", *where).out
    assert "failed" in told
    assert "no-run" in told


def test_what_does_not_exist_is_refused_by_name(
    nostop: Nostop, calendar: Path, monkeypatch: pytest.MonkeyPatch
):
    unknown = nostop("schedule", "run-now", "chek", "--calendar", calendar, "--by", "Ann")
    assert (unknown.code, "did you mean 'check'" in unknown.err) == (2, True)
    circle = calendar.with_name("circle.yaml")
    text = calendar.read_text(encoding="utf-8").replace("[metrics]", "[schedule, serve]")
    circle.write_text(text, encoding="utf-8")
    refused = nostop("schedule", "list", "--calendar", circle)
    assert "'schedule' is no command of nostop that a job may call" in refused.err
    monkeypatch.delenv("NOSTOP_DATABASE_URL")
    assert "set NOSTOP_DATABASE_URL" in nostop("schedule", "list", "--calendar", calendar).err
    assert "set NOSTOP_DATABASE_URL" in nostop("health").err


def test_health_is_not_ready_without_a_leader_and_metrics_are_printed(
    nostop: Nostop, calendar: Path
):
    assert "has not the tables of this version" in nostop("metrics").err
    nostop("schedule", "list", "--calendar", calendar)
    found = nostop("health")
    assert found.code == 1
    assert re.search("leader +NOT OK +nobody leads", found.out)
    assert '"ready": false' in nostop("health", "--json").out
    assert "nostop_runs 0.0" in nostop("metrics").out


def get(address: str) -> int | None:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own machine
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except urllib.error.URLError:
        return None


def test_serve_is_ready_once_it_leads_and_ends_on_sigterm(calendar: Path, tmp_path: Path):
    said = tmp_path / "said.txt"
    with said.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "nostop.cli", "schedule", "serve", "--calendar", str(calendar),
             "--port", "0"],
            stdout=file, stderr=file, env=dict(os.environ),
        )  # fmt: skip
    try:
        address = None
        for _ in range(1200):
            found = re.search(r"http://127\.0\.0\.1:\d+", said.read_text(encoding="utf-8"))
            address = found[0] if found else None
            if address and get(f"{address}/health/ready") == 200:
                break
            time.sleep(0.05)
        assert address is not None, said.read_text(encoding="utf-8")
        assert get(f"{address}/health/live") == 200
        assert get(f"{address}/metrics") == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
    lines = said.read_text(encoding="utf-8").splitlines()
    assert lines[1:] == [
        "schedule: leads",
        "schedule: check: skipped, the schedule began after it",
        "schedule: figures: skipped, the schedule began after it",
        "schedule: stops",
    ]
