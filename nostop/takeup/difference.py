"""What a trial shows: by how much more of those who got a message claimed than of those held out.

Published like take-up: everything here depends on the exact counts only through masked ones, so
that it says nothing about a count that the masked count itself does not say.
"""

from itertools import product
from math import ceil, floor, sqrt

from nostop.takeup.publish import OFF_BY, RATES_A_ONE, SMALLEST_DIVISOR, SMALLEST_SHOWN

#: 97.5% of a normal distribution: intervals hold the truth 95 times in 100.
_Z = 1.959963984540054

Interval = tuple[float, float]


def wilson(part: int, whole: int) -> Interval:
    """Return the 95% score interval of a share (Wilson 1927).

    Args:
        part: how many of them, 0 to `whole`.
        whole: how many there are, 1 or more.
    """
    share, squared = part / whole, _Z * _Z
    middle = (share + squared / (2 * whole)) / (1 + squared / whole)
    spread = _Z / (1 + squared / whole)
    reach = spread * sqrt(share * (1 - share) / whole + squared / (4 * whole * whole))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def newcombe(one: tuple[int, int], other: tuple[int, int]) -> Interval:
    """Return the 95% interval of the difference of two independent shares (Newcombe 1998, method
    10): `one` less `other`, each a part and its whole."""
    (low, high), (other_low, other_high) = wilson(*one), wilson(*other)
    share, other_share = one[0] / one[1], other[0] / other[1]
    difference = share - other_share
    down = sqrt((share - low) ** 2 + (other_high - other_share) ** 2)
    up = sqrt((high - share) ** 2 + (other_share - other_low) ** 2)
    return difference - down, difference + up


def published_difference(
    told: tuple[int | None, int | None], held_out: tuple[int | None, int | None]
) -> Interval | None:
    """Return an interval of the difference that may be shown: of every count that the masked ones
    can stand for, the lowest and the highest end, rounded outward to 0.001.

    Args:
        told: of those who got a message, the masked count of claims and of people.
        held_out: the same of those who were held out.
    Returns:
        None where an arm is hidden or has fewer than 30 people.
    """
    arms = []
    for part, whole in (told, held_out):
        if whole is None or whole < SMALLEST_DIVISOR:
            return None
        sizes = (whole - OFF_BY, whole + OFF_BY)
        arms.append([(min(p, w), w) for p, w in product(_stands_for(part), sizes)])
    ends = [newcombe(one, other) for one, other in product(*arms)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return floor(low * RATES_A_ONE) / RATES_A_ONE, ceil(high * RATES_A_ONE) / RATES_A_ONE


def _stands_for(masked: int | None) -> tuple[int, int]:
    """Return the smallest and the largest count that a masked one can stand for."""
    if masked is None:
        return 0, SMALLEST_SHOWN - 1
    return max(SMALLEST_SHOWN, masked - OFF_BY), masked + OFF_BY
