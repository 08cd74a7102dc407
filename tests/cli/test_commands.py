"""The command line as a person or a script meets it: exit codes, errors, words and JSON."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer.main

from nostop.app.figures import at_least, at_most, spent_by
from nostop.cli import app
from nostop.cli.shared import parse_date
from nostop.model import Level, SettingsError
from nostop.rulebook import Rulebook, default_rules_dir
from nostop.rulebook.catalogue import canonical, load_catalogue
from tests.cli.conftest import Nostop

#: The columns that tools outside this repository rely on.
COLUMNS = [
    "benefit_unit_id",
    "person_id",
    "household_id",
    "scheme",
    "effective_date",
    "outcome",
    "amount",
    "amount_low",
    "amount_high",
    "per",
    "claimed",
    "worth_asking",
    "confidence",
    "because",
    "missing",
    "pack_version",
]


def nil(level: Level) -> dict[str, Any]:
    """Return every fact of a level that has a nil, as a case file says it."""
    facts = load_catalogue(default_rules_dir()).at(level)
    written = {name: fact.nil for name, fact in facts.items() if fact.nil is not None}
    return {
        name: canonical(value) if isinstance(value, date) else value
        for name, value in written.items()
    }


def ann(**facts: Any) -> dict[str, Any]:
    """Return a pensioner with £150.00 a week, of whom everything else is known and nil."""
    person = {
        **nil(Level.PERSON),
        "role": "adult",
        "born_on": "1950-03-01",
        "sex": "female",
        "state_pension": 15000,
        "lives_in_uk": True,
        "has_recourse_to_public_funds": True,
        "awards": [],
        **facts,
    }
    home = {**nil(Level.HOUSEHOLD), "members": ["ann"], "nation": "england"}
    known = {name: value for name, value in person.items() if value is not None}
    return {"on": "2026-06-01", "people": {"ann": known}, "households": {"h1": home}}


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


# --- evaluate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capital", "outcome", "low", "high", "missing"),
    [
        (None, "unknown", 0, 8800, ["capital"]),
        (0, "entitled", 8800, 8800, []),
        (10_000_000, "not_entitled", 0, 0, []),
    ],
)
def test_savings_of_a_pensioner_decide_pension_credit(
    nostop: Nostop,
    tmp_path: Path,
    capital: int | None,
    outcome: str,
    low: int,
    high: int,
    missing: list[str],
) -> None:
    file = write(tmp_path / "ann.json", ann(capital=capital))
    ended = nostop("evaluate", file, "--scheme", "pension_credit", "--json")
    (row,) = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert list(row) == COLUMNS
    assert row["effective_date"] == "2026-06-01"
    assert row["outcome"] == outcome
    assert (row["amount_low"], row["amount_high"]) == (low, high)
    assert row["amount"] == (low if low == high else None)
    assert row["missing"][:1] == missing[:1]
    assert (row["claimed"], row["person_id"], row["per"]) == (False, None, "week")


def test_one_case_is_shown_in_words(nostop: Nostop, tmp_path: Path) -> None:
    file = write(tmp_path / "ann.json", [ann(capital=None), ann(capital=0)])
    ended = nostop("evaluate", file, "--scheme", "pension_credit")
    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert "On 2026-06-01, situation 1" in words
    assert "ann Pension Credit unknown £0.00 to £88.00 a week no yes capital" in words
    assert "ann Pension Credit entitled £88.00 a week no no" in words


def test_date_of_the_option_goes_before_that_of_the_file(nostop: Nostop, tmp_path: Path) -> None:
    file = write(tmp_path / "ann.json", ann(capital=0))
    ended = nostop("evaluate", file, "--on", "2025-06-02", "--scheme", "pension_credit", "--json")
    assert json.loads(ended.out)[0]["effective_date"] == "2025-06-02"
    undated = write(tmp_path / "undated.json", {k: v for k, v in ann().items() if k != "on"})
    refused = nostop("evaluate", undated)
    assert refused.code == 2
    assert "names no day" in refused.err


def test_explanation_has_at_most_ten_lines_and_cites_the_law(
    nostop: Nostop, tmp_path: Path
) -> None:
    file = write(tmp_path / "ann.json", ann(capital=None))
    ended = nostop("evaluate", file, "--scheme", "pension_credit", "--explain")
    _, _, told = ended.out.partition("Pension Credit (ann)\n")
    lines = told.strip().splitlines()
    assert ended.code == 0
    assert 3 <= len(lines) <= 10
    assert "capital" in told or "avings" in told
    assert "SPC" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--on", "01/06/2026"], "'01/06/2026' is no date"),
        (["--scheme", "pension_credits"], "did you mean 'pension_credit'"),
        (["--out", "x.parquet"], "--out and --previous go with a folder of frames"),
        (["--rules", "nowhere"], "is no folder of rules"),
    ],
)
def test_wrong_use_is_told_in_a_line(
    nostop: Nostop, tmp_path: Path, arguments: list[str], message: str
) -> None:
    ended = nostop("evaluate", write(tmp_path / "ann.json", ann()), *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert message in ended.err
    assert ended.err.startswith("nostop: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"people": {"ann": {"state_pensoin": 1}}}', "did you mean 'state_pension'"),
        ('{"people": {"ann": {"state_pension": 1.5}}}', "state_pension"),
        ('{"people": {"ann": {"state_pension": NaN}}}', "NaN"),
        ('{"people": {"ann": {}, "ann": {}}}', "ann"),
        ("{", "JSON"),
    ],
)
def test_case_that_cannot_be_read_is_refused_without_a_traceback(
    nostop: Nostop, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "case.json"
    file.write_text(text, encoding="utf-8")
    ended = nostop("evaluate", file, "--on", "2026-06-01")
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_frames_give_a_file_of_result_rows(nostop: Nostop, tmp_path: Path) -> None:
    person = {"person_id": "p1", "benefit_unit_id": "b1", "household_id": "h1", "role": "adult"}
    pl.DataFrame([person]).write_parquet(tmp_path / "people.parquet")
    pl.DataFrame([{"benefit_unit_id": "b1", "household_id": "h1"}]).write_parquet(
        tmp_path / "benefit_units.parquet"
    )
    pl.DataFrame([{"household_id": "h1", "nation": "england"}]).write_parquet(
        tmp_path / "households.parquet"
    )
    out = tmp_path / "new/results.parquet"
    frames = ["evaluate", tmp_path, "--scheme", "pension_credit"]
    ended = nostop(*frames, "--on", "2026-06-01", "--out", out)
    rows = pl.read_parquet(out)
    assert ended.code == 0
    assert rows.columns == COLUMNS
    assert rows.select("benefit_unit_id", "outcome", "claimed").rows() == [("b1", "unknown", None)]
    assert "needs --on DATE and --out" in nostop(*frames, "--on", "2026-06-01").err
    (tmp_path / "households.parquet").unlink()
    missing = nostop(*frames, "--on", "2026-06-01", "--out", out)
    assert missing.code == 2
    assert "households.parquet" in missing.err


def test_place_that_cannot_be_written_to_is_told_in_a_line(nostop: Nostop, tmp_path: Path) -> None:
    pl.DataFrame({"source": ["a"], "record_id": ["1"]}).write_parquet(tmp_path / "records.parquet")
    (tmp_path / "file").touch()
    out = tmp_path / "file/links.parquet"
    ended = nostop("link", tmp_path / "records.parquet", "--out", out)
    assert ended.code == 2
    assert ended.err.startswith("nostop: ")
    assert ended.err.count("\n") == 1


# --- rules --------------------------------------------------------------------------------------


def test_rules_that_ship_with_nostop_pass_their_check(nostop: Nostop, book: Rulebook) -> None:
    ended = nostop("rules", "check")
    assert ended.code == 0
    packs = ", ".join(sorted(book.packs))
    assert f"no problem: {packs}" in ended.out


def test_broken_rule_fails_the_check_with_its_place(nostop: Nostop, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(default_rules_dir(), rules)
    pack = rules / "uk/pension_credit/pack.yaml"
    pack.write_text(
        pack.read_text(encoding="utf-8").replace("authority:", "autority:", 1), encoding="utf-8"
    )
    ended = nostop("rules", "check", "--rules", rules)
    assert ended.code == 1
    assert "pack.yaml:" in ended.err
    assert "did you mean 'authority'" in ended.err
    problems = json.loads(nostop("rules", "check", "--rules", rules, "--json").out)
    assert {problem["file"] for problem in problems} == {"uk/pension_credit/pack.yaml"}
    assert nostop("evaluate", write(tmp_path / "a.json", ann()), "--rules", rules).code == 2


def test_worked_cases_of_child_benefit_pass(nostop: Nostop) -> None:
    ended = nostop("rules", "test", "--scheme", "child_benefit", "--json")
    results = json.loads(ended.out)
    assert ended.code == 0
    assert len(results) > 5
    assert all(result["passed"] for result in results)


def test_case_that_says_something_else_fails(nostop: Nostop, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(default_rules_dir(), rules)
    for cases in (rules / "uk/child_benefit/cases").glob("*.yaml"):
        wrong = cases.read_text(encoding="utf-8").replace("outcome: entitled", "outcome: unknown")
        cases.write_text(wrong, encoding="utf-8")
    ended = nostop("rules", "test", "--scheme", "child_benefit", "--rules", rules)
    assert ended.code == 1
    assert "FAIL child_benefit" in ended.out


# --- synth, link, takeup, demo ------------------------------------------------------------------


def test_made_up_people_are_the_same_for_the_same_seed(nostop: Nostop, tmp_path: Path) -> None:
    made = [tmp_path / "a", tmp_path / "b"]
    for folder in made:
        assert nostop("synth", "--people", "120", "--seed", "5", "--out", folder).code == 0
    files = [file.relative_to(made[0]) for file in made[0].rglob("*") if file.is_file()]
    assert len(files) > 10
    assert all((made[0] / file).read_bytes() == (made[1] / file).read_bytes() for file in files)


def test_linked_records_go_to_a_file(nostop: Nostop, tmp_path: Path) -> None:
    records = {
        "source": ["a", "b"],
        "record_id": ["1", "1"],
        "nino": ["QQ223456C"] * 2,
        "first_name": ["Ann"] * 2,
        "born_on": ["1950-03-01"] * 2,
    }
    pl.DataFrame(records).write_parquet(tmp_path / "records.parquet")
    out = tmp_path / "clusters.parquet"
    ended = nostop("link", tmp_path / "records.parquet", "--out", out, "--json")
    assert json.loads(ended.out) == {"records": 2, "people": 1, "out": str(out)}
    assert pl.read_parquet(out).columns == ["source", "record_id", "person_id", "confidence"]
    assert nostop("link", tmp_path / "nothing.parquet", "--out", out).code == 2


def test_take_up_of_a_folder_without_a_run_is_refused(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("takeup", tmp_path)
    assert ended.code == 2
    assert "give the --out folder of a run that ended" in ended.err


def test_run_without_feeds_is_refused(nostop: Nostop, tmp_path: Path) -> None:
    feeds = ["run", "--feeds", tmp_path / "none", "--out", tmp_path / "out"]
    ended = nostop(*feeds, "--on", "2026-06-01")
    assert ended.code == 2
    assert "there is no such folder of feeds" in ended.err
    assert nostop(*feeds, "--on", "June").code == 2
    held = nostop(*feeds, "--on", "2026-06-01", "--holdout", "0.1")
    assert held.code == 2
    assert "NOSTOP_HOLDOUT_SECRET" in held.err


def test_demo_leaves_a_folder_of_somebody_else_alone(nostop: Nostop, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    ended = nostop("demo", "--out", tmp_path)
    assert ended.code == 2
    assert "choose another --out" in ended.err
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


# --- every command ------------------------------------------------------------------------------


def every_command() -> list[list[str]]:
    group = typer.main.get_command(app)
    found: list[list[str]] = [[]]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, sub] for sub in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_has_help(nostop: Nostop, command: list[str]) -> None:
    ended = nostop(*command, "--help")
    assert ended.code == 0
    assert "Usage:" in ended.out


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["run"], ["evaluate"]])
def test_wrong_arguments_end_with_2(nostop: Nostop, arguments: list[str]) -> None:
    ended = nostop(*arguments)
    assert ended.code == 2
    assert "Usage:" in ended.err


def test_dates_are_iso() -> None:
    assert parse_date("2026-06-01") == date(2026, 6, 1)
    assert parse_date(None) is None
    with pytest.raises(SettingsError, match="'2026-13-01' is no date"):
        parse_date("2026-13-01")


# --- bench --------------------------------------------------------------------------------------


def test_measured_command_has_its_own_time_and_memory() -> None:
    spent = spent_by(["--help"])
    assert 0 < spent.seconds < 60
    assert 10 * 1024**2 < spent.peak_bytes < 4 * 1024**3


def test_measured_command_that_fails_says_why() -> None:
    with pytest.raises(SettingsError, match=r"nostop takeup ended with 2:(?s:.*)a run that ended"):
        spent_by(["takeup", "nowhere"])


@pytest.mark.parametrize(("value", "holds"), [(19.9, True), (20.0, True), (20.1, False)])
def test_figure_holds_up_to_its_bar(value: float, holds: bool) -> None:
    figure = at_most("seconds", "a command", value, "s", 20)
    assert (figure.bar, figure.holds) == ("<= 20", holds)
    assert at_least("share", "of something", value / 100, 0.2).holds is (value >= 20)
