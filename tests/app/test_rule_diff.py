# ruff: noqa: E501 - rule files are quoted as authors write them
"""A change of rules on a tiny population: who flips, and nobody else."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nostop.app.rule_diff import (
    People,
    RuleDiff,
    Side,
    diff_rules,
    flips,
    read_people,
    schemes_of,
    write_diff,
)
from nostop.frames import Awards, empty
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, load_rulebook
from tests.rulebook.small import RATES, pack_text, situation, write_rules

ON = date(2026, 6, 1)
#: Everybody with pay below week_a (£100.00) gets the difference.
ALPHA = pack_text({"poor": "total(pay) < week_a"}, {"part_a": "week_a - total(pay)"})
BETA = pack_text({"ill": "any_adult(ill)"}, {"part_a": "week_b"}, scheme="beta")
PAY = [5000, 9999, 10000, 10300, 30000]
UPRATED = RATES.replace(
    "values: [{from: 2020-01-01, value: 10000, reference: law}]",
    "values: [{from: 2020-01-01, value: 10000, reference: law}, {from: 2026-04-06, value: 10400, reference: law}]",
)


def book_of(folder: Path, files: dict[str, str] | None = None, **packs: str) -> Rulebook:
    return load_rulebook(write_rules(folder, files, **packs))


def people(book: Rulebook, awards: list[dict[str, Any]] | None = None) -> People:
    """Return one adult with each pay, and one whose pay is not known, each in a unit of their
    own."""
    rows = [
        {"benefit_unit_id": f"b{number}", "household_id": f"h{number}", "pay": pay, "ill": False}
        for number, pay in enumerate([*PAY, None])
    ]
    return People(situation(book.catalogue, rows, awards=awards), made_up=True)


def diffed(old: Rulebook, new: Rulebook, given: People | None = None) -> RuleDiff:
    sides = Side(old, ON), Side(new, ON)
    return diff_rules(*sides, given or people(new), schemes_of(old, new, None))


@pytest.fixture
def old(tmp_path: Path) -> Rulebook:
    return book_of(tmp_path / "old", alpha=ALPHA)


@pytest.fixture
def raised(tmp_path: Path) -> Rulebook:
    """The same rules with the limit at £104.00."""
    rates = RATES.replace("value: 10000,", "value: 10400,")
    return book_of(tmp_path / "new", {"uk/alpha/rates.yaml": rates}, alpha=ALPHA)


def test_same_rules_flip_nobody(old: Rulebook, tmp_path: Path) -> None:
    found = diffed(old, book_of(tmp_path / "same", alpha=ALPHA))
    assert not found.pairs["differs"].any()
    assert flips(found).is_empty()
    assert found.matrix.select("old_outcome", "new_outcome", "subjects").rows() == [
        ("entitled", "entitled", 2),
        ("not_entitled", "not_entitled", 3),
        ("unknown", "unknown", 1),
    ]


def test_raised_limit_flips_exactly_the_one_it_reaches(old: Rulebook, raised: Rulebook) -> None:
    found = diffed(old, raised)
    # £4.00 a week more for b0 and b1; b2 (£100.00) and b3 (£103.00) now get £4.00 and £1.00.
    names = (
        "old_outcome",
        "new_outcome",
        "subjects",
        "gains",
        "least_gained",
        "most_gained",
        "least_lost",
    )
    assert found.matrix.select(names).rows() == [
        ("entitled", "entitled", 2, 2, 2 * 400 * 52, 2 * 400 * 52, 0),
        ("not_entitled", "entitled", 2, 2, (400 + 100) * 52, (400 + 100) * 52, 0),
        ("not_entitled", "not_entitled", 1, 0, 0, 0, 0),
        ("unknown", "unknown", 1, 0, 0, 400 * 52, 0),
    ]
    assert found.reasons.rows() == [("alpha", "not_entitled", "entitled", "poor", 2)]
    newly = flips(found).filter(pl.col("old_outcome") != pl.col("new_outcome"))
    assert newly.select("subject", "new_low").rows() == [("b2", 20800), ("b3", 5200)]


def test_scheme_that_one_folder_lacks_is_absent_there(old: Rulebook, tmp_path: Path) -> None:
    both = book_of(tmp_path / "both", alpha=ALPHA, beta=BETA)
    come = diffed(old, both).matrix.filter(pl.col("scheme") == "beta")
    assert come.select("old_outcome", "new_outcome", "subjects").rows() == [
        ("absent", "not_entitled", 6)
    ]
    gone = diffed(both, old).matrix.filter(pl.col("scheme") == "beta")
    assert gone.select("old_outcome", "new_outcome", "subjects").rows() == [
        ("not_entitled", "absent", 6)
    ]


def test_two_days_of_one_folder_are_held_against_each_other(tmp_path: Path) -> None:
    files = {"uk/alpha/pack.yaml": ALPHA, "uk/alpha/rates.yaml": UPRATED}
    book = load_rulebook(write_rules(tmp_path, files))
    sides = Side(book, date(2025, 6, 1)), Side(book, ON)
    found = diff_rules(*sides, people(book), ["alpha"])
    assert found.pairs.filter("differs")["subject"].to_list() == ["b0", "b1", "b2", "b3", "b5"]


def test_groups_of_a_scheme_add_up_to_its_whole(old: Rulebook, raised: Rulebook) -> None:
    found = diffed(old, raised)
    for _, values in found.groups.group_by("group"):
        assert values["subjects"].sum() == len(PAY) + 1
        assert values["least_gained"].sum() == found.matrix["least_gained"].sum()


# --- what may be stored ---------------------------------------------------------------------------


def award(person: str) -> dict[str, Any]:
    return {
        "person_id": person, "scheme": "pension_credit", "status": "in_payment", "amount": 500, "per": "week",
        "starts_on": None, "ends_on": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("awards", "made_up", "stored"),
    [
        ([award("p0"), award("p2")], True, ["b0", "b1", "b2", "b3", "b5"]),
        # Of real people, nothing about a scheme that is claimed:
        ([award("p0"), award("p2")], False, ["b1", "b3", "b5"]),
        # and, where receipt is not known, nothing adverse:
        (None, False, ["b0", "b1", "b5"]),
    ],
)
def test_nothing_adverse_about_a_claimed_scheme_of_real_people_is_stored(
    old: Rulebook,
    raised: Rulebook,
    awards: list[dict[str, Any]] | None,
    made_up: bool,
    stored: list[str],
) -> None:
    given = people(raised, awards)
    found = diffed(old, raised, People(given.situation, made_up))
    assert flips(found)["subject"].to_list() == stored


def test_written_files_hold_who_flips_and_the_counts(
    old: Rulebook, raised: Rulebook, tmp_path: Path
) -> None:
    found = diffed(old, raised, People(people(raised, [award("p0")]).situation, made_up=False))
    assert write_diff(found, tmp_path / "out") == 1
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "flips.parquet", "groups.csv", "reasons.csv", "summary.csv",
    ]  # fmt: skip
    assert pl.read_csv(tmp_path / "out/summary.csv")["subjects"].sum() == len(PAY) + 1
    stored = pl.read_parquet(tmp_path / "out/flips.parquet")
    assert stored["subject"].to_list() == ["b1", "b2", "b3", "b5"]
    assert stored["reasons"].to_list() == [None, ["poor"], ["poor"], None]


# --- who is read ----------------------------------------------------------------------------------


def one(pay: int, on: str | None = "2026-06-01") -> dict[str, Any]:
    given = {
        "people": {"ann": {"role": "adult", "pay": pay}},
        "households": {"h": {"nation": "england"}},
    }
    return {**given, **({"on": on} if on else {})}


def test_situations_of_a_file_are_one_population(
    old: Rulebook, raised: Rulebook, tmp_path: Path
) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps([one(9999), one(10300)]), encoding="utf-8")
    given = read_people(file, old, raised)
    assert (given.made_up, given.effective_on) == (True, ON)
    found = diffed(old, raised, given)
    assert found.pairs["subject"].to_list() == ["1/ann", "2/ann"]
    assert found.pairs["new_outcome"].to_list() == ["entitled", "entitled"]


def test_situations_for_several_days_name_none(old: Rulebook, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps([one(1), one(1, "2025-06-01")]), encoding="utf-8")
    assert read_people(file, old, old).effective_on is None


def test_frames_are_made_up_where_their_manifest_says_so(old: Rulebook, tmp_path: Path) -> None:
    truth = tmp_path / "district/truth"
    truth.mkdir(parents=True)
    given = people(old).situation
    given.people.write_parquet(truth / "people.parquet")
    given.benefit_units.write_parquet(truth / "benefit_units.parquet")
    given.households.write_parquet(truth / "households.parquet")
    empty(Awards).write_parquet(truth / "awards.parquet")
    assert not read_people(truth, old, old).made_up
    (tmp_path / "district/manifest.json").write_text('{"synthetic": true}', encoding="utf-8")
    assert read_people(truth, old, old).made_up


def test_scheme_that_neither_side_has_is_refused_with_the_nearest(old: Rulebook) -> None:
    with pytest.raises(
        SettingsError, match="neither side has a scheme 'alfa'; did you mean 'alpha'"
    ):
        schemes_of(old, old, ["alfa"])
