"""Clusters of linked mentions: strongest links first, and no cluster that contradicts itself."""

import polars as pl


def clusters(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return `node`, `cluster` (its smallest node) and `confidence`.

    It is the weakest link of the strongest spanning tree. Borůvka's rounds: each cluster
    takes its strongest link outward, until none leads outward. Links of equal strength are ordered
    by their ends, so that neither order of arrival nor number of threads changes anything.
    """
    placed = nodes.select("node", cluster=pl.col("node"))
    weakest = placed.select("cluster", confidence=pl.lit(1.0))
    edges = links.select("confidence", "l", "r", a="l", b="r")
    while edges.height:
        chosen = _strongest_outward(edges)
        roots = _roots(chosen)
        placed = _moved(placed, "cluster", roots)
        weakest = _weakest(weakest, chosen, roots)
        edges = _moved(_moved(edges, "a", roots), "b", roots).filter(pl.col("a") != pl.col("b"))
    sure = placed.join(weakest, on="cluster", how="left", validate="m:1")
    return sure.with_columns(cluster=pl.col("node").min().over("cluster")).sort("node")


def _strongest_outward(edges: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([edges, edges.rename({"a": "b", "b": "a"}).select(edges.columns)])
    order = pl.struct(-pl.col("confidence"), "l", "r")
    return both.group_by("a").agg(pl.col("b", "confidence").sort_by(order).first())


def _roots(chosen: pl.DataFrame) -> pl.DataFrame:
    """Return `from`, `to`: each cluster's root in the forest that the chosen links make."""
    pointer = chosen.select(node="a", to="b")
    back = pointer.select(to="node", back="to")
    # Two clusters that chose each other would chase each other for ever: the smaller one is the
    # root.
    pointer = pointer.join(back, on="to", how="left", validate="m:1").select(
        "node",
        to=pl.when((pl.col("back") == pl.col("node")) & (pl.col("node") < pl.col("to")))
        .then("node")
        .otherwise("to"),
    )
    while True:
        jumped = pointer.join(
            pointer.select(to="node", further="to"), on="to", how="left", validate="m:1"
        ).select("node", "to", further=pl.coalesce("further", "to"))
        if (jumped["to"] == jumped["further"]).all():
            return pointer.select("node", to="to")
        pointer = jumped.select("node", to="further")


def _moved(frame: pl.DataFrame, column: str, roots: pl.DataFrame) -> pl.DataFrame:
    joined = frame.join(
        roots.select(pl.col("node").alias(column), "to"), on=column, how="left", validate="m:1"
    )
    return joined.with_columns(pl.coalesce("to", column).alias(column)).drop("to")


def _weakest(weakest: pl.DataFrame, chosen: pl.DataFrame, roots: pl.DataFrame) -> pl.DataFrame:
    now = pl.concat(
        [weakest, chosen.select("confidence", cluster="a").select("cluster", "confidence")]
    )
    return _moved(now, "cluster", roots).group_by("cluster").agg(pl.col("confidence").min())
