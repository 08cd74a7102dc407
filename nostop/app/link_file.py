"""Linking a file of records on its own: no feeds, no rules."""

from pathlib import Path

import polars as pl

from nostop import linkage
from nostop.frames import Links, SourceRecords, check, empty
from nostop.model import LinkageError, nearest

_NEEDED = ("source", "record_id")


def link_file(records: Path, out: Path, previous: Path | None = None) -> pl.DataFrame:
    """Write, and return, which person each record of a Parquet file is (`Links`).

    Args:
        records: the columns of `SourceRecords`; `source` and `record_id` must be there, of the
            others those that the source
            has. Dates may be ISO text. Other columns are not looked at.
        out: the Parquet file to write.
        previous: the `Links` of an earlier run, whose person ids live on.
    Raises:
        LinkageError: a file cannot be read, or a column cannot be used.
        FrameError: a record comes twice.
    """
    older = None if previous is None else check(Links, _parquet(previous))
    links = linkage.link(_as_records(_parquet(records), records), previous=older)
    out.parent.mkdir(parents=True, exist_ok=True)
    links.write_parquet(out)
    return links


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LinkageError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error


def _as_records(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    schema = empty(SourceRecords).schema
    for name in _NEEDED:
        if name not in frame.columns:
            raise LinkageError(
                f"{path}: column '{name}' is missing{nearest(name, frame.columns)}, "
                f"found {frame.columns}"
            )
    columns = [
        _as_type(frame, name, dtype, path)
        if name in frame.columns
        else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(columns)


def _as_type(frame: pl.DataFrame, name: str, dtype: pl.DataType, path: Path) -> pl.Series:
    column = frame[name]
    if column.dtype == dtype:
        return column
    if column.dtype != pl.Null and not (column.dtype == pl.String and dtype == pl.Date):
        raise LinkageError(f"{path}: column '{name}' is {column.dtype}, expected {dtype}")
    try:
        return column.str.to_date("%Y-%m-%d") if column.dtype == pl.String else column.cast(dtype)
    except pl.exceptions.PolarsError:
        raise LinkageError(
            f"{path}: column '{name}' holds text that is no date such as 1950-03-01"
        ) from None
