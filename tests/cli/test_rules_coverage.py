"""`nostop rules coverage` and `nostop rules mutate` as an author meets them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Nostop
from tests.determination.tried import HEAD, RATES, case
from tests.rulebook.small import pack_text, write_rules

ALL = (
    case("outcome: entitled, amount: 500", savings=1000),
    case("outcome: not_entitled, because: [poor]", savings=1001),
    case("outcome: unknown", savings="unknown"),
    case("outcome: not_entitled, because: [applies_in]", nation="scotland"),
    case("outcome: unknown", nation="unknown"),
)


def rules(folder: Path, *cases: str) -> Path:
    pack = pack_text({"poor": "total(savings) <= savings_limit"}, {"part": "grant_rate"})
    own = {"uk/alpha/rates.yaml": RATES, "uk/alpha/cases/own.yaml": HEAD + "".join(cases)}
    return write_rules(folder, own, alpha=pack)


def test_coverage_ends_well_where_each_condition_is_seen(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("rules", "coverage", "--rules", rules(tmp_path, *ALL))
    assert ended.code == 0
    (row,) = (line for line in ended.out.splitlines() if line.strip().startswith("alpha  "))
    assert row.split() == ["alpha", "5", "2/2", "2/2", "-", "0/1", "-", "-"]
    assert "below: a case in which total(savings) is a penny below savings_limit" in ended.out


def test_coverage_names_what_is_not_seen_and_ends_with_1(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("rules", "coverage", "--rules", rules(tmp_path, *ALL[:2]))
    assert ended.code == 1
    shown = ended.out.splitlines()
    start = shown.index("alpha, condition: not seen")
    assert shown[start + 4 : start + 6] == [
        "  uk/alpha/pack.yaml:16 poor: total(savings) <= savings_limit",
        "    unknown: a case in which it is open, one of these unknown: savings",
    ]


def test_coverage_for_a_machine(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("rules", "coverage", "--json", "--rules", rules(tmp_path, *ALL[:2]))
    assert ended.code == 1
    (told,) = json.loads(ended.out)
    assert (told["owner"], told["cases"], told["enough"]) == ("alpha", 2, False)
    assert told["points"]["condition"] == {"all": 2, "seen": 0}
    (limit,) = (each for each in told["lacking"] if each["sort"] == "limit")
    assert limit == {
        "sort": "limit",
        "name": "poor",
        "file": "uk/alpha/pack.yaml",
        "line": 16,
        "formula": "total(savings) <= savings_limit",
        "case_for": {"below": "total(savings) is a penny below savings_limit"},
    }


def test_mutate_ends_well_where_enough_is_caught(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("rules", "mutate", "--rules", rules(tmp_path, *ALL))
    assert ended.code == 0
    (row,) = (line for line in ended.out.splitlines() if line.strip().startswith("alpha  "))
    assert row.split() == ["alpha", "9", "9", "100.0", "2", "0"]


def test_mutate_names_what_no_case_catches_and_ends_with_1(nostop: Nostop, tmp_path: Path) -> None:
    folder = rules(tmp_path, *ALL[1:])
    ended = nostop("rules", "mutate", "--scheme", "alpha", "--rules", folder)
    assert ended.code == 1
    shown = ended.out.splitlines()
    start = shown.index("  uk/alpha/rates.yaml:3 grant_rate (rate)")
    assert shown[start + 1 : start + 3] == [
        "    £5.00 a week from 2020-01-01  ->  £5.01 a week",
        "    write a case in which the result hangs on this to the last unit; "
        "cases in its time are on 2026-06-01",
    ]
    told = json.loads(nostop("rules", "mutate", "--json", "--rules", folder).out)
    assert (told[0]["tried"], told[0]["enough"]) == (9, False)
    assert {each["sort"] for each in told[0]["survivors"]} == {"comparison", "part dropped", "rate"}
    few = json.loads(nostop("rules", "mutate", "--json", "--limit", "2", "--rules", folder).out)
    assert few[0]["tried"] == 2


@pytest.mark.parametrize("command", ["coverage", "mutate"])
def test_a_misspelt_scheme_and_a_failing_case_are_refused(
    command: str, nostop: Nostop, tmp_path: Path
) -> None:
    folder = rules(tmp_path, *ALL, case("outcome: entitled", savings=2000))
    ended = nostop("rules", command, "--scheme", "alhpa", "--rules", folder)
    assert (ended.code, ended.out) == (2, "")
    assert "no rule pack or library 'alhpa'; did you mean 'alpha'?" in ended.err
    ended = nostop("rules", command, "--rules", folder)
    assert (ended.code, ended.out) == (2, "")
    assert "does not come out as it says: outcome: expected entitled" in ended.err
