"""What a run leaves open and what it set aside, added up as it is loaded: a page only reads it."""

from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop.app.feed_quarantine import QUARANTINE
from nostop.app.outreach.source import FLAGGED, RunTables
from nostop.model import TIMES_A_YEAR
from nostop.store.quality import put_figures

#: Of one feed, so many reasons are kept, the commonest first.
MOST_REASONS = 200
_FLAG = ["benefit_unit_id", "scheme"]


def load_figures(engine: Engine, tables: RunTables) -> None:
    """Add up what a run's flags lack and which rows of its feeds were set aside, and put that in
    the place of the last run's.

    Raises:
        StoreError: a value is not fit to be stored.
    """
    unknown, set_aside = unknowns_of(tables), set_aside_of(tables.folder)
    with engine.begin() as connection:
        put_figures(connection, tables.snapshot, unknown, set_aside)


def unknowns_of(tables: RunTables) -> pl.DataFrame:
    """Return how many flags each missing fact holds open, and what they could bring a year: scheme,
    fact, flags, priced (of how many that is known), gain_year (pence; null where of none).

    What a flag could bring is the gain of its claim; where that is not known, the most that the
    scheme could pay it.
    """
    gains = tables.paths.group_by(_FLAG).agg(
        pl.when(pl.col("gain_year").count() > 0).then(pl.col("gain_year").sum()).alias("gain_year")
    )
    times = pl.col("per").replace_strict(
        {str(per): number for per, number in TIMES_A_YEAR.items()}, default=None,
        return_dtype=pl.Int64,
    )  # fmt: skip
    flagged = (
        tables.determinations.filter(FLAGGED, pl.col("outcome") == "unknown")
        .select(
            *_FLAG,
            "missing",
            whose=pl.coalesce("benefit_unit_id", "household_id"),
            most=pl.col("amount_high") * times,
        )
        .join(gains, on=_FLAG, how="left", validate="m:1", nulls_equal=True)
        .with_columns(brings=pl.coalesce("gain_year", "most"))
        .explode("missing", empty_as_null=True, keep_nulls=True)
        .drop_nulls("missing")
        .unique(["whose", "scheme", "missing"], keep="first", maintain_order=True)
    )
    priced = pl.col("brings").count().cast(pl.Int64)
    return (
        flagged.group_by("scheme", pl.col("missing").alias("fact"))
        .agg(
            flags=pl.len().cast(pl.Int64),
            priced=priced,
            gain_year=pl.when(priced > 0).then(pl.col("brings").sum()),
        )
        .sort("scheme", "fact")
    )


def set_aside_of(folder: Path) -> pl.DataFrame:
    """Return how many rows of each feed a run set aside, by column and reason: source, field (`-`:
    of the whole row), reason, rows. No value of a row is among them."""
    rows = pl.scan_csv(folder / QUARANTINE, infer_schema=False)
    counted = (
        rows.group_by("source", pl.col("column").fill_null("-").alias("field"), "reason")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .collect()
    )
    most = counted.sort("source", "rows", "field", "reason", descending=[False, True, False, False])
    return most.group_by("source", maintain_order=True).head(MOST_REASONS)
