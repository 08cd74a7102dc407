"""Worlds: a copy of the facts for each benefit unit whose path is worked out, in which that unit
alone claims.

A world holds the unit's household, and those of other people whose facts its claims can change. So
paths of two units in one household do not get into each other's way, and all of them are worked out
at once. Every id is written behind the number of its world.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from nostop.claim_paths.law import FactChange
from nostop.frames import Awards, Situation, empty
from nostop.model import CLAIMED_STATUSES, Level
from nostop.rulebook.plan import KEYS

#: Digits of a world's number, and the sign between it and an id.
DIGITS = 8
_BEGIN = DIGITS + 1


def world_of(column: str) -> pl.Expr:
    """Return the world that an id belongs to."""
    return pl.col(column).str.slice(0, DIGITS)


def id_of(column: str) -> pl.Expr:
    """Return an id as it is outside of its world."""
    return pl.col(column).str.slice(_BEGIN)


def within(world: pl.Expr, column: pl.Expr) -> pl.Expr:
    """Return an id as it is within a world."""
    return pl.concat_str(world, pl.lit("/"), column)


@dataclass(frozen=True, slots=True)
class Worlds:
    """`units`: world, benefit_unit_id (ours), unit and home (within the world). `situation` holds
    every world's people; its awards are those in force, each with a number, `award_row`.

    payees: group (a benefit unit or household within a world), person_id: the adult to whom the
    award of the group would be paid: the eldest, or the first by id.
    members: level, subject, person_id: who a subject is.
    """

    units: pl.DataFrame
    situation: Situation
    payees: pl.DataFrame
    members: pl.DataFrame


def worlds_of(
    units: pl.DataFrame, situation: Situation, changes: Iterable[FactChange], law_day: pl.Expr
) -> Worlds:
    """Return a world for each row of `units` (benefit_unit_id, household_id; a unit may come more
    than once).

    Args:
        changes: what claims change of others: their households are in the world too.
        law_day: the day, as a literal.
    """
    numbered = units.with_columns(
        world=pl.int_range(pl.len()).cast(pl.String).str.zfill(DIGITS),
    )
    homes = pl.concat(
        [numbered.select("world", "household_id"), *_others(numbered, situation, changes)]
    )
    homes = homes.unique(maintain_order=True)
    people = _copied(situation.people, homes, list(KEYS.values()))
    copied = replace(
        situation,
        people=people,
        benefit_units=_copied(situation.benefit_units, homes, ["benefit_unit_id", "household_id"]),
        households=_copied(situation.households, homes, ["household_id"]),
        awards=_awards(situation, people, law_day),
    )
    named = numbered.select(
        "world",
        "benefit_unit_id",
        unit=within(pl.col("world"), pl.col("benefit_unit_id")),
        home=within(pl.col("world"), pl.col("household_id")),
    )
    return Worlds(named, copied, _payees(people), _members(people))


def awards_of(situation: Situation) -> pl.DataFrame:
    """Return the awards of a situation; nobody's are known where there is no table."""
    return empty(Awards) if situation.awards is None else situation.awards


def only(situation: Situation, worlds: pl.Series) -> Situation:
    """Return some of the worlds of a situation."""
    wanted = worlds.implode()
    awards = awards_of(situation)
    return replace(
        situation,
        people=situation.people.filter(world_of("household_id").is_in(wanted)),
        benefit_units=situation.benefit_units.filter(world_of("household_id").is_in(wanted)),
        households=situation.households.filter(world_of("household_id").is_in(wanted)),
        awards=awards.filter(world_of("person_id").is_in(wanted)),
    )


def put(situation: Situation, changed: Situation, worlds: pl.Series) -> Situation:
    """Return a situation in which some worlds are as in another."""
    rest = _without(situation, worlds)
    return replace(
        situation,
        people=pl.concat([rest.people, changed.people], how="diagonal_relaxed"),
        benefit_units=pl.concat(
            [rest.benefit_units, changed.benefit_units], how="diagonal_relaxed"
        ),
        households=pl.concat([rest.households, changed.households], how="diagonal_relaxed"),
        awards=pl.concat([awards_of(rest), awards_of(changed)]),
    )


def _without(situation: Situation, worlds: pl.Series) -> Situation:
    everywhere = situation.households.select(world_of("household_id").unique()).to_series()
    return only(situation, everywhere.filter(~everywhere.is_in(worlds.implode())))


def _others(
    units: pl.DataFrame, situation: Situation, changes: Iterable[FactChange]
) -> list[pl.DataFrame]:
    """The households of people whom facts of a unit's members point at."""
    people = situation.people
    homes = people.select(_other=pl.col("person_id"), household_id="household_id")
    found = []
    for fact in sorted({each.whose for each in changes if each.whose is not None}):
        if fact in people.columns:
            pointed = people.select("benefit_unit_id", _other=fact).drop_nulls()
            found.append(
                units.select("world", "benefit_unit_id")
                .join(pointed, on="benefit_unit_id", how="inner", validate="m:m")
                .join(homes, on="_other", how="inner", validate="m:1")
                .select("world", "household_id")
            )
    return found


def _copied(frame: pl.DataFrame, homes: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    copied = homes.join(
        frame, on="household_id", how="inner", validate="m:m", maintain_order="left_right"
    )
    return copied.with_columns(
        within(pl.col("world"), pl.col(key)).alias(key) for key in keys
    ).drop("world")


def _awards(situation: Situation, people: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    awards = awards_of(situation)
    is_claim = pl.col("status").is_in(["pending", "opted_out"])
    begun = pl.col("starts_on").is_null() | (pl.col("starts_on") <= day) | is_claim
    lasting = pl.col("ends_on").is_null() | (pl.col("ends_on") >= day)
    in_force = awards.filter(pl.col("status").is_in(CLAIMED_STATUSES) & begun & lasting)
    here = people.select(_within="person_id", person_id=id_of("person_id"))
    return (
        here.join(
            in_force, on="person_id", how="inner", validate="m:m", maintain_order="left_right"
        )
        .drop("person_id")
        .rename({"_within": "person_id"})
        .select(empty(Awards).columns)
        .with_columns(award_row=pl.int_range(pl.len()))
    )


def _payees(people: pl.DataFrame) -> pl.DataFrame:
    born = pl.col("born_on") if "born_on" in people.columns else pl.lit(None, dtype=pl.Date)
    order = people.with_columns(_is_child=pl.col("role") != "adult", _born=born).sort(
        "_is_child", "_born", "person_id", nulls_last=True
    )
    return pl.concat(
        order.unique(key, keep="first", maintain_order=True).select(
            group=key, level=pl.lit(level.value), person_id="person_id", unit="benefit_unit_id"
        )
        for level, key in KEYS.items()
        if level is not Level.PERSON
    )


def _members(people: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        people.select(level=pl.lit(level.value), subject=key, person_id="person_id")
        for level, key in KEYS.items()
    )
