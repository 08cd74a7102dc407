"""Cases explained with the formulas that decide, and packs read back."""

import json
from pathlib import Path
from typing import Any

import pytest

from nostop.app.explaining import Asked, explain_case, explain_file
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.rates import constants_on
from nostop.rulebook.words.written import sections
from tests.rulebook.small import ON, library_text, pack_text, write_rules

CASES = """\
situations:
  one:
    people:
      ann: {everything_else: nil, role: adult, born_on: 1950-01-01}
    households:
      home: {members: [ann], nation: england}
cases:
  - {name: Ill and poor, effective_date: 2026-06-01, start_from: one, expect: {outcome: entitled},
    change: {people: {ann: {ill: true}}}}
  - {name: Well, effective_date: 2026-06-01, start_from: one, expect: {outcome: not_entitled}}
"""


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    workings = {"savings_of_all": "total(savings)"}
    alpha = pack_text(
        {"is_ill": "any_adult(ill)", "is_poor": "savings_of_all <=\n stock_a"},
        {"grant_paid": "week_a"},
        workings,
        notes={"about_pay": "total(pay)"},
    )
    beta = pack_text({"is_ill": "shared"}, {"p": "week_b"}, scheme="beta", uses=["common"])
    files = {
        "uk/alpha/cases/one.yaml": CASES,
        "uk/beta/cases/one.yaml": CASES,
        "uk/common/library.yaml": library_text(
            "common", {"shared": ("benefit_unit", "any_member(ill)")}
        ),
    }
    return load_rulebook(write_rules(tmp_path, files, alpha=alpha, beta=beta))


def situation(tmp_path: Path, **more: Any) -> Path:
    ann = {"role": "adult", "born_on": "1950-01-01", "ill": True, "awards": []}
    data = {"people": {"ann": ann}, "households": {"home": {"nation": "england"}}, **more}
    file = tmp_path / "case.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_own_case_is_explained_with_the_formulas_that_decide(book: Rulebook) -> None:
    (told,) = explain_case(book, "Well", Asked(schemes=["alpha"], formulas=True))
    assert (told.scheme, told.subject, told.effective_on) == ("alpha", "ann", ON)
    assert told.lines[0] == "A test scheme: not entitled on 1 June 2026; not claimed."
    assert len(told.lines) <= 10
    (only,) = told.formulas
    assert only.name == "is_ill"
    assert only.written == "any_adult(ill)"
    assert only.reads == "At least one adult in the benefit unit is ill."
    assert only.cite == "some law"


def test_formulas_of_an_award_are_told_with_the_rates_of_the_day(book: Rulebook) -> None:
    (told,) = explain_case(book, "Ill and poor", Asked(schemes=["alpha"], formulas=True))
    assert [each.name for each in told.formulas] == ["is_ill", "is_poor", "grant_paid"]
    assert told.formulas[1].written == "savings_of_all <= stock_a"
    assert told.formulas[2].reads == "The weekly amount (£100.00 a week)."


def test_trace_tells_every_value_on_the_way(book: Rulebook) -> None:
    (told,) = explain_case(book, "Well", Asked(schemes=["alpha"], trace=True))
    assert any(line.startswith("alpha.when.is_ill [ann] = no") for line in told.lines)


def test_case_can_be_explained_for_another_day(book: Rulebook) -> None:
    asked = Asked(effective_on=ON.replace(year=2027), schemes=["alpha"])
    (told,) = explain_case(book, "Well", asked)
    assert "on 1 June 2027" in told.lines[0]


def test_case_name_must_be_known_and_mean_one_case(book: Rulebook) -> None:
    with pytest.raises(SettingsError, match=r"no case is called 'Wel'; did you mean 'Well'\?"):
        explain_case(book, "Wel", Asked())
    with pytest.raises(SettingsError, match=r"2 cases are called 'Well' \(alpha, beta\): add"):
        explain_case(book, "Well", Asked())


def test_file_is_explained_for_every_scheme_in_force(book: Rulebook, tmp_path: Path) -> None:
    file = situation(tmp_path, on="2026-06-01")
    assert [each.scheme for each in explain_file(file, book, Asked())] == ["alpha", "beta"]
    (told,) = explain_file(file, book, Asked(schemes=["alpha"], formulas=True))
    assert told.lines[0].startswith("A test scheme: unknown")
    # The condition that is open, and the part of what may be paid.
    assert [each.name for each in told.formulas] == ["is_poor", "grant_paid"]


def test_file_without_a_day_needs_one(book: Rulebook, tmp_path: Path) -> None:
    file = situation(tmp_path)
    with pytest.raises(SettingsError, match="situation 1 names no day"):
        explain_file(file, book, Asked())
    assert explain_file(file, book, Asked(effective_on=ON, schemes=["beta"]))[0].situation == 1


def test_scheme_is_read_back_section_by_section(book: Rulebook) -> None:
    found = {each.title: [f.name for f in each.formulas] for each in sections(book, "alpha")}
    assert found == {
        "A test scheme, decided for a benefit unit. Entitled when all of these hold:": [
            "is_ill",
            "is_poor",
        ],
        "What is paid: these together, a week, rounded up to the penny [some law].": ["grant_paid"],
        "Shown beside a result, and no part of it:": ["about_pay"],
        "Worked out on the way:": ["savings_of_all"],
    }


def test_library_and_single_formulas_are_read_back(book: Rulebook) -> None:
    (library,) = sections(book, "common")
    assert library.title == "common: Shared workings"
    assert [each.reads for each in library.formulas] == [
        "At least one person in the benefit unit is ill."
    ]
    assert [each.title for each in sections(book, "is_ill")] == ["alpha", "beta"]
    (one,) = sections(book, "alpha.savings_of_all")
    assert [each.written for each in one.formulas] == ["total(savings)"]


def test_formulas_are_read_back_with_the_rates_of_a_day(book: Rulebook) -> None:
    (one,) = sections(book, "grant_paid", constants_on(book, ON))
    assert one.formulas[0].reads == "The weekly amount (£100.00 a week)."


def test_name_of_nothing_is_refused_with_the_nearest(book: Rulebook) -> None:
    with pytest.raises(SettingsError, match=r"'savings_of_al' is no scheme.*'savings_of_all'"):
        sections(book, "savings_of_al")
