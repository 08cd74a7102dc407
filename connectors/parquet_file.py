"""Parquet files: a flat table of typed columns, every value turned into one form of text."""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from connectors._lines import (
    FORBIDDEN,
    composed,
    forbidden,
    forbidden_in,
    open_file,
    refuse_size,
    rejected,
    split_off,
)
from nostop.model import FeedError
from nostop.ports import RawTable

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_CHUNK = 1024 * 1024
_NOT_FINITE = "is no finite number"
_DAY, _MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f"

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """Reads a Parquet file of plain columns: texts, numbers, dates, times, truths.

    A date is written YYYY-MM-DD, a moment YYYY-MM-DDThh:mm:ss with its offset where it has one and
    without the time at midnight where it has none; a whole number without a point, a truth as true
    or false. A row with NaN, an infinity or an invisible character is rejected. Rows are counted
    from 1.

    Attributes:
        changed_on: the column with the day on which a row last changed. Where it is named, only
            rows changed after the day asked for are read, and those that do not say.
        max_bytes, max_footer_bytes, max_rows, max_columns: a larger file is refused; rows are
            counted in the file's own description of itself before any is read.
    """

    changed_on: str | None = None
    max_bytes: int = 8 * 1024**3
    max_footer_bytes: int = 64 * 1024**2
    max_rows: int = 50_000_000
    max_columns: int = 1_000

    def read(self, location: Path, since: date | None = None) -> RawTable:
        """Return every row; with `changed_on`, those that changed after `since`.

        Raises:
            FeedError: the file is no Parquet, encrypted, broken, nested or too large.
        """
        sha256 = self._survey(location)
        try:
            schema = pl.read_parquet_schema(location)
            self._refuse(location, schema)
            rows = pl.scan_parquet(location, glob=False).with_row_index("_line", offset=1)
            if since is not None and self.changed_on is not None:
                changed = pl.col(self.changed_on).cast(pl.Date)
                rows = rows.filter((changed > since) | changed.is_null())
            table = rows.with_columns(pl.col("_line").cast(pl.Int64)).collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            hint = "a part of it is missing or damaged: ask for it again"
            raise FeedError(f"{location.name}: cannot be read as Parquet: {hint}") from error
        return _as_text(location.name, sha256, table)

    def _survey(self, path: Path) -> str:
        """Return the file's hash, having refused what must not be parsed."""
        digest = hashlib.sha256()
        with open_file(path) as file:
            refuse_size(path, self.max_bytes)
            first = end = file.read(_CHUNK)
            digest.update(first)
            while piece := file.read(_CHUNK):
                end = end[-8:] + piece
                digest.update(piece)
        if end[-4:] == _ENCRYPTED or first[:4] == _ENCRYPTED:
            raise FeedError(f"{path.name}: is encrypted: ask for it without a password")
        if first[:4] != _MAGIC:
            raise FeedError(f"{path.name}: is no Parquet file: it does not begin with PAR1")
        if end[-4:] != _MAGIC or len(first) < 12:
            raise FeedError(f"{path.name}: does not end with PAR1: a part of the file is missing")
        if int.from_bytes(end[-8:-4], "little") > self.max_footer_bytes:
            raise FeedError(f"{path.name}: describes itself in too many bytes: split the file")
        return digest.hexdigest()

    def _refuse(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        """Raise FeedError for columns that cannot be read, and for too many columns or rows."""
        if len(schema) > self.max_columns:
            raise FeedError(f"{path.name}: has more than {self.max_columns:,} columns")
        for name, kind in schema.items():
            if not name.strip() or name == "_line" or forbidden_in([name]):
                what = "is empty, '_line', or holds an invisible character"
                raise FeedError(f"{path.name}: the name of a column {what}: {name!a}")
            if not _is_plain(kind):
                hint = "ask for a flat file of texts, numbers, dates and truths"
                raise FeedError(f"{path.name}: column '{name}' is {_told(kind)}: {hint}")
        if self.changed_on is not None and not _is_day(schema.get(self.changed_on)):
            what = f"changed_on '{self.changed_on}' is no column of dates"
            raise FeedError(f"{path.name}: {what}, among {list(schema)}")
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        if rows > self.max_rows:
            raise FeedError(f"{path.name}: has more than {self.max_rows:,} rows: split the file")


def _is_day(kind: pl.DataType | None) -> bool:
    return kind is not None and isinstance(kind, pl.Date | pl.Datetime)


def _is_plain(kind: pl.DataType) -> bool:
    others = (pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Null)
    return kind.is_numeric() or isinstance(kind, (*_TEXTS, *others))


def _told(kind: pl.DataType) -> str:
    return "a list or has parts of its own" if kind.is_nested() else f"{kind.base_type()}"


def _as_text(file: str, sha256: str, table: pl.DataFrame) -> RawTable:
    columns = [name for name in table.columns if name != "_line"]
    kinds = table.schema
    good, bad = split_off(table, {name: _wrong(pl.col(name), kinds[name]) for name in columns})
    told: list[tuple[int, str | None, str]] = [
        (line, name, _NOT_FINITE if kinds[name].is_float() else FORBIDDEN) for line, name in bad
    ]
    texts = good.select(_text(good[name]).alias(name) for name in columns)
    rows = composed(texts).with_columns(good["_line"])
    return RawTable(file, sha256, rows, rejected(told))


def _wrong(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind.is_float():
        return ~column.is_finite()
    if isinstance(kind, _TEXTS):
        return forbidden(column.cast(pl.String), ascii_only=False)
    return pl.lit(value=False)


def _text(values: pl.Series) -> pl.Series:
    """Return a column in its one form of text; an empty text is null."""
    kind = values.dtype
    if isinstance(kind, pl.Date):
        return values.dt.to_string(_DAY)
    if isinstance(kind, pl.Datetime):
        return _moments(values, kind)
    if isinstance(kind, pl.Time):
        return values.dt.to_string("%H:%M:%S%.f")
    if kind.is_float():
        return _floats(values)
    text = values.cast(pl.String)
    return text.set(text == "", None)


def _moments(values: pl.Series, kind: pl.Datetime) -> pl.Series:
    if kind.time_zone is not None:
        # Its day is the day where it was written, which an offset of zero would move.
        return values.dt.to_string(f"{_MOMENT}%:z")
    return values.dt.to_string(_MOMENT).str.strip_suffix("T00:00:00")


def _floats(values: pl.Series) -> pl.Series:
    """Return the shortest text that is exactly each number, without an exponent."""
    text = values.cast(pl.String)
    long = text.str.contains("e", literal=True)
    if long.any():
        written = {one: format(Decimal(one), "f") for one in text.filter(long).unique().to_list()}
        text = text.replace(written)
    return text.str.strip_suffix(".0").replace("-0", "0")
