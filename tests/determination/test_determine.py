# ruff: noqa: E501 - one case a line reads better than four
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nostop.determination.determine import determine
from nostop.model import FrameError, RuleError
from nostop.rulebook import Rulebook, load_rulebook
from tests.rulebook.small import ON, RATES, pack_text, situation, write_rules

UPRATED = RATES.replace(
    "tables:",
    "  uprated: {means: A yearly rate, type: money, per: week, uprated: yearly, values: [{from: 2024-04-08, value: 5, "
    "reference: law}, {from: 2026-04-06, value: 7, reference: law}]}\ntables:",
)


def _book(folder: Path, **settings: Any) -> Rulebook:
    given = {
        "conditions": {"poor": "total(pay) < week_a"},
        "parts": {"part_a": "week_a - total(pay)"},
        **settings,
    }
    text = pack_text(given.pop("conditions"), given.pop("parts"), **given)
    return load_rulebook(
        write_rules(folder, {"uk/alpha/rates.yaml": UPRATED, "uk/alpha/pack.yaml": text})
    )


def _only(rows: pl.DataFrame) -> dict[str, Any]:
    assert rows.height == 1
    return rows.row(0, named=True)


def _award(status: str, **more: Any) -> dict[str, Any]:
    award = {
        "person_id": "p0",
        "scheme": "carers_allowance",
        "status": status,
        "amount": None,
        "per": "week",
    }
    return {**award, "starts_on": None, "ends_on": None, **more}


# --- receipt --------------------------------------------------------------------------------------

PAID = _award("in_payment", amount=8_645)


@pytest.mark.parametrize(
    ("awards", "known", "in_payment", "claimed", "amount"),
    [
        pytest.param(None, None, None, None, (0, None), id="receipt unknown"),
        pytest.param([], True, False, False, (0, 0), id="known to have none"),
        pytest.param([], None, None, None, (0, None), id="unknown for this person"),
        pytest.param([PAID], True, True, True, (8_645, 8_645), id="in payment"),
        pytest.param(
            [PAID], False, True, True, (8_645, 8_645), id="in payment, though the rest is unknown"
        ),
        pytest.param(
            [_award("in_payment")], True, True, True, (0, None), id="in payment, amount unknown"
        ),
        pytest.param([_award("pending")], True, False, True, (0, 0), id="pending"),
        pytest.param([_award("nil_award")], True, False, True, (0, 0), id="nil award"),
        pytest.param([_award("opted_out")], True, False, True, (0, 0), id="opted out"),
        pytest.param([_award("ended")], True, False, False, (0, 0), id="ended"),
        pytest.param(
            [_award("pending")], False, None, True, (0, None), id="pending, payment unknown"
        ),
        pytest.param(
            [{**PAID, "ends_on": date(2026, 5, 31)}],
            True,
            False,
            False,
            (0, 0),
            id="ended yesterday",
        ),
        pytest.param([{**PAID, "ends_on": ON}], True, True, True, (8_645, 8_645), id="ends today"),
        pytest.param(
            [{**PAID, "starts_on": date(2026, 6, 2)}],
            True,
            False,
            False,
            (0, 0),
            id="begins tomorrow",
        ),
        pytest.param(
            [_award("pending", starts_on=date(2026, 7, 1))],
            True,
            False,
            True,
            (0, 0),
            id="pending from July",
        ),
    ],
)
def test_receipt_is_read_from_awards(
    awards: list[dict[str, Any]] | None,
    known: bool | None,
    in_payment: bool | None,
    claimed: bool | None,
    amount: tuple[int, int | None],
    tmp_path: Path,
) -> None:
    book = _book(
        tmp_path,
        conditions={
            "paid": "any_adult(in_payment(carers_allowance))",
            "held": "any_adult(claimed(carers_allowance))",
        },
        parts={"part_a": "total(award(carers_allowance))"},
        receipt="carers_allowance",
    )
    person = {"awards_known": known} if known is not None or awards is not None else {}
    row = _only(determine(situation(book.catalogue, [person], awards=awards), book, ON))
    truths = {True: "entitled", False: "not_entitled", None: "unknown"}
    settled = (
        False if False in (in_payment, claimed) else None if None in (in_payment, claimed) else True
    )
    assert row["outcome"] == truths[settled]
    assert row["claimed"] is claimed
    if settled is True:
        assert (row["amount_low"], row["amount_high"]) == amount
    assert row["missing"] == (["award_of_carers_allowance"] if settled is None else [])


def test_unknown_amount_of_a_known_award_is_what_is_missing(tmp_path: Path) -> None:
    book = _book(
        tmp_path,
        conditions={"some": "total(award(carers_allowance)) > week_a"},
        parts={"part_a": "week_a"},
    )
    found = situation(book.catalogue, [{"awards_known": True}], awards=[_award("in_payment")])
    row = _only(determine(found, book, ON))
    assert (row["outcome"], row["missing"]) == ("unknown", ["award_of_carers_allowance"])


def test_award_in_another_period_is_refused(tmp_path: Path) -> None:
    book = _book(
        tmp_path,
        conditions={"some": "total(award(carers_allowance)) > week_a"},
        parts={"part_a": "week_a"},
    )
    for per in ("month", None):
        found = situation(book.catalogue, [{}], awards=[{**PAID, "per": per}])
        with pytest.raises(
            FrameError, match=f"carers_allowance is stated per week, found per {per}"
        ):
            determine(found, book, ON)


def test_claimed_goes_by_any_adult_of_the_unit(tmp_path: Path) -> None:
    book = _book(tmp_path, receipt="carers_allowance")
    people: list[dict[str, Any]] = [{"awards_known": True}, {"awards_known": None}]
    row = _only(determine(situation(book.catalogue, people, awards=[PAID]), book, ON))
    assert row["claimed"] is True
    row = _only(determine(situation(book.catalogue, people, awards=[]), book, ON))
    assert row["claimed"] is None


# --- outcome, reasons, what to ask ----------------------------------------------------------------


def test_entitled_gives_amount_and_every_condition(tmp_path: Path) -> None:
    book = _book(tmp_path)
    row = _only(determine(situation(book.catalogue, [{"pay": 4_000}]), book, ON))
    assert (row["outcome"], row["amount"], row["per"]) == ("entitled", 6_000, "week")
    assert row["because"] == ["applies_in", "poor"]
    assert row["pack_version"].startswith("2026.1+")


def test_not_entitled_gives_the_conditions_that_fail_and_no_amount(tmp_path: Path) -> None:
    book = _book(tmp_path)
    row = _only(determine(situation(book.catalogue, [{"pay": 10_000}]), book, ON))
    assert (row["outcome"], row["amount"], row["because"], row["missing"]) == (
        "not_entitled",
        0,
        ["poor"],
        [],
    )


def test_unknown_gives_bounds_and_what_is_missing(tmp_path: Path) -> None:
    book = _book(tmp_path)
    row = _only(determine(situation(book.catalogue, [{"pay": 4_000}, {"pay": None}]), book, ON))
    assert (row["outcome"], row["amount"], row["amount_low"], row["amount_high"]) == (
        "unknown",
        None,
        0,
        6_000,
    )
    assert (row["because"], row["missing"], row["worth_asking"]) == (["poor"], ["pay"], False)


@pytest.mark.parametrize(
    ("nation", "outcome"),
    [("england", "entitled"), ("scotland", "not_entitled"), (None, "unknown")],
)
def test_scheme_applies_in_its_nations_only(
    nation: str | None, outcome: str, tmp_path: Path
) -> None:
    book = _book(tmp_path)
    found = situation(book.catalogue, [{"pay": 0}], households=[{"nation": nation}])
    assert _only(determine(found, book, ON))["outcome"] == outcome


def test_what_is_missing_stands_cheapest_first_and_only_where_it_matters(tmp_path: Path) -> None:
    condition = "total(pay) < week_a and (is_married or total(savings) < stock_a) and (not flag or total(grant) > month_a)"
    book = _book(tmp_path, conditions={"all": condition})
    row = _only(determine(situation(book.catalogue, [{}], [{"is_married": True}]), book, ON))
    assert row["missing"] == ["pay", "grant"]
    row = _only(determine(situation(book.catalogue, [{}]), book, ON))
    assert row["missing"] == ["savings", "is_married", "pay", "grant"]


@pytest.mark.parametrize(
    ("facts", "worth"),
    [
        ({"savings": None, "pay": 0}, True),
        ({"savings": None, "pay": None}, False),
        ({"savings": None, "pay": 10_000}, False),
        ({"savings": 0, "pay": 0}, False),
    ],
)
def test_worth_asking_needs_only_askable_facts_open_and_something_to_win(
    facts: dict[str, int | None], worth: bool, tmp_path: Path
) -> None:
    book = _book(tmp_path, conditions={"modest": "total(savings) < stock_a", "earns": "total(pay) >= 0 and hours_known"},
                 workings={"hours_known": "total(pay) <= week_a"})  # fmt: skip
    assert _only(determine(situation(book.catalogue, [facts]), book, ON))["worth_asking"] is worth


def test_turning_points_tighten_the_bounds(tmp_path: Path) -> None:
    # Above 10,000 the first part grows to 333, below it the second to 10,000: never both at once.
    part = {"part_a": "at_most(at_least(money - week_a, 0), week_b) + at_least(week_a - money, 0)"}
    bounds = []
    for name, points in (("loose", []), ("tight", ["week_a"])):
        money = ("benefit_unit", "total(pay)", points) if points else ("benefit_unit", "total(pay)")
        book = _book(
            tmp_path / name,
            parts=part,
            workings={"money": money},
            conditions={"some": "any_adult(ill)"},
        )
        row = _only(determine(situation(book.catalogue, [{"ill": True, "pay": None}]), book, ON))
        bounds.append((row["amount_low"], row["amount_high"]))
    assert bounds == [(0, 10_333), (0, 10_000)]


def test_scheme_reads_another_schemes_outcome(tmp_path: Path) -> None:
    alpha = pack_text({"poor": "total(pay) < week_a"}, {"part_a": "week_a - total(pay)"})
    beta = pack_text(
        {"has_alpha": "entitled(alpha) and role == \"adult\""}, {"part_b": "at_least(entitlement(alpha), week_b)"},
        scheme="beta", level="person",
    )  # fmt: skip
    book = load_rulebook(write_rules(tmp_path, alpha=alpha, beta=beta))
    people: list[dict[str, Any]] = [{"pay": 9_900}, {"role": "child"}]
    rows = determine(situation(book.catalogue, people), book, ON, ["beta"])
    assert rows.select("person_id", "outcome", "amount").rows() == [
        ("p0", "entitled", 333),
        ("p1", "not_entitled", 0),
    ]


def test_household_scheme_counts_everybody_at_home(tmp_path: Path) -> None:
    book = _book(tmp_path, level="household", conditions={"two": "count(role == \"adult\") >= two"},
                 parts={"part_a": "week_b * adults"}, workings={"adults": "count(role == \"adult\")"})  # fmt: skip
    people = [{"benefit_unit_id": "b1"}, {"benefit_unit_id": "b2"}]
    row = _only(determine(situation(book.catalogue, people), book, ON))
    assert (row["household_id"], row["benefit_unit_id"], row["person_id"]) == ("h", None, None)
    assert (row["outcome"], row["amount"]) == ("entitled", 666)


def test_person_reads_what_was_worked_out_for_the_unit_and_the_unit_reads_that_again(
    tmp_path: Path,
) -> None:
    workings = {
        "unit_pay": ("benefit_unit", "total(pay)"),
        "is_above_share": ("person", "pay > unit_pay // two"),
        "above": ("benefit_unit", "count(is_above_share)"),
    }
    book = _book(
        tmp_path,
        conditions={"one": "above == 1"},
        parts={"part_a": "week_b * above"},
        workings=workings,
    )
    row = _only(determine(situation(book.catalogue, [{"pay": 7}, {"pay": 3}]), book, ON))
    assert (row["outcome"], row["amount"]) == ("entitled", 333)


def test_recorded_or_takes_the_record_and_else_the_working(tmp_path: Path) -> None:
    book = _book(tmp_path, conditions={"some": "total(net) >= 0"}, parts={"part_a": "total(net)"},
                 workings={"net": ("person", "recorded_or(pay, week_b)")})  # fmt: skip
    amounts = [
        _only(determine(situation(book.catalogue, [{"pay": pay}]), book, ON))["amount"]
        for pay in (5, None)
    ]
    assert amounts == [5, 333]


# --- rates and dates ------------------------------------------------------------------------------


def test_uprated_rate_without_a_value_for_the_year_is_an_error(tmp_path: Path) -> None:
    book = _book(tmp_path, parts={"part_a": "uprated"})
    people = situation(book.catalogue, [{"pay": 0}])
    assert _only(determine(people, book, date(2026, 4, 6)))["amount"] == 7
    assert _only(determine(people, book, date(2025, 4, 14)))["amount"] == 5
    with pytest.raises(
        RuleError,
        match="uprated each year and has no value for 2025-04-15: the one before is from 2024-04-08",
    ):
        determine(people, book, date(2025, 4, 15))
    with pytest.raises(
        RuleError, match="has no value for 2024-04-07: its first is from 2024-04-08"
    ):
        determine(people, book, date(2024, 4, 7))
    with pytest.raises(RuleError, match="uprated each year and has no value for 2027-04-13"):
        determine(people, book, date(2027, 4, 13))


def test_scheme_that_is_not_in_force_or_not_known_is_refused(tmp_path: Path) -> None:
    book = _book(tmp_path)
    people = situation(book.catalogue, [{}])
    with pytest.raises(RuleError, match="alpha is not in force on 2019-12-31"):
        determine(people, book, date(2019, 12, 31), ["alpha"])
    with pytest.raises(RuleError, match="no scheme 'alfa'; did you mean 'alpha'"):
        determine(people, book, ON, ["alfa"])


# --- frames ---------------------------------------------------------------------------------------


def test_confidence_is_the_weakest_link_of_the_unit(tmp_path: Path) -> None:
    book = _book(tmp_path)
    people = [{"confidence": 0.99}, {"confidence": 0.6}]
    assert _only(determine(situation(book.catalogue, people), book, ON))["confidence"] == 0.6
    assert _only(determine(situation(book.catalogue, [{}]), book, ON))["confidence"] is None


def test_fact_without_a_column_is_unknown_for_everybody(tmp_path: Path) -> None:
    book = _book(tmp_path)
    found = situation(book.catalogue, [{"pay": 0}])
    bare = type(found)(found.people.drop("pay"), found.benefit_units, found.households, None)
    assert _only(determine(bare, book, ON))["missing"] == ["pay"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop("benefit_unit_id"), "person table: column 'benefit_unit_id' is missing"),
        (lambda f: f.with_columns(pay=pl.lit("12")), "column 'pay' is String where Int64 is needed"),
        (lambda f: pl.concat([f, f]), "person table: 'person_id' repeats"),
        (lambda f: f.with_columns(role=pl.lit(None, dtype=pl.String)), "'role' is empty for somebody"),
        (lambda f: f.with_columns(benefit_unit_id=pl.lit("b9")), "1 benefit unit(s) have members with a benefit_unit_id that its own table does not hold"),
        (lambda f: f.with_columns(household_id=pl.lit("h9")), "1 benefit unit(s) have members with a household_id that its own table does not hold"),
    ],
)  # fmt: skip
def test_frames_that_do_not_hold_together_are_refused(
    change: Any, message: str, tmp_path: Path
) -> None:
    book = _book(tmp_path)
    found = situation(book.catalogue, [{"pay": 0}])
    broken = type(found)(change(found.people), found.benefit_units, found.households, None)
    with pytest.raises(FrameError, match=re.escape(message)):
        determine(broken, book, ON)


def test_person_in_another_household_than_their_unit_is_refused(tmp_path: Path) -> None:
    book = _book(tmp_path)
    found = situation(
        book.catalogue, [{"household_id": "h"}, {"benefit_unit_id": "c", "household_id": "i"}]
    )
    moved = found.people.with_columns(household_id=pl.lit("h"))
    with pytest.raises(
        FrameError,
        match=re.escape(
            "1 benefit unit(s) have members with another household than their benefit unit"
        ),
    ):
        determine(type(found)(moved, found.benefit_units, found.households, None), book, ON)


def test_nobody_and_empty_dwellings_give_no_determination(tmp_path: Path) -> None:
    book = _book(
        tmp_path,
        level="household",
        conditions={"some": "count(ill) >= 0"},
        parts={"part_a": "week_a"},
    )
    found = situation(book.catalogue, [{"pay": 0}])
    empty_home = pl.concat(
        [found.households, found.households.with_columns(household_id=pl.lit("empty"))]
    )
    rows = determine(type(found)(found.people, found.benefit_units, empty_home, None), book, ON)
    assert rows["household_id"].to_list() == ["h"]
    nobody = type(found)(
        found.people.clear(), found.benefit_units.clear(), found.households.clear(), None
    )
    assert determine(nobody, book, ON).height == 0
