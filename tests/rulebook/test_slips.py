"""Formulas written from their trees, and with one thing changed."""

import ast
from pathlib import Path

import pytest

from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.soundness.slips import dropped, folded, slips
from nostop.rulebook.tree import Node
from nostop.rulebook.words.formula_text import formula_text
from nostop.rulebook.words.written import formula
from tests.rulebook.small import RATES, library_text, write_rules


def tree_of(folder: Path, text: str, level: str = "benefit_unit") -> Node:
    """The tree of one formula, with the small catalogue's facts and rates."""
    library = library_text("shared", {"worked": (level, text)})
    files = {"uk/shared/library.yaml": library, "uk/shared/rates.yaml": RATES}
    return load_rulebook(write_rules(folder, files)).definitions["shared.worked"].tree


# --- written again --------------------------------------------------------------------------------


def test_every_formula_that_ships_is_written_as_its_author_did(book: Rulebook) -> None:
    for definition in book.definitions.values():
        written = ast.parse(formula(definition, book).written, mode="eval")
        again = ast.parse(formula_text(definition.tree), mode="eval")
        assert ast.dump(again) == ast.dump(written), definition.name


@pytest.mark.parametrize(
    "text",
    [
        "(ill or is_owned) and not (ill and is_owned)",
        "hours - (hours - two) - two",
        "hours * (two + two) // two",
        "(pay if ill else profit) if is_owned else maintenance if ill else pay",
        "rate(week_by_place, nation, rooms) + pay * share",
        'care not in ["low", "high"] and born_on < months_before(effective_date, two)',
        'round_to(pay, "pound", "nearest") > at_most(weekly(grant), week_a)',
        "(ill and is_owned) == is_married",
        "steps_over(savings, stock_a, step) > -1",
    ],
)
def test_brackets_stand_where_they_are_needed(text: str, tmp_path: Path) -> None:
    assert formula_text(tree_of(tmp_path, text, "person")) == text


def test_members_are_named_as_authors_name_them(tmp_path: Path) -> None:
    for number, text in enumerate(
        [
            'total(pay, where=role == "adult") > 0',
            "any_benefit_unit(is_married)",
            "any_member(ill) and all_members(ill) and any_child(ill)",
            "count(in_payment(pension_credit)) > count(claimed(pension_credit))",
        ]
    ):
        assert formula_text(tree_of(tmp_path / str(number), text, "household")) == text


# --- slips ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("hours < two", ["hours <= two", "hours >= two"]),
        ("hours >= two", ["hours > two", "hours < two"]),
        ("hours == two", ["hours != two"]),
        ('care in ["low"]', ['care not in ["low"]']),
        ("ill and is_owned", ["ill or is_owned"]),
        ("not ill", ["ill"]),
        ("pay + profit - pay", ["pay + profit + pay", "pay - profit - pay"]),
        ("at_least(pay, profit)", ["at_most(pay, profit)"]),
        (
            'round_to(pay, "penny", "up")',
            ['round_to(pay, "penny", "down")', 'round_to(pay, "penny", "nearest")'],
        ),
        ("pay if ill else profit", []),
    ],
)
def test_each_slip_is_made_once(text: str, changed: list[str], tmp_path: Path) -> None:
    found, equal = slips(tree_of(tmp_path, text, "person"))
    assert [formula_text(each.tree) for each in found] == changed
    assert equal == 0


def test_slips_over_members(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "total(pay, where=not ill) > 0 and any_adult(ill)")
    found, _ = slips(tree)
    assert {(each.sort, formula_text(each.before), formula_text(each.after)) for each in found} == {
        (
            "and/or",
            "total(pay, where=not ill) > 0 and any_adult(ill)",
            "total(pay, where=not ill) > 0 or any_adult(ill)",
        ),
        ("comparison", "total(pay, where=not ill) > 0", "total(pay, where=not ill) >= 0"),
        ("comparison", "total(pay, where=not ill) > 0", "total(pay, where=not ill) <= 0"),
        ("where", "total(pay, where=not ill)", "total(pay)"),
        ("not", "not ill", "ill"),
        ("members", "any_adult(ill)", "all_adults(ill)"),
    }


def test_a_slip_that_changes_nothing_is_counted_and_left_out(tmp_path: Path) -> None:
    found, equal = slips(tree_of(tmp_path / "a", "pay + 0 * pay - 0", "person"))
    assert [formula_text(each.tree) for each in found] == ["pay - 0 * pay - 0"]
    assert equal == 1
    found, equal = slips(tree_of(tmp_path / "b", "ill and ill", "person"))
    assert (found, equal) == ([], 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("not (hours < two)", "hours >= two"),
        ("not (not ill)", "ill"),
        ('not (care in ["low"])', 'care not in ["low"]'),
        ("ill and (is_owned and ill)", "ill and is_owned"),
        ("hours > two", "two < hours"),
        ("pay if ill else pay", "pay"),
        ("at_least(pay, pay)", "pay"),
    ],
)
def test_formulas_of_one_meaning_fold_to_one(one: str, other: str, tmp_path: Path) -> None:
    first, second = (
        folded(tree_of(tmp_path / name, text, "person"))
        for name, text in (("1", one), ("2", other))
    )
    assert first == second


def test_what_is_dropped_is_always_true_or_nothing(tmp_path: Path) -> None:
    condition = dropped("condition", tree_of(tmp_path / "a", "ill", "person"))
    part = dropped("part", tree_of(tmp_path / "b", "pay", "person"))
    assert (condition.sort, formula_text(condition.tree)) == ("condition dropped", "true")
    assert (part.sort, formula_text(part.tree)) == ("part dropped", "0")
