"""Who stands where somebody's id stood: what was told to one person may have reached another."""

import polars as pl

from nostop.linkage.history import aliases, placed

_KEY = ["source", "record_id"]


def heirs(log: pl.DataFrame) -> pl.DataFrame:
    """Return which persons hold records that were another's once, or took in a retired id.

    Args:
        log: `LinkEvents`, the whole history.
    Returns:
        `was`, `person_id` (in use, and another than `was`), once each, sorted.
    """
    left = log.drop_nulls(["source", "other_id"]).select(*_KEY, was="other_id").unique()
    holding = left.join(placed(log), on=_KEY, how="inner", validate="m:1").select(
        "was", "person_id"
    )
    retired = (
        aliases(log).explode("became").drop_nulls("became").select("became", was="person_id")
    ).select("was", person_id="became")
    both = pl.concat([holding, retired]).filter(pl.col("was") != pl.col("person_id"))
    return both.unique().sort("was", "person_id")
