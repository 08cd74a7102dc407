"""A Parquet file of source records, as people who are not nostop write one."""

from pathlib import Path

import polars as pl

from nostop.app.link_history import read_parquet
from nostop.frames import SourceRecords, empty
from nostop.linkage.nodes import extra_columns
from nostop.model import LinkageError, nearest

_NEEDED = ("source", "record_id")
#: Columns that may well be written as whole numbers.
_NUMBERED = ("record_id", "uprn", "postcode")
#: How a column of dates may be written; the one that most of it fits is taken. None in which a day
#: could be read as a month.
_DATES = ("%Y-%m-%d", "%Y%m%d")
_TIME = r"[T ]\d{2}:\d{2}.*$"


def read_records(path: Path) -> pl.DataFrame:
    """Return the records of a Parquet file as `SourceRecords` and its `extra_*` columns.

    Columns that it lacks are null; dates may be ISO text, of which what is no date is unknown;
    other columns are not looked at.

    Raises:
        LinkageError: it cannot be read, `source` or `record_id` is missing, or a column has a type
            that cannot be used.
    """
    frame = read_parquet(path)
    for name in _NEEDED:
        if name not in frame.columns:
            raise LinkageError(
                f"{path}: column '{name}' is missing{nearest(name, frame.columns)}, "
                f"found {frame.columns}"
            )
    schema = empty(SourceRecords).schema
    known = [_as_type(frame, name, dtype, path) for name, dtype in schema.items()]
    return pl.DataFrame([*known, *frame.select(extra_columns(frame)).get_columns()])


def _as_type(frame: pl.DataFrame, name: str, dtype: pl.DataType, path: Path) -> pl.Series:
    if name not in frame.columns:
        return pl.Series(name, [None] * frame.height, dtype=dtype)
    column = frame[name]
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype in (dtype, pl.Null):
        return column.cast(dtype)
    if name in _NUMBERED and column.dtype.is_numeric():
        return _as_digits(column, dtype, path)
    if isinstance(column.dtype, pl.Datetime) and dtype == pl.Date:
        return column.cast(dtype)
    if column.dtype != pl.String or dtype != pl.Date:
        raise LinkageError(f"{path}: column '{name}' is {column.dtype}, expected {dtype}")
    return _as_dates(column, path)


def _as_digits(column: pl.Series, dtype: pl.DataType, path: Path) -> pl.Series:
    """Return whole numbers as text; other tools keep a column with gaps as decimals."""
    whole = column.cast(pl.Int64, strict=False)
    if (
        not (whole == column).fill_null(value=True).all()
        or whole.null_count() > column.null_count()
    ):
        raise LinkageError(
            f"{path}: column '{column.name}' holds numbers that are not whole, expected text"
        )
    return whole.cast(dtype)


def _as_dates(column: pl.Series, path: Path) -> pl.Series:
    """Return text as dates: a slip such as 1856-86-18 is an unknown date, in a column of dates."""
    day = column.str.strip_chars().str.replace(_TIME, "")
    dates = [day.str.to_date(form, strict=False) for form in _DATES]
    best = min(dates, key=lambda found: found.null_count())
    written = column.len() - column.null_count()
    if written and (best.len() - best.null_count()) * 2 < written:
        raise LinkageError(
            f"{path}: column '{column.name}' holds text that is no date such as 1950-03-01"
        )
    return best
