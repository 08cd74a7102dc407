"""`nostop audit`, `person`, `retention` and `store` as an operator meets them."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from nostop.app.opened import opened
from nostop.store.audit import Entry, append
from nostop.store.rows import table_of
from nostop.store.tables_outreach import ContactPoint, Recipient, SuppressionList
from nostop.store.tables_schedule import JobRun
from tests.cli.conftest import Nostop

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUDIT_CHECKPOINTS", "AUDIT_KEY_FILE", "AUDIT_PUBLIC_KEY_FILE", "ERASURE_KEY"):
        monkeypatch.delenv(f"NOSTOP_{name}", raising=False)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    monkeypatch.setenv("NOSTOP_DATABASE_URL", url)
    with opened(url) as engine, engine.begin() as connection:
        append(connection, "jo", [Entry("campaign.planned", "c1", {"messages": 2})], AT)
    return url


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nostop: Nostop) -> Path:
    """Checkpoints are kept in a folder outside the store."""
    folder = tmp_path / "outside"
    folder.mkdir()
    assert nostop("audit", "new-key", tmp_path / "audit.key").code == 0
    monkeypatch.setenv("NOSTOP_AUDIT_CHECKPOINTS", str(folder))
    monkeypatch.setenv("NOSTOP_AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    return folder


def change(url: str, *statements: str) -> None:
    with opened(url) as engine, engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


# --- audit --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("url")
def test_a_log_without_checkpoints_is_verified_and_said_to_be_without(nostop: Nostop) -> None:
    done = nostop("audit", "verify")
    assert done.code == 0
    assert done.out.startswith("1 entries stand as written, against 0 signed checkpoints")
    assert "NO CHECKPOINT" in done.err
    assert "set NOSTOP_AUDIT_CHECKPOINTS" in nostop("audit", "checkpoint").err


@pytest.mark.usefixtures("kept")
def test_verify_names_the_broken_entry_and_ends_with_1(url: str, nostop: Nostop) -> None:
    assert nostop("audit", "checkpoint").out.startswith("signed: 1 entries, head ")
    assert "against 1 signed checkpoints" in nostop("audit", "verify").out
    change(
        url,
        "DROP TRIGGER audit_entries_no_update",
        "UPDATE audit_entries SET actor = 'somebody' WHERE seq = 1",
    )
    done = nostop("audit", "verify")
    assert done.code == 1
    assert "BROKEN: entry 1 was changed after it was written" in done.err
    assert json.loads(nostop("audit", "verify", "--json").out) == {
        "whole": False,
        "entry": 1,
        "what": "edited",
        "until": None,
    }
    assert nostop("store", "check").code == 1


@pytest.mark.usefixtures("kept")
def test_to_verify_takes_only_the_public_half(
    url: str, nostop: Nostop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nostop("audit", "checkpoint").code == 0
    (tmp_path / "audit.key").unlink()
    monkeypatch.delenv("NOSTOP_AUDIT_KEY_FILE")
    monkeypatch.setenv("NOSTOP_AUDIT_PUBLIC_KEY_FILE", str(tmp_path / "audit.key.pub"))
    assert json.loads(nostop("audit", "verify", "--json").out)["checkpoints"] == 1
    change(
        url,
        "DROP TRIGGER audit_entries_no_delete",
        "DELETE FROM audit_entries",
        f"UPDATE audit_head SET seq = 0, hash = '{'0' * 64}'",  # noqa: S608 - ours
    )
    done = nostop("audit", "verify")
    assert (done.code, "and those after it are missing" in done.err) == (1, True)
    assert "NOSTOP_AUDIT_KEY_FILE" in nostop("audit", "checkpoint").err


@pytest.mark.usefixtures("url")
def test_show_prints_the_last_entries_of_one_subject(nostop: Nostop) -> None:
    assert "campaign.planned" in nostop("audit", "show").out
    rows = json.loads(nostop("audit", "show", "--subject", "c1", "--json").out)
    assert [(row["actor"], row["action"]) for row in rows] == [("jo", "campaign.planned")]
    assert json.loads(nostop("audit", "show", "--subject", "c2", "--json").out) == []


@pytest.mark.usefixtures("kept")
def test_a_key_is_never_written_over(tmp_path: Path, nostop: Nostop) -> None:
    done = nostop("audit", "new-key", tmp_path / "audit.key")
    assert (done.code, "there already" in done.err) == (2, True)


# --- person, store ------------------------------------------------------------------------------


def test_showing_a_person_is_recorded_first_and_erasing_needs_its_key(
    url: str, nostop: Nostop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as engine, engine.begin() as connection:
        connection.execute(insert(table_of(Recipient)), {"person_id": "P1", "language": "cy"})
    shown = nostop("person", "show", "P1", "--by", "jo", "--purpose", "subject_access", "--json")
    found = json.loads(shown.out)
    assert found["recipients"][0]["language"] == "cy"
    assert [row["action"] for row in found["audit_entries"]] == ["person.read"]
    erase = ("person", "erase", "P1", "--by", "jo", "--reason", "request")
    assert "set NOSTOP_ERASURE_KEY" in nostop(*erase).err
    monkeypatch.setenv("NOSTOP_ERASURE_KEY", "k" * 32)
    done = nostop(*erase)
    assert (done.code, "recipients                 1 rows" in done.out) == (0, True)
    assert "recipients" not in nostop("person", "show", "P1", "--by", "jo", "--purpose", "x").out


@pytest.mark.usefixtures("url")
def test_a_store_is_backed_up_and_a_restored_one_is_stopped(
    nostop: Nostop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nostop("store", "upgrade").code == 0
    assert "audit entries stand" in nostop("store", "check").out
    assert nostop("store", "backup", "--to", tmp_path / "copy.db").code == 0
    assert nostop("store", "backup", "--to", tmp_path / "copy.db").code == 2
    monkeypatch.setenv("NOSTOP_DATABASE_URL", f"sqlite:///{tmp_path / 'copy.db'}")
    done = nostop("store", "restored", "--by", "jo")
    assert done.out.startswith("all sending is stopped; 0 messages are planned, 0 in doubt")
    with opened(f"sqlite:///{tmp_path / 'copy.db'}") as engine, engine.begin() as connection:
        query = text("SELECT name FROM stop_switches")
        assert connection.execute(query).scalars().all() == ["all"]


# --- retention ----------------------------------------------------------------------------------

POLICY = "keep_days:\n  job_runs: 30\n  contact_points: 100\n  run_results: 365\n  outbox: 30\n"


def fill(url: str) -> None:
    job = {"job": "nightly", "claimed_by": "a", "attempt": 1, "state": "done"}
    jobs = [
        {**job, **dict.fromkeys(("due_at", "started_at", "heard_at", "ended_at"), at)}
        for at in (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 31, tzinfo=UTC))
    ]
    point = {"person_id": "P1", "kind": "email", "value": "p@example.org"}
    loaded = {"source": "register", "loaded_at": datetime(2026, 1, 1, tzinfo=UTC)}
    with opened(url) as engine, engine.begin() as connection:
        connection.execute(insert(table_of(JobRun)), jobs)
        connection.execute(insert(table_of(ContactPoint)), point)
        counts = {"rows": 1, "people": 1, "synthetic": True}
        connection.execute(insert(table_of(SuppressionList)), loaded | counts)


def a_run(folder: Path, on: date) -> Path:
    (folder / "outbox").mkdir(parents=True)
    for name in ("determinations.parquet", "take_up.parquet", "links.parquet", "outbox/m-1.txt"):
        (folder / name).write_bytes(b"bytes")
    (folder / "manifest.json").write_text(json.dumps({"effective_date": on.isoformat()}))
    return folder


@pytest.mark.usefixtures("kept")
def test_retention_says_first_and_removes_only_when_told(
    url: str, nostop: Nostop, tmp_path: Path
) -> None:
    fill(url)
    run = a_run(tmp_path / "run", date(2026, 4, 1))
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    apply = ("retention", "apply", "--policy", policy, "--by", "jo", "--on", "2026-06-01")
    dry = nostop(*apply, "--run", run)
    assert dry.code == 0
    kinds = {"job_runs", "contact_points", "run_results", "outbox"}
    assert kinds & set(dry.out.split()) == {"job_runs", "contact_points", "outbox"}
    assert "of 2026-04-01" in dry.out
    assert "nothing was removed" in dry.err
    assert (run / "outbox" / "m-1.txt").is_file()
    done = nostop(*apply, "--run", run, "--really")
    assert done.code == 0
    assert not (run / "outbox" / "m-1.txt").exists()
    assert (run / "determinations.parquet").is_file()
    assert "superseded 1 times" in nostop("audit", "verify", "--run", run).err
    (run / "outbox" / "m-1.txt").write_text("put back")
    assert "not as the manifest says" in nostop("audit", "verify", "--run", run).err
    assert "Would go" in nostop(*apply).out
    with opened(url) as engine, engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM job_runs")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM contact_points")).scalar() == 0


@pytest.mark.usefixtures("url", "kept")
def test_results_of_a_run_go_and_published_counts_and_the_history_of_ids_stay(
    nostop: Nostop, tmp_path: Path
) -> None:
    run = a_run(tmp_path / "run", date(2025, 4, 1))
    (tmp_path / "policy.yaml").write_text("keep_days:\n  run_results: 365\n")
    policy = ("--policy", tmp_path / "policy.yaml", "--on", "2026-06-01", "--by", "jo")
    assert nostop("retention", "apply", *policy, "--run", run, "--really").code == 0
    left = sorted(path.name for path in run.glob("*.parquet"))
    assert left == ["links.parquet", "take_up.parquet"]


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep_days:\n  contact_point: 3\n", "did you mean 'contact_points'?"),
        ("keep_days:\n  job_runs: 0\n", "expected a number of days"),
        ("keep_days:\n  job_runs: soon\n", "expected a number of days"),
        ("keep:\n  job_runs: 3\n", "expected `keep_days:`"),
    ],
)
def test_a_policy_that_cannot_stand_is_refused(
    text: str, said: str, nostop: Nostop, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    done = nostop("retention", "apply", "--policy", tmp_path / "policy.yaml", "--by", "jo")
    assert (done.code, said in done.err) == (2, True)
