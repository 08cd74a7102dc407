"""What a run leaves for outreach: who could be told, how, and how old the lists are that say whom
not to tell."""

from datetime import date

import polars as pl

from nostop.feeds import FeedBatch
from nostop.frames import Situation
from nostop.linkage import Assembled

_IDS = ("person_id", "benefit_unit_id", "household_id", "role")
_ASKED = ("born_on", "died_on", "has_recourse_to_public_funds", "confidence")
_PLACE = ("nation", "local_authority")


def recipients_of(situation: Situation) -> pl.DataFrame:
    """Return what outreach asks of everybody, sorted by person: ids, dates, place, link."""
    people, homes = situation.people, situation.households
    known = [name for name in _ASKED if name in people.columns]
    places = homes.select("household_id", *(name for name in _PLACE if name in homes.columns))
    return (
        people.select(*_IDS, *known)
        .join(places, on="household_id", how="left", validate="m:1")
        .sort("person_id")
    )


def contacts_of(assembled: Assembled) -> pl.DataFrame:
    """Return `Contacts` and `post`: each person's postal address, a line a line, null where it is
    not sure enough to write to."""
    return assembled.contacts.with_columns(post=pl.lit(None, pl.String)).sort("person_id")


def lists_as_of(batch: FeedBatch) -> date | None:
    """Return the oldest day for which the lists of whom not to write to are good: the registers of
    wishes, and the records of deaths. None where one of them says no day."""
    deaths = batch.facts.filter(pl.col("fact") == "died_on")["source"]
    sources = pl.concat([batch.contacts["source"], deaths]).unique()
    days = batch.status.filter(pl.col("source").is_in(sources.to_list()))["as_of"]
    return None if days.is_empty() or days.null_count() else days.min()  # type: ignore[return-value]  # a column of dates
