"""First names a register lists side by side: one birth date, one home, two people."""

import polars as pl

#: Two ways to say that two rows are of one home.
_HOMES = (["born_on", "dwelling"], ["born_on", "surname", "postcode"])
#: A source of which more than this share of rows stand side by side repeats its people.
_MOST_SIDE_BY_SIDE = 0.1
#: Rows of a source below which its share says nothing.
_ENOUGH = 200


def with_names_beside(nodes: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Add `beside` to nodes: the first names that some register lists beside this one, sorted.

    Only mentions without a National Insurance number count, as registers of birth and of pupils
    have them: where there are numbers, they tell twins apart, and a misspelt pay record is no twin.
    Nor do sources count that list the same people again and again.

    Args:
        nodes: node, first, families, nino and the columns of a home.
        records: source and node of each record.
    """
    listed = (
        records.select("source", "node")
        .unique()
        .join(nodes.filter(pl.col("nino").is_null()), on="node", how="inner", validate="m:1")
        .filter(pl.col("first").is_not_null(), pl.col("born_on").is_not_null())
    )
    told = nodes
    found = []
    for number, home in enumerate(_HOMES):
        name = f"_beside_{number}"
        others = _beside(listed, home).rename({"beside": name})
        told = told.join(others, on=["first", *home], how="left", validate="m:1")
        found.append(pl.col(name).fill_null([]))
    both = pl.concat_list(found).list.unique().list.sort()
    return (
        told.with_columns(beside=pl.when(both.list.len() > 0).then(both))
        .drop([f"_beside_{number}" for number in range(len(_HOMES))])
        .sort("node")
    )


def _beside(listed: pl.DataFrame, home: list[str]) -> pl.DataFrame:
    key = ["source", *home]
    rows = listed.select(*key, "first").drop_nulls()
    shared = rows.filter(pl.len().over(key) > 1)
    share = (
        rows.group_by("source")
        .len("rows")
        .join(shared.group_by("source").len("shared"), on="source", how="inner", validate="1:1")
        .filter(pl.col("shared") > _MOST_SIDE_BY_SIDE * pl.col("rows"), pl.col("rows") >= _ENOUGH)
    )
    several = shared.join(share, on="source", how="anti").unique()
    pairs = several.join(several, on=key, how="inner", validate="m:m")
    return (
        pairs.filter(pl.col("first") != pl.col("first_right"))
        .group_by("first", *home)
        .agg(beside=pl.col("first_right").unique().sort())
    )
