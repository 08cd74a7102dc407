"""Linking a day's changes: what they may touch is linked again, the rest stays as it is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from nostop import linkage
from nostop.app.standing_files import keep_standing, kept_standing
from nostop.linkage.additions import Added, add
from nostop.linkage.ids import relabelled
from nostop.linkage.standing import standing


def keep_index(records: pl.DataFrame, links: pl.DataFrame, index: Path) -> None:
    """Keep what stands of a whole linking in a folder, for later changes to go on from.

    Raises:
        LinkageError: records and links are not of one linking.
    """
    keep_standing(standing(records, links), index)


@dataclass(frozen=True, slots=True)
class Change:
    """What there is after a change, and what it goes on from.

    records: `SourceRecords` as they are now, and extra columns: all of them.
    previous: `Links` of what they were.
    changed: rows that were corrected, and rows as they were of records that were corrected or
        withdrawn; None where there are only new ones.
    index: the folder of what stands, kept by `keep_index` and by each change.
    """

    records: pl.DataFrame
    previous: pl.DataFrame
    changed: pl.DataFrame | None
    index: Path


def link_changed(change: Change, relink: Callable[..., pl.DataFrame] = linkage.link) -> Added:
    """Return links after a change, at a cost in proportion to it, and keep what stands then.

    Args:
        change: what there is.
        relink: `linkage.link` with verdicts and the like bound; it gets what the index weighs by.
    Raises:
        LinkageError: there is nothing to go on from.
        FrameError: a table lacks a column or repeats a key.
    """
    records = change.records
    changed = records.clear() if change.changed is None else change.changed
    before = kept_standing(change.index)
    part = partial(relink, model=before.weighing)
    added = add(records, change.previous, _alike(changed, records), part, before)
    keep_standing(added.standing, change.index)
    return Added(relabelled(added.links, change.previous), added.standing, added.linked_again)


def _alike(changed: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Return the changed rows with the columns of all: an extra column that they lack is null."""
    missing = [name for name in records.columns if name not in changed.columns]
    return changed.with_columns(
        pl.lit(None, records.schema[name]).alias(name) for name in missing
    ).select(records.columns)
