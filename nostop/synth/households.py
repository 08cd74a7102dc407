"""Households and benefit units first, then the people in them: how many, how old, which sex.

Shape: ONS, Families and households in the UK 2022, and mid-year population estimates 2023, in
    round figures (shapes.yaml).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, Bools, Chance, Ints, from_quantiles, pick
from nostop.synth.days import YEAR_DAYS, pension_age_days
from nostop.synth.shapes import Shapes

SCHOOL_LEAVING_AGE = 16
_ADULT_DAYS = 6575
_YOUNGEST_PARENT_YEARS = 17.5
_OLDEST_PARENT_YEARS = 50.0
_OLDEST_YOUNGEST_YEARS = 17.9


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Who lives with whom.

    people: one row for each person: household, unit (numbers from 0), kind, household_type, slot
        (place of the unit in the
        household), role, member (0 first adult, 1 partner, from 2 children), age_days, sex,
        is_twin.
    pension_age_days: age in days from which a person has reached State Pension age on the
        effective date.
    """

    people: pl.DataFrame
    pension_age_days: int


def build_skeleton(people: int, shapes: Shapes, chance: Chance, effective_on: date) -> Skeleton:
    """Return exactly `people` people in whole households; single people fill the last places."""
    pension_days = pension_age_days(effective_on)
    residents = people * shapes["care_home_residents_per_10000"] // PER_10000
    units = _units(people // 2 + 60, residents, shapes, chance)
    units = _with_first_ages(units, shapes, chance, pension_days)
    adults = _adults(units, shapes, chance, pension_days)
    members = pl.concat([adults, _children(units, shapes, chance)], how="diagonal")
    chosen = _whole_households(members, people - residents)
    members = members.join(chosen, on="household", how="semi").sort("household", "slot", "member")
    return Skeleton(_numbered(members), pension_days)


def _units(drawn: int, residents: int, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    types: list[dict[str, Any]] = shapes["household_types"]
    position = pick(chance.part("household types").random(drawn), [t["weight"] for t in types])
    kinds = pl.DataFrame(
        [
            (at, t["type"], slot, kind)
            for at, t in enumerate(types)
            for slot, kind in enumerate(t["units"])
        ],
        schema={"at": pl.Int64, "household_type": pl.String, "slot": pl.Int64, "kind": pl.String},
        orient="row",
    )
    households = pl.DataFrame({"household": np.arange(drawn), "at": position})
    units = households.join(kinds, on="at", how="left", validate="m:m").drop("at")
    in_homes = pl.DataFrame({"household": np.arange(drawn, drawn + residents)}).with_columns(
        household_type=pl.lit("care_home_resident"),
        slot=pl.lit(0, pl.Int64),
        kind=pl.lit("care_home_resident"),
    )
    return pl.concat([units, in_homes]).sort("household", "slot").with_row_index("unit")


def _with_first_ages(
    units: pl.DataFrame, shapes: Shapes, chance: Chance, pension_days: int
) -> pl.DataFrame:
    """Add `age_days` of each unit's first adult; adult children and grandparents follow the
    household's first unit."""
    rng = chance.part("ages")
    kind = units["kind"].to_numpy()
    age = np.zeros(len(units), dtype=np.int64)
    draw = rng.random(len(units))
    for name, about in shapes["unit_kinds"].items():
        here = kind == name
        days = (
            from_quantiles(draw[here], [y * 3652425 for y in about["age_quantiles"]]) // PER_10000
        ).astype(np.int64)
        age[here] = _on_one_side(days, pension_days, at_pension_age=about["pension_age"])
    first = units.select("household", "slot", age=pl.Series(age)).filter(pl.col("slot") == 0)
    parent = units.join(
        first.select("household", parent=pl.col("age")), on="household", how="left", validate="m:1"
    )
    return units.with_columns(age_days=pl.Series(_related_ages(parent, age, rng, pension_days)))


def _on_one_side(days: Ints, pension_days: int, *, at_pension_age: bool) -> Ints:
    if at_pension_age:
        return np.maximum(days, pension_days)
    return np.minimum(days, pension_days - 30)


def _related_ages(
    units: pl.DataFrame, age: Ints, rng: np.random.Generator, pension_days: int
) -> Ints:
    """Return the ages with grown-up children young enough, and grandparents old enough, for the
    first adult of their household."""
    kind, parent = units["kind"].to_numpy(), units["parent"].to_numpy()
    at_most = parent - int(_YOUNGEST_PARENT_YEARS * YEAR_DAYS)
    between = _ADULT_DAYS + (rng.random(len(age)) * np.maximum(at_most - _ADULT_DAYS, 0)).astype(
        np.int64
    )
    of_pensioner = units["household_type"].to_numpy() == "pensioner_with_adult_child"
    grown_up = np.where(of_pensioner | (age > at_most), between, age)
    grown_up = np.minimum(grown_up, pension_days - 200)
    gap = ((19.0 + 17.0 * rng.random(len(age))) * YEAR_DAYS).astype(np.int64)
    age = np.where(kind == "adult_child", grown_up, age)
    return np.where(kind == "grandparent", np.maximum(parent + gap, pension_days), age)


def _adults(units: pl.DataFrame, shapes: Shapes, chance: Chance, pension_days: int) -> pl.DataFrame:
    rng = chance.part("adults")
    kinds = shapes["unit_kinds"]
    about = pl.DataFrame(
        {
            "kind": list(kinds),
            "adults": [k["adults"] for k in kinds.values()],
            "female": [k["female_percent"] for k in kinds.values()],
        }
    )
    first = units.join(about, on="kind", how="left", validate="m:1", maintain_order="left")
    female = rng.integers(0, 100, len(first)) < first["female"].to_numpy()
    first = first.with_columns(
        role=pl.lit("adult"), member=pl.lit(0, pl.Int64), is_female=pl.Series(female)
    )
    partner = first.filter(pl.col("adults") == 2)
    same_sex = rng.integers(0, PER_10000, len(partner)) < shapes["same_sex_couple_per_10000"]
    partner = partner.with_columns(
        member=pl.lit(1, pl.Int64),
        is_female=pl.Series(partner["is_female"].to_numpy() == same_sex),
        age_days=pl.Series(_partner_ages(partner, rng, pension_days)),
    )
    return pl.concat([first, partner]).drop("adults", "female")


def _partner_ages(partners: pl.DataFrame, rng: np.random.Generator, pension_days: int) -> Ints:
    older, kind = partners["age_days"].to_numpy(), partners["kind"].to_numpy()
    gap = ((rng.random(len(older)) + rng.random(len(older)) - 0.6) * 6.5 * YEAR_DAYS).astype(
        np.int64
    )
    age = np.maximum(older - gap, int(18.2 * YEAR_DAYS))
    pension = kind == "pensioner_couple"
    mixed = kind == "mixed_age_couple"
    younger = pension_days - (rng.random(len(older)) ** 2 * 12 * YEAR_DAYS).astype(np.int64) - 30
    age = np.where(pension, np.maximum(age, pension_days), np.minimum(age, pension_days - 30))
    return np.where(mixed, younger, age).astype(np.int64)


def _children(units: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Return the dependent children: under 16, or 16 to 18 and still in education."""
    rng = chance.part("children")
    with_children = [kind for kind, about in shapes["unit_kinds"].items() if about["children"]]
    parents = units.filter(pl.col("kind").is_in(with_children))
    ages, twin, exists = _child_ages(parents, shapes, rng)
    stays = _still_dependent(ages, shapes, rng)
    rows, place = np.nonzero(exists & stays)
    return parents[rows].with_columns(
        role=pl.lit("child"),
        member=pl.Series(2 + place.astype(np.int64)),
        age_days=pl.Series(ages[rows, place]),
        is_female=pl.Series(rng.random(len(rows)) < 0.488),
        is_twin=pl.Series(twin[rows, place]),
    )


def _child_ages(
    parents: pl.DataFrame, shapes: Shapes, rng: np.random.Generator
) -> tuple[Ints, Bools, Bools]:
    most = len(shapes["children_weights"])
    parent = parents["age_days"].to_numpy()
    count = 1 + pick(rng.random(len(parents)), shapes["children_weights"])
    youngest = _youngest_ages(parent, shapes, rng)
    gaps = from_quantiles(rng.random((len(parents), most)), shapes["sibling_gap_days_quantiles"])
    twins = rng.integers(0, PER_10000, (len(parents), most)) < shapes["twins_per_10000"]
    gaps[twins] = 0
    gaps[:, 0] = 0
    ages = youngest[:, None] + np.cumsum(gaps, axis=1)
    exists = np.arange(most)[None, :] < count[:, None]
    exists &= ages <= np.maximum(parent - int(17 * YEAR_DAYS), youngest)[:, None]
    twins[:, 0] = False
    has_twin = twins & exists
    has_twin[:, :-1] |= (twins & exists)[:, 1:]
    return ages.astype(np.int64), has_twin, exists


def _youngest_ages(parent: Ints, shapes: Shapes, rng: np.random.Generator) -> Ints:
    """Return the age of each family's youngest child, from how old its first adult was then.

    Who would have to be a parent before they were old enough, or of somebody grown up, has a
    youngest child of any age that is possible.
    """
    years = from_quantiles(
        rng.random(len(parent)), [1000 * y for y in shapes["age_at_youngest_birth_quantiles"]]
    )
    drawn = parent - (years * YEAR_DAYS / 1000).astype(np.int64)
    at_most = np.minimum(
        parent - int(_YOUNGEST_PARENT_YEARS * YEAR_DAYS), int(_OLDEST_YOUNGEST_YEARS * YEAR_DAYS)
    )
    at_least = np.clip(parent - int(_OLDEST_PARENT_YEARS * YEAR_DAYS), 0, at_most)
    possible = at_least + (rng.random(len(parent)) * (at_most - at_least)).astype(np.int64)
    youngest: Ints = np.where((drawn >= 0) & (drawn <= at_most), drawn, possible)
    return youngest


def _still_dependent(ages: Ints, shapes: Shapes, rng: np.random.Generator) -> Bools:
    years = (ages / YEAR_DAYS).astype(np.int64)
    percent = np.asarray([100, *shapes["in_education_percent_from_16"], 0])
    place = np.clip(years - (SCHOOL_LEAVING_AGE - 1), 0, len(percent) - 1)
    stays: Bools = rng.integers(0, 100, ages.shape) < percent[place]
    # The youngest stays, so that no family is left without a child.
    stays[:, 0] = True
    return stays


def _whole_households(members: pl.DataFrame, people: int) -> pl.DataFrame:
    """Return the households kept: in order while they fit, then single people, and all care home
    residents."""
    sizes = members.group_by("household", "household_type").len().sort("household")
    homes = sizes.filter(pl.col("household_type") == "care_home_resident")
    others = sizes.filter(pl.col("household_type") != "care_home_resident")
    total = others["len"].cast(pl.Int64).cum_sum()
    kept = others.filter(total <= people)
    short = people - int(kept["len"].sum())
    singles = others.filter((total > people) & (others["len"] == 1)).head(short)
    return pl.concat([kept, singles, homes]).select("household")


def _numbered(members: pl.DataFrame) -> pl.DataFrame:
    dense = [
        (pl.col(name).rank("dense") - 1).cast(pl.Int64).alias(name)
        for name in ("household", "unit")
    ]
    return members.with_columns(
        *dense,
        sex=pl.when("is_female").then(pl.lit("female")).otherwise(pl.lit("male")),
        is_twin=pl.col("is_twin").fill_null(value=False),
    ).drop("is_female")
