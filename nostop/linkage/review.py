"""What clerks look at: pairs in doubt and a random sample of links, the score hidden."""

import random
from dataclasses import dataclass
from hashlib import blake2b
from math import isqrt

import polars as pl

from nostop.linkage.candidates import doubtful_pairs
from nostop.linkage.history import band
from nostop.linkage.verdicts import SIDES, looked_at
from nostop.model import LinkageError

#: Where a task comes from: the doubtful band (unlinked pairs), or the random sample of links.
BAND, SAMPLE = "band", "sample"
_KEY = ["source", "record_id"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at.

    low, high: the doubtful band: unlinked pairs with a score from `low` up to below `high`.
    most: at most so many pairs of the band, drawn at random; None is all.
    sample: how many links are drawn at random, to estimate how many are right.
    seed: the same seed draws the same.
    """

    low: float = 0.5
    high: float = 0.95
    most: int | None = None
    sample: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Review:
    """Tasks for clerks, and the key to them, which clerks do not see.

    tasks: task_id, `left_*` and `right_*` of each column of the records, verdict and why (null, to
        be filled in). In random order, the sides in random order; nothing says how sure anybody is.
    key: task_id, origin (band or sample), stratum, population (pairs in it), sampled, and the two
        records: source_l, record_id_l, source_r, record_id_r.
    """

    tasks: pl.DataFrame
    key: pl.DataFrame


def review(
    records: pl.DataFrame,
    links: pl.DataFrame,
    wanted: Wanted,
    verdicts: pl.DataFrame | None = None,
) -> Review:
    """Return what clerks are to look at, the same for the same seed.

    Args:
        records: `SourceRecords`, and extra columns.
        links: `Links` of them.
        wanted: band, numbers and seed.
        verdicts: `Verdicts` so far: a pair of the band that has one is not asked again. The sample
            asks regardless, or it would not be one.
    Raises:
        LinkageError: the band is none, or links and records are not of one run.
    """
    if not 0 <= wanted.low < wanted.high <= 1:
        raise LinkageError(f"band {wanted.low}-{wanted.high}: give two numbers from 0 to 1")
    _refuse_others(records, links)
    asked = pl.concat([_in_doubt(records, links, wanted, verdicts), _sample(links, wanted)])
    drawn = asked.with_columns(task_id=_task_ids(asked, wanted.seed)).sort("task_id", "origin")
    tasks = _side_by_side(drawn.select("task_id", *SIDES), records)
    return Review(tasks, drawn.select(KEY_COLUMNS))


KEY_COLUMNS = ["task_id", "origin", "stratum", "population", "sampled", *SIDES]


def _refuse_others(records: pl.DataFrame, links: pl.DataFrame) -> None:
    missing = links.join(records, on=_KEY, how="anti").height
    unlinked = records.join(links, on=_KEY, how="anti").height
    if missing or unlinked:
        raise LinkageError(
            f"links name {missing} records that are not among the records, and lack {unlinked} "
            "that are: give the records that these links were made from"
        )


def _in_doubt(
    records: pl.DataFrame, links: pl.DataFrame, wanted: Wanted, verdicts: pl.DataFrame | None
) -> pl.DataFrame:
    """Return the unlinked pairs in the band, at most `most` of them, one for each two people."""
    pairs = doubtful_pairs(records, links, wanted.low, wanted.high)
    if verdicts is not None:
        pairs = pairs.join(looked_at(verdicts), on=SIDES, how="anti")
    total = pairs.height
    if wanted.most is not None and wanted.most < total:
        rows = random.Random(f"{wanted.seed}|{BAND}").sample(range(total), wanted.most)  # noqa: S311 - a draw, no secret
        pairs = pairs[sorted(rows)]
    return pairs.select(
        *SIDES,
        origin=pl.lit(BAND),
        stratum=pl.lit(f"unlinked, score {wanted.low} to {wanted.high}"),
        population=pl.lit(total, pl.Int64),
        sampled=pl.lit(pairs.height, pl.Int64),
    )


# --- the random sample of links ------------------------------------------------------------------


def _sample(links: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """Draw pairs of linked records at random within bands of confidence, without making them all.

    A band gets its share by the square root of its size (power allocation): between as many of
    each band, which would be wide on the whole, and in proportion, which would hardly see the
    doubtful few.
    """
    people = (
        links.sort("person_id", *_KEY)
        .group_by("person_id", maintain_order=True)
        .agg(pl.struct(_KEY).alias("members"), stratum=band("confidence").first())
        .with_columns(pairs=_pairs_of(pl.col("members").list.len().cast(pl.Int64)))
        .filter(pl.col("pairs") > 0)
    )
    sizes = dict(people.group_by("stratum").agg(pl.col("pairs").sum()).sort("stratum").iter_rows())
    drawn = [
        _drawn(people.filter(pl.col("stratum") == stratum), stratum, count, wanted.seed)
        for stratum, count in _allocated(sizes, wanted.sample).items()
    ]
    return pl.concat([_empty_sample(), *drawn])


def _pairs_of(size: pl.Expr) -> pl.Expr:
    return size * (size - 1) // 2


def _allocated(sizes: dict[str, int], wanted: int) -> dict[str, int]:
    """Share out a sample over strata by the square roots of their sizes, at least two each."""
    given = dict.fromkeys(sizes, 0)
    left = min(wanted, sum(sizes.values()))
    while left > 0:
        open_ones = {name: isqrt(sizes[name]) + 1 for name in sizes if given[name] < sizes[name]}
        total, spread = sum(open_ones.values()), left
        for name, weight in open_ones.items():
            share = min(max(2, spread * weight // total), sizes[name] - given[name], left)
            given[name] += share
            left -= share
    return {name: count for name, count in given.items() if count}


def _drawn(people: pl.DataFrame, stratum: str, count: int, seed: int) -> pl.DataFrame:
    ends = people["pairs"].cum_sum()
    population = int(ends[-1])
    draw = random.Random(f"{seed}|{stratum}").sample(range(population), count)  # noqa: S311 - a draw, no secret
    numbers = pl.Series(sorted(draw), dtype=pl.Int64)
    rows = ends.search_sorted(numbers, side="right")
    starts = (ends - people["pairs"]).gather(rows)
    sides = [_pair(number) for number in numbers - starts]
    chosen = (
        people["members"]
        .gather(rows)
        .to_frame()
        .with_columns(
            first=pl.Series([pair[0] for pair in sides], dtype=pl.Int64),
            second=pl.Series([pair[1] for pair in sides], dtype=pl.Int64),
        )
    )
    one, other = (pl.col("members").list.get(pl.col(side)).struct for side in ("first", "second"))
    return chosen.select(
        source_l=one.field("source"),
        record_id_l=one.field("record_id"),
        source_r=other.field("source"),
        record_id_r=other.field("record_id"),
        origin=pl.lit(SAMPLE),
        stratum=pl.lit(stratum),
        population=pl.lit(population, pl.Int64),
        sampled=pl.lit(count, pl.Int64),
    )


def _pair(number: int) -> tuple[int, int]:
    """Return the pair with a number: (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    larger = (1 + isqrt(1 + 8 * number)) // 2
    return number - larger * (larger - 1) // 2, larger


def _empty_sample() -> pl.DataFrame:
    text = dict.fromkeys([*SIDES, "origin", "stratum"], pl.String)
    return pl.DataFrame(schema={**text, "population": pl.Int64, "sampled": pl.Int64})


# --- side by side --------------------------------------------------------------------------------


def _task_ids(pairs: pl.DataFrame, seed: int) -> pl.Series:
    """Return opaque ids in whose order the pairs are in no order: keyed by the seed."""
    ids = [
        blake2b("|".join((str(seed), *sides)).encode(), digest_size=8).hexdigest()
        for sides in pairs.select(SIDES).iter_rows()
    ]
    return pl.Series(ids, dtype=pl.String)


def _side_by_side(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    turned = pl.col("task_id").str.tail(1).is_in(list("02468ace"))
    shown = pairs.select(
        "task_id",
        *(
            pl.when(turned).then(f"{name}_r").otherwise(f"{name}_l").alias(f"left_{name}")
            for name in _KEY
        ),
        *(
            pl.when(turned).then(f"{name}_l").otherwise(f"{name}_r").alias(f"right_{name}")
            for name in _KEY
        ),
    )
    said = [name for name in records.columns if name not in _KEY]
    for side in ("left", "right"):
        keys = [f"{side}_{name}" for name in _KEY]
        named = records.rename({name: f"{side}_{name}" for name in records.columns})
        shown = shown.join(named, on=keys, how="left", validate="m:1")
    order = [f"{side}_{name}" for name in [*_KEY, *said] for side in ("left", "right")]
    empty = pl.lit(None, pl.String)
    return shown.sort("task_id").select("task_id", *order, verdict=empty, why=empty)
