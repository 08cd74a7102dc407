"""Pensions and savings.

Shape: DWP State Pension statistics 2025, Pensioners' Incomes Series 2023-24, Family Resources
    Survey savings bands, in round figures (shapes.yaml). Savings belong to the benefit unit and
    are split between its adults; they are whole pounds.
"""

from datetime import date

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, Bools, Chance, Floats, from_quantiles, ranks
from nostop.synth.days import YEAR_DAYS
from nostop.synth.shapes import Shapes

#: Who reached State Pension age before 6 April 2016 has the old pension: men and women born
#: before these days.
_OLD_PENSION_BORN_BEFORE = {"male": date(1951, 4, 6), "female": date(1953, 4, 6)}


def with_pensions(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add state_pension (week) and private_pension (month); 0 where there is none."""
    rng = chance.part("pensions")
    old = (
        people.select(
            pl.col("born_on")
            < pl.col("sex").replace_strict(_OLD_PENSION_BORN_BEFORE, return_dtype=pl.Date)
        )
        .to_series()
        .to_numpy()
    )
    male, pension_age = people["sex"].to_numpy() == "male", people["is_pension_age"].to_numpy()
    # Who lives alone has often inherited a late partner's pension: single people stand higher
    # than one of a couple.
    alone = people.select((pl.len() == 1).over("unit")).to_series().to_numpy()
    standing = people["advantage"].to_numpy() + 1.6 * rng.random(len(people)) + 0.3 * alone
    state = np.zeros(len(people), dtype=np.int64)
    for name, here in (("new", ~old), ("old_men", old & male), ("old_women", old & ~male)):
        chosen = here & pension_age
        state[chosen] = from_quantiles(
            ranks(standing[chosen]), shapes["state_pension_quantiles"][name]
        )
    not_drawn = (
        rng.integers(0, PER_10000, len(people)) < shapes["state_pension_not_drawn_per_10000"]
    ) | people["in_prison"].to_numpy()
    return people.with_columns(
        state_pension=pl.Series(np.where(not_drawn, 0, state // 5 * 5)),
        private_pension=pl.Series(_private_pension(people, shapes, rng)),
    )


def _private_pension(people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator) -> np.ndarray:
    about = shapes["private_pension_percent"]
    years = people["age_days"].to_numpy() / YEAR_DAYS
    male, pension_age = people["sex"].to_numpy() == "male", people["is_pension_age"].to_numpy()
    percent = np.where(pension_age, np.where(male, about["men"], about["women"]), 0)
    percent = np.where(
        ~pension_age & (years >= 57) & (people["role"].to_numpy() == "adult"),
        about["before_pension_age"],
        percent,
    )
    standing = people["advantage"].to_numpy() + 0.45 * rng.random(len(people))
    has: Bools = np.zeros(len(people), dtype=bool)
    for group in np.unique(percent[percent > 0]):
        here = percent == group
        has[here] = ranks(standing[here]) > 1 - group / 100
    pension = np.zeros(len(people), dtype=np.int64)
    pension[has] = from_quantiles(
        ranks(standing[has] + 0.35 * rng.random(int(has.sum()))),
        shapes["private_pension_monthly_quantiles"],
    )
    return pension


def with_savings(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add capital in pence, whole pounds; a couple's is split between the two."""
    rng = chance.part("savings")
    units = (
        people.group_by("unit")
        .agg(
            pl.col("is_pension_age").any(),
            pl.col("household_advantage").first(),
            pl.col("age_days").first(),
        )
        .sort("unit")
    )
    pension_age = units["is_pension_age"].to_numpy()
    older: Floats = np.where(
        pension_age, 0.0, 0.25 * np.clip((units["age_days"].to_numpy() / YEAR_DAYS - 20) / 45, 0, 1)
    )
    standing = 0.75 * units["household_advantage"].to_numpy() + 0.6 * rng.random(len(units)) + older
    pounds = np.zeros(len(units), dtype=np.int64)
    for name, here in (("pension_age", pension_age), ("others", ~pension_age)):
        pounds[here] = from_quantiles(ranks(standing[here]), shapes["savings_quantiles"][name])
    unit, member = people["unit"].to_numpy(), people["member"].to_numpy()
    couple = people.select((pl.col("member") == 1).any().over("unit")).to_series().to_numpy()
    share = rng.integers(20, 81, len(units))
    firsts = np.where(couple, pounds[unit] * share[unit] // 100, pounds[unit])
    own = np.select(
        [member == 0, member == 1], [firsts, pounds[unit] - pounds[unit] * share[unit] // 100], 0
    )
    return people.with_columns(capital=pl.Series((own * 100).astype(np.int64)))
