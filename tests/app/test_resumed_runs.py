"""Runs that are killed, torn, or started twice: they end as one that nobody touched."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, sleep

import polars as pl
import pytest

from nostop import app, determination, synth
from nostop.app import RunSettings, StageReport
from nostop.app.bench_runs import bytes_of
from nostop.app.running.checkpoints import Checkpoints, content_of, key_of
from nostop.app.running.claim import unfinished
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, default_rules_dir

DAY = date(2026, 6, 1)
SCHEMES = ["child_benefit", "pension_credit"]
PATIENCE = 120.0

at_night = pytest.mark.skipif(
    "NOSTOP_NIGHTLY" not in os.environ, reason="whole runs: `make nightly`"
)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Path:
    """The feeds of 400 people who do not exist."""
    return made_up(400, tmp_path_factory.mktemp("district"), book)


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Path:
    """The feeds of 80 people who do not exist."""
    return made_up(80, tmp_path_factory.mktemp("hamlet"), book)


def made_up(people: int, folder: Path, book: Rulebook) -> Path:
    made = synth.generate(
        people, 7, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
    )
    synth.write(made, folder)
    return folder


def settings_for(feeds: Path, out: Path) -> RunSettings:
    return RunSettings(
        feeds=feeds,
        out=out,
        effective_on=DAY,
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        rules=default_rules_dir(),
        declarations=app.default_declarations_dir(),
        schemes=SCHEMES,
        unreleased=True,
    )


def details_of(settings: RunSettings) -> tuple[dict[str, str], list[str]]:
    """Run, and return what each stage told, and every warning."""
    told: dict[str, str] = {}
    warnings: list[str] = []

    def listen(report: StageReport) -> None:
        told[report.stage] = report.detail
        warnings.extend(report.warnings)

    app.run(settings, listen)
    return told, warnings


def killed_when(feeds: Path, out: Path, is_time: Callable[[], bool]) -> None:
    """Run in a process of its own, and kill it when it is time."""
    command = ["run", "--feeds", str(feeds), "--out", str(out), "--on", DAY.isoformat()]
    schemes = [word for scheme in SCHEMES for word in ("--scheme", scheme)]
    process = subprocess.Popen(  # noqa: S603 - our own command, with arguments of ours
        [sys.executable, "-m", "nostop.cli", *command, *schemes, "--unreleased"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        until = monotonic() + PATIENCE
        while process.poll() is None and not is_time():
            assert monotonic() < until, "the moment to kill it never came"
            sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL


# --- killed -------------------------------------------------------------------------------------


def test_inv_18_a_run_killed_three_times_ends_with_the_same_bytes(
    district: Path, tmp_path: Path
) -> None:
    out, outbox = tmp_path / "killed", tmp_path / "killed" / "outbox"
    killed_when(district, out, lambda: any((out / ".checkpoints" / "links").glob("[!.]*")))
    claim = unfinished(out)
    assert claim is not None
    killed_when(district, out, lambda: (out / ".checkpoints" / "plan").is_dir())
    killed_when(district, out, lambda: outbox.is_dir() and len(list(outbox.iterdir())) > 10)
    with sqlite3.connect(out / "nostop.db") as database:
        (sent,) = database.execute("SELECT count(*) FROM outreach_receipts").fetchone()
    database.close()
    files = len(list(outbox.iterdir()))
    assert files > 10
    assert sent <= files

    told, _ = details_of(settings_for(district, out))
    whole = replace(settings_for(district, tmp_path / "whole"), started_at=claim.began)
    app.run(whole)

    assert told["Linking the records"].endswith("(as before)")
    assert told["Planning outreach"].endswith("(as before)")
    assert unfinished(out) is None
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_a_run_goes_on_after_the_last_whole_stage(hamlet: Path, tmp_path: Path) -> None:
    settings = settings_for(hamlet, tmp_path)

    class Stop(Exception):  # noqa: N818 - it is no error
        pass

    def stop(report: StageReport) -> None:
        if report.stage == "Measuring take-up" and report.seconds is None:
            raise Stop

    with pytest.raises(Stop):
        app.run(settings, stop)
    claim = unfinished(tmp_path)
    assert claim is not None
    assert claim.began == settings.started_at

    later = replace(settings, started_at=datetime(2026, 6, 2, tzinfo=UTC))
    told, _ = details_of(later)
    again = [stage for stage, detail in told.items() if "as before" in detail]
    assert again == [
        "Reading the feeds",
        "Linking the records",
        "Putting people together",
        "Working out entitlement",
    ]
    whole = tmp_path.with_name("whole")
    app.run(replace(settings, out=whole))
    assert bytes_of(tmp_path) == bytes_of(whole)


# --- torn, changed, removed ----------------------------------------------------------------------


@at_night
def test_a_torn_checkpoint_is_made_again_and_named(district: Path, tmp_path: Path) -> None:
    settings = settings_for(district, tmp_path)
    app.run(settings)
    before = (tmp_path / "determinations.parquet").read_bytes()
    (rows,) = (tmp_path / ".checkpoints" / "determinations").glob("*/rows.parquet")
    rows.write_bytes(rows.read_bytes()[:-100])
    told, warnings = details_of(settings)
    assert warnings == ["CHECKPOINT determinations: is torn or was changed: made again."]
    assert told["Linking the records"].endswith("(as before)")
    assert not told["Working out entitlement"].endswith("(as before)")
    assert (tmp_path / "determinations.parquet").read_bytes() == before


@at_night
def test_another_rule_folder_takes_nothing_up_but_the_links(district: Path, tmp_path: Path) -> None:
    settings = settings_for(district, tmp_path / "out")
    app.run(settings)
    told, _ = details_of(replace(settings, schemes=SCHEMES[:1]))
    assert [stage for stage, detail in told.items() if "as before" in detail] == [
        "Linking the records"
    ]


@at_night
def test_a_finished_run_leaves_the_last_checkpoints_alone(district: Path, tmp_path: Path) -> None:
    settings = settings_for(district, tmp_path)
    app.run(settings)
    app.run(replace(settings, schemes=SCHEMES[:1]))
    kept = tmp_path / ".checkpoints"
    last = json.loads((kept / "last.json").read_text(encoding="utf-8"))
    found = {each.parent.name: each.name for each in kept.glob("*/*")}
    assert found == last
    assert (kept.stat().st_mode & 0o077) == 0


def test_a_snapshot_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    checkpoints, table = Checkpoints(tmp_path), pl.DataFrame({"a": [1, None]})
    made = checkpoints.keep("stage", "key", {"rows": table}, {"count": 2})
    kept = checkpoints.taken("stage", "key")
    assert kept is not None
    assert kept.table("rows").equals(table)
    assert (kept.told, kept.hashes) == ({"count": 2}, made.hashes)
    assert kept.hashes["rows"] == content_of(table)
    assert checkpoints.taken("stage", "other") is None
    (tmp_path / ".checkpoints" / "stage" / "key" / "rows.parquet").unlink()
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.taken("stage", "key") is None
    assert checkpoints.troubles == ["CHECKPOINT stage: is torn or was changed: made again."]


def test_keys_tell_texts_apart() -> None:
    assert key_of("ab", "c") != key_of("a", "bc") != key_of("abc")
    assert key_of("a", "b") == key_of("a", "b")


# --- two at once ---------------------------------------------------------------------------------


def test_a_second_run_in_one_folder_is_refused(district: Path, tmp_path: Path) -> None:
    (tmp_path / ".checkpoints").mkdir()
    with (tmp_path / ".checkpoints" / "lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SettingsError, match="another run is at work in this folder"):
            app.run(settings_for(district, tmp_path))
    assert not (tmp_path / "nostop.db").exists()


@at_night
def test_a_second_run_waits_if_asked_to(district: Path, tmp_path: Path) -> None:
    (tmp_path / ".checkpoints").mkdir()
    holder = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1], 'a')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(1)\n"
    )
    with subprocess.Popen(  # noqa: S603 - our own command, with arguments of ours
        [sys.executable, "-c", holder, str(tmp_path / ".checkpoints" / "lock")],
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        app.run(replace(settings_for(district, tmp_path), wait=True))
        assert other.poll() is not None or other.wait(timeout=5) == 0
    assert (tmp_path / "manifest.json").is_file()
