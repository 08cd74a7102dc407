"""Clerks' verdicts that bind a run: records that are, or are not, one person whatever they say."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from nostop.linkage.cluster import clusters
from nostop.linkage.verdicts import DIFFERENT, SAME, SIDES
from nostop.model import LinkageError

VERDICT_COLUMNS = [*SIDES, "verdict"]
_PAIR = pl.Schema({"l": pl.Int64, "r": pl.Int64})


@dataclass(frozen=True, slots=True)
class Bound:
    """What verdicts say of nodes: pairs (`l` < `r`) that are, and that are not, one person."""

    same: pl.DataFrame
    different: pl.DataFrame


def checked_verdicts(verdicts: pl.DataFrame | None) -> pl.DataFrame:
    """Return verdicts with exactly `VERDICT_COLUMNS`, all text; none where `verdicts` is None.

    Raises:
        LinkageError: a column is missing or not text, a cell is empty, a record is compared with
            itself, or a verdict is neither `same` nor `different`.
    """
    if verdicts is None:
        return pl.DataFrame(schema=dict.fromkeys(VERDICT_COLUMNS, pl.String))
    for name in VERDICT_COLUMNS:
        if name not in verdicts.columns:
            raise LinkageError(
                f"verdicts: column '{name}' is missing, found {verdicts.columns}; "
                f"expected {VERDICT_COLUMNS}"
            )
    told = verdicts.select(pl.col(VERDICT_COLUMNS).cast(pl.String))
    if told.null_count().sum_horizontal().item():
        raise LinkageError("verdicts: a cell is empty; every verdict names two records")
    odd = told.filter(~pl.col("verdict").is_in([SAME, DIFFERENT]))
    if odd.height:
        raise LinkageError(
            f"verdicts: {odd.height} say neither '{SAME}' nor '{DIFFERENT}' in column 'verdict'"
        )
    itself = (pl.col("source_l") == pl.col("source_r")) & (
        pl.col("record_id_l") == pl.col("record_id_r")
    )
    if told.filter(itself).height:
        raise LinkageError("verdicts: a record is compared with itself")
    return told.unique().sort(VERDICT_COLUMNS)


def records_of(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return `source`, `record_id` of every record that a verdict names."""
    left = verdicts.select(source="source_l", record_id="record_id_l")
    right = verdicts.select(source="source_r", record_id="record_id_r")
    return pl.concat([left, right]).unique().sort("source", "record_id")


def bound(verdicts: pl.DataFrame, records: pl.DataFrame) -> Bound:
    """Return what verdicts say of nodes. Verdicts on records that are gone bind nobody.

    Args:
        verdicts: `checked_verdicts`.
        records: source, record_id, node.
    Raises:
        LinkageError: two verdicts contradict each other, if only by way of others.
    """
    where = records.select("source", "record_id", "node")
    told = verdicts
    for side in ("l", "r"):
        told = told.join(
            where.rename({"node": side}),
            left_on=[f"source_{side}", f"record_id_{side}"],
            right_on=["source", "record_id"],
            how="inner",
            validate="m:1",
        )
    same = told.filter(pl.col("verdict") == SAME)
    different = told.filter(pl.col("verdict") == DIFFERENT)
    _refuse_contradiction(same, different, records)
    return Bound(_pairs(same), _pairs(different))


def _pairs(told: pl.DataFrame) -> pl.DataFrame:
    ordered = told.select(l=pl.min_horizontal("l", "r"), r=pl.max_horizontal("l", "r"))
    return ordered.cast(_PAIR).unique().sort("l", "r")


def _refuse_contradiction(
    same: pl.DataFrame, different: pl.DataFrame, records: pl.DataFrame
) -> None:
    group = groups(_pairs(same), records.select("node").unique())
    both = different.join(group, left_on="l", right_on="node", how="left", validate="m:1").join(
        group, left_on="r", right_on="node", how="left", validate="m:1"
    )
    clash = both.filter(pl.col("cluster") == pl.col("cluster_right"))
    if clash.height:
        first = clash.row(0, named=True)
        raise LinkageError(
            f"verdicts: record {first['record_id_l']} of {first['source_l']} and record "
            f"{first['record_id_r']} of {first['source_r']} are said to be different, and other "
            "verdicts make them the same person; take back one of them"
        )


def groups(pairs: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return `node`, `cluster` of nodes that pairs join."""
    sure = pairs.select("l", "r", confidence=pl.lit(1.0))
    return clusters(sure, nodes).select("node", "cluster")


def lifted(forbidden: pl.DataFrame, placed: pl.DataFrame, verdicts: Bound) -> pl.DataFrame:
    """Return `forbidden` without the pairs of people whom a clerk says to be one, and with those
    whom a clerk says to be two.

    Args:
        forbidden: pairs of nodes that a guard keeps apart: `l`, `r`.
        placed: node and cluster as exact links make them: a clerk who joins two records joins what
            is surely one person with each.
        verdicts: what binds.
    """
    if not (verdicts.same.height or verdicts.different.height):
        return forbidden
    exact = placed.select("node", part="cluster")
    side: dict[str, Any] = {"right_on": "node", "how": "left", "validate": "m:1"}
    parts = verdicts.same.join(exact, left_on="l", **side).join(exact, left_on="r", **side)
    edges = parts.select(l="part", r="part_right").filter(pl.col("l") != pl.col("r"))
    whole = groups(edges, exact.select(node="part").unique()).rename({"node": "part"})
    where = exact.join(whole, on="part", how="left", validate="m:1").select("node", "cluster")
    told = forbidden.join(where, left_on="l", **side).join(where, left_on="r", **side)
    within = told.join(exact, left_on="l", **side).join(exact, left_on="r", **side)
    joined = (pl.col("cluster") == pl.col("cluster_right")) & (
        pl.col("part") != pl.col("part_right")
    )
    clerk = within.select("l", "r").join(verdicts.same, on=["l", "r"], how="semi")
    kept = within.filter(~joined).select("l", "r").join(clerk, on=["l", "r"], how="anti")
    return pl.concat([kept, verdicts.different]).unique().sort("l", "r")
