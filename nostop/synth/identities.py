"""What people are called and numbered: names by group and generation, NINOs, NHS numbers, how to
reach them.

Names are real and common ones of Britain; who bears them is invented. National Insurance numbers
begin QQ, which is never issued; NHS numbers begin 999; phone numbers lie in the range kept for
drama; e-mail is at example.org.
"""

from itertools import product

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, Bools, Chance, Ints, count_of, pick, scattered
from nostop.synth.days import YEAR_DAYS
from nostop.synth.shapes import Shapes

#: There are so many National Insurance numbers that begin QQ and end in A to D.
MOST_PEOPLE = 4_000_000
_NINO_SUFFIXES = np.asarray(["A", "B", "C", "D"])
_RARE_SURNAME_PERCENT = 34
_SHARES_SURNAME_PERCENT = 80
_ABSENT_PARENTS_PERCENT = 40
_SOURCES_OF_FORMER_NAMES = (
    "dwp_awards",
    "hmrc_rti",
    "hmrc_child_benefit",
    "nhs_register",
    "council_tax",
)
#: Ages in years that part the generations of first names.
_GENERATIONS = ((68, "old"), (33, "mid"), (0, "young"))


def with_identities(
    people: pl.DataFrame, shapes: Shapes, names: Shapes, chance: Chance
) -> pl.DataFrame:
    """Add name_group, first_name, middle_names, surname, former_surname, nino, nhs_number, phone,
    email.
    """
    people = _with_groups(people, shapes, chance)
    people = _with_surnames(people, shapes, names, chance)
    people = _with_first_names(people, names, chance)
    return _with_numbers(people, chance)


def _with_groups(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Give each household one group of names, each sharer their own, and one partner in ten
    another."""
    rng = chance.part("name groups")
    groups, weights = list(shapes["name_groups"]), list(shapes["name_groups"].values())
    own = pick(rng.random(len(people)), weights)
    of_household = pick(rng.random(count_of(people["household"])), weights)[
        people["household"].to_numpy()
    ]
    apart = people["household_type"].str.ends_with("sharers").to_numpy()
    apart |= (people["member"].to_numpy() == 1) & (rng.integers(0, 100, len(people)) < 10)
    return people.with_columns(
        name_group=pl.Series(np.asarray(groups)[np.where(apart, own, of_household)])
    )


def _surnames_for(group: np.ndarray, names: Shapes, rng: np.random.Generator) -> np.ndarray:
    chosen = np.empty(len(group), dtype=object)
    for name, listed in names["surnames"].items():
        here = np.flatnonzero(group == name)
        weights = [10_000 // (place + 12) for place in range(len(listed))]
        chosen[here] = np.asarray(listed, dtype=object)[pick(rng.random(len(here)), weights)]
    rare = [a + b for a, b in product(names["surname_beginnings"], names["surname_endings"])]
    here = np.flatnonzero(
        (group == "british") & (rng.integers(0, 100, len(group)) < _RARE_SURNAME_PERCENT)
    )
    chosen[here] = np.asarray(rare, dtype=object)[rng.integers(0, len(rare), len(here))]
    return chosen


def _with_surnames(
    people: pl.DataFrame, shapes: Shapes, names: Shapes, chance: Chance
) -> pl.DataFrame:
    """Everybody is born with a surname; most married couples share one, and children take their
    father's or their one parent's."""
    rng = chance.part("surnames")
    born = _surnames_for(people["name_group"].to_numpy(), names, rng)
    people = people.with_columns(
        born_surname=pl.Series(born, dtype=pl.String),
        shares=pl.Series(rng.integers(0, 100, len(people)) < _SHARES_SURNAME_PERCENT),
        absent_parents=pl.Series(rng.integers(0, 100, len(people)) < _ABSENT_PARENTS_PERCENT),
    )
    people = _with_family_surnames(people)
    unit = ["household", "slot"]
    follows_head = (pl.col("slot") > 0) & ~pl.col("household_type").str.ends_with("sharers")
    partner = (pl.col("role") == "adult") & pl.col("couple")
    married = partner & pl.col("is_married") & pl.col("shares").first().over(unit)
    child = pl.col("role") == "child"
    of_parents = child & (pl.col("couple") | ~pl.col("absent_parents").first().over(unit))
    own = pl.col("born_surname")
    of_other_parent = own.first().over("household", "slot", "role")
    surname = (
        pl.when(follows_head)
        .then(pl.col("head"))
        .when(married | of_parents)
        .then(pl.col("lead"))
        .when(child)
        .then(of_other_parent)
        .otherwise(own)
    )
    people = _with_former(people.with_columns(surname=surname), shapes, rng)
    return people.drop("lead", "head", "couple", "shares", "absent_parents")


def _with_family_surnames(people: pl.DataFrame) -> pl.DataFrame:
    """Add `lead`, the surname a unit's children take; `head`, that of the household's first unit;
    and whether the unit is a couple."""
    unit = ["household", "slot"]
    first = pl.col("born_surname").first()
    second = (pl.col("member") == 1) & (pl.col("sex") == "male")
    fathers = pl.coalesce(pl.col("born_surname").filter(second).first(), first)
    lead = pl.when(pl.col("sex").first() == "male").then(first).otherwise(fathers)
    units = people.group_by(unit).agg(
        lead.alias("lead"), (pl.col("member") == 1).any().alias("couple")
    )
    heads = units.filter(pl.col("slot") == 0).select("household", head=pl.col("lead"))
    units = units.join(heads, on="household", how="left", validate="m:1")
    return people.join(units, on=unit, how="left", validate="m:1", maintain_order="left")


def _with_former(people: pl.DataFrame, shapes: Shapes, rng: np.random.Generator) -> pl.DataFrame:
    """Add former_surname for some women, and the one source that still shows it; null for
    everybody else."""
    changed = pl.Series(
        rng.integers(0, PER_10000, len(people)) < 2 * shapes["changed_surname_per_10000"]
    )
    eligible = (
        (pl.col("role") == "adult")
        & (pl.col("sex") == "female")
        & (pl.col("surname") != pl.col("born_surname"))
    )
    source = pl.Series(
        np.asarray(_SOURCES_OF_FORMER_NAMES)[
            rng.integers(0, len(_SOURCES_OF_FORMER_NAMES), len(people))
        ]
    )
    return people.with_columns(
        former_surname=pl.when(eligible & changed).then(pl.col("born_surname")),
        former_name_in=pl.when(eligible & changed).then(source),
    )


def _with_first_names(people: pl.DataFrame, names: Shapes, chance: Chance) -> pl.DataFrame:
    rng = chance.part("first names")
    lists = _list_of_each(people)
    first, second = _draw_names(lists, names, rng), _draw_names(lists, names, rng)
    household = people["household"].to_numpy()
    for _ in range(30):
        again = _repeats_in_household(household, first)
        if not again.any():
            break
        first[again] = _draw_names(lists[again], names, rng)
    has_middle = pl.Series(rng.integers(0, 100, len(first)) < 72)
    people = people.with_columns(
        first_name=pl.Series(first, dtype=pl.String),
        middle_names=pl.when(has_middle & pl.Series(second != first)).then(
            pl.Series(second, dtype=pl.String)
        ),
    )
    return _name_some_sons_after_fathers(people, rng)


def _list_of_each(people: pl.DataFrame) -> np.ndarray:
    years = pl.col("age_days") / YEAR_DAYS
    generation = pl.lit("")
    for from_age, name in reversed(_GENERATIONS):
        generation = pl.when(years >= from_age).then(pl.lit(name)).otherwise(generation)
    british = pl.col("name_group") == "british"
    letter = pl.col("sex").str.slice(0, 1)
    whole = pl.concat_str("name_group", letter, separator="_")
    return (
        people.select(
            pl.when(british).then(pl.concat_str(whole, generation, separator="_")).otherwise(whole)
        )
        .to_series()
        .to_numpy()
    )


def _draw_names(lists: np.ndarray, names: Shapes, rng: np.random.Generator) -> np.ndarray:
    drawn = np.empty(len(lists), dtype=object)
    for name, listed in names["first_names"].items():
        here = np.flatnonzero(lists == name)
        weights = [10_000 // (place + 8) for place in range(len(listed))]
        drawn[here] = np.asarray(listed, dtype=object)[pick(rng.random(len(here)), weights)]
    return drawn


def _repeats_in_household(household: Ints, first: np.ndarray) -> Bools:
    frame = pl.DataFrame({"household": household, "first": pl.Series(first, dtype=pl.String)})
    repeats: Bools = (
        frame.select(~pl.struct("household", "first").is_first_distinct()).to_series().to_numpy()
    )
    return repeats


def _name_some_sons_after_fathers(people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Give one son in sixty his father's first name: father and son then share name and address,
    not birth date."""
    is_father = (pl.col("slot") == 0) & (pl.col("role") == "adult") & (pl.col("sex") == "male")
    fathers = (
        people.filter(is_father)
        .group_by("household", maintain_order=True)
        .agg(pl.col("first_name", "surname").first())
    )
    fathers = fathers.rename({"first_name": "fathers_name", "surname": "fathers_surname"})
    people = people.join(fathers, on="household", how="left", validate="m:1", maintain_order="left")
    son = (pl.col("sex") == "male") & (pl.col("surname") == pl.col("fathers_surname"))
    son &= (pl.col("role") == "child") | (pl.col("kind") == "adult_child")
    chosen = son & pl.Series(rng.integers(0, 60, len(people)) == 0)
    eldest = chosen & (pl.int_range(pl.len()).over("household", chosen) == 0)
    taken = pl.when(eldest).then(pl.col("fathers_name")).otherwise(pl.col("first_name"))
    return people.with_columns(first_name=taken).drop("fathers_name", "fathers_surname")


def _with_numbers(people: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    rng = chance.part("numbers")
    count = len(people)
    nino = scattered(count, MOST_PEOPLE, chance.seed)
    digits = np.char.zfill((nino // 4).astype(str), 6)
    nino_text = np.char.add(np.char.add("QQ", digits), _NINO_SUFFIXES[nino % 4])
    nhs = np.char.zfill(scattered(count, 10**7, chance.seed + 5).astype(str), 7)
    old_enough = people["age_days"].to_numpy() >= 15.75 * YEAR_DAYS
    has_nino = old_enough & (rng.integers(0, 1000, count) >= 12)
    adult = people["role"].to_numpy() == "adult"
    reached_by_phone = adult & (rng.integers(0, 100, count) < 88)
    reached_by_email = adult & (rng.integers(0, 100, count) < 72)
    mailbox = scattered(count, 10**8, chance.seed + 9)
    return people.with_columns(
        nino=pl.when(pl.Series(has_nino)).then(pl.Series(nino_text)),
        nhs_number=pl.Series(np.char.add("999", nhs)),
        patient_id=pl.Series(
            np.char.add("pat-", scattered(count, 10**8, chance.seed + 3).astype(str))
        ),
        phone=pl.when(pl.Series(reached_by_phone)).then(
            pl.Series(
                np.char.add("07700 900", np.char.zfill(rng.integers(0, 1000, count).astype(str), 3))
            )
        ),
        email=pl.when(pl.Series(reached_by_email)).then(
            pl.Series(np.char.add(np.char.add("p", mailbox.astype(str)), "@example.org"))
        ),
    )
