"""`nostop rules new`, `explain`, `schema` and `watch` as an author meets them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nostop.app.editor_schema import FILES
from tests.app.tidy import tidy_rules
from tests.cli.conftest import Nostop


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tidy_rules(tmp_path / "rules", "alpha")


def test_new_writes_a_pack_that_check_refuses_until_it_is_filled_in(
    nostop: Nostop, rules: Path
) -> None:
    ended = nostop(
        "rules", "new", "uk/winter", "--per", "month", "--decides-for", "person", "--rules", rules
    )
    assert ended.code == 0
    for words in ("written: ", "schemes: [winter]", "Add to awards.yaml", "nostop rules check"):
        assert words in ended.out
    pack = (rules / "uk/winter/pack.yaml").read_text(encoding="utf-8")
    assert "decides_for: person" in pack
    assert "per: month" in pack
    assert "formula: monthly_rate" in pack
    checked = nostop("rules", "check", "--rules", rules)
    assert checked.code == 1
    assert "pack.yaml:5:9: line 5 still says FILL IN: its name" in checked.err
    again = nostop("rules", "new", "uk/winter", "--rules", rules)
    assert (again.code, again.out) == (2, "")
    assert "nothing was written" in again.err


def test_new_refuses_what_is_no_jurisdiction_or_period(nostop: Nostop, rules: Path) -> None:
    ended = nostop("rules", "new", "wels/winter", "--rules", rules)
    assert ended.code == 2
    assert "'wels' is no jurisdiction; did you mean 'wales'?" in ended.err
    assert nostop("rules", "new", "uk/winter", "--per", "day", "--rules", rules).code == 2
    assert not (rules / "uk/winter").exists()


def test_explain_tells_a_case_and_its_formulas(nostop: Nostop, rules: Path) -> None:
    ended = nostop("rules", "explain", "--case", "Well", "--formulas", "--rules", rules)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "A test scheme (ann)",
        "  A test scheme: not entitled on 1 June 2026; not claimed.",
        "  Not met: It does not hold [some law].",
        "  is_ill: It holds [some law]",
        "    written: any_adult(ill)",
        "    reads:   At least one adult in the benefit unit is ill.",
        "",
    ]


def test_explain_as_json_holds_the_same(nostop: Nostop, rules: Path) -> None:
    ended = nostop("rules", "explain", "--case", "Well", "--json", "--rules", rules)
    (row,) = json.loads(ended.out)
    assert row["scheme"] == "alpha"
    assert row["effective_on"] == "2026-06-01"
    assert len(row["lines"]) == 2
    ended = nostop("rules", "explain", "alpha", "--json", "--rules", rules)
    assert [each["formulas"][0]["name"] for each in json.loads(ended.out)] == ["is_ill", "p"]


def test_explain_takes_a_file(nostop: Nostop, rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"people": {"ann": {"ill": False}}}), encoding="utf-8")
    ended = nostop("rules", "explain", file, "--on", "2026-06-01", "--trace", "--rules", rules)
    assert ended.code == 0
    assert "alpha.when.is_ill [ann] = no" in ended.out


def test_explain_reads_a_name_back(nostop: Nostop, rules: Path) -> None:
    ended = nostop("rules", "explain", "p", "--on", "2026-06-01", "--rules", rules)
    assert "    reads:   The weekly amount (£100.00 a week)." in ended.out.splitlines()
    ended = nostop("rules", "explain", "alfa", "--rules", rules)
    assert (ended.code, ended.out) == (2, "")
    assert "'alfa' is no scheme, library or working; did you mean 'alpha'?" in ended.err


def test_explain_asks_for_one_thing(nostop: Nostop, rules: Path) -> None:
    assert "say what to explain" in nostop("rules", "explain", "--rules", rules).err
    both = nostop("rules", "explain", "alpha", "--case", "Well", "--rules", rules)
    assert "say what to explain" in both.err
    ended = nostop("rules", "explain", "alpha", "--trace", "--rules", rules)
    assert (ended.code, "go with a case" in ended.err) == (2, True)


def test_schema_writes_into_the_rules_or_where_asked(
    nostop: Nostop, rules: Path, tmp_path: Path
) -> None:
    ended = nostop("rules", "schema", "--rules", rules)
    assert ended.code == 0
    settings = json.loads(ended.out)["yaml.schemas"]
    assert settings[f"{rules}/.schemas/pack.json"] == [f"{rules}/**/pack.yaml"]
    assert {file.stem for file in (rules / ".schemas").iterdir()} == set(FILES)
    nostop("rules", "schema", "--rules", rules, "--out", tmp_path / "elsewhere")
    assert {file.stem for file in (tmp_path / "elsewhere").iterdir()} == set(FILES)
    assert nostop("rules", "check", "--rules", rules).code == 0


def test_watch_ends_quietly_on_ctrl_c(rules: Path) -> None:
    command = [sys.executable, "-m", "nostop.cli", "rules", "watch", "--rules", str(rules)]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        rest, wrong = watching.communicate(timeout=60)
    assert first == "all 2 cases pass (alpha)\n"
    assert (watching.returncode, rest, wrong) == (0, "", "")
