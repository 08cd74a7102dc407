"""What the drawing of every claim shares: benefit units, bands of take-up, statuses, dates."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from nostop.synth.chance import Chance
from nostop.synth.days import days_before
from nostop.synth.shapes import Shapes

_CODES = {"pension_credit": "PC", "universal_credit": "UC"}


@dataclass(frozen=True, slots=True)
class Units:
    """Benefit units with what a claim depends on, and the seeded draws of one run."""

    rows: pl.DataFrame
    shapes: Shapes
    chance: Chance
    effective_on: date


def unit_rows(people: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each benefit unit: its adults by role, and what take-up depends on."""
    adult, child = pl.col("role") == "adult", pl.col("role") == "child"
    person = pl.col("person_id")
    unable = (pl.col("limited_capability") != "none") & adult
    return people.group_by("benefit_unit_id", maintain_order=True).agg(
        person.filter(adult).first().alias("first_adult"),
        person.filter(unable).first().alias("unable_adult"),
        person.filter(adult & (pl.col("sex") == "female")).first().alias("woman"),
        pl.col("is_pension_age").any().alias("pension_age"),
        ((pl.col("gross_earnings") + pl.col("self_employed_profit")) * 12).max().alias("top_pay"),
        (pl.col("gross_earnings") - pl.col("income_tax_paid") - pl.col("national_insurance_paid"))
        .sum()
        .alias("net_pay"),
        pl.col("age_days").filter(child).min().alias("youngest_days"),
        pl.col("age_days").filter(child).max().alias("eldest_days"),
        (pl.col("capital").sum() <= 1_600_000).alias("little_saved"),
        (pl.col("lives_in_uk") & pl.col("has_recourse_to_public_funds") & ~pl.col("in_prison"))
        .all()
        .alias("may_claim"),
    )


def percent_drawn(rng: np.random.Generator, count: int) -> pl.Series:
    """Return `count` whole numbers from 0 to 99: below a percentage means that it happens."""
    return pl.Series(rng.integers(0, 100, count))


def of_band(value: pl.Expr, bands: list[dict[str, int]]) -> pl.Expr:
    """Return the percentage of the last band that begins at or below the value; 0 for null."""
    chosen = pl.lit(0)
    for band in bands:
        chosen = pl.when(value >= band["from"]).then(pl.lit(band["percent"])).otherwise(chosen)
    return chosen


def first_status(pending: pl.Expr, paid: pl.Expr, nil: pl.Expr, ended: pl.Expr) -> pl.Expr:
    """Return the first status that holds, or null: no claim."""
    return (
        pl.when(pending)
        .then(pl.lit("pending"))
        .when(paid)
        .then(pl.lit("in_payment"))
        .when(nil)
        .then(pl.lit("nil_award"))
        .when(ended)
        .then(pl.lit("ended"))
    )


def as_awards(rows: pl.DataFrame, scheme: str, units: Units) -> pl.DataFrame:
    """Return `AWARD_COLUMNS` and benefit_unit_id.

    Paid is the entitlement, a nil award 0; pending, opted out and ended have no amount.
    """
    rng = units.chance.part(f"dates of {scheme}")
    recent, long_ago = rng.integers(5, 40, len(rows)), rng.integers(45, 2200, len(rows))
    ended = days_before(units.effective_on, rng.integers(30, 300, len(rows)))
    before = days_before(units.effective_on, long_ago + 300)
    status = pl.col("status")
    return rows.select(
        "person_id",
        "benefit_unit_id",
        "status",
        "per",
        scheme=pl.lit(scheme),
        amount=pl.when(status == "in_payment")
        .then("entitlement")
        .when(status == "nil_award")
        .then(pl.lit(0, pl.Int64)),
        starts_on=pl.when(status == "pending")
        .then(days_before(units.effective_on, recent))
        .when(status == "ended")
        .then(before)
        .otherwise(days_before(units.effective_on, long_ago)),
        ends_on=pl.when(status == "ended").then(ended),
        code=pl.lit(_CODES.get(scheme), pl.String),
        rate=pl.lit(None, pl.String),
    )
