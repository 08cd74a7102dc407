"""The bench of the pages: whole but small, and what it says where something was lost."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nostop.app.bench_web.asked_jobs import Asked
from nostop.app.bench_web.browser import form_of, links_of
from nostop.app.bench_web.counted import Kept
from nostop.app.bench_web.figures import figures_of
from nostop.app.bench_web.strain import Strain
from tests.cli.conftest import Nostop

NINE, TEN = (datetime(2026, 6, 2, hour, tzinfo=UTC) for hour in (9, 10))
QUICK = {"GET /queue": [0.010] * 19 + [0.190]}
RACES = {
    "cases": 2,
    "one_told": 2,
    "acknowledged": {"B1": 1, "B2": 1},
    "claims": 4,
    "twice": 0,
}
KEPT = Kept({"decisions": 3, "notes": 0, "corrections": 0}, {"B1": 1, "B2": 1})


def strain(
    seconds: dict[str, list[float]] = QUICK,
    errors: dict[str, int] | None = None,
    races: dict[str, object] | None = None,
    failed: list[str] | None = None,
) -> Strain:
    """Return what came of a load, in which all went well but for what is said."""
    return Strain(
        moments=(NINE, TEN),
        seconds=seconds,
        errors=errors or {},
        wrong=[],
        told={},
        acknowledged={"decisions": 3},
        races=RACES | (races or {}),
        processor=0.25,
        machine_load=(1.0, 2.0),
        taken=0.0,
        jobs=Asked(["J1", "J2"], done=1, failed=failed or []),
    )


def missed(came: Strain, kept: Kept = KEPT) -> list[str]:
    """Return the figures that miss their bars."""
    return [each.id for each in figures_of("sqlite", came, kept) if each.holds is False]


@pytest.mark.skipif(not os.environ.get("NOSTOP_NIGHTLY"), reason="a minute: `make nightly`")
def test_a_small_bench_runs_whole(nostop: Nostop, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = nostop(
        *("bench", "web", "--people", "300", "--flags", "150", "--caseworkers", "4"),
        *("--seconds", "3", "--think", "0.1", "--races", "4", "--store", "sqlite"),
        *("--json", file),
    )  # fmt: skip

    rows = {row["id"]: row for row in json.loads(file.read_text(encoding="utf-8"))}
    assert ended.code in (0, 1), ended.err
    assert rows["web_errors_sqlite"]["value"] == 0, rows["web_errors_sqlite"]["what"]
    for what in ("decisions", "notes", "corrections", "races"):
        assert rows[f"web_lost_{what}_sqlite"]["holds"] is True
    assert rows["web_one_told_sqlite"]["holds"] is True
    assert rows["web_claimed_twice_sqlite"]["holds"] is True
    assert {"web_filled_sqlite", "web_p95_sqlite", "web_server_processor_sqlite"} <= rows.keys()
    assert "web_sqlite: GET /queue" in rows
    assert "web_sqlite: GET /cases/{unit}" in rows


def test_no_such_database(nostop: Nostop) -> None:
    ended = nostop("bench", "web", "--store", "oracle")
    assert ended.code == 2
    assert "'oracle' is none of sqlite, postgresql, both" in ended.err


def test_a_load_in_which_all_went_well_misses_nothing() -> None:
    assert missed(strain()) == []


@pytest.mark.parametrize(
    ("came", "kept", "expected"),
    [
        (
            strain(seconds={"GET /queue": [0.010] * 18 + [0.201] * 2}),
            KEPT,
            ["web_sqlite: GET /queue", "web_p95_sqlite"],
        ),
        (strain(errors={"GET /queue": 1}), KEPT, ["web_errors_sqlite"]),
        (
            strain(),
            Kept({"decisions": 2, "notes": 0, "corrections": 0}, KEPT.raced),
            ["web_lost_decisions_sqlite"],
        ),
        (
            strain(),
            Kept({"decisions": 3, "notes": 1, "corrections": 0}, KEPT.raced),
            ["web_lost_notes_sqlite"],
        ),
        (strain(), Kept(KEPT.rows, {"B1": 2, "B2": 1}), ["web_lost_races_sqlite"]),
        (strain(races={"one_told": 1}), KEPT, ["web_one_told_sqlite"]),
        (strain(races={"cases": 0, "one_told": 0}), KEPT, ["web_one_told_sqlite"]),
        (strain(races={"twice": 1}), KEPT, ["web_claimed_twice_sqlite"]),
        (strain(failed=["export: there is no run"]), KEPT, ["web_jobs_failed_sqlite"]),
    ],
    ids=[
        "slow", "error", "decision_lost", "note_not_acknowledged", "two_decisions", "nobody_told",
        "no_race", "claimed_twice", "job_failed",
    ],
)  # fmt: skip
def test_what_was_lost_is_said(came: Strain, kept: Kept, expected: list[str]) -> None:
    assert missed(came, kept) == expected


def test_a_form_as_a_browser_sends_it() -> None:
    page = """<form action="/other"><input name="no" value="1"></form>
    <form method="post" action="/cases/B1/decide/phone">
    <input type="hidden" name="csrf" value="x&amp;y">
    <input type="radio" name="condition" value="a">
    <input type="radio" name="condition" value="b" checked>
    <select name="to"><option value="">-</option><option value="me" selected>Me</option></select>
    <textarea name="reason">said</textarea></form><input name="after" value="2">"""
    fields, choices = form_of(page, "/cases/B1/decide/phone")
    assert fields == {"csrf": "x&y", "condition": "b", "to": "me", "reason": ""}
    assert choices == {"condition": ["a", "b"], "to": ["", "me"]}


def test_links_of_a_page() -> None:
    page = '<a href="/queue?a=1&amp;after=x">Next</a> <a href="/cases/B1">B1</a>'
    assert links_of(page, r"/queue\?[^\"]*after=[^\"]*") == ["/queue?a=1&after=x"]
