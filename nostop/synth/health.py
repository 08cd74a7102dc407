"""Disability benefits in payment, and limited capability for work.

Shape: DWP caseloads 2025, in round figures (shapes.yaml). The worse off are likelier to be ill.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from nostop.model import NEVER
from nostop.synth.chance import PER_10000, Bools, Chance, Floats, by_age
from nostop.synth.days import YEAR_DAYS, days_before
from nostop.synth.shapes import Shapes

Words = npt.NDArray[np.str_]


def with_disability(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add the rates of Attendance Allowance, PIP and DLA; nobody has two of the three."""
    rng = chance.part("disability")
    adult = people["role"].to_numpy() == "adult"
    # The disability benefits are closed to who has no recourse to public funds or is not resident.
    may = people["has_recourse_to_public_funds"].to_numpy() & people["lives_in_uk"].to_numpy()
    has_dla = may & _has_dla(people, shapes, rng)
    has_pip = may & adult & ~has_dla & _falls_ill(people, shapes["pip_per_10000"], rng)
    needs_help = _falls_ill(people, shapes["attendance_allowance_per_10000"], rng)
    needs_help |= people["in_care_home"].to_numpy() & (rng.random(len(people)) < 0.4)
    has_aa = may & people["is_pension_age"].to_numpy() & ~has_dla & ~has_pip & needs_help
    attendance = np.where(rng.random(len(people)) < 0.42, "lower", "higher")
    living, moving = _pip_rates(rng.random((2, len(people))))
    care, mobility = _dla_rates(people, rng.random((2, len(people))))
    drawn = {
        "attendance_allowance_rate": (has_aa, attendance),
        "pip_daily_living_rate": (has_pip, living),
        "pip_mobility_rate": (has_pip, moving),
        "dla_care_rate": (has_dla, care),
        "dla_mobility_rate": (has_dla, mobility),
    }
    return people.with_columns(
        pl.Series(name, np.where(has, rate, "none")) for name, (has, rate) in drawn.items()
    )


def _falls_ill(
    people: pl.DataFrame, bands: list[dict[str, int]], rng: np.random.Generator
) -> Bools:
    years = people["age_days"].to_numpy() / YEAR_DAYS
    ill: Bools = _health_draw(people, rng) < by_age(years, bands, "rate")
    return ill


def _health_draw(people: pl.DataFrame, rng: np.random.Generator) -> Floats:
    """Return draws out of 10,000 that are lower, so that more is met, for the worse off."""
    worse_off = 1.65 - 1.3 * people["advantage"].to_numpy()
    draw: Floats = rng.random(len(people)) * PER_10000 / worse_off
    return draw


def _has_dla(people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator) -> Bools:
    """Return who has DLA: children from six months to 15, and old people who kept it."""
    years = people["age_days"].to_numpy() / YEAR_DAYS
    draw = _health_draw(people, rng)
    kept = (years >= shapes["dla_adult_from_age"]) & (draw < shapes["dla_adult_per_10000"])
    young = (years > 0.5) & (years < 16) & (draw < shapes["dla_child_per_10000"])
    has: Bools = np.where(people["role"].to_numpy() == "adult", kept, young)
    return has


def _pip_rates(level: Floats) -> tuple[Words, Words]:
    living = np.select([level[0] < 0.12, level[0] < 0.5], ["none", "standard"], "enhanced")
    moving = np.select([level[1] < 0.3, level[1] < 0.6], ["none", "standard"], "enhanced")
    neither = (living == "none") & (moving == "none")
    return living, np.where(neither, "standard", moving)


def _dla_rates(people: pl.DataFrame, level: Floats) -> tuple[Words, Words]:
    care = np.select(
        [level[0] < 0.08, level[0] < 0.22, level[0] < 0.62], ["none", "lowest", "middle"], "highest"
    )
    mobility = np.select([level[1] < 0.36, level[1] < 0.75], ["none", "lower"], "higher")
    # The lower mobility rate begins at 5, the higher at 3 (SSCBA 1992 s.73(1)).
    mobility = np.where(people["age_days"].to_numpy() < 5 * YEAR_DAYS, "none", mobility)
    neither = (care == "none") & (mobility == "none")
    return np.where(neither, "middle", care), mobility


def qualifies_for_care() -> pl.Expr:
    """Return whether a person's disability benefit makes full-time care of them count (SSCBA 1992
    s.70(2))."""
    return (
        (pl.col("attendance_allowance_rate") != "none")
        | (pl.col("pip_daily_living_rate") != "none")
        | pl.col("dla_care_rate").is_in(["middle", "highest"])
    )


def with_limited_capability(
    people: pl.DataFrame, shapes: Shapes, chance: Chance, effective_on: date
) -> pl.DataFrame:
    """Add limited_capability and its day: one adult of a unit at most, out of work and badly off.

    A work capability assessment belongs to a Universal Credit claim, and a claim has one row with
    one result.
    """
    rng = chance.part("limited capability")
    about = shapes["limited_capability_percent"]
    ill = people.select(
        (pl.col("pip_daily_living_rate") != "none") | (pl.col("pip_mobility_rate") != "none")
    )
    percent = np.where(ill.to_series().to_numpy(), about["with_pip"], about["without_pip"])
    found = _may_be_assessed(people) & (rng.integers(0, 100, len(people)) < percent)
    marked = people.select("unit", found=pl.Series(found))
    first = marked.select(
        pl.col("found") & (pl.col("found").cum_sum().over("unit") == 1)
    ).to_series()
    lcwra = pl.Series(rng.integers(0, 100, len(people)) < about["lcwra"])
    days = (rng.random(len(people)) ** 2 * 3000).astype(np.int64) + 15
    result = pl.when(lcwra).then(pl.lit("lcwra")).otherwise(pl.lit("lcw"))
    return people.with_columns(
        limited_capability=pl.when(first).then(result).otherwise(pl.lit("none")),
        limited_capability_since=pl.when(first)
        .then(days_before(effective_on, days))
        .otherwise(pl.lit(NEVER)),
    )


def _may_be_assessed(people: pl.DataFrame) -> Bools:
    may = (
        (pl.col("role") == "adult")
        & (pl.col("age_days") >= 18 * YEAR_DAYS)
        & ~pl.col("is_pension_age")
        & (pl.col("hours_worked") == 0)
        & (pl.col("education") == "none")
        & (pl.col("household_advantage") < 0.62)
        & pl.col("has_recourse_to_public_funds")
        & pl.col("lives_in_uk")
        & ~pl.col("in_prison")
    )
    assessed: Bools = people.select(may).to_series().to_numpy()
    return assessed
