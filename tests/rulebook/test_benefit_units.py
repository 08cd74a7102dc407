"""A household's formulas over its benefit units."""

from pathlib import Path
from typing import Any

import pytest

from nostop.determination.determine import determine
from nostop.rulebook import check, load_rulebook
from tests.rulebook.small import ON, pack_text, situation, write_rules

WORKINGS: dict[str, Any] = {
    "unit_pay": ("benefit_unit", "total(pay)"),
    "all_pay": ("household", "total(unit_pay)"),
    "most_pay": ("household", "largest(unit_pay, where=is_married)"),
    "units": ("household", "count(unit_pay > 0)"),
    "all_married": ("household", "all_benefit_units(is_married)"),
    "some_paid": ("household", "any_benefit_unit(unit_pay >= week_a)"),
}


def amounts(folder: Path, part: str) -> list[int | None]:
    notes = {name: name for name in WORKINGS if name != "unit_pay"}
    pack = pack_text(
        {"home": "rent == 0"}, {"part": part}, WORKINGS, level="household", notes=notes
    )
    book = load_rulebook(write_rules(folder, alpha=pack))
    people = [
        {"benefit_unit_id": "b1", "pay": 4000},
        {"benefit_unit_id": "b1", "pay": 3000},
        {"benefit_unit_id": "b2", "pay": 500},
    ]
    units = [
        {"benefit_unit_id": "b1", "is_married": True},
        {"benefit_unit_id": "b2", "is_married": False},
    ]
    home = [{"household_id": "h", "nation": "england", "rent": 0}]
    given = situation(book.catalogue, people, units, home)
    return determine(given, book, ON, ["alpha"])["amount"].to_list()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("all_pay", 7500),
        ("most_pay", 7000),
        ("week_b * units", 666),
        ("week_b if all_married else week_a", 10000),
        ("week_b if some_paid else week_a", 10000),
    ],
)
def test_a_households_formula_counts_each_benefit_unit_once(
    tmp_path: Path, part: str, expected: int
) -> None:
    assert amounts(tmp_path, part) == [expected]


def test_benefit_units_are_refused_below_the_household(tmp_path: Path) -> None:
    pack = pack_text({"ok": "all_benefit_units(is_married)"}, {"part": "week_a"})
    (found,) = check(write_rules(tmp_path, alpha=pack))
    assert found.message == (
        "all_benefit_units(...) looks over the benefit units of a household: give its working "
        "level: household"
    )


def test_a_persons_fact_is_refused_among_benefit_units(tmp_path: Path) -> None:
    pack = pack_text(
        {"ok": "any_benefit_unit(pay > week_a)"}, {"part": "week_a"}, level="household"
    )
    (found,) = check(write_rules(tmp_path, alpha=pack))
    assert found.message == (
        "any_benefit_unit(...) is about benefit units, and its part about a person: work the "
        "person's part out for the benefit unit first, in a working of its own"
    )
