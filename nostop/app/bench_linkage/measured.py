"""Linkage on labelled sets: how right, how well calibrated, and the same whatever the order."""

from dataclasses import dataclass

import polars as pl

from nostop import linkage
from nostop.app.bench_linkage.labelled import Labelled
from nostop.linkage.evaluate import LinkQuality, by_group
from nostop.linkage.model import Model
from nostop.linkage.training import Taught, judged_pairs

#: From here on, what is said of a link is held against what is so.
SURE_BAND = 0.9
#: Bands with fewer pairs say too little.
_ENOUGH = 100


@dataclass(frozen=True, slots=True)
class Twins:
    """Pairs of twins (one household, one birth date), and how many are said to be one person."""

    pairs: int
    merged: int


def linked(labelled: Labelled) -> tuple[pl.DataFrame, LinkQuality]:
    """Return `Links` of a set and how right they are."""
    links = linkage.link(labelled.records, deduplicated=frozenset(labelled.deduplicated))
    return links, linkage.evaluate(links, labelled.truth)


def miscalibration(labelled: Labelled, model: Model) -> tuple[float, pl.DataFrame]:
    """Return the widest gap, in points, between what is said of pairs and what is so.

    Returns:
        The gap over the bands above SURE_BAND that hold enough pairs; and the bands: band, pairs,
        said, right.
    """
    taught = Taught(labelled.records, labelled.truth, labelled.deduplicated)
    pairs = judged_pairs(taught, model).filter(pl.col("confidence") >= SURE_BAND)
    band = pl.lit(SURE_BAND)
    for begin in (0.95, 0.98, 0.99, 0.999):
        band = pl.when(pl.col("confidence") >= begin).then(begin).otherwise(band)
    bands = (
        pairs.group_by(band=band)
        .agg(pairs=pl.len(), said=pl.col("confidence").mean(), right=pl.col("right").mean())
        .sort("band")
    )
    gaps = bands.filter(pl.col("pairs") >= _ENOUGH).select(
        (pl.col("said") - pl.col("right")).abs().max()
    )
    return 100 * float(gaps.item() or 0.0), bands


def twins(links: pl.DataFrame, records: pl.DataFrame, household: pl.DataFrame) -> Twins:
    """Return how many pairs of twins were merged.

    Args:
        links: `Links`.
        records: source, record_id, born_on.
        household: source, record_id, person_id (who it is in truth), household.
    """
    key = ["source", "record_id"]
    told = (
        records.select(*key, "born_on")
        .join(household, on=key, how="inner", validate="1:1")
        .join(links.select(*key, found="person_id"), on=key, how="inner", validate="1:1")
    )
    people = (
        told.drop_nulls("born_on")
        .group_by("person_id", "household")
        .agg(pl.col("born_on").mode().min())
    )
    pairs = (
        people.join(people, on=["household", "born_on"], how="inner", validate="m:m")
        .filter(pl.col("person_id") < pl.col("person_id_right"))
        .select("person_id", other="person_id_right")
        .unique()
    )
    found = told.select("person_id", "found").unique()
    merged = (
        pairs.join(found, on="person_id", how="inner", validate="m:m")
        .join(found.rename({"person_id": "other"}), on=["other", "found"], how="semi")
        .select("person_id", "other")
        .unique()
    )
    return Twins(pairs.height, merged.height)


def orders_that_differ(records: pl.DataFrame, orders: int) -> int:
    """Return in how many of so many orders of arrival the links are other ones."""
    expected = linkage.link(records)
    shuffled = (
        records.sample(fraction=1.0, shuffle=True, seed=order) for order in range(1, orders + 1)
    )
    return sum(not linkage.link(each).equals(expected) for each in shuffled)


def recall_gap(
    links: pl.DataFrame, truth: pl.DataFrame, column: str, fewest: int = 500
) -> float | None:
    """Return the gap, in points, between the highest and the lowest recall of the groups of a
    column that have at least so many true pairs; None where there are not two such groups."""
    groups = by_group(links, truth, column).filter(pl.col("pairs_true") >= fewest)
    spread = groups.select(pl.col("recall").max() - pl.col("recall").min())
    return 100 * float(spread.item()) if groups.height > 1 else None
