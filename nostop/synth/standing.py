"""Where a household and a person stand between the worst and the best off, and what they do all
day: school or study.

One rank (0 to 1) for each household, and one near it for each person, moves pay, savings, tenure
and health together.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from nostop.model import NEVER
from nostop.synth.chance import PER_10000, Bools, Chance, Ints, count_of, ranks
from nostop.synth.days import YEAR_DAYS, days_before, last_september
from nostop.synth.households import SCHOOL_LEAVING_AGE
from nostop.synth.shapes import Shapes

_STUDENT_SHARERS_PERCENT = 55
_STUDENT_AT_HOME_PERCENT = 22
_STATE_SCHOOL_PERCENT = 93
_STARTS_SCHOOL_YEARS = 4.75


def with_standing(people: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Add household_advantage and advantage, each spread evenly over 0 to 1."""
    rng = chance.part("standing")
    households = count_of(people["household"])
    kind = (
        people.group_by("household")
        .agg(pl.col("kind").first())
        .sort("household")["kind"]
        .to_numpy()
    )
    # Lone parents and single people of working age stand lower, couples with children or a
    # pension higher.
    shift = np.select(
        [kind == "lone_parent", np.isin(kind, ("single", "older_single"))], [-0.25, -0.08], 0.02
    )
    of_household = ranks(rng.random(households) + shift)
    of_person = of_household[people["household"].to_numpy()] + 0.75 * (
        rng.random(len(people)) - 0.5
    )
    return people.with_columns(
        household_advantage=pl.Series(of_household[people["household"].to_numpy()]),
        advantage=pl.Series(ranks(of_person)),
    )


def with_days(people: pl.DataFrame, chance: Chance, effective_on: date) -> pl.DataFrame:
    """Add born_on; education, the day the present course began and its hours; in_state_school."""
    rng = chance.part("education")
    draw = rng.integers(0, 100, len(people))
    education = _education(people, draw)
    # Most pupils are at schools that the census of state-funded schools covers; brothers and
    # sisters go the same way.
    unit = people["unit"].to_numpy()
    state = rng.integers(0, 100, int(unit.max()) + 1)[unit] < _STATE_SCHOOL_PERCENT
    started = _course_starts(people, education, draw, effective_on)
    # A whole-day age counts back from the effective date; twins share their age in days.
    return people.with_columns(
        born_on=days_before(effective_on, people["age_days"].to_numpy()),
        education=pl.Series(education),
        in_state_school=pl.Series((education == "school") & state),
        education_started_on=pl.when(pl.Series(education != "none"))
        .then(started)
        .otherwise(pl.lit(NEVER)),
        study_hours=pl.Series(_study_hours(education, draw)),
    )


def _education(people: pl.DataFrame, draw: Ints) -> npt.NDArray[np.str_]:
    years = people["age_days"].to_numpy() / YEAR_DAYS
    child = people["role"].to_numpy() == "child"
    sharing = people["household_type"].str.ends_with("sharers").to_numpy()
    student_percent = np.where(sharing, _STUDENT_SHARERS_PERCENT, _STUDENT_AT_HOME_PERCENT)
    student = ~child & (years < 23) & (draw < student_percent)
    after_school = child & (years >= SCHOOL_LEAVING_AGE)
    at_school = child & (years >= _STARTS_SCHOOL_YEARS) & ~(after_school & (draw < 50))
    return np.select([at_school, after_school, student], ["school", "further", "higher"], "none")


def _study_hours(education: npt.NDArray[np.str_], draw: Ints) -> Ints:
    """Return hours a week of classes and supervised study: a school week, at college or university
    often less."""
    kinds = [education == "school", education == "further", education == "higher"]
    return np.select(kinds, [25, 14 + draw % 12, 10 + draw % 16], 0)


def _course_starts(
    people: pl.DataFrame, education: npt.NDArray[np.str_], draw: Ints, effective_on: date
) -> pl.Series:
    """Return the 1 September the course began: of school by age, of sixth form and college at 16,
    of higher education this year or the last."""
    years = people["age_days"].to_numpy() / YEAR_DAYS
    pupil = (people["role"].to_numpy() == "child") & (years < SCHOOL_LEAVING_AGE)
    at_school = np.clip((years - _STARTS_SCHOOL_YEARS).astype(np.int64), 0, 6)
    years_ago = np.select(
        [education == "higher", pupil], [draw % 2, at_school], (years >= 17).astype(np.int64)
    )
    began = last_september(effective_on)
    every = [np.datetime64(began.replace(year=began.year - back)) for back in range(8)]
    return pl.Series(np.asarray(every)[years_ago]).cast(pl.Date)


def with_residence(
    people: pl.DataFrame, shapes: Shapes, chance: Chance, effective_on: date
) -> pl.DataFrame:
    """Add residence, immigration, care home, prison, sight, hospital, death; nil where none."""
    rng = chance.part("residence")
    count = len(people)
    people = _with_immigration(people, shapes, rng)
    pension_age = people["is_pension_age"].to_numpy()
    in_home = people["kind"].to_numpy() == "care_home_resident"
    alone = people.select((pl.len() == 1).over("unit")).to_series().to_numpy()
    may_be_held = alone & ~pension_age & (people["sex"].to_numpy() == "male")
    # Of all people, 3 in 10,000 of those who could be: one man alone in about five people.
    prison = may_be_held & (rng.integers(0, PER_10000, count) < 5 * shapes["in_prison_per_10000"])
    at_risk = _by_pension_age(pension_age, shapes["died_per_10000"])
    died = alone & ~in_home & ~prison & (rng.integers(0, PER_10000, count) < at_risk)
    ill = _by_pension_age(pension_age, shapes["in_hospital_per_10000"])
    hospital = ~prison & ~died & (rng.integers(0, PER_10000, count) < ill)
    blind = rng.integers(0, PER_10000, count) < shapes["severely_sight_impaired_per_10000"]
    days = rng.integers(1, 120, count)
    # Departments hear of a death late: all lie in the weeks before the effective date.
    return people.with_columns(
        in_care_home=pl.Series(in_home),
        in_prison=pl.Series(prison),
        is_severely_sight_impaired=pl.Series(blind),
        in_hospital_since=_or_never(hospital, days_before(effective_on, days)),
        died_on=_or_never(died, days_before(effective_on, 1 + days % 24)),
    )


def _with_immigration(
    people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator
) -> pl.DataFrame:
    """Add has_recourse_to_public_funds and lives_in_uk, the same for a whole benefit unit."""
    first = pl.col("name_group").first().over("household", "slot")
    group = people.select(first).to_series().to_numpy()
    unit = people["unit"].to_numpy()
    drawn = rng.integers(0, PER_10000, (2, int(unit.max()) + 1))[:, unit]
    rates = shapes["no_recourse_per_10000"]
    barred = np.where(np.isin(group, ("british", "irish")), rates["british"], rates["others"])
    return people.with_columns(
        has_recourse_to_public_funds=pl.Series(drawn[0] >= barred),
        lives_in_uk=pl.Series(drawn[1] >= shapes["not_resident_per_10000"]),
    )


def _or_never(holds: Bools, day: pl.Series) -> pl.Expr:
    return pl.when(pl.Series(holds)).then(day).otherwise(pl.lit(NEVER))


def _by_pension_age(pension_age: Bools, rates: dict[str, int]) -> Ints:
    return np.where(pension_age, rates["pension_age"], rates["others"])


def with_pregnancy(
    people: pl.DataFrame, shapes: Shapes, chance: Chance, effective_on: date
) -> pl.DataFrame:
    """Add is_pregnant and baby_due_on: women from 18 to 42, due within eight months."""
    rng = chance.part("pregnancy")
    years = pl.col("age_days") / YEAR_DAYS
    may_be = (pl.col("sex") == "female") & (pl.col("role") == "adult") & years.is_between(18, 42)
    is_pregnant = may_be & pl.Series(
        rng.integers(0, PER_10000, len(people)) < shapes["pregnant_per_10000"]
    )
    due = days_before(effective_on, -3 - rng.integers(0, 235, len(people)))
    return people.with_columns(
        is_pregnant=is_pregnant,
        baby_due_on=pl.when(is_pregnant).then(due).otherwise(pl.lit(NEVER)),
    )
