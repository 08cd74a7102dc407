"""Which dwelling each record names: its UPRN, or an address text that leads to one."""

import polars as pl

from nostop.linkage import text


def with_dwelling(records: pl.DataFrame) -> pl.DataFrame:
    """Return `SourceRecords` with `postcode` in standard form and `dwelling`.

    `dwelling` is `U` + UPRN, else `T` + address line and postcode, else null. An address text
    stands for a UPRN where all
    records that give both agree on it. It is evidence of an address, never of a person.
    """
    known = records.with_columns(
        _uprn=text.uprn("uprn"),
        postcode=text.postcode("postcode"),
        _line=text.address_line("address_line_1"),
    ).with_columns(_text=pl.col("_line") + "|" + pl.col("postcode"))
    return (
        known.join(_uprn_of_text(known), on="_text", how="left", validate="m:1")
        .with_columns(
            dwelling=pl.coalesce(
                "U" + pl.col("_uprn"), "U" + pl.col("_uprn_of_text"), "T" + pl.col("_text")
            )
        )
        .drop("_uprn", "_uprn_of_text", "_line", "_text")
    )


def _uprn_of_text(known: pl.DataFrame) -> pl.DataFrame:
    both = known.select("_text", "_uprn").drop_nulls().unique()
    single = both.group_by("_text").agg(_uprn_of_text=pl.col("_uprn").min(), _count=pl.len())
    return single.filter(pl.col("_count") == 1).drop("_count")
