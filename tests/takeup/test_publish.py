from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.frames import TakeUp
from nostop.takeup import TakeUpCounts, publish, publish_unclaimed
from nostop.takeup.bounds import COUNTS

ON = date(2026, 6, 1)
MONEY = {
    "unclaimed_low": 0,
    "unclaimed_high": 0,
    "unknown_adds_at_most": 0,
    "unbounded_units": 0,
    "largest_unclaimed": None,
    "largest_unknown": None,
    "take_up_low": None,
    "take_up_high": None,
}


def exact(**counts: int | None) -> pl.DataFrame:
    row = {"scheme": "s", "effective_date": ON, **dict.fromkeys(COUNTS, 0), **MONEY, **counts}
    schema = {name: column.dtype for name, column in TakeUpCounts.columns().items()}
    return pl.DataFrame([row], schema=schema)


def shown(**counts: int | None) -> dict[str, object]:
    return publish(exact(**counts)).row(0, named=True)


@pytest.mark.parametrize(
    ("count", "published"),
    [(0, None), (9, None), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)],
)
def test_counts_under_ten_are_hidden_and_others_rounded_to_five(count: int, published: int | None):
    assert shown(recipients=count)["recipients"] == published


def test_rates_come_from_rounded_counts_and_the_less_favourable_end():
    row = shown(recipients=101, entitled_non_recipients=99, unknown_recipients=3)
    # 100 stands for 98..102 and each hidden count for 0..9; receipt is known for all.
    assert row["take_up_low"] == pytest.approx(0.468)  # 98 / (98 + 102 + 9) = 0.4689
    assert row["take_up_high"] == pytest.approx(0.532)  # (102 + 9) / (102 + 9 + 98) = 0.5311


def test_a_few_with_receipt_unknown_count_as_nine_in_each_cell():
    row = shown(recipients=101, entitled_non_recipients=99, entitled_receipt_unknown=1)
    assert row["take_up_low"] == pytest.approx(0.431)  # 98 / (98 + 102 + 9 + 9 + 9) = 0.4317
    assert row["take_up_high"] == pytest.approx(0.569)  # (102 + 9 + 9 + 9) / (129 + 98) = 0.5682


def test_rates_are_hidden_where_the_divisor_is_under_thirty():
    row = shown(recipients=14, entitled_non_recipients=12)
    assert row["recipients"] == 15
    assert row["take_up_low"] is None
    assert row["take_up_high"] is None


def test_a_hidden_numerator_gives_no_more_than_its_range():
    one, nine = (shown(recipients=n, entitled_non_recipients=200) for n in (1, 9))
    assert one == nine
    assert one["take_up_low"] == 0.0


_COUNT = st.one_of(st.integers(0, 40), st.integers(0, 5000))
_COUNTS = st.fixed_dictionaries(dict.fromkeys(COUNTS, _COUNT))


def stands_for(count: int) -> list[int]:
    """Every count that looks the same once masked."""
    if count < 10:
        return list(range(10))
    nearest = (count + 2) // 5 * 5
    return [near for near in range(nearest - 2, nearest + 3) if near >= 10]


@settings(max_examples=40, deadline=None)
@given(_COUNTS, st.data())
def test_no_published_number_tells_counts_apart_that_look_the_same(counts, data):
    others = {name: data.draw(st.sampled_from(stands_for(count))) for name, count in counts.items()}
    unknown = ("entitled_receipt_unknown", "unknown_receipt_unknown")
    for frame in (counts, others):
        # Whether receipt is known for all is not a count of anybody; hold it fixed.
        if not any(frame[name] for name in unknown):
            frame[unknown[0]] = 1
    first, second = shown(**counts), shown(**others)
    if stands_for(counts[unknown[0]]) == stands_for(others[unknown[0]]):
        assert first == second
    assert all(len(stands_for(count)) >= 3 for count in counts.values())


@settings(max_examples=50, deadline=None)
@given(_COUNTS)
def test_true_bounds_lie_within_the_published_ones(counts):
    a, b, c = (counts[name] for name in COUNTS[:3])
    ur, un, uu = (counts[name] for name in COUNTS[3:6])
    row = shown(**counts)
    if row["take_up_low"] is not None and a + b + c + un + uu:
        assert row["take_up_low"] <= a / (a + b + c + un + uu)
    if row["take_up_high"] is not None and a + b + c + ur + uu:
        assert row["take_up_high"] >= (a + c + ur + uu) / (a + b + c + ur + uu)


def test_wide_columns_have_the_published_schema():
    assert publish(exact(recipients=50)).columns == list(TakeUp.columns())


def money(units: int, each: int) -> dict[str, object]:
    """What is published where `units` entitled non-recipients go without `each` pence a year."""
    counts = {
        "entitled_non_recipients": units,
        "unclaimed_low": units * each,
        "unclaimed_high": units * each,
        "largest_unclaimed": each if units else None,
    }
    return publish_unclaimed(exact(**counts)).row(0, named=True)


def test_pounds_of_fewer_than_ten_units_are_hidden():
    row = money(9, 135_460)
    assert [row["unclaimed_low"], row["unclaimed_high"]] == [None, None]


def test_pounds_are_a_rounded_mean_times_a_rounded_count():
    row = money(30, 135_460)
    # Two amounts shared among at least 28 units are 9,675 pence: the mean goes to whole 10,000s.
    assert [row["unclaimed_low"], row["unclaimed_high"]] == [28 * 130_000, 32 * 140_000]


def test_an_unknown_sum_stays_hidden():
    counts = {"entitled_non_recipients": 20, "unclaimed_low": 1000, "unclaimed_high": None}
    row = publish_unclaimed(exact(**counts, largest_unclaimed=50)).row(0, named=True)
    assert row["unclaimed_low"] == 18 * 50
    assert row["unclaimed_high"] is None


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 3000), st.integers(1, 2_000_000), st.data())
def test_equal_amounts_tell_no_more_than_the_rounded_count(units: int, each: int, data):
    other = data.draw(st.sampled_from(stands_for(units)))
    assert money(units, each) == money(other, each)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 2_000_000), min_size=10, max_size=60))
def test_true_pounds_lie_within_the_published_ones(amounts: list[int]):
    total, largest = sum(amounts), max(amounts)
    counts = {"entitled_non_recipients": len(amounts), "largest_unclaimed": largest}
    frame = exact(**counts, unclaimed_low=total, unclaimed_high=total)
    row = publish_unclaimed(frame).row(0, named=True)
    assert row["unclaimed_low"] <= total < row["unclaimed_high"]
    assert row["unclaimed_high"] - row["unclaimed_low"] >= largest


def test_what_unknown_adds_is_hidden_by_the_units_that_make_it_up():
    counts = {"unknown_adds_at_most": 10_000, "largest_unknown": 1_000}
    few = publish_unclaimed(exact(unknown_non_recipients=9, **counts))
    many = publish_unclaimed(exact(unknown_non_recipients=10, **counts))
    assert few["unknown_adds_at_most"].to_list() == [None]
    assert many["unknown_adds_at_most"].to_list() == [12 * 1_200]
