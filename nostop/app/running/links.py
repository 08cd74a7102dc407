"""Whose each record is: linked, then under the ids that people have by the history."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial

import polars as pl

from nostop import linkage
from nostop.app.link_history import (
    LINK_EVENTS,
    VERDICTS,
    binding_verdicts,
    read_history,
    read_parquet,
    write_whole,
)
from nostop.app.results import LINKS
from nostop.app.running.checkpoints import Snapshot, content_of, key_of
from nostop.app.running.context import WHAT_CHANGED, Made, Work, detailed
from nostop.app.settings import RunSettings
from nostop.app.standing_files import as_tables, from_tables
from nostop.feeds import FeedBatch
from nostop.frames import Links, check
from nostop.linkage.additions import add
from nostop.linkage.history import events, last_event, remembered
from nostop.linkage.ids import relabelled
from nostop.linkage.standing import Standing, standing

_STAGE, _LINKS, _MENTIONS, _LAW = "links", "links", "mentions", "law"
#: Where more records than this changed, everybody is linked again: it costs no more.
MOST = 0.1


def occasion(settings: RunSettings) -> linkage.Occasion:
    """Return when a run's events are: the day that it is for, and no clock, so that the same run
    leaves the same bytes."""
    at = datetime.combine(settings.effective_on, time(), UTC)
    return linkage.Occasion(at, "nostop run", linkage.MODEL_VERSION)


def history_before(settings: RunSettings) -> int:
    """Return the last event of the history that a run finds. Links from before there was a history
    are written into it first.

    Raises:
        LinkageError: the history or the links cannot be read.
    """
    log, before = read_history(settings.out / LINK_EVENTS), settings.out / LINKS
    if log.is_empty() and before.is_file():
        log = events(None, check(Links, read_parquet(before)), log, occasion(settings))
        write_whole(log, settings.out / LINK_EVENTS)
    return last_event(log)


def linked(work: Work, batch: FeedBatch) -> linkage.Remembered:
    """Return whose each record is, of people of rows set aside too: their source's silence means
    nothing for them.

    Where the last run's links stand, only whom the changed records may touch is linked again, by
    the weights of the last linking of everybody.
    """
    with work.stage("Linking the records") as told:
        out = work.settings.out
        mentions = linkage.to_link(batch.records, batch.set_aside)
        verdicts = binding_verdicts(out / VERDICTS)
        law = key_of(work.read.engine, "" if verdicts is None else content_of(verdicts))
        content, last = content_of(mentions), _last(work, law)

        def make() -> Made:
            relink = partial(linkage.link, verdicts=verdicts)
            if last is not None and (made := _again(mentions, last, relink)) is not None:
                told.detail = WHAT_CHANGED
            else:
                links = relink(mentions)
                made = links, standing(mentions, links)
            links, stands = made
            tables, said = as_tables(stands)
            kept = {_LINKS: links, _MENTIONS: mentions, **tables}
            return kept, {_LAW: law, "standing": said}

        if last is not None and last.hashes[_MENTIONS] == content:
            key = last.key
        else:
            key = key_of(law, content, "" if last is None else last.key)
        found = work.snapshot(_STAGE, key, told, make).table(_LINKS)
        log = read_history(out / LINK_EVENTS)
        # What the run itself wrote before it was stopped is yet to happen.
        log = log.filter(pl.col("event_id") <= work.claim.last_event)
        known = remembered(found, log, None, occasion(work.settings))
        people = known.links["person_id"].n_unique()
        detailed(told, f"{known.links.height:,} records are {people:,} people")
    return known


def _last(work: Work, law: str) -> Snapshot | None:
    """Return the links of the last run, if they were made by the same model and verdicts."""
    last = work.kept.last(_STAGE)
    return last if last is not None and last.told[_LAW] == law else None


def _again(
    mentions: pl.DataFrame, last: Snapshot, relink: Callable[..., pl.DataFrame]
) -> tuple[pl.DataFrame, Standing] | None:
    """Return links after a change, and what stands then; None where too much changed."""
    was = last.table(_MENTIONS)
    gone = was.join(mentions, on=was.columns, how="anti", nulls_equal=True)
    new = mentions.join(was, on=was.columns, how="anti", nulls_equal=True)
    if gone.height + new.height > MOST * mentions.height:
        return None
    corrected = new.join(gone, on=["source", "record_id"], how="semi")
    before, previous = from_tables(last.table, last.told["standing"]), last.table(_LINKS)
    part = partial(relink, model=before.weighing)
    added = add(mentions, previous, pl.concat([gone, corrected]), part, before)
    return relabelled(added.links, previous), added.standing
