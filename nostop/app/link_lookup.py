"""One record looked up among all of a linking's: who it may be."""

from pathlib import Path

import polars as pl

from nostop.app.link_history import read_parquet
from nostop.app.record_file import read_records
from nostop.frames import Links, check
from nostop.linkage.lookup import Lookup


def open_lookup(records: Path, links: Path) -> Lookup:
    """Return all records of a linking, ready to be asked; `find` then answers at once.

    Raises:
        LinkageError: a file cannot be read, or they are not of one linking.
        FrameError: a table lacks a column or repeats a key.
    """
    return Lookup(read_records(records), check(Links, read_parquet(links)))


def look_up(records: Path, links: Path, asked: dict[str, object], most: int) -> pl.DataFrame:
    """Return who a record may be, the likeliest first, with what is known of them.

    Args:
        records, links: Parquet files of one linking.
        asked: columns of `SourceRecords` and what is known of the record.
        most: at most so many people.
    Returns:
        person_id, confidence, forbidden, and the columns of the record that is most alike.
    Raises:
        LinkageError, FrameError: see `open_lookup`, and `Lookup.find`.
    """
    found = open_lookup(records, links).find(asked, most)
    return found.join(
        read_records(records),
        on=["source", "record_id"],
        how="left",
        validate="m:1",
        maintain_order="left",
    )
