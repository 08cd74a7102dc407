from datetime import date
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.frames import Determinations
from nostop.model import FrameError
from nostop.takeup import measure

ON = date(2026, 6, 1)
Unit = tuple[str | None, bool | None]


def determinations(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Fill in what a row leaves out: benefit unit by position, Pension Credit, a week."""
    usual = {
        "person_id": None,
        "household_id": None,
        "scheme": "pension_credit",
        "effective_date": ON,
        "amount": None,
        "amount_low": None,
        "amount_high": None,
        "per": "week",
        "worth_asking": False,
        "confidence": 1.0,
        "because": [],
        "missing": [],
        "pack_version": "v1",
    }
    filled = [{"benefit_unit_id": f"B{number}", **usual, **row} for number, row in enumerate(rows)]
    schema = {name: column.dtype for name, column in Determinations.columns().items()}
    return pl.DataFrame(filled, schema=schema)


def units(cells: list[Unit]) -> pl.DataFrame:
    return determinations([{"outcome": outcome, "claimed": claimed} for outcome, claimed in cells])


def measured(cells: list[Unit]) -> dict[str, object]:
    return measure(units(cells), ON).row(0, named=True)


def test_measure_counts_each_cell_once():
    cells = [
        *[("entitled", True)] * 1,
        *[("entitled", False)] * 2,
        *[("entitled", None)] * 3,
        *[("unknown", True)] * 4,
        *[("unknown", False)] * 5,
        *[("unknown", None)] * 6,
        *[("not_entitled", True)] * 7,
        *[("not_entitled", False)] * 8,
        *[("not_entitled", None)] * 9,
    ]
    counts = measured(cells)
    assert [
        counts["recipients"],
        counts["entitled_non_recipients"],
        counts["entitled_receipt_unknown"],
        counts["unknown_recipients"],
        counts["unknown_non_recipients"],
        counts["unknown_receipt_unknown"],
        counts["recipients_not_found_entitled"],
    ] == [1, 2, 3, 4, 5, 6, 7]
    assert counts["take_up_low"] == pytest.approx(1 / (1 + 2 + 3 + 5 + 6))
    assert counts["take_up_high"] == pytest.approx((1 + 3 + 4 + 6) / (1 + 2 + 3 + 4 + 6))


def test_take_up_with_receipt_known_is_the_published_formula():
    cells = [
        *[("entitled", True)] * 6,
        *[("entitled", False)] * 3,
        *[("unknown", True)] * 2,
        *[("unknown", False)] * 4,
    ]
    counts = measured(cells)
    assert counts["take_up_low"] == pytest.approx(6 / (6 + 3 + 4))
    assert counts["take_up_high"] == pytest.approx((6 + 2) / (6 + 2 + 3))


def test_a_missing_outcome_counts_as_unknown():
    assert measured([(None, True), (None, False)])["unknown_recipients"] == 1
    assert measured([(None, True), (None, False)])["unknown_non_recipients"] == 1


def test_take_up_is_null_where_nobody_need_be_entitled():
    counts = measured([("not_entitled", False), ("unknown", True)])
    assert counts["take_up_low"] is None
    assert counts["take_up_high"] == 1.0


def test_a_weak_link_is_still_counted():
    rows = determinations([{"outcome": "entitled", "claimed": False, "confidence": 0.01}])
    assert measure(rows, ON)["entitled_non_recipients"].to_list() == [1]


_OUTCOMES = st.sampled_from(["entitled", "not_entitled", "unknown", None])
_RECEIPTS = st.sampled_from([True, False, None])
_SMALL = st.lists(st.tuples(_OUTCOMES, _RECEIPTS), min_size=1, max_size=5)


def completions(cells: list[Unit]) -> set[float]:
    """Every take-up that some way of filling in the unknowns gives, one unit at a time."""
    ways = []
    for outcome, claimed in cells:
        entitled = {"entitled": [True], "not_entitled": [False]}.get(str(outcome), [True, False])
        ways.append(list(product(entitled, [True, False] if claimed is None else [claimed])))
    truths = set()
    for world in product(*ways):
        receives = [claimed for entitled, claimed in world if entitled]
        if receives:
            truths.add(sum(receives) / len(receives))
    return truths


@settings(max_examples=60, deadline=None)
@given(_SMALL)
def test_bounds_hold_for_every_completion_and_are_reached(cells: list[Unit]):
    counts, truths = measured(cells), completions(cells)
    low, high = counts["take_up_low"], counts["take_up_high"]
    if low is not None:
        assert low == pytest.approx(min(truths))
    if high is not None:
        assert high == pytest.approx(max(truths))
    if low is None and high is None:
        assert all(outcome != "entitled" for outcome, _ in cells)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_OUTCOMES, _RECEIPTS), min_size=1, max_size=12), st.randoms())
def test_losing_a_feed_only_widens_the_bounds(cells: list[Unit], random):
    lost = [(outcome, None if random.random() < 0.5 else claimed) for outcome, claimed in cells]
    before, after = measured(cells), measured(lost)
    for counts in (before, after):
        known = [counts["take_up_low"], counts["take_up_high"]]
        assert known == [None, None] or None in known or known[0] <= known[1]
    if before["take_up_low"] is not None and after["take_up_low"] is not None:
        assert after["take_up_low"] <= before["take_up_low"]
    if before["take_up_high"] is not None:
        assert after["take_up_high"] is not None
        assert after["take_up_high"] >= before["take_up_high"]


@given(st.lists(st.tuples(_OUTCOMES, _RECEIPTS), min_size=1, max_size=12), st.randoms())
@settings(max_examples=15, deadline=None)
def test_row_order_does_not_matter(cells: list[Unit], random):
    frame = units(cells)
    mixed = frame.sample(fraction=1, shuffle=True, seed=random.randrange(10**6))
    assert measure(frame, ON).equals(measure(mixed, ON))


def test_pounds_a_year_come_from_the_awards_own_period():
    rows = determinations(
        [
            {"outcome": "entitled", "claimed": False, "amount_low": 100, "amount_high": 300},
            {"outcome": "entitled", "claimed": True, "amount_low": 999, "amount_high": 999},
            {"outcome": "unknown", "claimed": False, "amount_low": 0, "amount_high": 1000},
            {"outcome": "entitled", "claimed": None, "amount_low": 50, "amount_high": 60},
            {"outcome": "not_entitled", "claimed": False, "amount_low": 0, "amount_high": 0},
        ]
    )
    monthly = rows.with_columns(pl.lit("universal_credit").alias("scheme"), per=pl.lit("month"))
    counts = measure(pl.concat([rows, monthly]), ON)
    assert counts["scheme"].to_list() == ["pension_credit", "universal_credit"]
    assert counts["unclaimed_low"].to_list() == [100 * 52, 100 * 12]
    assert counts["unclaimed_high"].to_list() == [300 * 52, 300 * 12]
    assert counts["unknown_adds_at_most"].to_list() == [1060 * 52, 1060 * 12]
    assert counts["unbounded_units"].to_list() == [0, 0]
    assert counts["largest_unclaimed"].to_list() == [300 * 52, 300 * 12]


def test_an_amount_without_a_bound_leaves_the_sum_unknown():
    rows = determinations(
        [
            {"outcome": "entitled", "claimed": False, "amount_low": 100, "amount_high": None},
            {"outcome": "entitled", "claimed": False, "amount_low": 200, "amount_high": 200},
            {"outcome": "unknown", "claimed": False, "amount_low": 0, "amount_high": None},
        ]
    )
    counts = measure(rows, ON).row(0, named=True)
    assert counts["unclaimed_low"] == 300 * 52
    assert counts["unclaimed_high"] is None
    assert counts["unknown_adds_at_most"] is None
    assert counts["unbounded_units"] == 1


def test_no_determinations_give_no_rows():
    assert measure(units([]), ON).height == 0


def test_another_date_is_refused():
    with pytest.raises(FrameError, match="2 rows are not for 2026-06-02"):
        measure(units([("entitled", True), ("entitled", True)]), date(2026, 6, 2))


def test_a_subject_that_comes_twice_is_refused():
    row = {"outcome": "entitled", "claimed": False, "benefit_unit_id": "B1"}
    with pytest.raises(FrameError, match="repeat a subject"):
        measure(determinations([row, row]), ON)


@pytest.mark.parametrize(("column", "value"), [("outcome", "maybe"), ("per", "fortnight")])
def test_a_word_we_do_not_know_is_refused(column: str, value: str):
    row = {"outcome": "entitled", "claimed": False, column: value}
    with pytest.raises(FrameError, match=f"column '{column}' has \\['{value}'\\]"):
        measure(determinations([row]), ON)
