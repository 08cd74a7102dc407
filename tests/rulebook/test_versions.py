# ruff: noqa: E501 - rule files are quoted as authors write them
"""What moves the content hash of a scheme, and what does not."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.history.versions import owners_behind, schemes_behind
from tests.rulebook.small import (
    AWARDS,
    FACTS,
    GATEWAYS,
    RATES,
    library_text,
    pack_text,
    write_rules,
)

#: alpha reads a library, a table and beta; gamma reads none of them.
LIBRARY = library_text("shared", {"spare": ("person", "pay + week_c"), "unused": ("person", "pay")})
LIBRARY_RATES = """\
rates:
  week_c: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 100, reference: law}]}
  week_d: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 100, reference: law}]}
"""
ALPHA = pack_text(
    {"poor": "total(spare) < income_limit", "settled": "not entitled(beta) or any_adult(ill)"},
    {"part_a": "rate(week_by_place, nation, rooms)"},
    workings={"income_limit": "week_a"},
    uses=["shared"],
)
BETA = pack_text(
    {"poor": "total(pay) < week_a"}, {"part_a": "week_b"}, scheme="beta", receipt="universal_credit"
)
GAMMA = pack_text({"ill": "any_adult(ill)"}, {"part_a": "week_b"}, scheme="gamma")
FILES = {
    "facts.yaml": FACTS,
    "awards.yaml": AWARDS,
    "gateways.yaml": GATEWAYS,
    "uk/shared/library.yaml": LIBRARY,
    "uk/shared/rates.yaml": LIBRARY_RATES,
    "uk/alpha/rates.yaml": RATES,
    "uk/beta/rates.yaml": RATES,
    "uk/gamma/rates.yaml": RATES,
    "uk/alpha/pack.yaml": ALPHA,
    "uk/beta/pack.yaml": BETA,
    "uk/gamma/pack.yaml": GAMMA,
}


def book_of(folder: Path, files: Mapping[str, str] = FILES) -> Rulebook:
    return load_rulebook(write_rules(folder, files))


def moved(folder: Path, file: str, old: str, new: str) -> set[str]:
    """Return the schemes whose content hash moves when one text of one file is another."""
    assert FILES[file].count(old) >= 1
    changed = {**FILES, file: FILES[file].replace(old, new)}
    before, after = book_of(folder / "before"), book_of(folder / "after", changed)
    return {
        name
        for name, scheme in before.schemes.items()
        if scheme.content_hash != after.schemes[name].content_hash
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "schemes"),
    [
        pytest.param("uk/gamma/pack.yaml", "any_adult(ill)", "any_member(ill)", "gamma", id="condition"),
        pytest.param("uk/gamma/pack.yaml", "'week_b'", "'week_a'", "gamma", id="part"),
        pytest.param("uk/gamma/pack.yaml", "direction: up", "direction: down", "gamma", id="rounding"),
        pytest.param("uk/gamma/pack.yaml", "[england, wales]", "[england]", "gamma", id="where it applies"),
        pytest.param("uk/gamma/pack.yaml", "[savings, ill, is_married]", "[savings]", "gamma", id="who is asked"),
        pytest.param("uk/gamma/pack.yaml", "It holds", "It does hold", "gamma", id="words of a pack"),
        pytest.param("uk/gamma/pack.yaml", "It holds", "it holds", "gamma", id="capital letter of a pack"),
        pytest.param("uk/gamma/pack.yaml", "2026.1", "2026.2", "gamma", id="version number"),
        pytest.param("uk/gamma/rates.yaml", "value: 333", "value: 334", "gamma", id="own rate that is read"),
        pytest.param("uk/gamma/rates.yaml", "value: 40001", "value: 40002", "gamma", id="own rate that nothing reads"),
        pytest.param("uk/gamma/rates.yaml", "2020-01-01, value: 333", "2020-01-02, value: 333", "gamma", id="day of a rate"),
        pytest.param("uk/alpha/rates.yaml", "rooms: 3, value: 20000", "rooms: 3, value: 20001", "alpha", id="row of a table"),
        pytest.param("uk/shared/library.yaml", "pay + week_c", "pay - week_c", "alpha", id="working of a library"),
        pytest.param("uk/shared/rates.yaml", "week_c: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 100", "week_c: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 101", "alpha", id="rate of a library"),
        pytest.param("uk/beta/pack.yaml", "total(pay) < week_a", "total(pay) <= week_a", "alpha beta", id="formula of a scheme that is read"),
        pytest.param("uk/beta/pack.yaml", "[england, wales]", "[england]", "alpha beta", id="where a scheme that is read applies"),
        pytest.param("uk/beta/rates.yaml", "value: 10000", "value: 10001", "alpha beta", id="rate of a scheme that is read"),
        pytest.param("facts.yaml", "ill: {means: Is ill, level: person, type: bool, nil: false, valid_for: always, effort: 2", "ill: {means: Is ill, level: person, type: bool, nil: false, valid_for: always, effort: 3", "alpha gamma", id="effort of asking for a fact"),
        pytest.param("facts.yaml", "  pay: {means: Pay, level: person, type: money, per: week, applies_to: [adult], nil: 0, non_negative: true", "  pay: {means: Pay, level: person, type: money, per: week, applies_to: [adult], nil: 0, non_negative: true, at_most: 9000000", "alpha beta", id="cap of a fact"),
        pytest.param("facts.yaml", "type: money, per: week, applies_to: [adult], nil: 0, non_negative: true", "type: money, per: week, applies_to: [adult], nil: 0", "alpha beta", id="fact that may be below 0"),
        pytest.param("facts.yaml", "type: money, per: week, applies_to: [adult], nil: 0, non_negative: true", "type: money, per: week, nil: 0, non_negative: true", "alpha beta", id="whose a fact is"),
        pytest.param("awards.yaml", "universal_credit: {means: Universal Credit, per: month}", "universal_credit: {means: Universal Credit, per: week}", "beta", id="period of an award"),
        # What decides nothing, and what is of no scheme here:
        pytest.param("uk/gamma/pack.yaml", "entitled_when:", "# a comment\n\nentitled_when:", "", id="comment and blank line"),
        pytest.param("uk/gamma/pack.yaml", "'any_adult(ill)'", "'any_adult( ill )'\n     ", "gamma", id="space within a formula's signs"),
        pytest.param("uk/gamma/pack.yaml", "It does not hold", "It does  not hold", "", id="more space between words"),
        pytest.param("uk/gamma/pack.yaml", "owner: Nobody\nauthority: DWP", "authority: DWP\nowner: Nobody", "", id="order of keys"),
        pytest.param("uk/beta/pack.yaml", "It holds", "It does hold", "beta", id="words of a scheme that is read"),
        pytest.param("uk/beta/rates.yaml", "week_a: {means: Weekly amount", "week_a: {means: An amount", "beta", id="words of a rate of a scheme that is read"),
        pytest.param("uk/beta/rates.yaml", "value: 10000, reference: law", "value: 10000, reference: lore", "beta", id="reference of a rate of a scheme that is read"),
        pytest.param("uk/shared/rates.yaml", "week_c: {means: Weekly amount", "week_c: {means: An amount", "alpha", id="words of a library"),
        pytest.param("uk/beta/pack.yaml", "'week_b'", "'week_a'", "beta", id="award of a scheme whose outcome alone is read"),
        pytest.param("uk/shared/library.yaml", "formula: 'pay',", "formula: 'pay + pay',", "", id="working of a library that nothing reads"),
        pytest.param("uk/shared/rates.yaml", "week_d: {means: Weekly amount", "week_d: {means: Another amount", "", id="rate of a library that nothing reads"),
        pytest.param("facts.yaml", "means: Is ill", "means: Is unwell", "", id="what a fact means"),
        pytest.param("facts.yaml", "means: Hours, level: person, type: int, nil: 0, non_negative: true, at_most: 168", "means: Hours, level: person, type: int, nil: 0, non_negative: true, at_most: 100", "", id="fact that nothing reads"),
        pytest.param("gateways.yaml", "purpose: To test", "purpose: To try", "", id="gateway"),
    ],
)  # fmt: skip
def test_content_hash_moves_with_what_changes_a_result(
    tmp_path: Path, file: str, old: str, new: str, schemes: str
) -> None:
    assert moved(tmp_path, file, old, new) == set(schemes.split())


def test_content_hash_is_the_same_wherever_the_folder_lies(tmp_path: Path) -> None:
    here, there = book_of(tmp_path / "here"), book_of(tmp_path / "there")
    assert {name: each.content_hash for name, each in here.schemes.items()} == {
        name: each.content_hash for name, each in there.schemes.items()
    }
    assert here.scheme("alpha").version == f"2026.1+{here.scheme('alpha').content_hash[:8]}"


def test_worked_examples_do_not_move_the_content_hash(tmp_path: Path) -> None:
    case = "cases: [{name: A case, effective_date: 2026-06-01, start_from: x, expect: {outcome: unknown}}]"
    before = book_of(tmp_path / "before").schemes
    after = book_of(tmp_path / "after", {**FILES, "uk/gamma/cases/one.yaml": case}).schemes
    assert after["gamma"].content_hash == before["gamma"].content_hash


BY_AREA = """\
tables:
  week_by_two:
    means: Weekly amount by two numbers
    keys: {one: exact, two: exact}
    type: money
    per: week
    values: [{from: 2020-01-01, reference: law, rows: [{one: 1, two: 2, value: 5}]}]
"""


def by_two(folder: Path, rates: str) -> str:
    pack = pack_text({"ill": "any_adult(ill)"}, {"part_a": "rate(week_by_two, rooms, rooms)"})
    files = {
        "uk/alpha/pack.yaml": pack,
        "uk/alpha/rates.yaml": rates,
        "uk/alpha/rows.csv": "one,two,value\n1,2,5\n",
    }
    return load_rulebook(write_rules(folder, files)).scheme("alpha").content_hash


def test_rows_from_a_csv_file_are_the_same_content_as_rows_written_out(tmp_path: Path) -> None:
    named = BY_AREA.replace("rows: [{one: 1, two: 2, value: 5}]", "file: rows.csv")
    assert by_two(tmp_path / "rows", BY_AREA) == by_two(tmp_path / "file", named)


def test_order_of_a_tables_keys_moves_the_content_hash(tmp_path: Path) -> None:
    # A formula gives the keys in their order.
    other = BY_AREA.replace("{one: exact, two: exact}", "{two: exact, one: exact}")
    assert by_two(tmp_path / "one", BY_AREA) != by_two(tmp_path / "other", other)


def test_what_a_scheme_rests_on_is_found_in_any_depth(tmp_path: Path) -> None:
    gamma = pack_text({"sure": "entitled(alpha)"}, {"part_a": "week_b"}, scheme="gamma")
    book = book_of(tmp_path, {**FILES, "uk/gamma/pack.yaml": gamma})
    assert schemes_behind(book) == {"alpha": {"beta"}, "beta": set(), "gamma": {"alpha", "beta"}}
    assert owners_behind(book)["gamma"] == {"alpha", "beta", "shared"}
