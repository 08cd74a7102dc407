# ruff: noqa: E501 - rule files are quoted as authors write them
"""What differs between two rule books, piece by piece."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.history.changes import Change, FieldChange, changes, changes_over_time
from tests.rulebook.small import FACTS, RATES, library_text, pack_text, write_rules

CASES = """\
situations:
  alone: {people: {ann: {role: adult, pay: 100}}}
cases:
  - {name: Some pay, effective_date: 2026-06-01, start_from: alone, expect: {outcome: entitled}}
"""
FILES = {
    "facts.yaml": FACTS,
    "uk/alpha/pack.yaml": pack_text(
        {"poor": "income < week_a", "ill": "any_adult(ill)"},
        {"part_a": "week_a - income"},
        workings={"income": "total(double)"},
        uses=["shared"],
        notes={"hint": "income"},
    ),
    "uk/alpha/rates.yaml": RATES,
    "uk/alpha/cases/all.yaml": CASES,
    "uk/shared/library.yaml": library_text("shared", {"double": ("person", "pay + pay")}),
}
BETA = pack_text({"ill": "any_adult(ill)"}, {"part_a": "week_b"}, scheme="beta")


def book_of(folder: Path, files: Mapping[str, str]) -> Rulebook:
    return load_rulebook(write_rules(folder, files))


def changed(folder: Path, file: str, old: str, new: str) -> list[Change]:
    """Return what differs when one text of one file is another."""
    assert old in FILES[file]
    after = {**FILES, file: FILES[file].replace(old, new)}
    return changes(book_of(folder / "old", FILES), book_of(folder / "new", after))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected", "is_wording"),
    [
        pytest.param("uk/alpha/pack.yaml", "income < week_a", "income <= week_a", ("alpha", "condition", "poor", "when", "income < week_a", "income <= week_a"), False, id="condition"),
        pytest.param("uk/alpha/pack.yaml", "'total(double)'", "'total(pay)'", ("alpha", "working", "income", "formula", "total(double)", "total(pay)"), False, id="working"),
        pytest.param("uk/alpha/pack.yaml", "'week_a - income'", "'week_a'", ("alpha", "part", "part_a", "formula", "week_a - income", "week_a"), False, id="part"),
        pytest.param("uk/alpha/pack.yaml", "direction: up", "direction: down", ("alpha", "setting", "award.round", "round.direction", "up", "down"), False, id="rounding"),
        pytest.param("uk/alpha/pack.yaml", "[england, wales]", "[england]", ("alpha", "setting", "applies_in", "applies_in", "england, wales", "england"), False, id="where it applies"),
        pytest.param("uk/alpha/pack.yaml", "cy: Cynllun prawf", "cy: Prawf", ("alpha", "setting", "title", "title.cy", "Cynllun prawf", "Prawf"), True, id="title"),
        pytest.param("uk/alpha/pack.yaml", "says: A note", "says: Another note", ("alpha", "note", "hint", "says", "A note", "Another note"), True, id="note"),
        pytest.param("uk/alpha/rates.yaml", "value: 10000,", "value: 10050,", ("alpha", "rate", "week_a", "from 2020-01-01", "£100.00 a week", "£100.50 a week"), False, id="rate"),
        pytest.param("uk/alpha/rates.yaml", "rooms: 3, value: 20000", "rooms: 3, value: 20001", ("alpha", "table", "week_by_place", "from 2020-01-01, nation england, rooms 3", "£200.00 a week", "£200.01 a week"), False, id="row of a table"),
        pytest.param("uk/shared/library.yaml", "pay + pay", "pay - pay", ("shared", "working", "double", "formula", "pay + pay", "pay - pay"), False, id="working of a library"),
        pytest.param("uk/alpha/cases/all.yaml", "pay: 100", "pay: 200", ("alpha", "case", "all: Some pay", "start_from.people.ann.pay", "100", "200"), True, id="case"),
        pytest.param("facts.yaml", "at_most: 168", "at_most: 100", ("catalogue", "fact", "hours", "at_most", "168", "100"), False, id="fact"),
    ],
)  # fmt: skip
def test_one_change_is_told_once_and_where(
    tmp_path: Path,
    file: str,
    old: str,
    new: str,
    expected: tuple[str, str, str, str, str, str],
    is_wording: bool,
) -> None:
    (change,) = changed(tmp_path, file, old, new)
    (field,) = change.fields
    found = (change.owner, change.piece, change.name, field.field, field.old, field.new)
    assert change.what == "changed"
    assert change.is_wording is is_wording
    assert found == expected


def test_comments_and_order_of_keys_are_no_change(tmp_path: Path) -> None:
    owner = "owner: Nobody\nauthority: DWP"
    assert (
        changed(tmp_path, "uk/alpha/pack.yaml", owner, "authority: DWP # a comment\nowner: Nobody")
        == []
    )


def test_condition_that_is_new_is_told_with_what_it_says(tmp_path: Path) -> None:
    pack = FILES["uk/alpha/pack.yaml"]
    poor = next(line for line in pack.splitlines() if "id: poor" in line)
    old = book_of(tmp_path / "old", {**FILES, "uk/alpha/pack.yaml": pack.replace(f"{poor}\n", "")})
    order, added = changes(old, book_of(tmp_path / "new", FILES))
    assert (order.name, order.fields) == (
        "order of conditions",
        (FieldChange("order", "ill", "poor, ill"),),
    )
    assert (added.piece, added.name, added.what) == ("condition", "poor", "added")
    assert FieldChange("when", None, "income < week_a") in added.fields
    back = changes(book_of(tmp_path / "new", FILES), old)
    assert [(each.name, each.what) for each in back] == [
        ("order of conditions", "changed"),
        ("poor", "removed"),
    ]


def test_whole_scheme_and_library_are_one_change_each(tmp_path: Path) -> None:
    more = {
        **FILES,
        "uk/beta/pack.yaml": BETA,
        "uk/beta/rates.yaml": RATES,
        "uk/spare/library.yaml": library_text("spare", {"half": ("person", "pay")}),
    }
    old, new = book_of(tmp_path / "old", FILES), book_of(tmp_path / "new", more)
    assert changes(old, new) == [
        Change("beta", "scheme", "beta", "added"),
        Change("spare", "library", "spare", "added"),
    ]
    assert [each.what for each in changes(new, old)] == ["removed", "removed"]


def test_two_days_of_one_folder_show_the_numbers_in_force(tmp_path: Path) -> None:
    dated = "values: [{from: 2020-01-01, value: 10000, reference: law}, {from: 2026-04-06, value: 10400, reference: law}]"
    rates = RATES.replace("values: [{from: 2020-01-01, value: 10000, reference: law}]", dated)
    book = book_of(tmp_path, {**FILES, "uk/alpha/rates.yaml": rates})
    field = FieldChange("in force", "£100.00 a week", "£104.00 a week")
    assert changes_over_time(book, date(2025, 6, 1), book, date(2026, 6, 1)) == [
        Change("alpha", "rate", "week_a", "changed", (field,))
    ]
    assert changes_over_time(book, date(2025, 6, 1), book, date(2026, 4, 5)) == []
