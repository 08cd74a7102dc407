"""Links that need no score: a valid number with birth date or name; name, birth date, place."""

from collections.abc import Iterator

import polars as pl

from nostop.linkage.nodes import linkable
from nostop.linkage.pairs import allowed, features

#: How sure each exact rule is, as measured on labelled data and rounded down.
NINO_AND_BIRTH_DATE = 0.9999
NINO_AND_NAME = 0.999
NAME_BIRTH_DATE_AND_PLACE = 0.999

#: A key shared by more distinct mentions than this is a placeholder and proves nothing.
LARGEST_GROUP = 60

LINK_COLUMNS = ["l", "r", "confidence"]


def exact_links(nodes: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of nodes (`l` < `r`, `confidence`) that agree exactly and break no guard."""
    usable = nodes.filter(linkable())
    best = (
        pl.concat(list(_candidates(usable)))
        .group_by("l", "r")
        .agg(pl.col("confidence").max())
        .sort("l", "r")
    )
    return features(best, nodes).filter(allowed()).select(LINK_COLUMNS).sort("l", "r")


def _candidates(nodes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    # A NINO alone is never enough: they are borrowed and mistyped.
    yield _agreeing(nodes, ["nino", "born_on"], NINO_AND_BIRTH_DATE)
    named = nodes.explode("families").rename({"families": "family"})
    yield _agreeing(named, ["nino", "family", "surname"], NINO_AND_NAME)
    place = ["born_on", "postcode"]
    yield _agreeing(nodes, ["first", "surname", *place], NAME_BIRTH_DATE_AND_PLACE)
    swapped = nodes.rename({"first": "surname", "surname": "first"})
    key = ["first", "surname", *place]
    yield _pairs(_small(nodes, key), _small(swapped, key), key, NAME_BIRTH_DATE_AND_PLACE)


def _agreeing(nodes: pl.DataFrame, key: list[str], confidence: float) -> pl.DataFrame:
    small = _small(nodes, key)
    return _pairs(small, small, key, confidence)


def _small(nodes: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    present = nodes.select("node", *key).drop_nulls()
    sizes = (
        present.group_by(key)
        .agg(_size=pl.len())
        .filter(pl.col("_size").is_between(1, LARGEST_GROUP))
    )
    return present.join(sizes, on=key, how="semi")


def _pairs(
    left: pl.DataFrame, right: pl.DataFrame, key: list[str], confidence: float
) -> pl.DataFrame:
    both = left.join(right, on=key, how="inner", validate="m:m")
    ordered = both.select(
        l=pl.min_horizontal("node", "node_right"), r=pl.max_horizontal("node", "node_right")
    )
    return (
        ordered.filter(pl.col("l") < pl.col("r"))
        .unique()
        .with_columns(confidence=pl.lit(confidence))
    )
