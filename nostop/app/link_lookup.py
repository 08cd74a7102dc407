"""One record looked up among all of a linking's: who it may be."""

from pathlib import Path

import polars as pl

from nostop.app.link_additions import keep_index
from nostop.app.link_history import read_parquet
from nostop.app.record_file import read_records
from nostop.app.standing_files import kept_standing
from nostop.frames import Links, check
from nostop.linkage.lookup import Lookup


def open_lookup(records: Path, links: Path, index: Path | None = None) -> Lookup:
    """Return all records of a linking, ready to be asked; `find` then answers at once.

    Args:
        records, links: Parquet files of one linking.
        index: a folder that keeps what stands of it; made where there is none.
    Raises:
        LinkageError: a file cannot be read, or they are not of one linking.
        FrameError: a table lacks a column or repeats a key.
    """
    return _opened(read_records(records), links, index)


def _opened(records: pl.DataFrame, links: Path, index: Path | None) -> Lookup:
    told = check(Links, read_parquet(links))
    if index is not None and not index.exists():
        keep_index(records, told, index)
    stood = None if index is None else kept_standing(index)
    return Lookup(records, told, stood)


def look_up(
    records: Path, links: Path, asked: dict[str, object], most: int, index: Path | None = None
) -> pl.DataFrame:
    """Return who a record may be, the likeliest first, with what is known of them.

    Args:
        records, links, index: see `open_lookup`.
        asked: columns of `SourceRecords` and what is known of the record.
        most: at most so many people.
    Returns:
        person_id, confidence, forbidden, and the columns of the record that is most alike.
    Raises:
        LinkageError, FrameError: see `open_lookup`, and `Lookup.find`.
    """
    known = read_records(records)
    found = _opened(known, links, index).find(asked, most)
    return found.join(
        known,
        on=["source", "record_id"],
        how="left",
        validate="m:1",
        maintain_order="left",
    )
