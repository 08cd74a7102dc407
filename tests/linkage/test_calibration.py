"""From weight to probability: never falling, and as often right as said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.linkage.calibration import Calibration, calibrated


def test_without_knots_a_weight_is_odds_in_powers_of_two() -> None:
    found = Calibration().probabilities(np.array([0.0, 1.0, -1.0]))
    assert found == pytest.approx([1 / 2, 2 / 3, 1 / 3])


def test_pairs_are_as_often_right_as_said() -> None:
    bits = np.repeat(np.arange(10.0), 4_000)
    share = np.repeat(np.linspace(0.05, 0.99, 10), 4_000)
    right = np.tile(np.arange(4_000) / 4_000, 10) < share
    found = calibrated(bits, right).probabilities(np.arange(10.0))
    assert found == pytest.approx(np.linspace(0.05, 0.99, 10), abs=0.005)


def test_a_heavier_band_that_was_less_often_right_is_pooled_with_the_lighter() -> None:
    bits = np.repeat([1.0, 2.0], 1_000)
    right = np.concatenate([np.arange(1_000) % 10 < 9, np.arange(1_000) % 10 < 7])
    low, middle, high = calibrated(bits, right).probabilities(np.array([1.0, 1.5, 2.0]))
    assert low <= middle <= high
    assert middle == pytest.approx(0.8, abs=0.01)


def test_no_labels_make_a_pair_certain() -> None:
    bits = np.linspace(0, 40, 5_000)
    found = calibrated(bits, np.ones(5_000, dtype=bool)).probabilities(np.array([40.0, 400.0]))
    assert (found < 1).all()


@given(st.lists(st.floats(-60, 60), min_size=2, max_size=20))
def test_a_heavier_pair_is_never_said_to_be_less_likely(weights: list[float]) -> None:
    known = Calibration(bits=(-2.0, 0.0, 5.0, 9.0), probability=(0.05, 0.4, 0.95, 0.999))
    found = known.probabilities(np.sort(np.array(weights)))
    assert (np.diff(found) >= 0).all()
