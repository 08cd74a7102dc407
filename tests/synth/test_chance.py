import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.synth.chance import Chance, by_age, from_quantiles, pick, ranks, scattered


def test_part_gives_the_same_numbers_for_the_same_seed_and_name() -> None:
    assert Chance(3).part("pay").random(4).tolist() == Chance(3).part("pay").random(4).tolist()


def test_part_gives_other_numbers_for_another_name() -> None:
    assert Chance(3).part("pay").random(4).tolist() != Chance(3).part("rent").random(4).tolist()


def test_pick_draws_in_proportion() -> None:
    uniform = (np.arange(10) + 0.5) / 10
    assert pick(uniform, [2, 0, 8]).tolist() == [0, 0, 2, 2, 2, 2, 2, 2, 2, 2]


def test_pick_stays_within_the_list_at_the_very_end() -> None:
    assert pick(np.asarray([np.nextafter(1.0, 0.0)]), [1, 1]).tolist() == [1]


def test_from_quantiles_lies_on_the_line_between_two_values() -> None:
    ends = from_quantiles(np.asarray([0.0, 0.25, 0.5, 1.0]), [0, 100, 300])
    assert ends.tolist() == [0, 50, 100, 300]


def test_ranks_spreads_evenly_and_keeps_the_order() -> None:
    assert ranks(np.asarray([5.0, 1.0, 9.0, 2.0])).tolist() == [0.625, 0.125, 0.875, 0.375]


def test_by_age_takes_the_last_band_reached() -> None:
    bands = [{"from_age": 16, "rate": 5}, {"from_age": 66, "rate": 9}]
    assert by_age(np.asarray([15.9, 16.0, 65.9, 66.0]), bands, "rate").tolist() == [0, 5, 5, 9]


@settings(deadline=None)
@given(st.integers(1, 3_000), st.integers(0, 10**9))
def test_scattered_gives_different_numbers_within_range(size: int, seed: int) -> None:
    numbers = scattered(size, size, seed)
    assert sorted(numbers.tolist()) == list(range(size))
