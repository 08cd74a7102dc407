import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.takeup.difference import newcombe, published_difference, wilson


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    # Worked by hand from Wilson's formula; 81 of 263 is Newcombe's own example (1998).
    [(81, 263, (0.2553, 0.3662)), (0, 20, (0.0, 0.1611)), (20, 20, (0.8389, 1.0))],
)
def test_interval_of_a_share(part: int, whole: int, expected: tuple[float, float]):
    assert wilson(part, whole) == pytest.approx(expected, abs=5e-5)


def test_interval_of_a_difference_is_newcombes_own_example():
    """56 of 70 less 48 of 80: Newcombe 1998, Statistics in Medicine 17:873-890, method 10."""
    assert newcombe((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_difference_of_few_people_is_not_shown():
    assert published_difference((50, 100), (None, None)) is None
    assert published_difference((50, 100), (10, 25)) is None


def test_a_hidden_count_widens_what_is_shown():
    shown = published_difference((40, 200), (20, 200))
    hidden = published_difference((40, 200), (None, 200))
    assert shown is not None
    assert hidden is not None
    assert hidden[0] > 0.05
    assert hidden[1] > shown[1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_shown_holds_the_exact_interval_and_rests_on_masked_counts_alone(data):
    def arm() -> tuple[int, int]:
        whole = data.draw(st.integers(30, 4000))
        return data.draw(st.integers(0, whole)), whole

    one, other = arm(), arm()
    shown = published_difference(_masked(one), _masked(other))
    if shown is None:
        return
    low, high = newcombe(one, other)
    assert shown[0] <= low + 1e-9
    assert shown[1] >= high - 1e-9


def _masked(arm: tuple[int, int]) -> tuple[int | None, int | None]:
    part, whole = ((n + 2) // 5 * 5 if n >= 10 else None for n in arm)
    return part, whole
