"""People, benefit units and households put together, as they are kept between runs."""

import polars as pl

from nostop import linkage
from nostop.app.gather import gathered_from
from nostop.app.running import feeds
from nostop.app.running.checkpoints import Snapshot, content_of, key_of
from nostop.app.running.context import WHAT_CHANGED, Made, Work, detailed
from nostop.app.running.neighbourhood import Side, places_of, put_together_again
from nostop.feeds import FeedBatch, combine
from nostop.frames import Situation
from nostop.linkage import Assembled, Gathered

#: Under which name they are kept.
STAGE = "people"
_SITUATION = ("people", "benefit_units", "households", "awards")
_PLACES = "places"
_BESIDE = ("evidence", "contacts", "conflicts", "counts")
_NOBODY_TOLD = (
    "NOBODY IS WRITTEN TO: the outreach register or the record of deaths did not arrive whole."
)


def put_together(work: Work, batch: FeedBatch, links: pl.DataFrame) -> tuple[Assembled, Snapshot]:
    """Return the situation of a run, and what is kept of it.

    Args:
        links: under lasting ids.
    """
    with work.stage("Putting people together") as told:
        key = key_of(work.read.law, feeds.content_key(work.read.feeds, batch), content_of(links))

        def make() -> Made:
            now = Side(gathered_from(batch, work.law.book), places_of(batch, links))
            whole = _again(work, now)
            if whole is None:
                whole = _from_scratch(work, now.gathered, links)
            else:
                told.detail = WHAT_CHANGED
            tables, said = as_made(whole, work.read.law)
            return {**tables, _PLACES: now.places}, {**said, "feeds": _used(work, batch)}

        kept = work.snapshot(STAGE, key, told, make)
        found = as_assembled(kept)
        units, homes = found.situation.benefit_units, found.situation.households
        detailed(told, f"{units.height:,} benefit units in {homes.height:,} households")
        if not found.contacts_known:
            told.warnings.append(_NOBODY_TOLD)
    return found, kept


def _from_scratch(work: Work, gathered: Gathered, links: pl.DataFrame) -> Assembled:
    on, known_on = work.settings.effective_on, work.settings.known_on
    return linkage.assemble(gathered, links, effective_on=on, known_on=known_on)


def _again(work: Work, now: Side) -> Assembled | None:
    """Return what putting everybody together would give, from what the last run gave; None where
    there is none that can be gone on from."""
    last = work.kept.last(STAGE)
    if last is None or last.told["law"] != work.read.law:
        return None
    kept = {source: work.kept.of_before(feeds.stage_of(source), key)
            for source, key in last.told["feeds"].items()}  # fmt: skip
    if None in kept.values():
        return None
    batch = combine([feeds.as_batch(each) for each in kept.values() if each is not None])
    before = Side(gathered_from(batch, work.law.book), last.table(_PLACES))
    days = (work.settings.effective_on, work.settings.known_on)
    return put_together_again(as_assembled(last), before, now, days)


def _used(work: Work, batch: FeedBatch) -> dict[str, str]:
    """Return under which keys the feeds are kept that were used."""
    used = batch.status.filter(pl.col("state") == "ok")["source"]
    return {source: work.read.feeds[source] for source in used}


def as_made(found: Assembled, law: str) -> Made:
    """Return what was put together as it is kept."""
    situation = found.situation
    known_for = situation.receipt_known_for
    tables: dict[str, pl.DataFrame] = {name: getattr(situation, name) for name in _SITUATION}
    tables |= {name: getattr(found, name) for name in _BESIDE}
    said = {
        "contacts_known": found.contacts_known,
        "law": law,
        "receipt_known_for": None if known_for is None else sorted(known_for),
    }
    return tables, said


def as_assembled(kept: Snapshot) -> Assembled:
    """Return what was put together, as it was kept."""
    known_for = kept.told["receipt_known_for"]
    tables = {name: kept.table(name) for name in kept.hashes if name != _PLACES}
    situation = Situation(
        **{name: tables[name] for name in _SITUATION},
        receipt_known_for=None if known_for is None else frozenset(known_for),
    )
    return Assembled(
        situation=situation,
        contacts_known=kept.told["contacts_known"],
        **{name: tables[name] for name in _BESIDE},
    )
