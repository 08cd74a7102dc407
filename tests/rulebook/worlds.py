"""A random world for property tests: random packs, loaded by the real loader, and random people,
from one seed."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hypothesis import Phase, settings

from nostop.frames import Situation
from nostop.rulebook import Rulebook, load_rulebook
from tests.rulebook.random_packs import random_rules, random_situation
from tests.rulebook.small import RATES, write_rules

#: How many times as many worlds the nightly run looks at: over 100,000 determinations compared
#: where an ordinary run compares some 5,000.
NIGHTLY = 25


def worlds(count: int) -> settings:
    """Return the settings of a property over so many random worlds: each test run looks at the same
    ones, the nightly run (`make nightly`) at more.

    A seed is not a smaller case for being a smaller number, so nothing is gained by shrinking it.
    """
    return settings(
        max_examples=count * (NIGHTLY if os.environ.get("NOSTOP_NIGHTLY") else 1),
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
    )


@dataclass(frozen=True, slots=True)
class World:
    """A rule book and a situation, and the random numbers that go on from there."""

    random: Random
    book: Rulebook
    situation: Situation


def world(seed: int, households: int, unknown: float = 0.25) -> World:
    """Return the world of a seed."""
    random = Random(seed)  # noqa: S311 - the same world for the same seed is the point
    folder = Path(tempfile.mkdtemp(prefix="nostop-rules-"))
    try:
        files = {**random_rules(random), "uk/shared/rates.yaml": RATES}
        book = load_rulebook(write_rules(folder, files))
    finally:
        shutil.rmtree(folder)
    return World(random, book, random_situation(random, book, households, unknown))
