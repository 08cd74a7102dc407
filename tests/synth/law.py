"""A plain reading of three schemes with literal amounts, in place of the rule packs."""

from datetime import date

import polars as pl

from nostop.frames import Determinations, Situation

EFFECTIVE = date(2026, 6, 1)
PENSION_AGE_BORN_BY = date(1960, 5, 1)
ADULT = pl.col("role") == "adult"


def units_of(situation: Situation) -> pl.DataFrame:
    return situation.people.group_by("benefit_unit_id", maintain_order=True).agg(
        adults=ADULT.sum(),
        children=(~ADULT).sum().cast(pl.Int64),
        over_age=(pl.col("born_on") <= PENSION_AGE_BORN_BY).filter(ADULT).all(),
        week=(pl.col("state_pension") + pl.col("private_pension") * 12 // 52).sum(),
        month=pl.col("gross_earnings").sum(),
        capital=pl.col("capital").sum(),
        barred=(pl.col("in_prison") | ~pl.col("has_recourse_to_public_funds")).any(),
    )


def determine(situation: Situation) -> pl.DataFrame:
    units = units_of(situation)
    poor = pl.col("capital") <= 1_600_000
    amounts = {
        "pension_credit": (pl.col("over_age"), 26_000 - pl.col("week"), "week"),
        "universal_credit": (~pl.col("over_age") & poor, 90_000 - pl.col("month") // 2, "month"),
        "child_benefit": (pl.col("children") > 0, 905 + 1800 * pl.col("children"), "week"),
    }
    return pl.concat(rows(units, scheme, *how) for scheme, how in amounts.items())


def rows(
    units: pl.DataFrame, scheme: str, holds: pl.Expr, amount: pl.Expr, per: str
) -> pl.DataFrame:
    entitled = holds & ~pl.col("barred") & (amount > 0)
    due = pl.when(entitled).then(amount).otherwise(0).cast(pl.Int64)
    nothing = {
        name: pl.lit(None, dtype)
        for name, dtype in (
            ("person_id", pl.String),
            ("household_id", pl.String),
            ("claimed", pl.Boolean),
            ("worth_asking", pl.Boolean),
            ("confidence", pl.Float64),
            ("because", pl.List(pl.String)),
            ("missing", pl.List(pl.String)),
        )
    }
    outcome = pl.when(entitled).then(pl.lit("entitled")).otherwise(pl.lit("not_entitled"))
    return units.select(
        "benefit_unit_id",
        scheme=pl.lit(scheme),
        effective_date=pl.lit(EFFECTIVE),
        outcome=outcome,
        amount=due,
        amount_low=due,
        amount_high=due,
        per=pl.lit(per),
        pack_version=pl.lit("literal"),
        **nothing,
    ).select(Determinations.columns().keys())
