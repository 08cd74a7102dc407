# ruff: noqa: E501 - one case a line reads better than four
"""Every function and operator of the rule language on literals: one scheme and one person for each
line, run as one frame.

An amount shows as the award in pence (`penny * n` shows a number); a yes or no as the outcome. Both
executors are asked.
"""

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import polars as pl
import pytest

from nostop.determination.determine import determine
from nostop.determination.prepare import prepared
from nostop.rulebook import load_rulebook
from nostop.rulebook.one.household import household_rows
from nostop.rulebook.one.interpreter import interpret
from nostop.rulebook.plan import compile_plan
from tests.rulebook.small import GATEWAYS, ON, RATES, pack_text, situation, write_rules

NEVER = date(9999, 12, 31)
MORE_RATES = """
  penny: {means: A penny, type: money, per: week, values: [{from: 2020-01-01, value: 1, reference: law}]}
  month_penny: {means: A penny, type: money, per: month, values: [{from: 2020-01-01, value: 1, reference: law}]}
  third: {means: A third, type: ratio, values: [{from: 2020-01-01, value: "1/3", reference: law}]}
"""
DAYS = (
    "2026-11-30",
    "2026-12-01",
    "2025-03-01",
    "2025-02-28",
    "2024-02-29",
    "1978-03-01",
    "2026-01-26",
    "1942-02-28",
)


class Line(NamedTuple):
    """A formula, the facts of the people of one benefit unit, and what comes of it.

    `expected` is True, False or None for a yes or no, (lowest, highest) for an amount.
    """

    name: str
    formula: str
    people: list[dict[str, Any]]
    expected: bool | tuple[int, int | None] | None
    home: dict[str, Any] | None = None
    unit: dict[str, Any] | None = None


def _day(text: str) -> str:
    return f"day_{text.replace('-', '_')}"


ILL, WELL, UNSURE = {"ill": True}, {"ill": False}, {"ill": None}
CHILD = {"role": "child"}
BORN = {"born_on": date(1960, 7, 31)}

YES, NO, OPEN = True, False, None

LINES = [
    # --- truth: Kleene's and, or, not
    Line("and_false_beats_unknown", "any_adult(ill and hours > 0)", [{"ill": False, "hours": None}], NO),
    Line("and_true_unknown", "any_adult(ill and hours > 0)", [{"ill": True, "hours": None}], OPEN),
    Line("or_true_beats_unknown", "any_adult(ill or hours > 0)", [{"ill": True, "hours": None}], YES),
    Line("or_false_unknown", "any_adult(ill or hours > 0)", [{"ill": False, "hours": None}], OPEN),
    Line("not_unknown", "any_adult(not ill)", [UNSURE], OPEN),
    Line("true_and_false", "any_adult(ill and true or false)", [ILL], YES),
    # --- comparisons, decided over the whole range
    Line("less", "total(pay) < week_a", [{"pay": 9_999}], YES),
    Line("less_at_the_limit", "total(pay) < week_a", [{"pay": 10_000}], NO),
    Line("less_equal_at_the_limit", "total(pay) <= week_a", [{"pay": 10_000}], YES),
    Line("more", "total(pay) > week_a", [{"pay": 10_000}], NO),
    Line("more_equal", "total(pay) >= week_a", [{"pay": 10_000}], YES),
    Line("equal", "total(pay) == week_a", [{"pay": 10_000}], YES),
    Line("unequal", "total(pay) != week_a", [{"pay": 10_000}], NO),
    Line("unknown_pay_is_not_below_0", "total(pay) >= 0", [{"pay": None}], YES),
    Line("unknown_profit_may_be_below_0", "total(profit) >= 0", [{"profit": None}], OPEN),
    Line("equal_out_of_reach", "any_adult(hours == many - many - 1)", [{"hours": None}], NO),
    Line("above_the_cap", "any_adult(hours <= many * many)", [{"hours": None}], YES),
    Line("chain", "all_adults(0 < hours <= many)", [{"hours": 18}], YES),
    Line("words_equal", 'any_adult(care == "low")', [{"care": "low"}], YES),
    Line("words_unequal_unknown", 'any_adult(care != "low")', [{"care": None}], OPEN),
    Line("word_among", 'any_adult(care in ["low", "high"])', [{"care": "high"}], YES),
    Line("word_not_among", 'any_adult(care not in ["low", "high"])', [{"care": "none"}], YES),
    Line("word_among_unknown", 'any_adult(care in ["low", "high"])', [{"care": None}], OPEN),
    Line("truths_equal", "any_adult(ill == (hours > 0))", [{"ill": False, "hours": 0}], YES),
    # --- arithmetic and its bounds
    Line("plus", "total(pay) + week_b", [{"pay": 100}], (433, 433)),
    Line("plus_unknown", "total(pay) + week_b", [{"pay": None}], (333, None)),
    Line("minus_crosses_bounds", "week_a - total(pay)", [{"pay": None}], (0, 10_000)),
    Line("minus_sign", "week_a + -total(pay)", [{"pay": 1}], (9_999, 9_999)),
    Line("times_number", "week_b * count(ill)", [ILL, ILL], (666, 666)),
    Line("times_ratio_rounded_by_the_award", "week_b * share", [ILL], (184, 184)),
    Line("times_nothing_is_nothing", "total(pay) * count(ill)", [{"pay": None, "ill": False}], (0, 0)),
    Line("times_unknown_number", "penny * count(ill)", [UNSURE, ILL], (1, 2)),
    Line("times_uncertain_below_0", "total(profit) * count(ill)", [{"profit": None, "ill": None}], (0, None)),
    Line("floor", "total(pay) // two", [{"pay": 5}], (2, 2)),
    Line("floor_below_0", "week_a + total(profit) // two", [{"profit": -5}], (9_997, 9_997)),
    Line("floor_of_money_by_money", "penny * (total(pay) // week_b)", [{"pay": 1_000}], (3, 3)),
    Line("choice", "week_a if is_married else week_b", [{}], (10_000, 10_000), unit={"is_married": True}),
    Line("choice_unknown_spans_both", "week_a if is_married else week_b", [{}], (333, 10_000)),
    Line("choice_of_the_same", "any_adult(ill) if is_married else any_adult(ill)", [ILL], YES),
    Line("at_least", "at_least(total(pay), week_b)", [{"pay": 1}], (333, 333)),
    Line("at_least_unknown", "at_least(total(profit), week_b)", [{"profit": None}], (333, None)),
    Line("at_most", "at_most(total(pay), week_b)", [{"pay": 500}], (333, 333)),
    Line("at_most_unknown", "at_most(total(pay), week_b)", [{"pay": None}], (0, 333)),
    # --- rounding, each way
    Line("round_penny_up", 'round_to(week_b * third * share, "penny", "up")', [ILL], (62, 62)),
    Line("round_penny_down", 'round_to(week_b * third * share, "penny", "down")', [ILL], (61, 61)),
    Line("round_penny_nearest", 'round_to(penny * count(ill) * share, "penny", "nearest")', [ILL], (1, 1)),
    Line("round_pound_up", 'round_to(week_b, "pound", "up")', [ILL], (400, 400)),
    Line("round_pound_down", 'round_to(week_b, "pound", "down")', [ILL], (300, 300)),
    Line("round_pound_nearest", 'round_to(week_b, "pound", "nearest")', [ILL], (300, 300)),
    Line("round_half_up", 'round_to(total(pay), "pound", "nearest")', [{"pay": 150}], (200, 200)),
    Line("round_half_up_below_0", 'week_a + round_to(total(profit), "pound", "nearest")', [{"profit": -150}], (9_900, 9_900)),
    # --- periods: 52 weeks, 12 months
    Line("weekly", "weekly(total(grant))", [{"grant": 1_300}], (300, 300)),
    Line("monthly", "weekly(monthly(total(pay)))", [{"pay": 7}], (7, 7)),
    Line("yearly", "weekly(yearly(total(pay)))", [{"pay": 9}], (9, 9)),
    Line("monthly_from_week", "penny * (monthly(total(pay)) // month_penny)", [{"pay": 300}], (1_300, 1_300)),
    Line("yearly_from_month", "weekly(yearly(total(grant)))", [{"grant": 52}], (12, 12)),
    # --- steps
    Line("no_step_at_the_threshold", "penny * steps_over(total(savings), stock_a, step)", [{"savings": 1_000_000}], (0, 0)),
    Line("a_penny_over_is_a_step", "penny * steps_over(total(savings), stock_a, step)", [{"savings": 1_000_001}], (1, 1)),
    Line("a_whole_step", "penny * steps_over(total(savings), stock_a, step)", [{"savings": 1_050_000}], (1, 1)),
    Line("the_next_step", "penny * steps_over(total(savings), stock_a, step)", [{"savings": 1_050_001}], (2, 2)),
    Line("steps_unknown", "penny * steps_over(total(savings), stock_a, step)", [{"savings": None}], (0, None)),
    # --- dates
    Line("age_the_day_before", "penny * largest(age_on(born_on, effective_date))", [{"born_on": date(1960, 6, 2)}], (65, 65)),
    Line("age_on_the_birthday", "penny * largest(age_on(born_on, effective_date))", [{"born_on": date(1960, 6, 1)}], (66, 66)),
    Line("age_unknown", "any_adult(age_on(born_on, effective_date) >= many)", [{"born_on": None}], OPEN),
    Line("pension_age_66_and_4_months", f"any_adult(months_after(born_on, rate(months_by_birth, born_on)) == {_day('2026-11-30')})",
         [BORN], YES),
    Line("born_31st_of_a_short_month", f"any_adult(months_after(born_on, two) == {_day('2024-02-29')})",
         [{"born_on": date(2023, 12, 31)}], YES),
    Line("leap_day_years_after", f"any_adult(years_after(born_on, many) == {_day('1978-03-01')})",
         [{"born_on": date(1960, 2, 29)}], YES),
    Line("leap_day_one_year_after", f"any_adult(years_after(born_on, 1) == {_day('2025-03-01')})",
         [{"born_on": date(2024, 2, 29)}], YES),
    Line("leap_day_one_year_before_by_minus_1", f"any_adult(years_before(born_on, -1) == {_day('2025-02-28')})",
         [{"born_on": date(2024, 2, 29)}], YES),
    Line("leap_day_years_before", f"any_adult(years_before(born_on, many) == {_day('1942-02-28')})",
         [{"born_on": date(1960, 2, 29)}], YES),
    Line("leap_day_of_a_rate", f"years_before(day_a, many) == {_day('1942-02-28')} and any_adult(ill)", [ILL], YES),
    Line("months_before", f"any_adult(months_before(born_on, two) == {_day('2025-02-28')})",
         [{"born_on": date(2025, 4, 30)}], YES),
    Line("weeks_before", f"any_adult(ill) and weeks_before(effective_date, many) == {_day('2026-01-26')}", [ILL], YES),
    Line("weeks_after_and_back", f"any_adult(ill) and weeks_after(effective_date, many) > {_day('2026-01-26')}", [ILL], YES),
    Line("never_is_after_every_day", "any_adult(away_since <= weeks_before(effective_date, many))", [{"away_since": NEVER}], NO),
    Line("never_moved_past_the_calendar", "any_adult(years_after(away_since, many) > effective_date)", [{"away_since": NEVER}], YES),
    Line("effective_date", f"any_adult(ill) and effective_date < {_day('2026-11-30')}", [ILL], YES),
    # --- members
    Line("any_adult_of_two", "any_adult(ill)", [WELL, ILL], YES),
    Line("any_adult_unknown", "any_adult(ill)", [WELL, UNSURE], OPEN),
    Line("any_adult_settled_by_one", "any_adult(ill)", [ILL, UNSURE], YES),
    Line("all_adults", "all_adults(ill)", [ILL, WELL], NO),
    Line("all_adults_unknown", "all_adults(ill)", [ILL, UNSURE], OPEN),
    Line("all_adults_leaves_children_out", "all_adults(ill)", [ILL, {**CHILD, "ill": False}], YES),
    Line("any_child_of_nobody", "any_child(ill)", [UNSURE], NO),
    Line("any_member", "any_member(ill)", [WELL, {**CHILD, "ill": True}], YES),
    Line("all_members", "all_members(ill)", [ILL, {**CHILD, "ill": None}], OPEN),
    Line("count", 'penny * count(role == "child")', [{}, CHILD, CHILD], (2, 2)),
    Line("count_of_nobody", 'penny * count(role == "child")', [{}], (0, 0)),
    Line("count_unknown", "penny * count(ill)", [ILL, UNSURE, {**CHILD, "ill": None}], (1, 3)),
    Line("total", "total(pay)", [{"pay": 5}, {"pay": 7}], (12, 12)),
    Line("total_with_one_unknown", "total(pay)", [{"pay": 5}, {"pay": None}], (5, None)),
    Line("total_leaves_out_whom_the_fact_is_not_for", "total(pay)", [{"pay": 5}, {**CHILD, "pay": None}], (5, 5)),
    Line("total_for_all_members", "weekly(total(grant))", [{"grant": 26}, {**CHILD, "grant": 26}], (12, 12)),
    Line("total_where", "total(pay, where=ill)", [{"pay": 5, "ill": True}, {"pay": 7, "ill": False}], (5, 5)),
    Line("total_where_unknown", "total(pay, where=ill)", [{"pay": 5, "ill": True}, {"pay": 7, "ill": None}], (5, 12)),
    Line("total_where_nobody", "total(pay, where=ill)", [{"pay": None, "ill": False}], (0, 0)),
    Line("largest", "largest(pay)", [{"pay": 5}, {"pay": 7}], (7, 7)),
    Line("largest_with_one_unknown", "largest(pay)", [{"pay": 5}, {"pay": None}], (5, None)),
    Line("largest_of_nobody", "largest(pay, where=ill)", [{"pay": 5, "ill": False}], (0, 0)),
    Line("largest_where_unknown", "largest(pay, where=ill)", [{"pay": 5, "ill": None}], (0, None)),
    Line("smallest", "smallest(pay)", [{"pay": 5}, {"pay": 7}], (5, 5)),
    Line("smallest_with_one_unknown", "smallest(pay)", [{"pay": 5}, {"pay": None}], (0, 5)),
    # --- tables
    Line("band_begins_on_its_day", "penny * largest(rate(months_by_birth, born_on))", [BORN], (796, 796)),
    Line("band_the_day_before", "penny * largest(rate(months_by_birth, born_on))", [{"born_on": date(1960, 7, 30)}], (780, 780)),
    Line("band_before_the_first", "penny * largest(rate(months_by_birth, born_on))", [{"born_on": date(1939, 12, 31)}], (0, None)),
    Line("band_unknown", "any_adult(rate(months_by_birth, born_on) > 0)", [{"born_on": None}], OPEN),
    Line("exact_and_band", "rate(week_by_place, nation, rooms)", [{}], (20_000, 20_000), home={"rooms": 3}),
    Line("exact_and_lower_band", "rate(week_by_place, nation, rooms)", [{}], (100, 100), home={"rooms": 2}),
    Line("otherwise", "rate(week_by_place, nation, rooms)", [{}], (7_000, 7_000), home={"nation": "wales", "rooms": 1}),
    Line("otherwise_below_its_band", "rate(week_by_place, nation, rooms)", [{}], (0, OPEN), home={"nation": "wales", "rooms": 0}),
    Line("exact_word", "week_b * smallest(many) + total(week_a * rate(share_by_care, care))", [{"care": "high"}], (13_494, 13_494)),
    Line("exact_word_without_a_row", "total(week_a * rate(share_by_care, care))", [{"care": "none"}], (0, None)),
    # --- levels: a person's formula reads the unit and the household, both ways in turns
    Line("household_fact_from_a_person", "any_adult(is_owned and ill)", [ILL], YES, home={"is_owned": True}),
    Line("unit_fact_from_a_person", "total(pay, where=is_married)", [{"pay": 5}], (5, 5), unit={"is_married": True}),
    Line("household_fact_from_a_unit", "rent", [{}], (1_234, 1_234), home={"rent": 1_234}),
    Line("code", 'area == "E1" and any_adult(ill)', [ILL], YES, home={"area": "E1"}),
    Line("rate_that_is_a_switch", "flag and any_adult(ill)", [ILL], YES),
]  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("rules")
    days = "".join(
        f"  {_day(text)}: {{means: A day, type: date, values: [{{from: 2020-01-01, value: {text}, reference: law}}]}}\n"
        for text in DAYS
    )
    rates = RATES.replace("tables:", f"{MORE_RATES}{days}tables:")
    names = [f"s{index}_{line.name}" for index, line in enumerate(LINES)]
    files = {"gateways.yaml": GATEWAYS.replace("[alpha, beta, gamma]", f"[{', '.join(names)}]")}
    for name, line in zip(names, LINES, strict=True):
        is_truth = not isinstance(line.expected, tuple)
        condition = line.formula if is_truth else "any_member(true)"
        part = "week_a" if is_truth else line.formula
        files[f"uk/{name}/pack.yaml"] = pack_text(
            {"it_holds": condition}, {"part_a": part}, scheme=name
        )
        files[f"uk/{name}/rates.yaml"] = rates
    book = load_rulebook(write_rules(folder, files))
    people, units, homes = [], [], []
    for name, line in zip(names, LINES, strict=True):
        people += [
            {**row, "person_id": f"{name}-{i}", "benefit_unit_id": name, "household_id": name}
            for i, row in enumerate(line.people)
        ]
        units.append({"benefit_unit_id": name, **(line.unit or {})})
        homes.append({"household_id": name, "nation": "england", **(line.home or {})})
    everybody = situation(book.catalogue, people, units, homes)
    rows = determine(everybody, book, ON).filter(pl.col("scheme") == pl.col("benefit_unit_id"))
    plan = compile_plan(book, ON)
    frames = prepared(everybody, book, plan)
    # Each household is asked only for the scheme that is its own line.
    twin = {}
    for household in household_rows(frames):
        scheme = str(household.household["household_id"])
        own = [each for each in plan.schemes if each.scheme.id == scheme]
        (twin[scheme],) = interpret(replace(plan, schemes=tuple(own)), household)
    return {
        row["scheme"].split("_", 1)[1]: {**row, "twin": twin[row["scheme"]]}
        for row in rows.iter_rows(named=True)
    }


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
def test_formula_gives_its_value(line: Line, outcomes: dict[str, dict[str, Any]]) -> None:
    found = outcomes[line.name]
    twin = found["twin"]
    if isinstance(line.expected, tuple):
        assert (found["amount_low"], found["amount_high"]) == line.expected
        assert (twin.low, twin.high) == line.expected
    else:
        words = {True: "entitled", False: "not_entitled", None: "unknown"}
        assert found["outcome"] == words[line.expected]
        assert twin.outcome.value == words[line.expected]


def test_every_line_has_a_name_of_its_own() -> None:
    assert len({line.name for line in LINES}) == len(LINES)
