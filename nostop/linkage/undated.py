"""Mentions without a birth date, linked only where they fit exactly one person.

They are of adults: people liable for a bill, contacts of a pupil, partners in a claim. What they
may be
linked by is a name and a dwelling, or a name beside a person who is mentioned elsewhere beside that
name.
"""

import polars as pl

from nostop.linkage.nodes import Mentions, linkable
from nostop.linkage.pairs import compatible_first_names, features, typo

#: How sure a fit is, rounded down from what sample data showed: the same name at the dwelling; a
#: form
#: or a slip of it; a name beside one person in two sources; the same name in a street, no door
#: known.
SAME_NAME = 0.99
NEAR_NAME = 0.97
BESIDE_ONE_PERSON = 0.98
SAME_STREET = 0.95
#: An initial at a dwelling: more than one person there may begin with it.
INITIAL_ONLY = 0.9
#: Nobody is liable for a bill, or a pupil's contact, before this age.
ADULT_FROM = "16y"


def undated_links(said: Mentions, placed: pl.DataFrame) -> pl.DataFrame:
    """Return links from undated nodes to one node of the person they fit, or to each other.

    Args:
        said: records and nodes.
        placed: node and cluster of every node, after the dated ones are linked.
    Returns:
        `l`, `r`, `confidence`. A name that fits two people equally well is left apart.
    """
    everyone = said.nodes.join(
        placed.select("node", "cluster"), on="node", how="left", validate="1:1"
    ).with_columns(
        is_dated=pl.col("born_on").is_not_null().any().over("cluster"),
        cluster_born_on=pl.col("born_on").max().over("cluster"),
    )
    free = everyone.filter(~pl.col("is_dated"), linkable(), pl.col("first").is_not_null())
    people = everyone.filter("is_dated")
    where = pl.concat(
        [
            _at_one_dwelling(free, people),
            _in_one_street(free, people),
            _beside_one_person(said.records, everyone),
        ]
    )
    fits = _fitting(_grown(where, free, people), said.nodes)
    return pl.concat([_unique(fits), _among(free, fits)]).sort("l", "r")


def _at_one_dwelling(free: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    return _meeting(free, people, "dwelling").with_columns(
        same=pl.lit(SAME_NAME), near=pl.lit(NEAR_NAME)
    )


def _in_one_street(free: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Where one side gives a postcode and no door, only the very same name will do."""
    no_door = pl.col("dwelling").is_null()
    met = pl.concat(
        [
            _meeting(free.filter(no_door), people, "postcode"),
            _meeting(free.filter(~no_door), people.filter(no_door), "postcode"),
        ]
    )
    return met.with_columns(same=pl.lit(SAME_STREET), near=pl.lit(None, pl.Float64))


def _meeting(free: pl.DataFrame, people: pl.DataFrame, key: str) -> pl.DataFrame:
    met = free.select(key, l="node").join(
        people.select(key, "cluster", r="node"), on=key, how="inner", validate="m:m"
    )
    return met.select("l", "r", "cluster")


def _beside_one_person(records: pl.DataFrame, everyone: pl.DataFrame) -> pl.DataFrame:
    """Meet a pupil's contact with who claims for that same child, wherever the addresses point."""
    rows = (
        records.drop_nulls("row_key")
        .select("row_key", "node")
        .unique()
        .join(everyone.select("node", "cluster", "is_dated"), on="node", how="left", validate="m:1")
    )
    mates = rows.join(
        rows.filter("is_dated").select("row_key", beside="cluster"), on="row_key", validate="m:m"
    ).filter(pl.col("cluster") != pl.col("beside"))
    undated = mates.filter(~pl.col("is_dated")).select("beside", l="node").unique()
    dated = mates.filter("is_dated").select("beside", "cluster", r="node").unique()
    met = undated.join(dated, on="beside", how="inner", validate="m:m")
    return met.select(
        "l", "r", "cluster", same=pl.lit(BESIDE_ONE_PERSON), near=pl.lit(BESIDE_ONE_PERSON)
    )


def _grown(met: pl.DataFrame, free: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Drop people who were children when the undated mention was seen: a son may bear the name."""
    seen = free.select("seen_on", l="node")
    born = people.select("cluster", "cluster_born_on").unique()
    known = met.join(seen, on="l", how="inner", validate="m:1").join(
        born, on="cluster", how="left", validate="m:1"
    )
    child = pl.col("cluster_born_on").dt.offset_by(ADULT_FROM) > pl.col("seen_on")
    return known.filter(~child.fill_null(value=False)).select(met.columns)


def _fitting(met: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return undated nodes with each person they may be: `l`, `cluster`, `r` (its best node)."""
    best_of_pair = met.group_by("l", "r", "cluster").agg(pl.col("same", "near").max())
    compared = features(best_of_pair, nodes)
    same = pl.col("same_first") & pl.col("same_surname")
    surnames = pl.col("same_surname") | typo("surname")
    near = (compatible_first_names(by_middle=False) & surnames) | pl.col("swapped")
    initial = pl.col("initial").fill_null(value=False) & ~pl.col("same_first")
    capped = (
        pl.when(initial).then(pl.min_horizontal("near", pl.lit(INITIAL_ONLY))).otherwise("near")
    )
    fitting = (
        compared.filter(~pl.col("other_middle").fill_null(value=False))
        .with_columns(confidence=pl.when(same).then("same").when(near).then(capped))
        .drop_nulls("confidence")
    )
    best = pl.struct(-pl.col("confidence"), "r")
    return (
        fitting.group_by("l", "cluster")
        .agg(pl.col("r", "confidence").sort_by(best).first())
        .sort("l", "cluster")
    )


def _unique(fits: pl.DataFrame) -> pl.DataFrame:
    """Keep the fits of nodes that fit one person best, with no other person equally well."""
    best = pl.col("confidence").max().over("l")
    top = fits.filter(pl.col("confidence") == best)
    return top.filter(pl.len().over("l") == 1).select("l", "r", "confidence")


def _among(free: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """Link undated nodes that fit nobody dated to each other: one name at one dwelling."""
    key = ["first", "surname", "dwelling"]
    alone = free.join(fits, left_on="node", right_on="l", how="anti").drop_nulls(key)
    first = alone.group_by(key).agg(l=pl.col("node").min())
    joined = alone.join(first, on=key, how="inner", validate="m:1")
    return joined.filter(pl.col("node") > pl.col("l")).select(
        "l", r="node", confidence=pl.lit(SAME_NAME)
    )
