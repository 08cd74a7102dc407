"""`nostop events` as an operator meets it."""

import io
import json
import sys
from pathlib import Path

import pytest

from nostop import store
from nostop.store.tables_audit import AuditEntry
from tests.cli.conftest import Nostop

DEATH = {
    "specversion": "1.0",
    "id": "n1",
    "source": "registry/deaths",
    "type": "death_recorded",
    "subject": "P0001",
    "time": "2026-06-01T09:30:00+01:00",
}
SENT = {
    **DEATH,
    "id": "m1",
    "source": "outreach",
    "type": "message_sent",
    "subject": "P0002",
    "data": {"message_id": "M1", "campaign": "spring", "scheme": "pension_credit", "step": 1},
}
BY = ("--by", "ann.clerk")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    monkeypatch.setenv("NOSTOP_DATABASE_URL", url)
    return url


def write(folder: Path, *events: dict) -> Path:
    file = folder / "events.json"
    file.write_text(json.dumps(events), encoding="utf-8")
    return file


def test_events_come_in_and_a_day_settles_what_nobody_did(
    nostop: Nostop, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = write(tmp_path, DEATH, SENT)
    told = nostop("events", "append", file, *BY)
    assert (told.code, told.out.splitlines()[0]) == (0, f"{file}: 2 events added; 2 signals raised")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    again = nostop("events", "append", "-", *BY)
    assert again.out == "-: 0 events added, 2 known already; 0 signals raised\n"

    assert nostop("events", "tick", "--on", "2026-06-30", *BY).out.splitlines() == [
        "2026-06-30: 1 events added; 1 signals raised",
        "cases: 0 opened, 0 moved on, 0 closed",
    ]
    waiting = json.loads(nostop("events", "signals", "--json", *BY).out)
    assert [(row["kind"], row["subject"]) for row in waiting] == [
        ("stop", "P0001"),
        ("follow_up", "P0002"),
    ]
    assert waiting[1]["due_on"] == "2026-06-30"
    shown = nostop("events", "signals", "--kind", "stop", *BY).out
    assert "deceased" in shown
    assert "P0002" not in shown

    unchanged = nostop("events", "rules", "apply", *BY)
    assert unchanged.out == "0 signals raised, 0 withdrawn\n"

    listed = json.loads(nostop("events", "list", "--subject", "P0001", "--json", *BY).out)
    assert [row["type"] for row in listed] == ["death_recorded"]
    engine = store.open_store(url)
    read = store.read_table(engine, AuditEntry).filter(action="person.read")
    engine.dispose()
    assert read.select("actor", "subject").unique().sort("subject").rows() == [
        ("ann.clerk", "P0001"),
        ("ann.clerk", "P0002"),
    ]


def test_a_day_that_has_not_come_is_refused(nostop: Nostop, url: str):
    assert url
    told = nostop("events", "tick", "--on", "2999-01-01", *BY)
    assert told.code == 2
    assert "2999-01-01 has not come yet" in told.err


def test_a_file_with_one_fault_is_refused_whole(nostop: Nostop, url: str, tmp_path: Path):
    told = nostop("events", "append", write(tmp_path, DEATH, {**SENT, "type": "mesage_sent"}), *BY)
    assert told.code == 2
    assert "'mesage_sent' is no type of life event; did you mean 'message_sent'?" in told.err
    engine = store.open_store(url)
    assert store.read_events(engine).is_empty()
    engine.dispose()
    assert nostop("events", "append", tmp_path / "none.json", *BY).code == 2


def test_a_rule_that_cannot_stand_is_told_with_file_line_and_column(nostop: Nostop, tmp_path: Path):
    events = tmp_path / "events"
    events.mkdir()
    (tmp_path / "facts.yaml").write_text("facts: {}\n", encoding="utf-8")
    (events / "types.yaml").write_text("types:\n  born: {means: A birth}\n", encoding="utf-8")
    told = nostop("events", "rules", "check", "--rules", tmp_path)
    assert told.code == 2
    assert "types.yaml:2:3: key 'subject' is missing" in told.err
