"""First names a register lists side by side: one birth date, surname, dwelling; two people."""

import polars as pl

_PLACE = ["born_on", "surname", "dwelling"]


def with_names_beside(nodes: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Add `beside` to nodes: the first names that some source lists beside this one.

    Only mentions without a National Insurance number count, as registers of birth and of pupils
    have
    them: where there are numbers, they tell twins apart, and a misspelt pay record is no twin.

    Args:
        nodes: node, first, nino and the columns of the place.
        records: source and node of each record.
    """
    listed = (
        records.select("source", "node")
        .unique()
        .join(nodes.filter(pl.col("nino").is_null()), on="node", how="inner", validate="m:1")
        .select("source", "first", *_PLACE)
        .drop_nulls()
        .unique()
    )
    several = listed.filter(pl.len().over("source", *_PLACE) > 1)
    pairs = several.join(several, on=["source", *_PLACE], how="inner", validate="m:m")
    others = (
        pairs.filter(pl.col("first") != pl.col("first_right"))
        .group_by("first", *_PLACE)
        .agg(beside=pl.col("first_right").unique().sort())
    )
    return nodes.join(others, on=["first", *_PLACE], how="left", validate="m:1").sort("node")
