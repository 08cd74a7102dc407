"""Who there is: households, ages, twins, and people in communal establishments. No names yet."""

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Chance, Ints, from_quantiles, pick
from nostop.synth.days import YEAR_DAYS
from nostop.synth.hard.rates import Rates
from nostop.synth.shapes import Shapes

ROLES = ("head", "partner", "child", "adult_child", "grandparent", "sharer", "resident")
HEAD, PARTNER, CHILD, ADULT_CHILD, GRANDPARENT, SHARER, RESIDENT = range(len(ROLES))
_OFFSPRING = (CHILD, ADULT_CHILD)
_FAMILY_AGES = 18 * YEAR_DAYS


def build_people(count: int, rates: Rates, names: Shapes, chance: Chance) -> pl.DataFrame:
    """Return `count` people, members of a household side by side, its head first.

    Columns: person, household, start (the row of the head), role (place in `ROLES`), male,
    age_days, origin (place among those of names.yaml), married, twin (of the row before),
    establishment (-1 at home).
    """
    communal = int(rates.happens("communal", count, chance.part("communal")).sum())
    homes = _at_home(count - communal, rates, names, chance)
    residents = _residents(communal, homes, rates, names, chance)
    people = pl.concat([homes, residents]) if communal else homes
    return people.with_row_index("person").with_columns(pl.col("person").cast(pl.Int64))


def _at_home(count: int, rates: Rates, names: Shapes, chance: Chance) -> pl.DataFrame:
    rng = chance.part("households")
    kinds = rates.shapes["household_types"]
    sizes = np.asarray([len(kind["members"]) for kind in kinds])
    drawn = pick(rng.random(count), [kind["weight"] for kind in kinds])
    ends = np.cumsum(sizes[drawn])
    drawn = drawn[: int(np.searchsorted(ends, count)) + 1]
    household = np.repeat(np.arange(len(drawn)), sizes[drawn])[:count]
    first = np.concatenate([[0], ends])[:-1]
    start = first[household]
    members = np.concatenate([[ROLES.index(role) for role in k["members"]] for k in kinds])
    offset = np.cumsum(sizes) - sizes
    role = members[offset[drawn[household]] + np.arange(count) - start]
    male = _sexes(role, start, rates.shapes, rng)
    age = _ages(role, start, rates.shapes, rng)
    twin = _twins(role, rates, chance)
    age[twin] = age[np.flatnonzero(twin) - 1]
    same = chance.part("twins' sex").integers(0, 100, count)
    same_sex = twin & (same < rates.shapes["twins_same_sex_percent"])
    male[same_sex] = male[np.flatnonzero(same_sex) - 1]
    weights = [origin["weight"] for origin in names["origins"].values()]
    own = pick(rng.random(count), weights)
    apart = (role == SHARER) | ((role == PARTNER) & (rng.integers(0, 100, count) < 12))
    married = rng.integers(0, 100, count)[start] < rates.shapes["married_percent"]
    return pl.DataFrame(
        {
            "household": household,
            "start": start,
            "role": role,
            "male": male,
            "age_days": age,
            "origin": np.where(apart, own, own[start]),
            "married": married & np.isin(role, (HEAD, PARTNER)),
            "twin": twin,
            "establishment": np.full(count, -1),
        }
    )


def _sexes(role: Ints, start: Ints, shapes: Shapes, rng: np.random.Generator) -> Bools:
    drawn = rng.integers(0, 100, len(role))
    male = np.where(role == HEAD, drawn < shapes["head_male_percent"], drawn < 51)
    partner = role == PARTNER
    same = rng.integers(0, 100, len(role)) < shapes["same_sex_couple_percent"]
    sexes: Bools = np.where(partner, male[start] == same, male)
    return sexes


def _ages(role: Ints, start: Ints, shapes: Shapes, rng: np.random.Generator) -> Ints:
    count = len(role)
    rank = rng.random(count)
    quantiles = shapes["head_age_quantiles"]

    def household_has(member: int) -> Bools:
        has = np.zeros(count, dtype=bool)
        has[start[role == member]] = True
        return has[start]

    drawn = {
        name: from_quantiles(rank, [int(age * YEAR_DAYS) for age in ages])
        for name, ages in quantiles.items()
    }
    head = np.where(household_has(CHILD), drawn["family"], drawn["alone"])
    head = np.where(household_has(ADULT_CHILD), drawn["with_adult_child"], head)
    head = np.where(household_has(SHARER), drawn["sharing"], head)[start]
    spread = rng.random(count)
    youngest = np.minimum(head - _FAMILY_AGES, _FAMILY_AGES)
    # Brothers and sisters are 1 to 4 years apart: each is placed after the one before.
    order = np.arange(count) - start
    child = np.clip(youngest * (0.15 + 0.7 * spread[start]) - 60 + order * 420, 10, head - 5900)
    adult_child = np.clip(
        _FAMILY_AGES + (head - 2.1 * _FAMILY_AGES) * spread[start] - order * 500,
        _FAMILY_AGES + 40 + 300 * order, head - 6200,
    )  # fmt: skip
    jitter = rng.integers(0, 130, count)
    age = np.select(
        [
            role == HEAD, role == PARTNER, role == CHILD, role == ADULT_CHILD,
            role == GRANDPARENT, role == SHARER,
        ],
        [
            head, np.maximum(head + spread * 3800 - 2400, _FAMILY_AGES), child, adult_child,
            head + 7700 + spread * 5200, np.maximum(head + spread * 2400 - 1200, _FAMILY_AGES),
        ],
    )  # fmt: skip
    return (age + jitter).astype(np.int64)


def _twins(role: Ints, rates: Rates, chance: Chance) -> Bools:
    """Return who was born with the brother or sister on the row before."""
    offspring = np.isin(role, _OFFSPRING)
    second = offspring & np.concatenate([[False], offspring[:-1] & (role[:-1] == role[1:])])
    first_of_two = second & ~np.concatenate([[False], second[:-1]])
    twins: Bools = first_of_two & rates.happens("twins", len(role), chance.part("twins"))
    return twins


def _residents(
    count: int, homes: pl.DataFrame, rates: Rates, names: Shapes, chance: Chance
) -> pl.DataFrame:
    """Return people of care homes, hostels and halls, each a household of their own."""
    rng = chance.part("residents")
    kinds = rates.shapes["communal"]
    drawn = pick(rng.random(count), [kind["weight"] for kind in kinds])
    sizes = np.stack([from_quantiles(rng.random(count), kind["sizes"]) for kind in kinds])
    size = np.maximum(sizes[drawn, np.arange(count)], 2)
    places = np.searchsorted(np.cumsum(size), np.arange(count), side="right")
    kind = drawn[places]
    ages = np.stack(
        [
            from_quantiles(rng.random(count), [int(age * YEAR_DAYS) for age in each["ages"]])
            for each in kinds
        ]
    )
    weights = [origin["weight"] for origin in names["origins"].values()]
    row = len(homes) + np.arange(count)
    last = int(homes["household"][-1]) if len(homes) else -1
    return pl.DataFrame(
        {
            "household": last + 1 + np.arange(count),
            "start": row,
            "role": np.full(count, RESIDENT),
            "male": rng.integers(0, 100, count) < np.where(kind == 0, 31, 52),
            "age_days": ages[kind, np.arange(count)] + rng.integers(0, 365, count),
            "origin": pick(rng.random(count), weights),
            "married": np.zeros(count, dtype=bool),
            "twin": np.zeros(count, dtype=bool),
            "establishment": places * len(kinds) + kind,
        }
    )
