"""The feeds of a run: a file that was read before is not read again."""

import os
from collections.abc import Mapping

import polars as pl

from nostop.app.forgotten import Forgotten, forgotten
from nostop.app.gather import read_feed, together, told_of_trouble
from nostop.app.known_on import told_of_later
from nostop.app.running.checkpoints import Snapshot, key_of
from nostop.app.running.context import AS_BEFORE, Work
from nostop.feeds import FeedBatch, FeedDeclaration, LastTime
from nostop.feeds.batch import SHAPES

#: What earlier runs knew of each feed.
Last = Mapping[str, LastTime]


def read(work: Work, last: Last) -> FeedBatch:
    """Return what the feeds of a run bring; those whose files were read before, as they are kept.

    Args:
        last: what earlier runs knew of each feed, for those that are read.
    """
    declarations, settings = work.law.declarations, work.settings
    with work.stage("Reading the feeds") as told:
        kept = {each.id: _kept(work, each.id) for each in declarations}
        erased = forgotten(settings.out, os.environ)
        batches = [
            as_batch(found)
            if (found := kept[each.id])
            else _read(work, each, last.get(each.id), erased)
            for each in declarations
        ]
        batch = together(batches, declarations, settings.feeds, settings.known_on)
        told.warnings.extend([*told_of_trouble(batch.status), *told_of_later(batch.status)])
        used = batch.status.filter(pl.col("state") == "ok").height
        before = sum(each is not None for each in kept.values())
        told.detail = (
            f"{used} of {batch.status.height} feeds, {batch.records.height:,} records, "
            f"rows set aside: {batch.quarantine.height:,}"
            + (f" ({before} feeds {AS_BEFORE})" if before else "")
        )
    return batch


def stage_of(source: str) -> str:
    """Return under which name a feed is kept."""
    return f"feed.{source}"


def _kept(work: Work, source: str) -> Snapshot | None:
    """Return a feed as it is kept, if it would be judged as it was then."""
    stage, key = stage_of(source), work.read.feeds[source]
    kept, last = work.kept.taken(stage, key), work.claim.last.get(source)
    if kept is None or kept.told["last"] == last:
        return kept
    # A file that the last run used is no smaller and no stranger than it was then.
    is_the_last = last is not None and last[0] == kept.told["rows"]
    return kept if is_the_last and work.kept.was_last(stage, key) else None


def as_batch(kept: Snapshot) -> FeedBatch:
    """Return what a feed brought, as it is kept."""
    return FeedBatch(**{name: kept.table(name) for name in SHAPES})


def _read(
    work: Work, declaration: FeedDeclaration, last: LastTime | None, erased: Forgotten
) -> FeedBatch:
    settings, source = work.settings, declaration.id
    days = (settings.effective_on, settings.known_on)
    batch = erased.without(read_feed(declaration, settings.feeds, days, last))
    # One that is held or missing is looked at each time: it is soon done.
    if (batch.status["state"] == "ok").all():
        tables = {name: getattr(batch, name) for name in SHAPES}
        rows = batch.status.select(pl.col("rows_read") - pl.col("rows_replaced")).item()
        said = {"last": work.claim.last.get(source), "rows": rows}
        work.kept.keep(stage_of(source), work.read.feeds[source], tables, said)
    return batch


def as_claimed(last: Mapping[str, LastTime]) -> dict[str, list[object]]:
    """Return what earlier runs knew of each feed, as a claim writes it down."""
    return {
        source: [
            each.rows,
            None if each.record_ids is None else key_of(*each.record_ids.sort().to_list()),
        ]
        for source, each in sorted(last.items())
    }


def content_key(keys: Mapping[str, str], batch: FeedBatch) -> str:
    """Return a hash of all that the feeds brought, when those that cannot stand have been held."""
    said = batch.status.sort("source").with_columns(pl.all().cast(pl.String).fill_null("-"))
    return key_of(
        *(f"{source}={keys.get(source)}" for source in said["source"]),
        *("|".join(row) for row in said.iter_rows()),
    )
