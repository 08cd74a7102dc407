"""From linked records to people, benefit units and households with their facts and evidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.frames import Conflicts, Evidence, Situation, check
from nostop.linkage.addresses import disputed_dwellings
from nostop.linkage.awards import award_rows, award_sources, receipt_known_for
from nostop.linkage.contacts import contact_rows
from nostop.linkage.gathered import OUTREACH_REGISTER, Gathered, Known, known
from nostop.linkage.households import records_by_household, with_households
from nostop.linkage.members import membership
from nostop.linkage.placing import lives, relations_of, to_place
from nostop.linkage.stated import (
    BENEFIT_UNIT,
    HOUSEHOLD,
    Stated,
    stated_of_groups,
    stated_of_people,
)
from nostop.linkage.units import benefit_units


@dataclass(frozen=True, slots=True)
class Assembled:
    """A situation to determine, where its facts came from, and whom we may tell.

    contacts: `Contacts`, one row for each person, also those who have died (they are in no unit).
    contacts_known: false where the outreach register or the record of deaths did not arrive whole:
        then nobody may be told.
    conflicts: `Conflicts`: every side of each fact of which sources differ, of those in a unit.
    counts: name, count: what was put together, for the run's summary.
    """

    situation: Situation
    evidence: pl.DataFrame
    contacts: pl.DataFrame
    contacts_known: bool
    conflicts: pl.DataFrame
    counts: pl.DataFrame


def assemble(
    gathered: Gathered, links: pl.DataFrame, *, effective_on: date, known_on: date | None = None
) -> Assembled:
    """Return the situation on `effective_on`.

    Args:
        gathered: what the feeds brought.
        links: whose each record is.
        effective_on: the day that the situation is of.
        known_on: the day of knowledge. A run that looks ahead takes what is good on this day to
            hold until then: no fact is too old because the day asked about is far.
    Raises:
        FrameError: a table lacks a column.
        LinkageError: a fact is not in the catalogue or has another type, or a record has no link.
    """
    sources = known(gathered, links, min(effective_on, known_on or effective_on))
    person = stated_of_people(sources)
    alive = to_place(sources, person.values, effective_on)
    relations = relations_of(sources, alive)
    members = with_households(benefit_units(alive, relations))
    complete = membership(sources, members, alive, relations)
    household = stated_of_groups(
        sources, records_by_household(sources.records, members), HOUSEHOLD, members
    )
    unit = stated_of_groups(
        sources, _records_by_unit(sources.records, members), BENEFIT_UNIT, members
    )
    situation = Situation(
        people=_people(sources, members, person),
        benefit_units=_units(members, unit).join(
            complete.units, on="benefit_unit_id", how="left", validate="1:1"
        ),
        households=_named(household, HOUSEHOLD).join(
            complete.homes, on="household_id", how="left", validate="1:1"
        ),
        awards=_awards(sources, members),
        receipt_known_for=receipt_known_for(gathered.completeness),
    )
    everybody = lives(person.values, effective_on)
    of_members = person.evidence.join(
        members, left_on="subject_id", right_on="person_id", how="semi"
    )
    evidence = pl.concat([of_members, unit.evidence, household.evidence])
    conflicts = pl.concat(
        [
            person.conflicts.join(members, left_on="subject_id", right_on="person_id", how="semi"),
            disputed_dwellings(sources.records, members),
            unit.conflicts,
            household.conflicts,
        ]
    )
    return Assembled(
        situation=situation,
        evidence=check(Evidence, evidence.sort("level", "subject_id", "fact")),
        contacts=_contacts(sources, everybody),
        contacts_known=_contacts_known(gathered),
        conflicts=check(Conflicts, conflicts.sort(list(Conflicts.columns()))),
        counts=_counts(situation, everybody, evidence, (person, unit, household)),
    )


def _records_by_unit(records: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    unit = members.select("person_id", subject_id="benefit_unit_id")
    return records.join(unit, on="person_id", how="inner", validate="m:1")


def _people(sources: Known, members: pl.DataFrame, person: Stated) -> pl.DataFrame:
    """Add `awards_known`: false where a feed of awards has a row of the person in quarantine."""
    unsure = sources.silenced.join(
        award_sources(sources.gathered.completeness), on="source", how="semi"
    )
    placed = members.select(
        "person_id",
        "benefit_unit_id",
        "household_id",
        "role",
        "confidence",
        awards_known=~pl.col("person_id").is_in(unsure["person_id"].unique().to_list()),
    )
    facts = person.values.rename({"subject_id": "person_id"})
    return placed.join(facts, on="person_id", how="left", validate="1:1").sort("person_id")


def _units(members: pl.DataFrame, unit: Stated) -> pl.DataFrame:
    homes = members.select("benefit_unit_id", "household_id").unique()
    return homes.join(
        _named(unit, BENEFIT_UNIT), on="benefit_unit_id", how="left", validate="1:1"
    ).sort("benefit_unit_id")


def _named(stated: Stated, level: str) -> pl.DataFrame:
    return stated.values.rename({"subject_id": f"{level}_id"}).sort(f"{level}_id")


def _awards(sources: Known, members: pl.DataFrame) -> pl.DataFrame:
    awards = sources.of_people(sources.gathered.awards)
    return award_rows(awards.join(members, on="person_id", how="semi"))


def _contacts(sources: Known, everybody: pl.DataFrame) -> pl.DataFrame:
    """A wish that stands in quarantine cannot be read: silence until somebody has looked."""
    unread = sources.silenced.filter(pl.col("source") == OUTREACH_REGISTER)
    rows = contact_rows(everybody, sources.records, sources.of_people(sources.gathered.contacts))
    on_hold = pl.col("person_id").is_in(unread["person_id"].to_list())
    return rows.with_columns(safeguarding_hold=pl.col("safeguarding_hold") | on_hold)


def _contacts_known(gathered: Gathered) -> bool:
    arrived = gathered.status.filter(pl.col("state") == "ok")["source"]
    deaths = gathered.completeness.filter(
        (pl.col("kind") == "fact") & (pl.col("name") == "died_on")
    )
    return OUTREACH_REGISTER in arrived and deaths.height > 0


def _counts(
    situation: Situation,
    everybody: pl.DataFrame,
    evidence: pl.DataFrame,
    stated: Iterable[Stated],
) -> pl.DataFrame:
    adults = situation.people.filter(pl.col("role") == "adult").group_by("benefit_unit_id").len()
    counts = {
        "people": situation.people.height,
        "people_deceased": int(everybody["is_deceased"].sum()),
        "benefit_units": situation.benefit_units.height,
        "couples": adults.filter(pl.col("len") > 1).height,
        "children": situation.people.filter(pl.col("role") == "child").height,
        "households": situation.households.height,
        "facts_in_conflict": int(evidence["conflict"].sum()),
        "facts_stale": sum(each.stale for each in stated),
    }
    return pl.DataFrame(
        {"name": list(counts), "count": list(counts.values())},
        schema={"name": pl.String, "count": pl.Int64},
    )
