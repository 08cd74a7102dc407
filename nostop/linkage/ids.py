"""Lasting, opaque person ids: made from a cluster's first record once, inherited ever after."""

from hashlib import blake2b

import polars as pl

_KEY = ["source", "record_id"]
_NO_AGES = pl.DataFrame(schema={"person_id": pl.String, "age": pl.Int64})


def with_lasting_ids(
    people: pl.DataFrame, previous: pl.DataFrame | None, ages: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return `Links` columns for records with `cluster` and `confidence`.

    A cluster inherits the previous id with which it shares most records. Where two compete, the
    greatest overlap wins, then the id that is oldest, then the smallest id, then the cluster with
    the smallest record; the rest get a fresh id, never one used before. So no id changes unless
    records that were together part, or records that were apart come together.

    Args:
        people: source, record_id, cluster, confidence.
        previous: source, record_id, person_id as they were, or None for a first run.
        ages: `history.ages`: every id ever used, and when it first appeared. Without it, only the
            ids of `previous` are known to be used, and all are of one age.
    """
    known = _NO_AGES if ages is None else ages.select("person_id", "age")
    inherited = _inherited(people, previous, known)
    anchors = people.group_by("cluster").agg(
        anchor=pl.concat_str("source", "record_id", separator="|").min()
    )
    fresh = anchors.join(inherited, on="cluster", how="anti").sort("anchor")
    used = set(known["person_id"])
    used |= set() if previous is None else set(previous["person_id"])
    made = fresh.select("cluster", person_id=_fresh_ids(fresh["anchor"], used))
    ids = pl.concat([inherited.select("cluster", "person_id"), made])
    return (
        people.join(ids, on="cluster", how="left", validate="m:1")
        .select(*_KEY, "person_id", "confidence")
        .sort(_KEY)
    )


def relabelled(
    links: pl.DataFrame, before: pl.DataFrame | None, ages: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return `Links` with the same people, under the ids that they have by the history.

    Args:
        links: `Links` of any linking; its ids only say who is together.
        before: source, record_id, person_id as the history has them.
        ages: every id ever used: see `with_lasting_ids`.
    """
    return with_lasting_ids(links.rename({"person_id": "cluster"}), before, ages)


def held_together(
    pairs: pl.DataFrame, records: pl.DataFrame, previous: pl.DataFrame, stay_at: float
) -> pl.DataFrame:
    """Return the pairs to link although they no longer reach the bar for joining: hysteresis.

    They are those of two records that were one person, while their link is still at `stay_at` or
    above: a new model must not part people over a hair's breadth. Meant for the run that changes
    the model. Within one model, clusters are a function of the records alone (INV 32), and what
    was together before must not weigh.

    Args:
        pairs: `l`, `r` (nodes) and `confidence`, from below the bar too.
        records: source, record_id, node.
        previous: `Links` of the last run.
        stay_at: the lower bar, 0 to 1.
    """
    person = (
        records.join(previous.select(*_KEY, "person_id"), on=_KEY, how="inner", validate="1:1")
        .select("node", "person_id")
        .unique()
    )
    left = pairs.filter(pl.col("confidence") >= stay_at).join(
        person, left_on="l", right_on="node", how="inner", validate="m:m"
    )
    return left.join(
        person, left_on=["r", "person_id"], right_on=["node", "person_id"], how="semi"
    ).select(pairs.columns).unique().sort("l", "r")  # fmt: skip


def _inherited(
    people: pl.DataFrame, previous: pl.DataFrame | None, ages: pl.DataFrame
) -> pl.DataFrame:
    if previous is None:
        return pl.DataFrame(schema={"cluster": people.schema["cluster"], "person_id": pl.String})
    shared = people.join(previous.select(*_KEY, "person_id"), on=_KEY, how="inner", validate="1:1")
    claims = (
        shared.group_by("cluster", "person_id")
        .agg(overlap=pl.len(), anchor=pl.struct(_KEY).min())
        .join(ages, on="person_id", how="left", validate="m:1")
        .sort(
            ["overlap", "age", "person_id", "anchor"],
            descending=[True, False, False, False],
            nulls_last=True,
        )
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
