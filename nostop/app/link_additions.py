"""Linking a day's changes in files: what they may touch is linked again, the rest stays."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from nostop import linkage
from nostop.app.link_history import read_parquet, write_whole
from nostop.app.record_file import read_records
from nostop.app.standing_files import keep_standing, kept_standing
from nostop.frames import Links, check
from nostop.linkage.additions import Added, add
from nostop.linkage.ids import relabelled
from nostop.linkage.standing import standing


@dataclass(frozen=True, slots=True)
class ChangeFiles:
    """Where a change is read from and written to.

    records: all records as they are now.
    previous: `Links` of what they were.
    changed: records that were corrected, and records as they were before they were corrected or
        withdrawn; None where there are only new ones.
    out: the `Links` to write.
    index: the folder of what stands, kept by `keep_index` and by each change.
    """

    records: Path
    previous: Path
    changed: Path | None
    out: Path
    index: Path


def keep_index(records: Path, links: Path, index: Path) -> None:
    """Keep what stands of a whole linking, for later changes to go on from.

    Raises:
        LinkageError: a file cannot be read, or they are not of one linking.
    """
    keep_standing(standing(read_records(records), check(Links, read_parquet(links))), index)


def link_changed(files: ChangeFiles, relink: Callable[..., pl.DataFrame] = linkage.link) -> Added:
    """Write, and return, links after a change, at a cost in proportion to it.

    Args:
        files: where everything is.
        relink: `linkage.link` with verdicts and the like bound; it gets what the index weighs by.
    Raises:
        LinkageError: a file cannot be read, or there is nothing to go on from.
        FrameError: a table lacks a column or repeats a key.
    """
    records, previous = read_records(files.records), check(Links, read_parquet(files.previous))
    changed = records.clear() if files.changed is None else read_records(files.changed)
    before = kept_standing(files.index)
    part = partial(relink, model=before.weighing)
    added = add(records, previous, _alike(changed, records), part, before)
    links = relabelled(added.links, previous)
    keep_standing(added.standing, files.index)
    write_whole(links, files.out)
    return Added(links, added.standing, added.linked_again)


def _alike(changed: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Return the changed rows with the columns of all: an extra column that they lack is null."""
    missing = [name for name in records.columns if name not in changed.columns]
    return changed.with_columns(
        pl.lit(None, records.schema[name]).alias(name) for name in missing
    ).select(records.columns)
