"""Whether a file's own conflicts say that its names or birth dates are often wrong.

A guard takes different first names, or birth dates, for two people. Where they are, most of both
are known by records of their own: twins have two records each. Where a file is full of records that
agree with one other record in all but the first name, and with no record in that name too, the name
is what is wrong. Many such conflicts that nothing explains put a field in doubt for that file.
"""

from typing import Any

import polars as pl

from nostop.linkage.pairs import Doubt, date_conflict, name_conflict

#: The fewest lone conflicts, and the least share of linked mentions that they are.
FEWEST = 20
NAMES_IN_DOUBT_FROM = 0.05
DATES_IN_DOUBT_FROM = 0.02
#: So many times as many conflicts must be lone as there are ones between people with records of
#: their own.
_LONE_TO_EXPLAINED = 1.5


def lone(compared: pl.DataFrame, placed: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Return the scored pairs between people, with `lone`: one of the two is a single record.

    Args:
        compared: scored pairs and how their fields compare.
        placed: node and cluster as links make them that no guard forbids.
        records: source, record_id, node.
    """
    many = (
        records.select("node")
        .join(placed.select("node", "cluster"), on="node", how="left", validate="m:1")
        .group_by("cluster")
        .agg(records=pl.len())
    )
    where = placed.select("node", "cluster").join(many, on="cluster", how="left", validate="m:1")
    side: dict[str, Any] = {"right_on": "node", "how": "left", "validate": "m:1"}
    told = compared.join(where, left_on="l", **side).join(where, left_on="r", **side)
    fewest = pl.min_horizontal("records", "records_right")
    single = pl.when(pl.col("records") == 1).then("l").otherwise("r")
    return told.filter(pl.col("cluster") != pl.col("cluster_right")).with_columns(
        lone=fewest == 1, single=single
    )


def found_doubt(unexplained: pl.DataFrame, placed: pl.DataFrame) -> Doubt:
    """Return which fields this file puts in doubt.

    Args:
        unexplained: pairs between people, see `lone`.
        placed: node and cluster.
    """
    linked = placed.filter(pl.len().over("cluster") > 1).height
    return Doubt(
        names=_many(unexplained.filter(name_conflict()), linked, NAMES_IN_DOUBT_FROM),
        dates=_many(unexplained.filter(date_conflict()), linked, DATES_IN_DOUBT_FROM),
    )


def _many(conflicts: pl.DataFrame, linked: int, least: float) -> bool:
    alone = conflicts.filter("lone")["single"].n_unique()
    explained = conflicts.filter(~pl.col("lone")).select("cluster", "cluster_right").n_unique()
    return (
        alone >= FEWEST
        and alone >= least * (linked + alone)
        and alone >= _LONE_TO_EXPLAINED * explained
    )
