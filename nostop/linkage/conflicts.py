"""Clusters that contradict themselves, taken apart at their weakest links."""

import polars as pl

from nostop.linkage.pairs import SURE, Doubt, allowed, features, same_number


def without_conflicts(
    links: pl.DataFrame,
    placed: pl.DataFrame,
    forbidden: pl.DataFrame,
    first: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the links without those that would join two mentions which cannot be one person.

    Args:
        links: `l`, `r`, `confidence`.
        placed: node and cluster, as the links make them.
        forbidden: pairs of nodes (`l`, `r`) that cannot be one person.
        first: links (`l`, `r`) that are taken before all others: a clerk's.
    """
    where = placed.select("node", "cluster")
    at = forbidden.join(where, left_on="l", right_on="node", how="inner", validate="m:1").join(
        where, left_on="r", right_on="node", how="inner", validate="m:1"
    )
    clashing = at.filter(pl.col("cluster") == pl.col("cluster_right")).select("l", "r", "cluster")
    inside = links.join(where, left_on="l", right_on="node", how="left", validate="m:1")
    sound = inside.join(clashing, on="cluster", how="anti")
    doubtful = inside.join(clashing, on="cluster", how="semi")
    kept = _strongest_first(_in_order(doubtful, first), clashing)
    return pl.concat([sound.select(links.columns), kept.select(links.columns)]).sort("l", "r")


def _in_order(links: pl.DataFrame, first: pl.DataFrame | None) -> pl.DataFrame:
    if first is None:
        return links.sort(-pl.col("confidence"), "l", "r")
    told = first.select("l", "r", _first=pl.lit(value=True))
    ordered = links.join(told, on=["l", "r"], how="left", validate="1:1")
    return ordered.sort(
        ~pl.col("_first").fill_null(value=False), -pl.col("confidence"), "l", "r"
    ).drop("_first")


def within_clusters(members: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return all pairs of nodes (`l` < `r`) that share a key."""
    pairs = members.join(members, on=key, how="inner", validate="m:m").filter(
        pl.col("node") < pl.col("node_right")
    )
    return pairs.select(l="node", r="node_right").unique().sort("l", "r")


def forbidden_within(
    placed: pl.DataFrame, nodes: pl.DataFrame, doubt: Doubt = SURE
) -> pl.DataFrame:
    """Return pairs of one cluster that a guard forbids: `l` < `r`."""
    several = placed.filter(pl.len().over("cluster") > 2).select("node", "cluster")
    pairs = within_clusters(several, ["cluster"])
    return features(pairs, nodes).filter(~allowed(doubt)).select("l", "r")


def _strongest_first(links: pl.DataFrame, forbidden: pl.DataFrame) -> pl.DataFrame:
    """Join nodes in the order of the links, skipping each that would put a forbidden pair together.

    A loop in Python: it sees only the links of the few clusters that contradict themselves.
    """
    group: dict[int, int] = {}
    members: dict[int, set[int]] = {}
    foes: dict[int, set[int]] = {}
    for left, right in forbidden.select("l", "r").iter_rows():
        foes.setdefault(left, set()).add(right)
        foes.setdefault(right, set()).add(left)
    kept = []
    for left, right in links.select("l", "r").iter_rows():
        a, b = group.setdefault(left, left), group.setdefault(right, right)
        ours, theirs = members.setdefault(a, {a}), members.setdefault(b, {b})
        joins = a == b or not any(foes.get(node, set()) & theirs for node in ours)
        kept.append(joins)
        if joins and a != b:
            ours |= members.pop(b)
            group.update(dict.fromkeys(theirs, a))
    return links.filter(pl.Series(kept, dtype=pl.Boolean))


def without_forks(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return the links without those by which an initial or a slip could be either of two people.

    A mention that reaches two mentions which cannot be one person, by other than its own full name
    or number, is left apart from both.
    """
    compared = features(links, nodes)
    loose = compared.filter(~pl.col("same_first").fill_null(value=False) & ~same_number())
    ends = pl.concat(
        [loose.select(x="l", y="r"), loose.select(x="r", y="l")],
    )
    pairs = ends.join(ends, on="x", how="inner", validate="m:m").filter(
        pl.col("y") < pl.col("y_right")
    )
    either = features(pairs.select("x", l="y", r="y_right"), nodes).filter(~allowed())
    forks = pl.concat([either.select("x", y="l"), either.select("x", y="r")])
    dropped = forks.select(l=pl.min_horizontal("x", "y"), r=pl.max_horizontal("x", "y")).unique()
    return links.join(dropped, on=["l", "r"], how="anti")
