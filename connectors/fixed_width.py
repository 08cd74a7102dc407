"""Fixed-width text files: no header, every line of one length, each value at its own positions."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl

from connectors._lines import (
    FORBIDDEN,
    Block,
    Limits,
    blocks,
    composed,
    forbidden,
    rejected,
    survey,
)
from nostop.model import FeedError
from nostop.ports import RawTable


@dataclass(frozen=True, slots=True)
class FixedWidthFile:
    """Reads lines cut at fixed positions: every value as text, padding spaces removed.

    A line of another length, or with a control or an invisible character, is rejected. Values are
    Unicode NFC; one of spaces only is null. Positions count characters, from 1.

    Attributes:
        fields: name -> positions, such as `account: 1-10` or `band: 23`, in the order of the line.
        encoding: `utf-8` (with or without byte order mark) or `latin-1`, as the contract says.
        max_bytes, max_line_bytes, max_rows: a larger file is refused before it is parsed.
    """

    fields: Mapping[str, str | int]
    encoding: str = "utf-8"
    max_bytes: int = 8 * 1024**3
    max_line_bytes: int = 1024**2
    max_rows: int = 50_000_000

    def __post_init__(self) -> None:
        spans = _spans(self.fields)
        for (left, (_, end)), (right, (start, _)) in pairwise(spans.items()):
            if start <= end:
                raise FeedError(f"field '{right}' begins at {start}, before '{left}' ends at {end}")
        self._limits()

    def _limits(self) -> Limits:
        return Limits(self.encoding, self.max_bytes, self.max_line_bytes, self.max_rows)

    def read(self, location: Path, since: date | None = None) -> RawTable:  # noqa: ARG002 - no use
        """Return every row; a file cannot tell what changed, so `since` asks for nothing less.

        Raises:
            FeedError: the whole file is of another encoding, too large or not text.
        """
        limits, digest, spans = self._limits(), hashlib.sha256(), _spans(self.fields)
        survey(location, limits)
        parts = [pl.DataFrame(schema={**dict.fromkeys(spans, pl.String), "_line": pl.Int64})]
        faults: list[tuple[int, str | None, str]] = []
        for block in blocks(location, limits, digest):
            if block.first == 1 and "\r" in block.lines[0]:
                raise FeedError(
                    f"{location.name}: line ends are bare CR (old Mac): save it with LF ends"
                )
            good, bad = _split(block, spans)
            parts.append(good)
            faults += bad
        return RawTable(location.name, digest.hexdigest(), pl.concat(parts), rejected(faults))


def _spans(fields: Mapping[str, str | int]) -> dict[str, tuple[int, int]]:
    """Return name -> (first, last position), checked one by one."""
    if not fields:
        raise FeedError("fields: name at least one, such as 'account: 1-10'")
    return {name: _span(name, str(positions)) for name, positions in fields.items()}


def _span(name: str, positions: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?", positions)
    if not found or name == "_line":
        raise FeedError(
            f"field '{name}': '{positions}' is no position: write '1-10', or '23' for one"
        )
    start = int(found[1])
    end = int(found[2] or start)
    if end < start:
        raise FeedError(f"field '{name}': ends at {end}, before it begins at {start}")
    return start, end


def _split(
    block: Block, spans: dict[str, tuple[int, int]]
) -> tuple[pl.DataFrame, list[tuple[int, str | None, str]]]:
    width = max(end for _, end in spans.values())
    lines = pl.DataFrame({"line": block.lines}).with_row_index("_line", offset=block.first)
    lines = lines.with_columns(
        forbidden=forbidden(pl.col("line"), ascii_only=block.ascii_only),
        length=pl.col("line").str.len_chars(),
    )
    fits = ~pl.col("forbidden") & (pl.col("length") == width)
    good = lines.filter(fits)
    rows = good.select(_value(name, start, end) for name, (start, end) in spans.items())
    rows = composed(rows).with_columns(good["_line"].cast(pl.Int64))
    bad = lines.filter(~fits)
    return rows, [(number, *_why(line, length, spans)) for number, line, _, length in bad.rows()]


def _value(name: str, start: int, end: int) -> pl.Expr:
    value = pl.col("line").str.slice(start - 1, end - start + 1).str.strip_chars(" ")
    return pl.when(value != "").then(value).alias(name)


def _why(line: str, length: int, spans: dict[str, tuple[int, int]]) -> tuple[str | None, str]:
    """Return the field, where one can be named, and the reason why a line was rejected."""
    width = max(end for _, end in spans.values())
    if length != width:
        return None, f"has {length} characters where the layout has {width}"
    places = [spot for spot, letter in enumerate(line, start=1) if not letter.isprintable()]
    inside = (name for name, (start, end) in spans.items() if places and start <= places[0] <= end)
    return next(inside, None), FORBIDDEN
