"""Puts the true circumstances together: every fact that the shared gateways name is known, with its
nil value where there is none."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from nostop.synth import care, health, identities, means, standing, work
from nostop.synth.chance import Chance, count_of
from nostop.synth.dwellings import PLACE, build_addresses, build_households, former_dwellings
from nostop.synth.households import build_skeleton
from nostop.synth.shapes import Shapes

#: Facts that are true of nobody in the district: too rare to draw.
NOBODYS = (
    "has_overnight_carer",
    "cannot_share_bedroom",
    "is_care_leaver",
    "has_lived_in_homeless_hostel",
)
PEOPLE_FACTS = [
    "role",
    "born_on",
    "died_on",
    "sex",
    "gross_earnings",
    "income_tax_paid",
    "national_insurance_paid",
    "pension_contributions",
    "self_employed_profit",
    "private_pension",
    "childcare_costs",
    "state_pension",
    "capital",
    "hours_worked",
    "caring_hours",
    "cares_for_person_with_qualifying_benefit",
    "has_paid_carer",
    "gets_guarantee_credit",
    "liable_for_council_tax",
    "attendance_allowance_rate",
    "pip_daily_living_rate",
    "pip_mobility_rate",
    "dla_care_rate",
    "dla_mobility_rate",
    "limited_capability",
    "limited_capability_since",
    "is_severely_sight_impaired",
    "is_pregnant",
    "baby_due_on",
    "lives_in_uk",
    "has_recourse_to_public_funds",
    "in_care_home",
    "in_prison",
    "in_hospital_since",
    "education",
    "education_started_on",
    "study_hours",
    *NOBODYS,
]
HOUSEHOLD_FACTS = (
    *PLACE,
    "uprn",
    "tenure",
    "rent",
    "service_charge",
    "bedrooms",
    "council_tax_band",
    "council_tax",
)


@dataclass(frozen=True, slots=True)
class District:
    """Everything true of the invented district. `has_paid_carer` and
    `gets_guarantee_credit` join `people` once awards are known.

    people: one row for each person: person_id, benefit_unit_id, household_id, facts, names,
        numbers, present address
        (address_line_1, town, postcode, uprn) and a former one (former_...).
    units: one row for each benefit unit: benefit_unit_id, household_id, is_married,
        holds_the_tenancy (the first unit of a household, also among sharers).
    households: one row for each household: household_id, facts, address, `size`, `adults`,
        council_tax_discount.
    """

    people: pl.DataFrame
    units: pl.DataFrame
    households: pl.DataFrame


def build_district(
    people: int, shapes: Shapes, names: Shapes, chance: Chance, *, effective_on: date
) -> District:
    """Return the district as it truly is on the effective date."""
    skeleton = build_skeleton(people, shapes, chance, effective_on)
    everyone = skeleton.people.with_columns(
        is_pension_age=pl.col("age_days") >= skeleton.pension_age_days
    )
    everyone = standing.with_standing(everyone, chance)
    everyone = standing.with_days(everyone, chance, effective_on)
    everyone = _with_marriage(everyone, shapes, chance)
    everyone = identities.with_identities(everyone, shapes, names, chance)
    everyone = standing.with_residence(everyone, shapes, chance, effective_on)
    everyone = standing.with_pregnancy(everyone, shapes, chance, effective_on)
    everyone = health.with_disability(everyone, shapes, chance)
    everyone = care.with_care(everyone, shapes, chance)
    everyone = work.with_work(everyone, shapes, chance)
    everyone = health.with_limited_capability(everyone, shapes, chance, effective_on)
    everyone = means.with_pensions(everyone, shapes, chance)
    everyone = means.with_savings(everyone, shapes, chance)
    everyone = everyone.with_columns(pl.lit(value=False).alias(name) for name in NOBODYS)
    households = build_households(everyone, shapes, names, chance)
    return _with_ids(_with_addresses(everyone, households, names, chance), households)


def _with_marriage(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    rng = chance.part("marriage")
    unit = people["unit"].to_numpy()
    draw = rng.integers(0, 100, int(unit.max()) + 1)[unit]
    couple = people.select((pl.col("member") == 1).any().over("unit")).to_series().to_numpy()
    older = people.select((pl.col("is_pension_age")).any().over("unit")).to_series().to_numpy()
    percent = np.where(
        older, shapes["married_percent"]["pension_age"], shapes["married_percent"]["others"]
    )
    return people.with_columns(is_married=pl.Series(couple & (draw < percent)))


def _with_addresses(
    people: pl.DataFrame, households: pl.DataFrame, names: Shapes, chance: Chance
) -> pl.DataFrame:
    address = ["uprn", "address_line_1", "town", "postcode"]
    people = people.join(
        households.select("household", "dwelling", *address, "tenure", "rent", "service_charge"),
        on="household",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    count = count_of(households["dwelling"])
    before = build_addresses(count, names, chance).rename(
        {name: f"former_{name}" for name in address}
    )
    people = people.with_columns(former_dwelling=pl.Series(former_dwellings(people, count, chance)))
    return people.join(
        before,
        left_on="former_dwelling",
        right_on="dwelling",
        how="left",
        validate="m:1",
        maintain_order="left",
    )


def _with_ids(people: pl.DataFrame, households: pl.DataFrame) -> District:
    household_id = _id("TH", "household").alias("household_id")
    unit_id = _id("TB", "unit").alias("benefit_unit_id")
    people = people.with_row_index("person").with_columns(
        _id("TP", "person").alias("person_id"),
        unit_id,
        household_id,
        # The adults of the first unit of a household, also among sharers, as with the tenancy.
        liable_for_council_tax=(pl.col("role") == "adult") & (pl.col("slot") == 0),
    )
    units = people.group_by("benefit_unit_id", maintain_order=True).agg(
        pl.col("household_id", "is_married").first(), holds_the_tenancy=(pl.col("slot") == 0).all()
    )
    return District(people, units, households.with_columns(household_id))


def _id(prefix: str, column: str) -> pl.Expr:
    return pl.format("{}{}", pl.lit(prefix), (pl.col(column) + 1).cast(pl.String).str.zfill(7))
