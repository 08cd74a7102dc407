"""`nostop rules release`, `nostop rules diff`, and what a run says of rules that are not
released."""

import json
import shutil
from pathlib import Path

import pytest

from nostop.cli import main
from nostop.rulebook import default_rules_dir
from tests.app.test_releasing import FILES
from tests.rulebook.small import write_rules

ANN = "Ann Hill <ann.hill@example.org>, head of policy"
BOB = "Bob Dale <bob.dale@example.org>, head of law"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return write_rules(tmp_path / "rules", FILES)


def ended(*arguments: str | Path) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def release(rules: Path, *more: str, people: tuple[str, ...] = (ANN, BOB)) -> int:
    approved = [part for person in people for part in ("--approved-by", person)]
    days = ("--from", "2026-04-06", "--approved-on", "2026-03-20")
    return ended("rules", "release", "--rules", rules, *days, *approved, *more)


def changed(rules: Path, folder: Path) -> Path:
    """Return a copy of the rules with beta's amount at £3.40."""
    shutil.copytree(rules, folder)
    file = folder / "uk/beta/rates.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("value: 333", "value: 340"), encoding="utf-8")
    return folder


# --- release --------------------------------------------------------------------------------------


def test_release_tells_what_is_new_and_who_approved(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release(rules, "--note", "The first") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "In force from 2026-04-06 for synthetic_data" in printed
    assert "Approved by Ann Hill (head of policy), 2026-03-20" in printed
    assert "4 cases pass." in printed
    assert (rules / "releases/2026-04-06_synthetic_data.yaml").is_file()


@pytest.mark.parametrize(
    ("people", "more", "told"),
    [
        ((ANN, "Bob Dale"), (), "--approved-by: 'Bob Dale' must be written as"),
        ((ANN, ANN), (), "'Ann Hill' approves twice"),
        ((ANN,), (), "needs 2 people who approve it, found 1"),
        ((ANN, BOB), ("--for", "lived"), "--for: 'lived' is none of synthetic_data, live"),
        ((ANN, BOB), ("--scheme", "alfa"), "no rule pack for scheme"),
        ((ANN, BOB), ("--from", "soon"), "--from: 'soon' is no date"),
        ((ANN, BOB), ("--replace-last",), "no release is from 2026-04-06; there is none yet"),
    ],
)
def test_release_that_is_asked_for_wrongly_is_refused(
    rules: Path,
    capsys: pytest.CaptureFixture[str],
    people: tuple[str, ...],
    more: tuple[str, ...],
    told: str,
) -> None:
    assert release(rules, *more, people=people) == 2
    assert told in capsys.readouterr().err
    assert not (rules / "releases").exists()


# --- diff -----------------------------------------------------------------------------------------


def test_diff_without_people_tells_what_reads_otherwise(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("rules", "diff", rules, changed(rules, tmp_path / "new")) == 0
    assert capsys.readouterr().out == (
        "What reads otherwise\n"
        "  beta: rate week_b changed\n"
        "    from 2020-01-01: £3.33 a week -> £3.40 a week\n"
    )


def test_diff_with_people_tells_who_flips(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.json"
    home = {"h": {"nation": "england"}}
    ill = {"people": {"ann": {"role": "adult", "ill": True}}, "households": home}
    people.write_text(json.dumps({"on": "2026-06-01", **ill}), encoding="utf-8")
    new = changed(rules, tmp_path / "new")
    asked = ("rules", "diff", rules, new, "--people", people, "--out", tmp_path / "out")
    assert ended(*asked, "--by", "tenure") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "entitled entitled 1 1 0 0 £3.64 £0.00" in printed
    assert "beta by tenure" in printed
    assert "Nobody's result differs: alpha" in printed
    assert ended(*asked, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found["changes"]] == ["week_b"]
    assert sum(each["least_gained"] for each in found["summary"]) == 7 * 52
    assert (tmp_path / "out/flips.parquet").is_file()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--by", "tenur"), "--by: 'tenur' is none of"),
        (("--by", "tenure"), "--out and --by go with --people"),
        (("--out", "out"), "--out and --by go with --people"),
        (("--on-old", "2025-06-01"), "--on-old goes with --on"),
        (("--scheme", "alfa"), "neither side has a scheme 'alfa'; did you mean 'alpha'?"),
    ],
)
def test_diff_that_is_asked_for_wrongly_is_refused(
    rules: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, str], told: str
) -> None:
    assert ended("rules", "diff", rules, *more) == 2
    assert told in capsys.readouterr().err


# --- a run ----------------------------------------------------------------------------------------


def test_run_leaves_out_what_is_not_released_by_name_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, feeds = tmp_path / "rules", tmp_path / "feeds"
    shutil.copytree(default_rules_dir(), rules, ignore=shutil.ignore_patterns("releases"))
    assert ended("synth", "--people", "60", "--seed", "3", "--out", feeds) == 0
    assert release(rules, "--scheme", "child_benefit", "--scheme", "pension_credit") == 0
    rates = rules / "uk/child_benefit/rates.yaml"
    rates.write_text(rates.read_text(encoding="utf-8").replace("2705", "2706"), encoding="utf-8")
    capsys.readouterr()
    run = ("run", "--feeds", feeds, "--rules", rules, "--on", "2026-06-01")
    assert ended(*run, "--out", tmp_path / "out") == 0
    file = "releases/2026-04-06_synthetic_data.yaml"
    printed = capsys.readouterr().out
    assert f"LEFT OUT: child_benefit: {file}, line " in printed
    assert f"LEFT OUT: universal_credit: {file} does not name it: release it" in printed
    manifest = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    assert list(manifest["packs"]) == ["pension_credit"]
    assert {"child_benefit", "universal_credit"} <= manifest["left_out"].keys()
    assert (manifest["release"], manifest["unreleased"]) == (file, False)


def test_run_that_goes_without_releases_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feeds, out = tmp_path / "feeds", tmp_path / "out"
    assert ended("synth", "--people", "60", "--seed", "3", "--out", feeds) == 0
    asked = ("--on", "2026-06-01", "--scheme", "child_benefit", "--unreleased")
    assert ended("run", "--feeds", feeds, "--out", out, *asked) == 0
    assert "NOT RELEASED: the rules were run as their folders stand" in capsys.readouterr().out
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["release"], manifest["unreleased"]) == (None, True)
