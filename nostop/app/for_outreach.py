"""What a run leaves for outreach: who could be told, how, and how old the lists are that say whom
not to tell."""

from datetime import date
from pathlib import Path

import polars as pl

from nostop.app.link_history import write_whole
from nostop.feeds import FeedBatch
from nostop.frames import Awards, Situation, check, empty
from nostop.linkage import Assembled
from nostop.linkage.gathered import TRUST
from nostop.outreach.addresses import postal

_IDS = ("person_id", "benefit_unit_id", "household_id", "role")
_ASKED = ("born_on", "died_on", "has_recourse_to_public_funds", "confidence")
_PLACE = ("nation", "local_authority")
_FLAGS = ("protected_address", "safeguarding_hold")
ADDRESSES = "addresses.parquet"
ADDRESSES_BEFORE = "addresses_before.parquet"
#: Why there is no address of somebody.
PROTECTED = "protected"


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


def addresses_of(
    batch: FeedBatch, links: pl.DataFrame, assembled: Assembled, on: date, out: Path
) -> pl.DataFrame:
    """Return `PostalAddresses` of a run, and `on`, the day that they are of.

    Of somebody whose address is protected, or who must be left alone, and of their benefit unit,
    nothing is kept: not even which place it is.

    Args:
        batch: what the feeds brought.
        links: `Links`, under lasting ids.
        assembled: the people.
        on: the day of the run.
        out: the folder of the run's results, where the last day's addresses lie.
    """
    found = postal(batch.records, links, trust=TRUST, on=on, previous=_addresses_before(out, on))
    theirs = pl.col("person_id").is_in(_protected(assembled).implode())
    rest = [name for name in found.columns if name not in ("person_id", "reason")]
    return found.with_columns(
        *(pl.when(~theirs).then(pl.col(name)).alias(name) for name in rest),
        reason=pl.when(theirs).then(pl.lit(PROTECTED)).otherwise("reason"),
        on=pl.lit(on),
    )


def contacts_of(assembled: Assembled, addresses: pl.DataFrame) -> pl.DataFrame:
    """Return `Contacts` and `post`: each person's postal address, a line a line, null where it is
    not sure enough to write to."""
    posts = addresses.select("person_id", post=pl.col("lines").list.join("\n"))
    joined = assembled.contacts.join(posts, on="person_id", how="left", validate="1:1")
    return joined.sort("person_id")


def _protected(assembled: Assembled) -> pl.Series:
    """Return everybody who shares a benefit unit with somebody whom a flag protects. Where nobody
    knows whether it does, it does."""
    flags = [pl.col(name).fill_null(value=True) for name in _FLAGS]
    flagged = assembled.contacts.filter(pl.any_horizontal(flags)).select("person_id")
    people = assembled.situation.people.select("person_id", "benefit_unit_id")
    units = people.join(flagged, on="person_id", how="semi").select("benefit_unit_id")
    members = people.join(units.unique(), on="benefit_unit_id", how="semi").select("person_id")
    return pl.concat([flagged, members])["person_id"].unique().sort()


def _addresses_before(out: Path, on: date) -> pl.DataFrame | None:
    """Return the addresses of the last day before `on` that there was a run for.

    They stay beside today's, so that a run that is taken up, or made again on the same day, finds
    what it found the first time.
    """
    last, before = out / ADDRESSES, out / ADDRESSES_BEFORE
    if last.is_file() and (table := pl.read_parquet(last)).height and table["on"][0] < on:
        write_whole(table, before)
        return table
    if before.is_file() and (table := pl.read_parquet(before)).height and table["on"][0] < on:
        return table
    return None


def awards_of(situation: Situation) -> pl.DataFrame:
    """Return `Awards` as departments report them, in order; none where receipt is unknown for
    everybody."""
    awards = empty(Awards) if situation.awards is None else check(Awards, situation.awards)
    return awards.sort(awards.columns)


def lists_as_of(batch: FeedBatch) -> date | None:
    """Return the oldest day for which the lists of whom not to write to are good: the registers of
    wishes, and the records of deaths. None where one of them says no day."""
    deaths = batch.facts.filter(pl.col("fact") == "died_on")["source"]
    sources = pl.concat([batch.contacts["source"], deaths]).unique()
    days = batch.status.filter(pl.col("source").is_in(sources.to_list()))["as_of"]
    return None if days.is_empty() or days.null_count() else days.min()  # type: ignore[return-value]  # a column of dates
