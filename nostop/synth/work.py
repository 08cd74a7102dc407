"""Who works, for how long, what they are paid, and what is taken from it.

Shape: Labour Force Survey 2024-25 for who works, ASHE 2024-25 for pay, in round figures
    (shapes.yaml). Deductions are those of a month on the usual code; a fuller working stands in
    the rule packs.
"""

import numpy as np
import polars as pl

from nostop.synth.care import CARER_HOURS
from nostop.synth.chance import Bools, Chance, Floats, Ints, by_age, from_quantiles, ranks
from nostop.synth.days import YEAR_DAYS
from nostop.synth.shapes import Shapes


def with_work(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add hours_worked, gross_earnings, self_employed_profit, deductions and childcare_costs; 0
    where there is none."""
    rng = chance.part("work")
    works = _works(people, shapes, rng)
    part_time = works & (rng.integers(0, 100, len(people)) < _part_time_percent(people, shapes))
    self_employed = (
        works
        & ~part_time
        & (rng.integers(0, 100, len(people)) < shapes["self_employed_percent"] * 5 // 4)
    )
    standing = ranks(
        people["advantage"].to_numpy() + 0.5 * rng.random(len(people)) + _youth(people)
    )
    gross = _pay(works & ~self_employed, part_time, standing, shapes)
    profit = np.where(
        self_employed,
        from_quantiles(
            _rank_within(standing, self_employed), shapes["self_employed_monthly_quantiles"]
        ),
        0,
    )
    hours = np.where(part_time, _part_time_hours(gross), 35 + rng.integers(0, 9, len(people)))
    people = people.with_columns(
        gross_earnings=pl.Series(gross),
        self_employed_profit=pl.Series(profit.astype(np.int64)),
        hours_worked=pl.Series(np.where(works, hours, 0).astype(np.int64)),
        has_second_job=pl.Series(
            (gross > 0) & (rng.integers(0, 100, len(people)) < shapes["second_job_percent"])
        ),
    )
    return _with_childcare(_with_deductions(people, shapes, rng), shapes, rng)


def _works(people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator) -> Bools:
    years = people["age_days"].to_numpy() / YEAR_DAYS
    female = people["sex"].to_numpy() == "female"
    percent = by_age(years, shapes["employment_percent"], "percent")
    young_child = (
        people.select(
            ((pl.col("role") == "child") & (pl.col("age_days") < 3 * YEAR_DAYS)).any().over("unit")
        )
        .to_series()
        .to_numpy()
    )
    with_children = (
        people.select((pl.col("role") == "child").any().over("unit")).to_series().to_numpy()
    )
    percent = np.where(
        ~female & with_children & (years < 58), shapes["father_employment_percent"], percent
    )
    percent = np.where(
        female & young_child, shapes["mother_of_under_three_employment_percent"], percent
    )
    percent = np.where(
        people["kind"].to_numpy() == "lone_parent",
        shapes["lone_parent_employment_percent"],
        percent,
    )
    percent = np.where(
        people["education"].to_numpy() != "none", shapes["student_employment_percent"], percent
    )
    pip = people["pip_daily_living_rate"].to_numpy() != "none"
    percent = np.where(pip, np.minimum(percent, shapes["disabled_employment_percent"]), percent)
    percent = np.where(people["caring_hours"].to_numpy() >= CARER_HOURS, percent // 2, percent)
    may = (
        (people["role"].to_numpy() == "adult")
        & ~people["in_prison"].to_numpy()
        & ~people["in_care_home"].to_numpy()
    )
    chosen = ranks(0.5 * people["advantage"].to_numpy() + rng.random(len(people)))
    works: Bools = may & (1 - chosen < percent / 100)
    return works


def _part_time_percent(people: pl.DataFrame, shapes: Shapes) -> Ints:
    about = shapes["part_time_percent"]
    groups = {
        "pension_age": people["is_pension_age"].to_numpy(),
        "students": people["education"].to_numpy() != "none",
        "lone_parents": people["kind"].to_numpy() == "lone_parent",
        "women": people["sex"].to_numpy() == "female",
    }
    percent: Ints = np.select(
        list(groups.values()), [about[name] for name in groups], about["men"]
    ).astype(np.int64)
    return percent


def _youth(people: pl.DataFrame) -> Floats:
    years = people["age_days"].to_numpy() / YEAR_DAYS
    youth: Floats = -0.45 * np.clip((30 - years) / 12, 0, 1)
    return youth


def _rank_within(standing: Floats, among: Bools) -> Floats:
    """Return ranks taken among the chosen only, so that their quantiles come out as written."""
    within = np.zeros(len(standing))
    within[among] = ranks(standing[among])
    return within


def _pay(employed: Bools, part_time: Bools, standing: Floats, shapes: Shapes) -> Ints:
    full = from_quantiles(
        _rank_within(standing, employed & ~part_time), shapes["full_time_monthly_quantiles"]
    )
    part = from_quantiles(
        _rank_within(standing, employed & part_time), shapes["part_time_monthly_quantiles"]
    )
    return np.select([employed & part_time, employed], [part, full], 0).astype(np.int64)


def _part_time_hours(monthly_pay: Ints) -> Ints:
    # About £13.40 an hour and 52 weeks in 12 months.
    return np.clip(monthly_pay * 12 // (52 * 1340), 4, 30)


def _with_deductions(
    people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator
) -> pl.DataFrame:
    about = shapes["deductions"]
    pay = people["gross_earnings"].to_numpy()
    years = people["age_days"].to_numpy() / YEAR_DAYS
    taxable = np.maximum(pay - about["personal_allowance"], 0)
    basic = np.minimum(taxable, about["basic_rate_band"])
    tax = (basic * about["basic_percent"] + (taxable - basic) * about["higher_percent"]) // 100
    main = (
        np.clip(pay, about["ni_primary_threshold"], about["ni_upper_limit"])
        - about["ni_primary_threshold"]
    )
    upper = np.maximum(pay - about["ni_upper_limit"], 0)
    insurance = (main * about["ni_main_percent"] + upper * about["ni_upper_percent"]) // 100
    insurance = np.where(people["is_pension_age"].to_numpy(), 0, insurance)
    saves = (
        (years >= 22)
        & (pay >= 83_300)
        & (rng.integers(0, 100, len(pay)) < shapes["workplace_pension_percent"])
    )
    pensionable = (
        np.clip(pay, about["pension_lower_limit"], about["pension_upper_limit"])
        - about["pension_lower_limit"]
    )
    return people.with_columns(
        income_tax_paid=pl.Series(tax),
        national_insurance_paid=pl.Series(insurance),
        pension_contributions=pl.Series(
            np.where(saves, pensionable * about["pension_percent"] // 100, 0)
        ),
    )


def _with_childcare(people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator) -> pl.DataFrame:
    """Add childcare_costs on the first adult, where every adult of the unit works and a child is
    under 12."""
    adult = pl.col("role") == "adult"
    all_work = (adult & (pl.col("hours_worked") == 0)).any().over("unit").not_()
    young = ((pl.col("role") == "child") & (pl.col("age_days") < 12 * YEAR_DAYS)).any().over("unit")
    pays = people.select(all_work & young & (pl.col("member") == 0)).to_series().to_numpy()
    pays = pays & (rng.integers(0, 100, len(people)) < shapes["childcare_percent"])
    cost = from_quantiles(rng.random(len(people)), shapes["childcare_monthly_quantiles"])
    return people.with_columns(childcare_costs=pl.Series(np.where(pays, cost, 0).astype(np.int64)))
