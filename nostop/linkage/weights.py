"""What each level of agreement weighs: Fellegi and Sunter's m and u, learnt without labels.

m is how often one person's mentions stand at a level, u how often two people's do. u comes from the
records themselves (random pairs, and how often values repeat), m by expectation maximisation from
the frozen model, which stands for as many pairs as it needs to keep a small file from guessing.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from nostop.linkage.comparisons import Comparison

Levels = dict[str, tuple[float, ...]]

#: A share of true pairs, however rare, is never taken to be rarer: one slip must not veto a link.
LEAST_M = 0.002
LEAST_U = 1e-7
#: For how many true pairs, and how many random ones, the frozen model stands.
FROZEN_TRUE_PAIRS = 300.0
FROZEN_RANDOM_PAIRS = 20_000.0
#: How many imaginary mentions are added when values are counted, so that a small file calls a value
#: neither common nor rare; and over how many values they spread, for each column: as many as make
#: two people agree as often as people at large do.
IMAGINARY_MENTIONS = 2_000.0
IMAGINARY_VALUES = {
    "first": 300.0, "surname": 800.0, "born": 25_000.0, "postcode": 20_000.0,
    "dwelling": 200_000.0, "line": 20_000.0,
}  # fmt: skip
#: An extra column is taken as it comes.
EXTRA_MENTIONS = 20.0
#: What an extra column that nobody has seen before is first taken to weigh.
EXTRA_M = (0.7, 0.1, 0.05, 0.15)
EXTRA_U = (0.02, 0.01, 0.01, 0.96)
#: Before a file has told: one pair in so many is one person, and for how many pairs that stands, so
#: that two records on their own are not taken for one person on little.
FROZEN_ODDS = 1_000_000.0
FROZEN_PAIRS = 50_000.0
#: The same for the few mentions that are left without a partner: their file has told.
FROZEN_PAIRS_LEFT = 500.0
_ROUNDS = 30
_SETTLED = 1e-4


@dataclass(frozen=True, slots=True)
class Weights:
    """m and u of every level of every comparison, and how many true pairs there are.

    true_pairs: for each mention; None where no records have told.
    """

    m: Levels
    u: Levels
    true_pairs: float | None = None

    def bits(self, name: str) -> np.ndarray:
        """Return the weight of each level of one comparison, in powers of two."""
        m, u = np.maximum(self.m[name], LEAST_M), np.maximum(self.u[name], LEAST_U)
        return np.asarray(np.log2(m / u))

    def prior_bits(self, mentions: int) -> float:
        """Return the weight with which a pair of so many mentions begins."""
        pairs = mentions * max(mentions - 1, 1) / 2
        expected = mentions / 2 if self.true_pairs is None else self.true_pairs * mentions
        share = (expected * _known_share(pairs) + FROZEN_PAIRS / FROZEN_ODDS) / (
            pairs + FROZEN_PAIRS
        )
        return float(np.log2(share / (1 - share)))


def prior_of(bits: np.ndarray, pairs: float) -> float:
    """Return the prior, in bits, that makes as many pairs expected as there then are.

    Args:
        bits: the weight of each candidate pair without a prior.
        pairs: how many pairs there are, candidates or not.
    """
    expected = pairs / FROZEN_ODDS
    prior = 0.0
    for _ in range(_ROUNDS):
        share = (expected + FROZEN_PAIRS_LEFT / FROZEN_ODDS) / (pairs + FROZEN_PAIRS_LEFT)
        prior = float(np.log2(share / (1 - share)))
        expected = float((1 / (1 + np.exp2(-np.clip(bits + prior, -200, 200)))).sum())
    return prior


def _known_share(pairs: float) -> float:
    """Return how far a guess at the true pairs of so many pairs is to be trusted."""
    return pairs / (pairs + FROZEN_PAIRS)


def known_to(weights: Weights, comparisons: list[Comparison]) -> Weights:
    """Return weights for all comparisons: those the model lacks are begun as extra columns are."""
    m, u = dict(weights.m), dict(weights.u)
    for comparison in comparisons:
        m.setdefault(comparison.name, EXTRA_M)
        u.setdefault(comparison.name, EXTRA_U)
    return Weights(m, u, weights.true_pairs)


def frequencies(mentions: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return `column` and `share`: how many people of all have each value.

    A person's own mentions count once.
    """
    known = mentions.select(column, "cluster").drop_nulls().unique()
    counted = known.group_by(column).len().sort(column)
    total = float(known.height)
    extra = column not in IMAGINARY_VALUES
    imaginary = EXTRA_MENTIONS if extra else IMAGINARY_MENTIONS
    values = max(counted.height, 1) if extra else IMAGINARY_VALUES[column]
    share = (pl.col("len") + imaginary / values) / (total + imaginary)
    return counted.select(column, share=share)


def chance(mentions: pl.DataFrame, column: str) -> float:
    """Return how often two people agree on a column by chance."""
    return _agreeing(frequencies(mentions, column)["share"])


def _agreeing(shares: pl.Series) -> float:
    return max(float((shares * shares).sum()), LEAST_U)


def rarity(mentions: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return each value of a `column` and `rare_COLUMN`, the bits by which agreeing on it is rarer
    than agreement on the whole; sorted by value."""
    known = frequencies(mentions, column)
    bits = (_agreeing(known["share"]) / pl.col("share")).log(2)
    return known.select(column, bits.alias(f"rare_{column}"))


def learnt_u(
    mentions: pl.DataFrame, comparisons: list[Comparison], random: pl.DataFrame, start: Weights
) -> Levels:
    """Return u of every level.

    Args:
        mentions: see comparisons.scorable.
        comparisons: what is compared.
        random: the levels of random pairs, one column for each comparison.
        start: the frozen weights.
    """
    found: Levels = {}
    for comparison in comparisons:
        seen = counts(random[comparison.name], len(comparison.level_names()))
        prior = FROZEN_RANDOM_PAIRS * np.asarray(start.u[comparison.name])
        share = (seen + prior) / (seen.sum() + prior.sum())
        for level, column in comparison.frequent:
            number = comparison.level_names().index(level)
            if mentions[column].null_count() < mentions.height:
                share[number] = chance(mentions, column)
        found[comparison.name] = tuple(float(each) for each in share / share.sum())
    return found


def learnt_m(patterns: pl.DataFrame, start: Weights, mentions: int, share: float) -> Weights:
    """Return weights with m learnt by expectation maximisation.

    Pairs that were not worth comparing count as no match.

    Args:
        patterns: one column of levels for each comparison, and `len`, how many pairs show them.
        start: weights to begin with; u stays.
        mentions: how many mentions there are.
        share: the share of all candidate pairs that the patterns count.
    """
    names = [name for name in patterns.columns if name != "len"]
    levels = {name: patterns[name].to_numpy() for name in names}
    count = patterns["len"].to_numpy().astype(float)
    weights = start
    for _ in range(_ROUNDS):
        bits = np.full(count.shape, weights.prior_bits(mentions))
        for name in names:
            table = np.append(weights.bits(name), 0.0)  # The last is SILENT's: -1.
            bits += table[levels[name]]
        expected = count / (1 + np.exp2(-np.clip(bits, -200, 200)))
        m = {name: _share(levels[name], expected, start.m[name]) for name in names}
        pairs = float(expected.sum()) / share / max(mentions, 1)
        moved = max(float(np.abs(np.subtract(m[n], weights.m[n])).max()) for n in names)
        weights = Weights({**weights.m, **m}, weights.u, pairs)
        if moved < _SETTLED:
            break
    return weights


def _share(
    levels: np.ndarray, expected: np.ndarray, frozen: tuple[float, ...]
) -> tuple[float, ...]:
    said = levels >= 0
    seen = np.bincount(levels[said], weights=expected[said], minlength=len(frozen))
    prior = FROZEN_TRUE_PAIRS * np.asarray(frozen)
    share = (seen + prior) / (seen.sum() + prior.sum())
    return tuple(float(each) for each in share)


def counts(levels: pl.Series, many: int) -> np.ndarray:
    """Return how many pairs stand at each of so many levels; silent ones at none."""
    said = levels.filter(levels >= 0).to_numpy()
    return np.bincount(said, minlength=many).astype(float)
