"""Which source records are one person: exact rules, then Splink, then guards, then lasting ids."""

from dataclasses import dataclass

import polars as pl

from nostop.frames import Links, SourceRecords, check
from nostop.linkage.cluster import clusters
from nostop.linkage.conflicts import forbidden_within, without_conflicts, without_forks
from nostop.linkage.exact import exact_links
from nostop.linkage.ids import with_lasting_ids
from nostop.linkage.model import score, train_model
from nostop.linkage.nodes import Mentions, linkable, mentions
from nostop.linkage.pairs import allowed, beyond_coincidence, features
from nostop.linkage.undated import undated_links

#: The lowest probability at which two mentions are joined.
LINK_AT = 0.95
#: How sure it is that somebody known by name and address alone is a person not met elsewhere.
NAME_ONLY = 0.5


def link(records: pl.DataFrame, *, previous: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return which person each source record is.

    Args:
        records: `SourceRecords`, in any order.
        previous: the `Links` of the last run, whose person ids live on.
    Returns:
        `Links`: one row for each record, sorted; `confidence` is the weakest link that holds the
        person together.
    Raises:
        FrameError: `records` or `previous` lacks a column or repeats a key.
        LinkageError: the model file cannot be read.
    """
    said = mentions(check(SourceRecords, records))
    exact = _exact(said)
    scored = _scored(said.nodes, exact.placed)
    sure = without_forks(pl.concat([exact.links, scored]), said.nodes)
    dated = _joined(said, sure)
    undated = undated_links(said, dated.placed)
    whole = _joined(said, pl.concat([dated.links, undated]))
    people = said.records.join(
        _less_sure_names(whole.placed, said.nodes), on="node", how="left", validate="m:1"
    )
    older = None if previous is None else check(Links, previous)
    return check(Links, with_lasting_ids(people, older))


def train(records: pl.DataFrame) -> dict[str, object]:
    """Return a Splink model with weights learnt from `SourceRecords`, to be reviewed and frozen."""
    said = mentions(check(SourceRecords, records))
    exact = _exact(said)
    return train_model(_variants(said.nodes, exact.placed).filter(pl.col("born_on").is_not_null()))


def _less_sure_names(placed: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Cap the confidence of people who are but a name at an address: they may be known already."""
    known = nodes.select(
        "node", born=pl.col("born_on").is_not_null() | pl.col("nino").is_not_null()
    )
    told = placed.join(known, on="node", how="left", validate="1:1")
    confidence = pl.when(pl.col("born").any().over("cluster")).then("confidence")
    return told.select(
        "node",
        "cluster",
        pl.coalesce(confidence, pl.min_horizontal("confidence", pl.lit(NAME_ONLY))),
    )


@dataclass(frozen=True, slots=True)
class _Joined:
    links: pl.DataFrame
    placed: pl.DataFrame


def _exact(said: Mentions) -> _Joined:
    return _joined(said, exact_links(said.nodes))


def _joined(said: Mentions, links: pl.DataFrame) -> _Joined:
    placed = clusters(links, said.nodes)
    forbidden = pl.concat([forbidden_within(placed, said.nodes), _row_mates(said.records)])
    sound = without_conflicts(links, placed, forbidden)
    if sound.height == links.height:
        return _Joined(links, placed)
    return _Joined(sound, clusters(sound, said.nodes))


def _row_mates(records: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of nodes that one source row mentions: claimant and partner are two people."""
    side = records.drop_nulls("row_key").select("row_key", "node")
    pairs = side.join(side, on="row_key", how="inner", validate="m:m")
    return (
        pairs.filter(pl.col("node") < pl.col("node_right"))
        .select(l="node", r="node_right")
        .unique()
    )


def _variants(nodes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Return each exactly linked person's distinct forms, what is silent filled where the person's
    mentions agree.

    `node` is the smallest node of a form; `cluster` the exact cluster.
    """
    filled = ["nino", "middle", "born_on", "sex", "dwelling", "postcode"]
    known = nodes.filter(linkable()).join(
        placed.select("node", "cluster"), on="node", how="left", validate="1:1"
    )
    agreed = known.group_by("cluster").agg(
        pl.when(pl.col(column).drop_nulls().n_unique() == 1)
        .then(pl.col(column).drop_nulls().first())
        .alias(f"{column}_agreed")
        for column in filled
    )
    complete = known.join(agreed, on="cluster", how="left", validate="m:1").with_columns(
        pl.coalesce(column, f"{column}_agreed").alias(column) for column in filled
    )
    form = ["cluster", "first", "surname", *filled]
    return (
        complete.select(*form, "families", "beside", "node")
        .sort("node")
        .unique(form, keep="first", maintain_order=True)
    )


def _scored(nodes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    variants = _variants(nodes, placed).filter(pl.col("born_on").is_not_null())
    cluster = variants.select("node", "cluster")
    pairs = score(variants).filter(pl.col("confidence") >= LINK_AT)
    across = (
        pairs.join(cluster, left_on="l", right_on="node", how="left", validate="m:1")
        .join(cluster, left_on="r", right_on="node", how="left", validate="m:1")
        .filter(pl.col("cluster") != pl.col("cluster_right"))
        .select("l", "r", "confidence")
    )
    return (
        features(across, variants)
        .filter(allowed() & beyond_coincidence())
        .select("l", "r", "confidence")
        .sort("l", "r")
    )
