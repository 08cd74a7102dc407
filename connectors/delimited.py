"""Delimited text files (CSV and its kin): one header line, then one row on each line."""

import csv
import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from connectors._lines import (
    FORBIDDEN,
    Block,
    Limits,
    blocks,
    composed,
    forbidden,
    forbidden_in,
    rejected,
    survey,
)
from nostop.model import FeedError
from nostop.ports import RawTable

#: Stands for a quoted value while a line's delimiters are counted; controls are refused before.
_MARK = "\x01"
_MISQUOTED = "a quotation mark is not closed on its line, or stands inside a value"


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """Reads a delimited file with a header: every value as text, nothing inferred.

    A row that does not split into exactly the header's columns, or holds a control or an invisible
    character, is rejected with its line. Values are Unicode NFC; an empty value is null.

    Attributes:
        delimiter: one character, such as `,` `;` `|` or a tab.
        encoding: `utf-8` (with or without byte order mark) or `latin-1`, as the contract says.
        max_bytes, max_line_bytes, max_rows, max_columns: a larger file is refused unparsed.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    max_bytes: int = 8 * 1024**3
    max_line_bytes: int = 1024**2
    max_rows: int = 50_000_000
    max_columns: int = 1_000

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0':
            raise FeedError(f"delimiter {self.delimiter!r}: write one character, such as ','")
        self._limits()

    def _limits(self) -> Limits:
        return Limits(self.encoding, self.max_bytes, self.max_line_bytes, self.max_rows)

    def read(self, location: Path, since: date | None = None) -> RawTable:  # noqa: ARG002 - no use
        """Return every row; a file cannot tell what changed, so `since` asks for nothing less.

        Raises:
            FeedError: the file is of another encoding, too large, without a header, or not text.
        """
        limits, digest = self._limits(), hashlib.sha256()
        if survey(location, limits) == 0:
            raise FeedError(f"{location.name}: is empty: not even a header line was found")
        columns: list[str] = []
        parts: list[pl.DataFrame] = []
        faults: list[tuple[int, str | None, str]] = []
        for block in blocks(location, limits, digest):
            rows = block
            if not columns:
                columns = self._header(location, block.lines[0])
                parts.append(pl.DataFrame(schema=_schema(columns)))
                rows = replace(block, lines=block.lines[1:], first=2)
            good, bad = self._split(rows, columns)
            parts.append(good)
            faults += bad
        return RawTable(location.name, digest.hexdigest(), pl.concat(parts), rejected(faults))

    def _header(self, location: Path, line: str) -> list[str]:
        name = f"{location.name}: line 1"
        if "\r" in line:
            raise FeedError(f"{name}: line ends are bare CR (old Mac): save it with LF ends")
        if line.count(self.delimiter) >= self.max_columns:
            raise FeedError(f"{name}: has more than {self.max_columns:,} columns")
        columns = _values(line, self.delimiter)
        if columns is None:
            raise FeedError(f"{name}: a quotation mark in the header is not closed")
        if forbidden_in(columns):
            raise FeedError(f"{name}: a column's name holds a control or an invisible character")
        columns = [unicodedata.normalize("NFC", column) for column in columns]
        _refuse_names(name, columns)
        return columns

    def _split(
        self, block: Block, columns: list[str]
    ) -> tuple[pl.DataFrame, list[tuple[int, str | None, str]]]:
        lines = pl.DataFrame({"line": block.lines}).with_row_index("_line", offset=block.first)
        tab = self.delimiter == "\t"
        lines = lines.with_columns(
            forbidden=forbidden(pl.col("line"), ascii_only=block.ascii_only, tab=tab),
            quoted=pl.col("line").str.contains('"', literal=True),
        ).with_columns(bare=self._bare())
        delimiters = pl.col("bare").str.count_matches(self.delimiter, literal=True)
        good = (
            ~pl.col("forbidden")
            & (delimiters == len(columns) - 1)
            & ~(pl.col("quoted") & self._misquoted())
            & (pl.col("line") != "")
        )
        lines = lines.select("_line", "line", good=good)
        table = self._parse(lines.filter("good"), columns, ascii_only=block.ascii_only)
        bad = lines.filter(~pl.col("good")).select("_line", "line").rows()
        return table, [(number, *self._why(line, columns)) for number, line in bad]

    def _bare(self) -> pl.Expr:
        # A doubled quotation mark inside quotes is one; the pattern takes the longest stretch.
        bare = pl.col("line").str.replace_all(r'"(?:[^"]|"")*"', _MARK)
        return pl.when("quoted").then(bare).otherwise("line")

    def _misquoted(self) -> pl.Expr:
        delimiter = re.escape(self.delimiter)
        beside = f"[^{delimiter}]{_MARK}|{_MARK}[^{delimiter}]"
        return pl.col("bare").str.contains('"', literal=True) | pl.col("bare").str.contains(beside)

    def _parse(self, good: pl.DataFrame, columns: list[str], *, ascii_only: bool) -> pl.DataFrame:
        if good.is_empty():
            return pl.DataFrame(schema=_schema(columns))
        text: str = good["line"].str.join("\n").item()
        table = pl.read_csv(
            text.encode(),
            has_header=False,
            schema=dict.fromkeys(columns, pl.String),
            separator=self.delimiter,
            quote_char='"',
            infer_schema=False,
        )
        if table.height != good.height:
            raise FeedError(
                f"{good.height:,} rows were counted and {table.height:,} parsed: report this"
            )
        table = table.select(pl.when(pl.all() != "").then(pl.all()))
        if not ascii_only:
            table = composed(table)
        return table.with_columns(good["_line"].cast(pl.Int64))

    def _why(self, line: str, columns: list[str]) -> tuple[str | None, str]:
        """Return the column, where one can be named, and the reason why a line was rejected."""
        if not line:
            return None, "the line is empty"
        # The splitter takes a CR for a line end; here it is one more control character.
        values = _values(line.replace("\r", _MARK), self.delimiter)
        if values is None:
            return None, _MISQUOTED
        if len(values) != len(columns):
            return None, f"has {len(values)} values where the header names {len(columns)} columns"
        if places := forbidden_in(values):
            return columns[places[0]], FORBIDDEN
        return None, _MISQUOTED


def _refuse_names(where: str, columns: list[str]) -> None:
    for number, column in enumerate(columns, start=1):
        if not column.strip():
            raise FeedError(f"{where}: column {number} has no name")
    double = sorted({column for column in columns if columns.count(column) > 1})
    if double:
        raise FeedError(f"{where}: columns {double} stand twice in the header: keep one of each")
    if "_line" in columns:
        raise FeedError(f"{where}: a column is named '_line', a name kept for line numbers")


def _schema(columns: list[str]) -> dict[str, type[pl.DataType]]:
    return {**dict.fromkeys(columns, pl.String), "_line": pl.Int64}


def _values(line: str, delimiter: str) -> list[str] | None:
    """Split one line exactly; None where its quotation marks do not fit."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [""])
    except csv.Error:
        return None
