"""Lasting, opaque person ids: made from a cluster's first record once, inherited ever after."""

from hashlib import blake2b

import polars as pl


def with_lasting_ids(people: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Return `Links` columns for records with `cluster` and `confidence`.

    A cluster inherits the previous id with which it shares most records. Where two compete, the
    greatest overlap wins,
    then the smallest id, then the cluster with the smallest record; the rest get a fresh id, never
    one used before.
    """
    inherited = _inherited(people, previous)
    anchors = people.group_by("cluster").agg(
        anchor=pl.concat_str("source", "record_id", separator="|").min()
    )
    fresh = anchors.join(inherited, on="cluster", how="anti").sort("anchor")
    used = set() if previous is None else set(previous["person_id"])
    made = fresh.select("cluster", person_id=_fresh_ids(fresh["anchor"], used))
    ids = pl.concat([inherited.select("cluster", "person_id"), made])
    return (
        people.join(ids, on="cluster", how="left", validate="m:1")
        .select("source", "record_id", "person_id", "confidence")
        .sort("source", "record_id")
    )


def _inherited(people: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    if previous is None:
        return pl.DataFrame(schema={"cluster": pl.Int64, "person_id": pl.String})
    shared = people.join(
        previous.select("source", "record_id", "person_id"),
        on=["source", "record_id"],
        how="inner",
        validate="1:1",
    )
    claims = (
        shared.group_by("cluster", "person_id")
        .agg(overlap=pl.len(), anchor=pl.struct("source", "record_id").min())
        .sort(["overlap", "person_id", "anchor"], descending=[True, False, False])
    )
    return _matched(claims)


def _matched(claims: pl.DataFrame) -> pl.DataFrame:
    """Give each id and each cluster at most one partner, the strongest claims first."""
    order = claims.with_row_index("rank")
    given = []
    while order.height:
        best = order.filter(
            (pl.col("rank") == pl.col("rank").min().over("cluster"))
            & (pl.col("rank") == pl.col("rank").min().over("person_id"))
        )
        given.append(best.select("cluster", "person_id"))
        order = order.join(best, on="cluster", how="anti").join(best, on="person_id", how="anti")
    return pl.concat(given) if given else claims.select("cluster", "person_id")


def _fresh_ids(anchors: pl.Series, used: set[str]) -> pl.Series:
    made = []
    for anchor in anchors:
        turn = 0
        while (candidate := _hash(f"{anchor}|{turn}")) in used:
            turn += 1
        used.add(candidate)
        made.append(candidate)
    return pl.Series("person_id", made, dtype=pl.String)


def _hash(text: str) -> str:
    return "P" + blake2b(text.encode(), digest_size=8).hexdigest()
