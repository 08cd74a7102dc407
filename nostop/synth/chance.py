"""Seeded chance: one stream of numbers for each named part, so that a change to one part leaves
the others as they were.

Only uniform numbers and plain arithmetic are used: no logarithm or bell curve, whose last digit
differs between machines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PER_10000 = 10_000


@dataclass(frozen=True, slots=True)
class Chance:
    """The source of every draw of one run."""

    seed: int

    def part(self, name: str) -> np.random.Generator:
        """Return the stream of a named part: the same for the same seed and name."""
        return np.random.default_rng([self.seed, crc32(name.encode())])


def pick(uniform: Floats, weights: Sequence[int]) -> Ints:
    """Return for each uniform number the position of a weight, drawn in proportion."""
    limits = np.cumsum(np.asarray(weights, dtype=np.float64))
    chosen: Ints = np.searchsorted(limits, uniform * limits[-1], side="right").astype(np.int64)
    return np.minimum(chosen, len(weights) - 1)


def from_quantiles(rank: Floats, quantiles: Sequence[int]) -> Ints:
    """Return the value at each rank (0 to 1) on the line through evenly spaced quantiles."""
    places = np.linspace(0.0, 1.0, len(quantiles))
    return np.interp(rank, places, np.asarray(quantiles, dtype=np.float64)).astype(np.int64)


def ranks(values: Floats) -> Floats:
    """Return the rank of each value among all of them, evenly spread over 0 to 1."""
    order = np.argsort(values, kind="stable")
    ranked = np.empty(len(values), dtype=np.float64)
    ranked[order] = (np.arange(len(values)) + 0.5) / max(len(values), 1)
    return ranked


def by_age(age: Floats, bands: Sequence[dict[str, int]], key: str) -> Ints:
    """Return `key` of the last band whose `from_age` is at most the age; 0 below the first."""
    starts = np.asarray([band["from_age"] for band in bands], dtype=np.float64)
    values = np.asarray([0, *(band[key] for band in bands)], dtype=np.int64)
    return values[np.searchsorted(starts, age, side="right")]


def count_of(numbers: pl.Series) -> int:
    """Return how many numbers from 0 to the highest there are."""
    return int(numbers.to_numpy().max()) + 1


def scattered(count: int, size: int, seed_like: int) -> Ints:
    """Return `count` different numbers below `size`, in an order that shows no pattern.

    Multiplication by a number without a common factor visits each number below `size` once.
    """
    step = 7_368_787 + 2 * (seed_like % 50_000)
    while np.gcd(step, size) != 1:
        step += 1
    start = (seed_like * 48_271) % size
    return (start + np.arange(count, dtype=np.int64) * step) % size
