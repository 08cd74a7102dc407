"""Awards that follow from the facts alone, and so stand before anything is determined: state
pension, disability, care."""

from datetime import date

import polars as pl

from nostop.frames import Awards
from nostop.synth.chance import Chance
from nostop.synth.days import days_before
from nostop.synth.shapes import Shapes

#: The columns of `Awards`, and what DWP calls the benefit and its rate.
AWARD_COLUMNS = (*Awards.columns(), "code", "rate")

_RATES = {
    "attendance_allowance_rate": ("attendance_allowance", "AA", {"lower": "L", "higher": "H"}),
    "pip_daily_living_rate": ("pip", "PIPDL", {"standard": "S", "enhanced": "E"}),
    "pip_mobility_rate": ("pip", "PIPM", {"standard": "S", "enhanced": "E"}),
    "dla_care_rate": ("dla", "DLAC", {"lowest": "L", "middle": "M", "highest": "H"}),
    "dla_mobility_rate": ("dla", "DLAM", {"lower": "L", "higher": "H"}),
}


def standing_awards(
    people: pl.DataFrame, shapes: Shapes, chance: Chance, effective_on: date
) -> pl.DataFrame:
    """Return `AWARD_COLUMNS` for state pension, Attendance Allowance, PIP, DLA and Carer's
    Allowance."""
    parts = [_state_pension(people, effective_on)]
    parts += [_of_rate(people, fact, shapes) for fact in _RATES]
    parts.append(_carers_allowance(people, shapes, chance))
    awards = pl.concat(parts, how="diagonal_relaxed")
    drawn = chance.part("award starts").integers(40, 2600, len(awards))
    begun = days_before(effective_on, drawn)
    # Nobody's award begins before they were born.
    alive = pl.col("born_on") + pl.duration(days=100)
    starts = pl.max_horizontal(begun, alive).cast(pl.Date)
    latest = pl.min_horizontal(starts, pl.lit(effective_on) - pl.duration(days=7)).cast(pl.Date)
    return awards.with_columns(
        starts_on=pl.coalesce("starts_on", latest),
        ends_on=pl.lit(None, pl.Date),
        per=pl.lit("week"),
    ).select(AWARD_COLUMNS)


def _state_pension(people: pl.DataFrame, effective_on: date) -> pl.DataFrame:
    drawn = people.filter(pl.col("state_pension") > 0)
    began = pl.min_horizontal(
        pl.col("born_on").dt.offset_by("66y"), pl.lit(effective_on) - pl.duration(days=20)
    )
    return drawn.select(
        "person_id",
        "born_on",
        scheme=pl.lit("state_pension"),
        status=pl.lit("in_payment"),
        amount="state_pension",
        code=pl.lit("SP"),
        rate=pl.lit(None, pl.String),
        starts_on=began.cast(pl.Date),
    )


def _of_rate(people: pl.DataFrame, fact: str, shapes: Shapes) -> pl.DataFrame:
    scheme, code, letters = _RATES[fact]
    amounts = shapes["award_amounts"][fact.removesuffix("_rate")]
    return people.filter(pl.col(fact) != "none").select(
        "person_id",
        "born_on",
        scheme=pl.lit(scheme),
        status=pl.lit("in_payment"),
        amount=pl.col(fact).replace_strict(amounts, return_dtype=pl.Int64),
        code=pl.lit(code),
        rate=pl.col(fact).replace_strict(letters, return_dtype=pl.String),
    )


def _carers_allowance(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Full-time carers with low pay; a state pension as high leaves a nil award (underlying
    entitlement)."""
    draw = pl.Series(chance.part("carers allowance").integers(0, 100, len(people)))
    full, take_up = (
        shapes["award_amounts"]["carers_allowance"],
        shapes["carers_allowance_take_up_percent"],
    )
    net = pl.col("gross_earnings") - pl.col("income_tax_paid") - pl.col("national_insurance_paid")
    week = (net + pl.col("self_employed_profit")) * 12 // 52
    may = (
        (pl.col("caring_hours") >= 35)
        & pl.col("cares_for_person_with_qualifying_benefit")
        & (week <= shapes["carers_allowance_earnings_limit"])
        & (pl.col("education") == "none")
        & pl.col("has_recourse_to_public_funds")
        & pl.col("lives_in_uk")
        & (pl.col("role") == "adult")
    )
    payable = pl.col("state_pension") < full
    claims = draw < pl.when(payable).then(take_up["in_payment"]).otherwise(take_up["underlying"])
    return people.filter(may & claims).select(
        "person_id",
        "born_on",
        scheme=pl.lit("carers_allowance"),
        status=pl.when(payable).then(pl.lit("in_payment")).otherwise(pl.lit("nil_award")),
        amount=(full - pl.col("state_pension")).clip(lower_bound=0),
        code=pl.lit("CA"),
        rate=pl.lit(None, pl.String),
    )
