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


def load_figures(engine: Engine, tables: RunTables, flags: pl.DataFrame) -> None:
    """Add up what a run's flags lack and which rows of its feeds were set aside, and put that in
    the place of the last run's.

    Args:
        engine: of the store.
        tables: of the run.
        flags: its flags, the columns of `Flag` but for `run_id` and `state`.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    unknown = unknowns_of(tables.determinations, flags)
    set_aside = set_aside_of(tables.folder)
    with engine.begin() as connection:
        put_figures(connection, tables.snapshot, unknown, set_aside)


def unknowns_of(determinations: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """Return how many flags each missing fact holds open, and what they could bring a year: scheme,
    fact, flags, priced (of how many that is known), gain_year (pence; null where of none).

    What a flag could bring is the gain of its claim; where that is not known, the most that the
    scheme could pay.

    Args:
        determinations: `Determinations` of the run.
        flags: as `load_figures` takes them.
    """
    times = pl.col("per").replace_strict(
        {str(per): number for per, number in TIMES_A_YEAR.items()}, default=None,
        return_dtype=pl.Int64,
    )  # fmt: skip
    brings = pl.coalesce("gain_year", pl.col("amount_high") * times).alias("brings")
    held = flags.filter(outcome="unknown").select(*_FLAG, "subject_id", brings)
    lacks = determinations.filter(FLAGGED, pl.col("outcome") == "unknown").select(
        *_FLAG, "household_id", "missing"
    )
    # What is decided for a household is of no one unit: its flag names the household.
    of_home = lacks.filter(pl.col("benefit_unit_id").is_null()).drop("benefit_unit_id")
    found = [
        held.join(lacks, on=_FLAG, how="inner").select(*_FLAG, "brings", "missing"),
        held.join(of_home, left_on=["subject_id", "scheme"], right_on=["household_id", "scheme"])
        .select(*_FLAG, "brings", "missing"),
    ]  # fmt: skip
    rows = (
        pl.concat(found)
        .explode("missing", empty_as_null=True, keep_nulls=True)
        .drop_nulls("missing")
        .unique([*_FLAG, "missing"], keep="first", maintain_order=True)
    )
    priced = pl.col("brings").count().cast(pl.Int64)
    return (
        rows.group_by("scheme", pl.col("missing").alias("fact"))
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
