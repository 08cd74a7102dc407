"""Whether everybody who belongs to a benefit unit or household is known: that no feed names another
means that there is none only where feeds that would name them arrived whole."""

from dataclasses import dataclass

import polars as pl

from nostop.linkage.awards import EVERYBODY
from nostop.linkage.couples import perhaps_couples
from nostop.linkage.dwellings import with_dwelling
from nostop.linkage.gathered import Known
from nostop.linkage.units import CHILD_UNTIL_YEARS, YOUNG_PERSON_UNTIL_YEARS

#: What a feed can be complete for (`complete_for: members` of its declaration).
#: Every child has its parents, its school, or who claims for it there. No such register is whole to
#: the last child, so that each has to bear the others out; the last two also say who of those past
#: the age of children still counts as one.
CHILDREN = ("children", "pupils", "claimed_children")
#: Who lives where: everybody has their address there; every dwelling has those who are liable.
RESIDENTS = ("residents", "liable_people")
#: Which of those who live together are a couple.
COUPLES = ("claiming_couples", "tenant_couples")


@dataclass(frozen=True, slots=True)
class Membership:
    """What is known of who belongs together.

    units: benefit_unit_id, children_known, partner_known.
    homes: household_id, members_known.
    """

    units: pl.DataFrame
    homes: pl.DataFrame


def membership(
    known: Known, members: pl.DataFrame, people: pl.DataFrame, relations: pl.DataFrame
) -> Membership:
    """Return whether each benefit unit and household has all its members.

    Args:
        members: person_id, benefit_unit_id, role, dwelling, household_id, is_communal.
        people: as `placing.to_place` gives them.
        relations: as `placing.relations_of` gives them.
    """
    told = _told(known)
    could_be = _could_be_couples(members, people, relations)
    units = _units(members, people, (_unread_dwellings(known, members), could_be))
    has_address = pl.col("dwelling").is_not_null() & ~pl.col("is_unread")
    grown = pl.col("adults") > 0
    settled = pl.lit(told.issuperset(CHILDREN))
    alone = ~pl.col("could_be_a_couple") & ~pl.col("is_communal")
    all_live_here = has_address & pl.lit(told.issuperset(RESIDENTS))
    single = all_live_here & (pl.lit(told.issuperset(COUPLES)) | alone)
    # One who may still count as a child may be nobody's partner, and no benefit unit either.
    partner_known = (pl.col("adults") > 1) | (grown & single & (settled | ~pl.col("is_young")))
    all_children = settled & ~pl.col("is_unread") & ~pl.col("has_orphan")
    flags = units.select(
        "benefit_unit_id",
        "household_id",
        # The children of a partner whom nobody told of are not told of either.
        children_known=grown & all_children & partner_known,
        partner_known=partner_known,
        members_known=all_live_here | pl.col("is_communal"),
    )
    homes = flags.group_by("household_id").agg(pl.col("members_known").all()).sort("household_id")
    return Membership(flags.drop("household_id", "members_known"), homes)


def _told(known: Known) -> set[str]:
    """Return what feeds that arrived whole are complete for."""
    declared = (pl.col("kind") == "members") & (pl.col("applies_to") == EVERYBODY)
    return set(known.gathered.completeness.filter(declared)["name"])


def _unread_dwellings(known: Known, members: pl.DataFrame) -> pl.DataFrame:
    """Return the `dwelling`s that rows in quarantine name, or whose people they are of, where the
    feed says who lives where: somebody there may be known to nobody."""
    registers = known.gathered.completeness.filter(
        (pl.col("kind") == "members") & pl.col("name").is_in([CHILDREN[0], *RESIDENTS])
    )
    named = with_dwelling(known.gathered.set_aside).join(registers, on="source", how="semi")
    of_people = known.silenced.join(registers, on="source", how="semi").join(
        members, on="person_id", how="inner"
    )
    both = pl.concat([named.select("dwelling"), of_people.select("dwelling")])
    return both.drop_nulls().unique().with_columns(is_unread=pl.lit(value=True))


def _could_be_couples(
    members: pl.DataFrame, people: pl.DataFrame, relations: pl.DataFrame
) -> pl.DataFrame:
    """Return the `benefit_unit_id` of single people beside whom one lives who could be their
    partner, of either sex, for all that is known without the feeds that name couples."""
    adults = members.filter(pl.col("role") == "adult")
    adults = adults.with_columns(n=pl.len().over("benefit_unit_id"))
    grown = people.drop("dwelling").join(
        adults.select("person_id", "dwelling", "n", "is_communal"), on="person_id", how="inner"
    )
    at_home = grown.filter(~pl.col("is_communal")).with_columns(sex=pl.lit(None, pl.String))
    singles = perhaps_couples(at_home.filter(pl.col("n") == 1), at_home, relations)
    return (
        adults.join(singles, on="person_id", how="semi")
        .select("benefit_unit_id")
        .with_columns(could_be_a_couple=pl.lit(value=True))
    )


def _units(
    members: pl.DataFrame, people: pl.DataFrame, marks: tuple[pl.DataFrame, pl.DataFrame]
) -> pl.DataFrame:
    """Return each benefit unit with what is to be known of it and of those it lives with."""
    unread, could_be = marks
    young = pl.col("age").is_between(CHILD_UNTIL_YEARS, YOUNG_PERSON_UNTIL_YEARS, closed="left")
    is_adult = pl.col("role") == "adult"
    units = (
        members.join(people.select("person_id", "age"), on="person_id", how="left")
        .group_by("benefit_unit_id", "household_id", "dwelling", "is_communal")
        .agg(adults=is_adult.sum(), is_young=(is_adult & young.fill_null(value=False)).any())
    )
    at_home = (
        units.drop_nulls("dwelling")
        .group_by("dwelling")
        .agg(
            # A child without a known adult may be anybody's with whom it lives.
            has_orphan=(pl.col("adults") == 0).any(),
        )
    )
    return (
        units.join(at_home, on="dwelling", how="left", validate="m:1")
        .join(unread, on="dwelling", how="left", validate="m:1")
        .join(could_be, on="benefit_unit_id", how="left", validate="1:1")
        .with_columns(
            pl.col("is_unread", "has_orphan", "could_be_a_couple").fill_null(value=False),
        )
        .sort("benefit_unit_id")
    )
