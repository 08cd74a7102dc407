"""Scores of candidate pairs: levels compared in DuckDB, weights summed in one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from nostop.linkage.blocking import candidates
from nostop.linkage.comparisons import Comparison, comparisons_of, scorable
from nostop.linkage.duck import connection
from nostop.linkage.weights import Weights, known_to, learnt_m, learnt_u, prior_of, rarity

#: Pairs compared at once: bounds memory.
_CHUNK = 1_000_000
RANDOM_PAIRS = 200_000
#: Pairs from which m is learnt; from a sample of mentions where there are more.
LEARN_FROM_MENTIONS = 30_000
LEARN_FROM_PAIRS = 250_000
#: Pairs below this weight are no candidates at all.
LEAST_BITS = -4.0
NO_PAIRS = pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, "bits": pl.Float64})
#: No prior is stronger than this: of so many bits, nothing is a candidate.
MOST_PRIOR_BITS = 20.0


@dataclass(frozen=True, slots=True)
class Scorer:
    """Mentions made ready to be compared, and what agreement weighs among them.

    mentions: see comparisons.scorable, with the rarity of each value.
    people: how many clusters they are.
    """

    mentions: pl.DataFrame
    comparisons: list[Comparison]
    weights: Weights
    people: int

    def pairs(self) -> pl.DataFrame:
        """Return candidate pairs of different clusters: l, r (nodes, l < r), and bits, sorted.

        `bits` is the weight of all evidence in powers of two, the prior included.
        """
        return self._weighed(self.mentions, self.weights.prior_bits(self.people))

    def pairs_left(self, left: pl.DataFrame) -> pl.DataFrame:
        """Return pairs of the mentions that are left, as `pairs` does.

        Where every source has one record a person, those without a partner look for theirs among
        each other only: the fewer, the likelier each pair. How many find one is learnt.

        Args:
            left: nodes.
        """
        some = self.mentions.join(left, on="node", how="semi")
        pairs = self._weighed(some, 0.0, least=-MOST_PRIOR_BITS)
        many = some.height * max(some.height - 1, 1) / 2
        prior = prior_of(pairs["bits"].to_numpy(), many)
        told = pairs.with_columns(pl.col("bits") + prior)
        return told.filter(pl.col("bits") >= LEAST_BITS)

    def _weighed(
        self, mentions: pl.DataFrame, prior: float, least: float = LEAST_BITS
    ) -> pl.DataFrame:
        found = [
            weighed(levels, self.comparisons, self.weights, prior).filter(pl.col("bits") >= least)
            for levels in compared(mentions, candidates(mentions), self.comparisons)
        ]
        return pl.concat([NO_PAIRS, *found]).sort("l", "r")


def scorer(forms: pl.DataFrame, frozen: Weights) -> Scorer:
    """Return what scores pairs of these mentions.

    Args:
        forms: nodes and their cluster (see link.variants).
        frozen: the model's weights, with which learning begins.
    """
    mentions = scorable(forms)
    comparisons = comparisons_of(mentions)
    weights = learnt(mentions, comparisons, frozen)
    people = mentions["cluster"].n_unique()
    return Scorer(_with_rarity(mentions, comparisons), comparisons, weights, people)


def learnt(mentions: pl.DataFrame, comparisons: list[Comparison], frozen: Weights) -> Weights:
    """Return weights for these records: u from random pairs, m by EM from the frozen ones."""
    start = known_to(frozen, comparisons)
    if mentions.height < 2:
        return start
    random = levels_of(mentions, random_pairs(mentions), comparisons)
    start = Weights(start.m, learnt_u(mentions, comparisons, random, start))
    # One mention a cluster: what exact rules joined would count its agreements twice.
    alone = mentions.with_columns(cluster="node")
    share = min(1.0, LEARN_FROM_MENTIONS / mentions.height)
    seeds = None
    if share < 1:
        drawn = pl.col("node").hash(11) % 1_000_000 < int(share * 1_000_000)
        seeds = alone.filter(drawn).select("node")
    found = candidates(alone, seeds)
    some = min(1.0, LEARN_FROM_PAIRS / max(found.height, 1))
    drawn_pairs = pl.struct("l", "r").hash(13) % 1_000_000 < int(some * 1_000_000)
    levels = levels_of(alone, found.filter(drawn_pairs), comparisons)
    names = [comparison.name for comparison in comparisons]
    patterns = levels.group_by(names).len().sort(names)
    # A pair is drawn if either end is.
    drawn_share = (1 - (1 - share) ** 2) * some
    return learnt_m(patterns, start, mentions.height, drawn_share)


def levels_of(
    mentions: pl.DataFrame, pairs: pl.DataFrame, comparisons: list[Comparison]
) -> pl.DataFrame:
    """Return the levels of pairs (`l`, `r`), one column for each comparison."""
    names = [comparison.name for comparison in comparisons]
    found = [
        levels.select("l", "r", *names)
        for levels in compared(mentions, pairs, comparisons, rare=False)
    ]
    empty = pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, **dict.fromkeys(names, pl.Int8)})
    return pl.concat([empty, *found]).sort("l", "r")


def compared(
    mentions: pl.DataFrame,
    pairs: pl.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    rare: bool = True,
) -> Iterator[pl.DataFrame]:
    """Yield chunks of pairs with the level of each comparison and `rarity`: the bits by which the
    values they agree on are rarer, or more common, than agreement is on the whole.

    Unless `rare`, it is nought, and mentions need no column of how rare their values are.
    """
    columns = ", ".join(f"({each.sql()})::TINYINT AS {each.name}" for each in comparisons)
    frequent = [
        (each, level, column)
        for each in comparisons
        for level, column in (each.frequent if rare else ())
    ]
    bits = [
        f"CASE WHEN {each.name} = {each.level_names().index(level)} THEN rare_{column} ELSE 0 END"
        for each, level, column in frequent
    ]
    kept = "".join(f", l.rare_{column}" for _, _, column in frequent)
    names = ", ".join(each.name for each in comparisons)
    # Our own column names only; the values stay in the tables.
    query = (
        f"SELECT l, r, {names}, ({' + '.join(bits) or '0'})::DOUBLE AS rarity FROM ("  # noqa: S608
        f"SELECT p.l, p.r, {columns}{kept} FROM pairs p "
        "JOIN mentions l ON p.l = l.node JOIN mentions r ON p.r = r.node)"
    )
    with connection() as database:
        database.execute("SET preserve_insertion_order = false")
        database.register("incoming", mentions.to_arrow())
        database.execute("CREATE TABLE mentions AS SELECT * FROM incoming")
        for begin in range(0, pairs.height, _CHUNK):
            yield _answer(database, query, pairs.slice(begin, _CHUNK))


def _answer(database: duckdb.DuckDBPyConnection, query: str, pairs: pl.DataFrame) -> pl.DataFrame:
    database.register("pairs", pairs.to_arrow())
    answer: pl.DataFrame = database.sql(query).pl()
    database.unregister("pairs")
    return answer


def weighed(
    levels: pl.DataFrame, comparisons: Sequence[Comparison], weights: Weights, prior: float
) -> pl.DataFrame:
    """Return pairs (`l`, `r`) with `bits`: what their levels and rarity weigh, beginning with a
    prior."""
    bits = levels["rarity"].to_numpy() + prior
    for comparison in comparisons:
        table = np.append(weights.bits(comparison.name), 0.0)  # The last is SILENT's.
        bits = bits + table[levels[comparison.name].to_numpy()]
    return levels.select("l", "r").with_columns(bits=pl.Series(bits, dtype=pl.Float64))


def _with_rarity(mentions: pl.DataFrame, comparisons: list[Comparison]) -> pl.DataFrame:
    for comparison in comparisons:
        for _, column in comparison.frequent:
            rare = rarity(mentions, column)
            mentions = mentions.join(rare, on=column, how="left", validate="m:1")
    return mentions


def random_pairs(mentions: pl.DataFrame) -> pl.DataFrame:
    """Return pairs drawn by a fixed rule: mentions in the order of a hash, each with the next."""
    order = mentions.sort(pl.col("node").hash(3), "node")["node"]
    turns = max(1, min(mentions.height - 1, RANDOM_PAIRS // mentions.height))
    several = [
        pl.DataFrame({"a": order, "b": pl.concat([order[turn:], order[:turn]])})
        for turn in range(1, turns + 1)
    ]
    pairs = (
        pl.concat(several)
        .head(RANDOM_PAIRS)
        .select(l=pl.min_horizontal("a", "b"), r=pl.max_horizontal("a", "b"))
    )
    return pairs.filter(pl.col("l") < pl.col("r")).unique().sort("l", "r")
