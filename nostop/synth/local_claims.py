"""Claims the council and schools know of: pension-age Housing Benefit, free school meals."""

import numpy as np
import polars as pl

from nostop.synth.claiming import Units, as_awards, percent_drawn
from nostop.synth.days import days_before
from nostop.synth.dwellings import RENTED


def housing_benefit(
    people: pl.DataFrame, units: Units, pension_credit: pl.DataFrame
) -> pl.DataFrame:
    """Return claims of pensioners who rent.

    The amount is a plain working that makes a claim plausible, not a determination.
    """
    rng, about = units.chance.part("claims of housing_benefit"), units.shapes["housing_benefit"]
    take_up = units.shapes["take_up"]
    rows = _pensioner_tenants(people)
    allowance = pl.when(pl.col("adults") == 2).then(about["couple"]).otherwise(about["single"])
    excess = (pl.col("income") - allowance).clip(lower_bound=0) * about["taper_percent"] // 100
    # Pension Credit in payment opens the door to the whole rent.
    on_credit = pension_credit.filter(pl.col("status") == "in_payment")["benefit_unit_id"]
    passported = pl.col("benefit_unit_id").is_in(on_credit.to_list())
    costs = pl.col("housing_costs")
    rows = rows.with_columns(entitlement=pl.when(passported).then(costs).otherwise(costs - excess))
    little_saved = passported | (pl.col("capital") <= about["capital_limit"])
    due = (pl.col("entitlement") >= about["minimum"]) & little_saved
    claims = due & (percent_drawn(rng, len(rows)) < take_up["housing_benefit_percent"])
    gone = ~due & (percent_drawn(rng, len(rows)) < take_up["ended_percent_of_others"])
    status = pl.when(claims).then(pl.lit("in_payment")).when(gone).then(pl.lit("ended"))
    rows = rows.with_columns(status=status, per=pl.lit("week"))
    return as_awards(rows.filter(pl.col("status").is_not_null()), "housing_benefit", units)


def _pensioner_tenants(people: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each benefit unit over pension age that pays a rent and may claim."""
    monthly = pl.col("private_pension") + pl.col("gross_earnings")
    may_claim = (
        pl.col("lives_in_uk") & pl.col("has_recourse_to_public_funds") & ~pl.col("in_prison")
    )
    tenants = (pl.col("slot") == 0) & (pl.col("role") == "adult") & pl.col("tenure").is_in(RENTED)
    rows = (
        people.filter(tenants)
        .group_by("benefit_unit_id", maintain_order=True)
        .agg(
            pl.col("person_id").first(),
            pl.col("is_pension_age").all(),
            pl.len().alias("adults"),
            (pl.col("state_pension") + monthly * 12 // 52).sum().alias("income"),
            pl.col("capital").sum(),
            (pl.col("rent") + pl.col("service_charge")).first().alias("housing_costs"),
            may_claim.all().alias("may_claim"),
        )
    )
    return rows.filter("is_pension_age", "may_claim")


def free_school_meals(
    people: pl.DataFrame, universal_credit: pl.DataFrame, units: Units
) -> pl.DataFrame:
    """Return one award for each parent whose children take free meals.

    In England before September 2026: on Universal Credit, with net earnings under £7,400 a year.
    """
    rng = units.chance.part("free school meals")
    about = units.shapes["free_school_meals"]
    paid = universal_credit.filter(pl.col("status") == "in_payment").select("benefit_unit_id")
    pupils = people.filter("in_state_school").select("benefit_unit_id").unique(maintain_order=True)
    rows = units.rows.join(pupils, on="benefit_unit_id", how="semi", maintain_order="left")
    rows = rows.join(paid, on="benefit_unit_id", how="semi", maintain_order="left")
    taken = (pl.col("net_pay") <= about["net_earnings_limit"]) & (
        percent_drawn(rng, len(rows)) < about["taken_percent"]
    )
    chosen = rows.filter(taken)
    began = days_before(units.effective_on, np.full(len(chosen), 270))
    return chosen.select(
        "benefit_unit_id",
        person_id=pl.coalesce("woman", "first_adult"),
        scheme=pl.lit("free_school_meals"),
        status=pl.lit("in_payment"),
        amount=pl.lit(None, pl.Int64),
        per=pl.lit(None, pl.String),
        starts_on=began,
        ends_on=pl.lit(None, pl.Date),
        code=pl.lit(None, pl.String),
        rate=pl.lit(None, pl.String),
    )
