# ruff: noqa: E501 - a formula and its sentence stand in one line
"""Formulas read back: each kind of piece in words, and every formula of the real rules."""

import re
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.rates import constants_on
from nostop.rulebook.results import result_definitions
from nostop.rulebook.tree import FactRef, Lookup, RateRef, walk
from nostop.rulebook.words.phrases import title, uncapitalised
from nostop.rulebook.words.read_back import read_back
from tests.rulebook.random_packs import random_rules
from tests.rulebook.small import ON, RATES, library_text, pack_text, write_rules

#: Workings that formulas below read, with what their authors say of them.
WORKINGS = {
    "income": ("benefit_unit", "total(pay) + maintenance", "The income the law counts"),
    "guarantee": ("benefit_unit", "week_a", "Appropriate minimum guarantee"),
    "is_away": ("person", "away_since < effective_date", "Is away from home"),
    "cannot_claim": ("person", "ill or care == 'high'", "Is in prison, or lives abroad"),
    "is_pair": ("benefit_unit", "count(role == 'adult') > 1", "There are two adults"),
    "adults": ("benefit_unit", "count(role == 'adult')", "How many adults there are"),
    "others": ("household", "count(role == 'adult')", "Adults in the household"),
    "has_child": ("benefit_unit", "any_child(ill)", "Has a child"),
    "takings": ("person", "pay + profit", "Takings of a week, before tax"),
}
OF_A_UNIT = {
    # names and comparisons
    "income < guarantee": "The income the law counts is below the appropriate minimum guarantee.",
    "income <= guarantee": "The income the law counts is at most the appropriate minimum guarantee.",
    "income >= 0": "The income the law counts is at least £0.00.",
    "adults == 1": "“How many adults there are” is 1.",
    "others != adults": "The number of adults in the household is not “how many adults there are”.",
    "rooms > two": "The number of rooms is above two.",
    "effective_date > day_a": "The effective date is after a day.",
    "nation != 'wales'": "The nation is not “wales”.",
    "nation in ['england', 'wales']": "The nation is “england” or “wales”.",
    "nation not in ['wales']": "The nation is not “wales”.",
    "is_married": "The benefit unit is married.",
    "is_owned": "“Owned” holds.",
    "flag": "“A switch” holds.",
    "true": "It is always so.",
    "has_child == is_pair": "Both or neither of these holds: [the benefit unit has a child] and [there are two adults].",
    # and, or, not
    "not is_married": "The benefit unit is not married.",
    "not has_child": "The benefit unit does not have a child.",
    "not is_pair": "It is not so that there are two adults.",
    "not is_owned and is_pair": "“Owned” does not hold and there are two adults.",
    "is_pair and (is_married or has_child)": "There are two adults and (the benefit unit is married or has a child).",
    "is_married and has_child": "The benefit unit is married and has a child.",
    "not (is_married and has_child)": "It is not so that (the benefit unit is married and has a child).",
    "not is_pair or income < 0": "(It is not so that there are two adults) or the income the law counts is below £0.00.",
    "0 < income < guarantee": "£0.00 is below the income the law counts and the income the law counts is below the appropriate minimum guarantee.",
    # numbers
    "guarantee - income": "The appropriate minimum guarantee minus the income the law counts.",
    "guarantee - (income - maintenance)": "The appropriate minimum guarantee minus (the income the law counts minus the maintenance).",
    "guarantee + week_b * adults": "The appropriate minimum guarantee plus (the weekly amount times “how many adults there are”).",
    "-maintenance": "£0.00 minus the maintenance.",
    "rooms // two": "The number of rooms divided by two, rounded down.",
    "at_least(guarantee - income, 0)": "The appropriate minimum guarantee minus the income the law counts, but no less than £0.00.",
    "at_most(income, week_a) + week_b": "(The income the law counts, but no more than the weekly amount) plus the weekly amount.",
    "week_a if is_pair else week_b": "The weekly amount if there are two adults; otherwise the weekly amount.",
    "week_a if is_pair else week_b if has_child else 0": "The weekly amount if there are two adults; otherwise the weekly amount if the benefit unit has a child; otherwise nothing.",
    "(week_a if is_pair else 0) + income": "(The weekly amount if there are two adults; otherwise nothing) plus the income the law counts.",
    "monthly(income)": "The monthly amount of the income the law counts.",
    "round_to(income * share, 'penny', 'up')": "The income the law counts times the share, rounded up to the penny.",
    "round_to(income, 'pound', 'nearest')": "The income the law counts, rounded to the nearest pound.",
    "steps_over(total(savings), stock_a, step)": "The number of times the step goes, a part counting as a whole, into the amount by which (the total of the savings over every adult in the benefit unit) is above the stock.",
    "rate(week_by_place, nation, rooms)": "The “weekly amount by nation and rooms” for the nation and the number of rooms.",
    # those of a benefit unit
    "any_adult(ill)": "At least one adult in the benefit unit is ill.",
    "all_members(not ill)": "Every person in the benefit unit is not ill.",
    "any_child(ill and born_on > day_a)": "For at least one child in the benefit unit, the person is ill and the date of birth is after a day.",
    "all_adults(cannot_claim or is_away)": "Every adult in the benefit unit “is in prison, or lives abroad” or is away from home.",
    "any_adult(not cannot_claim)": "At least one adult in the benefit unit is not somebody who “is in prison, or lives abroad”.",
    "all_adults(ill, where=is_away)": "For every adult in the benefit unit who is away from home, the person is ill.",
    "count(role == 'child')": "The number of children in the benefit unit.",
    "count(ill) > 1": "(The number of people in the benefit unit each of whom is ill) is above 1.",
    "count(role == 'adult' and hours > 0)": "The number of adults in the benefit unit for each of whom the number of hours is above 0.",
    "total(takings, where=role == 'adult')": "The total of the “takings of a week, before tax” over every adult in the benefit unit.",
    "largest(grant, where=ill)": "The largest of a grant of every person in the benefit unit who is ill.",
    # receipt
    "any_adult(in_payment(pension_credit))": "At least one adult in the benefit unit has Pension Credit in payment.",
    "not any_adult(claimed(carers_allowance))": "It is not so that at least one adult in the benefit unit has claimed Carer's Allowance.",
    "total(award(carers_allowance))": "The total of the Carer's Allowance in payment over every person in the benefit unit.",
}
OF_A_PERSON = {
    "role == 'adult' and not ill": "The person is an adult and is not ill.",
    "role != 'adult'": "The person is not an adult.",
    "age_on(born_on, effective_date) >= many": "The number of full years from the date of birth to the effective date is at least the many.",
    "born_on <= years_before(effective_date, many)": "The date of birth is on or before the day as many years before the effective date as the many.",
    "born_on <= years_before(effective_date, 1)": "The date of birth is on or before the day 1 year before the effective date.",
    "has_child and not is_away": "The benefit unit has a child and the person is not away from home.",
    "not claimed(pension_credit)": "The person has not claimed Pension Credit.",
    "recorded_or(pay, week_a * share)": "The pay as recorded, or where no record holds it (the weekly amount times the share).",
}
OF_A_HOUSEHOLD = {
    "any_benefit_unit(has_child)": "At least one benefit unit in the household has a child.",
    "count(is_married)": "The number of benefit units in the household each of which is married.",
    "total(maintenance, where=has_child)": "The total of the maintenance over every benefit unit in the household that has a child.",
    "count(role == 'adult')": "The number of adults in the household.",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """A library in which each formula is a working, and two packs."""
    workings = {name: (level, formula) for name, (level, formula, _) in WORKINGS.items()}
    workings |= {f"u{i}": ("benefit_unit", each) for i, each in enumerate(OF_A_UNIT)}
    workings |= {f"p{i}": ("person", each) for i, each in enumerate(OF_A_PERSON)}
    workings |= {f"h{i}": ("household", each) for i, each in enumerate(OF_A_HOUSEHOLD)}
    text = library_text("common", workings)
    for name, (_, _, says) in WORKINGS.items():
        text = text.replace(f"  {name}: {{says: A working,", f'  {name}: {{says: "{says}",')
    files = {
        "uk/common/library.yaml": text,
        "uk/common/rates.yaml": RATES,
        "uk/alpha/pack.yaml": pack_text({"c": "any_adult(ill)"}, {"p": "week_a"}, uses=["common"]),
        "uk/beta/pack.yaml": pack_text(
            {"c": "entitled(alpha)"},
            {"p": "entitlement(alpha)"},
            scheme="beta",
            receipt="universal_credit",
        ),
    }
    return load_rulebook(write_rules(tmp_path_factory.mktemp("read_back"), files))


@pytest.mark.parametrize(
    ("prefix", "table"),
    [("u", OF_A_UNIT), ("p", OF_A_PERSON), ("h", OF_A_HOUSEHOLD)],
    ids=["benefit unit", "person", "household"],
)
def test_each_kind_of_piece_has_its_words(
    book: Rulebook, prefix: str, table: dict[str, str]
) -> None:
    read = {
        formula: read_back(book.definitions[f"common.{prefix}{index}"], book)
        for index, formula in enumerate(table)
    }
    assert read == table


def test_results_of_other_schemes_are_named(book: Rulebook) -> None:
    assert read_back(book.definitions["beta.when.c"], book) == (
        "The benefit unit is entitled to A test scheme."
    )
    assert read_back(book.definitions["beta.p"], book) == "The entitlement to A test scheme."


def test_rates_have_their_values_on_a_day(book: Rulebook) -> None:
    constants = constants_on(book, ON)
    numbers = {formula: f"common.u{index}" for index, formula in enumerate(OF_A_UNIT)}
    people = {formula: f"common.p{index}" for index, formula in enumerate(OF_A_PERSON)}

    def read(name: str) -> str:
        return read_back(book.definitions[name], book, constants)

    assert read("alpha.p") == "The weekly amount (£100.00 a week)."
    assert read(numbers["rooms > two"]) == "The number of rooms is above two (2)."
    assert read(numbers["effective_date > day_a"]) == (
        "The effective date is after a day (29 February 1960)."
    )
    assert read(numbers["flag"]) == "“A switch” (yes) holds."
    assert read(people["born_on <= years_before(effective_date, many)"]) == (
        "The date of birth is on or before the day 18 years (the many) before the effective date."
    )
    assert "the share (55%)" in read(people["recorded_or(pay, week_a * share)"])


def test_rate_without_a_value_on_the_day_says_so(book: Rulebook) -> None:
    constants = constants_on(book, date(2019, 1, 1))
    assert read_back(book.definitions["alpha.p"], book, constants) == (
        "The weekly amount (no value then)."
    )


@pytest.mark.parametrize(
    ("says", "inside"),
    [
        ("State Pension in payment", "State Pension in payment"),
        ("Income tax on pay", "income tax on pay"),
        ("A month's pay", "a month's pay"),
        ("Gets Attendance Allowance", "gets Attendance Allowance"),
        ("Carer's Allowance for a week", "Carer's Allowance for a week"),
        ("Scottish starter rate", "Scottish starter rate"),
        ("PIP daily living rate", "PIP daily living rate"),
        ("Date of death; 9999-12-31 where known to be alive", "date of death"),
    ],
)
def test_first_capital_goes_unless_it_begins_a_name(says: str, inside: str) -> None:
    assert uncapitalised(says) == inside


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Universal Credit", "Universal Credit"),
        ("Employment and Support Allowance", "“Employment and Support Allowance”"),
    ],
)
def test_name_of_an_award_keeps_its_capitals(name: str, inside: str) -> None:
    assert title(name) == inside


# --- the real rules -------------------------------------------------------------------------------


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w£]+", text.lower()))


def test_every_formula_of_the_rules_names_each_fact_rate_and_table_that_it_reads(
    book: Rulebook,
) -> None:
    for definition in book.definitions.values():
        read = words(read_back(definition, book))
        for node in walk(definition.tree):
            if isinstance(node, FactRef):
                # The verb that a yes or no begins with changes with "not"; the role is a noun.
                means = uncapitalised(book.catalogue.facts[node.name].means).partition(" ")[2]
                means = "" if node.name == "role" else means
            elif isinstance(node, RateRef):
                means = uncapitalised(book.rates[node.name].means)
            elif isinstance(node, Lookup):
                means = uncapitalised(book.tables[node.table].means)
            else:
                continue
            assert words(means) <= read, (definition.name, means)


def test_every_formula_of_the_rules_has_brackets_and_quotes_in_pairs(book: Rulebook) -> None:
    constants = constants_on(book, date(2026, 6, 1))
    results = [each for s in book.schemes.values() for each in result_definitions(s).values()]
    for definition in (*book.definitions.values(), *results):
        read = read_back(definition, book, constants)
        assert read.endswith(".")
        assert read.count("(") == read.count(")"), definition.name
        assert read.count("“") == read.count("”"), definition.name
        assert "  " not in read
        assert read == read_back(definition, book, constants)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(seed=st.integers(min_value=0, max_value=10**6))
def test_any_rules_read_back_with_brackets_in_pairs(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {**random_rules(Random(seed)), "uk/shared/rates.yaml": RATES}  # noqa: S311 - no secret
    book = load_rulebook(write_rules(tmp_path_factory.mktemp("random"), files))
    constants = constants_on(book, ON)
    for definition in book.definitions.values():
        read = read_back(definition, book, constants)
        assert read.count("(") == read.count(")"), definition.name
        assert read.count("“") == read.count("”"), definition.name
        assert read == read_back(definition, book, constants)
