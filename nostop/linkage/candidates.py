"""Pairs of people who are not linked, and might be: what the model makes of them."""

import polars as pl

from nostop.linkage.link import variants
from nostop.linkage.model import MODEL_FILE, read_model, score
from nostop.linkage.nodes import mentions, one_a_node
from nostop.linkage.pairs import allowed, features
from nostop.linkage.verdicts import SIDES, smaller_first

_KEY = ["source", "record_id"]


def doubtful_pairs(
    records: pl.DataFrame, links: pl.DataFrame, low: float, high: float
) -> pl.DataFrame:
    """Return pairs of records of two people whose score is from `low` up to below `high`.

    Each two people give one pair, their most alike. Pairs that a guard forbids are not in doubt.

    Args:
        records: `SourceRecords`, and extra columns.
        links: `Links` of them.
        low, high: the band, 0 to 1.
    Returns:
        source_l, record_id_l, source_r, record_id_r (the smaller record first), confidence; sorted.
    """
    said = mentions(records)
    person = said.records.join(
        links.select(*_KEY, "person_id"), on=_KEY, how="inner", validate="1:1"
    )
    of_node = one_a_node(person)
    placed = of_node.select("node", "cluster")
    forms = variants(said.nodes, placed)
    scored = score(forms, read_model(MODEL_FILE)).filter(
        pl.col("confidence").is_between(low, high, closed="left")
    )
    across = (
        features(scored, forms)
        .filter(allowed())
        .select("l", "r", "confidence")
        .join(placed, left_on="l", right_on="node", how="left", validate="m:1")
        .join(placed, left_on="r", right_on="node", how="left", validate="m:1")
        .filter(pl.col("cluster") != pl.col("cluster_right"))
        .with_columns(
            a=pl.min_horizontal("cluster", "cluster_right"),
            b=pl.max_horizontal("cluster", "cluster_right"),
        )
        .sort(-pl.col("confidence"), "l", "r")
        .unique(["a", "b"], keep="first", maintain_order=True)
    )
    left = of_node.select(pl.col("node").alias("l"), source_l="source", record_id_l="record_id")
    right = of_node.select(pl.col("node").alias("r"), source_r="source", record_id_r="record_id")
    named = across.join(left, on="l", how="left", validate="m:1").join(
        right, on="r", how="left", validate="m:1"
    )
    return smaller_first(named).select(*SIDES, "confidence").sort(SIDES)
