"""Who claims what they are entitled to, drawn from published take-up once the packs have spoken.

Pension Credit: DWP, 65% by caseload (FYE 2023) and 76% by amount (FYE 2019), so the larger the
award the likelier the claim. Child Benefit: HMRC, 89% of children, 75% at age 0 (2022); an opt-out
because of the high income charge is a claim. Universal Credit: no official figure, 80% is our
assumption. Pension-age Housing Benefit: 87% (FYE 2019).
"""

from datetime import date

import polars as pl

from nostop.frames import Determinations
from nostop.model import CLAIMED_STATUSES, FrameError, Outcome
from nostop.synth.awards import AWARD_COLUMNS
from nostop.synth.chance import PER_10000, Chance
from nostop.synth.claiming import (
    Units,
    as_awards,
    first_status,
    of_band,
    percent_drawn,
    unit_rows,
)
from nostop.synth.days import YEAR_DAYS, days_before
from nostop.synth.local_claims import free_school_meals, housing_benefit
from nostop.synth.shapes import Shapes

_FIRST_WEEKS_DAYS = 40
#: The most savings credit a week in 2026-27: an award of Pension Credit above it holds guarantee
#: credit.
_LARGEST_SAVINGS_CREDIT = 2010


def drawn_claims(
    people: pl.DataFrame,
    determinations: pl.DataFrame,
    shapes: Shapes,
    chance: Chance,
    *,
    effective_on: date,
) -> pl.DataFrame:
    """Return `AWARD_COLUMNS` of Pension Credit, Universal Credit, Child Benefit, Housing Benefit
    and free school meals.

    Raises:
        FrameError: a scheme is decided for something else than a benefit unit.
    """
    units = Units(unit_rows(people), shapes, chance, effective_on)
    pension = _means_tested(units, _entitled(determinations, "pension_credit"), "pension_credit")
    universal = _means_tested(
        units, _entitled(determinations, "universal_credit"), "universal_credit"
    )
    child = _child_benefit(units, _entitled(determinations, "child_benefit"))
    housing = housing_benefit(people, units, pension)
    meals = free_school_meals(people, universal, units)
    awards = pl.concat([pension, universal, child, housing, meals], how="diagonal_relaxed")
    return awards.select(AWARD_COLUMNS).sort("person_id", "scheme")


def _entitled(determinations: pl.DataFrame, scheme: str) -> pl.DataFrame:
    rows = determinations.filter(
        (pl.col("scheme") == scheme) & (pl.col("outcome") == Outcome.ENTITLED.value)
    )
    if rows["benefit_unit_id"].null_count() or rows["person_id"].null_count() < len(rows):
        raise FrameError(
            f"Determinations: {scheme} must be decided for a benefit unit, found another subject"
        )
    return rows.select("benefit_unit_id", entitlement="amount", per="per")


def _means_tested(units: Units, entitled: pl.DataFrame, scheme: str) -> pl.DataFrame:
    """Return the awards of Pension Credit or Universal Credit.

    A work capability assessment belongs to a Universal Credit claim: who has its result has
    claimed, and where nothing is due the award has ended.
    """
    rng = units.chance.part(f"claims of {scheme}")
    about = units.shapes["take_up"]
    is_universal = scheme == "universal_credit"
    rows = units.rows.join(
        entitled, on="benefit_unit_id", how="left", validate="1:1", maintain_order="left"
    )
    unable = pl.col("unable_adult").is_not_null() & is_universal
    due = pl.col("entitlement").is_not_null()
    likely = percent_drawn(rng, len(rows)) < of_band(pl.col("entitlement"), about[scheme])
    claims = due & (likely | unable)
    other = ~due & pl.col("may_claim") & (pl.col("pension_age") != is_universal)
    rare = pl.Series(rng.integers(0, PER_10000, len(rows)))
    ended = ~due & (unable | (other & (rare < 100 * about["ended_percent_of_others"])))
    nil = other & (rare >= PER_10000 - about["nil_per_10000_of_others"]) & is_universal
    pending = claims & (percent_drawn(rng, len(rows)) < about["pending_percent"]) & ~unable
    status = first_status(pending, claims, nil & pl.col("little_saved"), ended)
    turn = pl.Series(rng.integers(0, 2, len(rows)) == 0)
    either = pl.when(turn).then(pl.coalesce("woman", "first_adult")).otherwise("first_adult")
    claimant = pl.coalesce("unable_adult", either) if is_universal else pl.col("first_adult")
    per = pl.lit("month" if is_universal else "week")
    rows = rows.with_columns(status=status, person_id=claimant, per=per)
    return as_awards(rows.filter(pl.col("status").is_not_null()), scheme, units)


def _child_benefit(units: Units, entitled: pl.DataFrame) -> pl.DataFrame:
    rows = units.rows.filter(pl.col("youngest_days").is_not_null()).join(
        entitled, on="benefit_unit_id", how="left", validate="1:1", maintain_order="left"
    )
    rows = rows.with_columns(
        status=_child_benefit_status(rows, units),
        person_id=pl.coalesce("woman", "first_adult"),
        per=pl.lit("week"),
    ).filter(pl.col("status").is_not_null())
    awards = as_awards(rows, "child_benefit", units)
    # Nobody claims for a child before the eldest is born.
    soonest = days_before(units.effective_on, rows["eldest_days"].to_numpy() - 14)
    return awards.with_columns(starts_on=pl.max_horizontal("starts_on", soonest))


def _child_benefit_status(rows: pl.DataFrame, units: Units) -> pl.Expr:
    """Return who claims: fewer for the newborn, and fewer where the high income charge is due."""
    rng, about = units.chance.part("claims of child_benefit"), units.shapes["take_up"]
    years = (pl.col("youngest_days") / YEAR_DAYS).floor()
    usual = of_band(years, about["child_benefit_by_age_of_youngest"])
    charged = pl.col("top_pay") > about["high_income_charge_from"]
    where_charged = pl.lit(about["child_benefit_percent_where_charged"])
    percent = pl.when(charged).then(where_charged).otherwise(usual)
    due = pl.col("entitlement").is_not_null()
    # Parents of a first child of a few weeks have yet to claim.
    settled_in = pl.col("eldest_days") >= _FIRST_WEEKS_DAYS
    claims = due & settled_in & (percent_drawn(rng, len(rows)) < percent)
    opts_out = percent_drawn(rng, len(rows)) < about["opted_out_percent_where_charged"]
    recent = pl.when(years < 1).then(pl.lit(3)).otherwise(pl.lit(1)) * about["pending_percent"]
    pending = claims & (percent_drawn(rng, len(rows)) * 2 < recent)
    ended = ~due & (percent_drawn(rng, len(rows)) < 5 * about["ended_percent_of_others"])
    status = first_status(pending, claims, pl.lit(value=False), ended)
    return pl.when(claims & charged & opts_out).then(pl.lit("opted_out")).otherwise(status)


def settled(
    awards: pl.DataFrame, determinations: pl.DataFrame, people: pl.DataFrame
) -> pl.DataFrame:
    """Return the awards with what is paid as the packs give it once all claims are known.

    Child Benefit that is claimed can bring a family to the benefit cap: what Universal Credit
    then pays is less, or nil. What a person or a household is paid was drawn as it stands.
    """
    of_units = determinations.filter(
        pl.col("benefit_unit_id").is_not_null() & pl.col("person_id").is_null()
    )
    due = of_units.filter(pl.col("outcome") == Outcome.ENTITLED.value).select(
        "benefit_unit_id", "scheme", due=pl.col("amount")
    )
    units = people.select("person_id", "benefit_unit_id")
    rows = awards.join(units, on="person_id", how="left", validate="m:1", maintain_order="left")
    rows = rows.join(
        due, on=["benefit_unit_id", "scheme"], how="left", validate="m:1", maintain_order="left"
    )
    paid = pl.col("scheme").is_in(of_units["scheme"].unique().to_list()) & (
        pl.col("status") == "in_payment"
    )
    nothing = paid & pl.col("due").is_null()
    return rows.with_columns(
        amount=pl.when(paid).then(pl.col("due").fill_null(0)).otherwise("amount"),
        status=pl.when(nothing).then(pl.lit("nil_award")).otherwise("status"),
    ).select(AWARD_COLUMNS)


def with_guarantee_credit(people: pl.DataFrame, awards: pl.DataFrame) -> pl.DataFrame:
    """Add gets_guarantee_credit: more Pension Credit is paid than savings credit can be."""
    paid = awards.filter(
        (pl.col("scheme") == "pension_credit")
        & (pl.col("status") == "in_payment")
        & (pl.col("amount") > _LARGEST_SAVINGS_CREDIT)
    )["person_id"]
    return people.with_columns(gets_guarantee_credit=pl.col("person_id").is_in(paid.to_list()))


def with_claimed(
    determinations: pl.DataFrame, awards: pl.DataFrame, people: pl.DataFrame
) -> pl.DataFrame:
    """Return the determinations with `claimed` as the awards say: a member claims the scheme."""
    held = awards.filter(pl.col("status").is_in(CLAIMED_STATUSES)).join(
        people.select("person_id", "benefit_unit_id", "household_id"),
        on="person_id",
        how="left",
        validate="m:1",
    )
    claimed = pl.lit(value=False)
    rows = determinations.drop("claimed")
    for subject in ("household_id", "benefit_unit_id", "person_id"):
        keys = held.select(subject, "scheme", pl.lit(value=True).alias(f"_{subject}")).unique()
        rows = rows.join(
            keys, on=[subject, "scheme"], how="left", validate="m:1", maintain_order="left"
        )
        claimed = (
            pl.when(pl.col(subject).is_not_null())
            .then(pl.col(f"_{subject}").fill_null(value=False))
            .otherwise(claimed)
        )
    return rows.with_columns(claimed=claimed).select(Determinations.columns().keys())
