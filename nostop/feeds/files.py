"""The files of one feed as one table, and where each of its rows stood."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from nostop.feeds.declaration import FeedDeclaration
from nostop.feeds.rows import LINE, refuse_columns
from nostop.model import FeedError
from nostop.ports import RawTable

#: More files of changes than this are no feed any more but its history.
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Files:
    """The rows of one feed.

    table: the rows of all files; `_line` counts on from file to file, so that it orders the rows
        and names each. `file` and `sha256` are those of all of them.
    names: what the files are called, in their order.
    starts: by how much the lines of each are counted on.
    """

    table: RawTable
    names: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def rows_read(self) -> int:
        """How many rows there are, those that could not be split into columns among them."""
        return self.table.rows.height + self.table.rejected.height

    def number(self, lines: pl.Series) -> pl.Series:
        """Return for each line the place of its file among `names`."""
        starts = pl.Series(self.starts, dtype=pl.Int64)
        return (starts.search_sorted(lines - 1, side="right").cast(pl.Int64) - 1).rename("number")

    def lines(self, lines: pl.Series) -> pl.Series:
        """Return the line in its own file, for lines that count on."""
        if len(self.starts) == 1:
            return lines
        starts = pl.Series(self.starts, dtype=pl.Int64)
        return (lines - starts.gather(self.number(lines))).rename(lines.name)

    def counted_on(self, told: pl.DataFrame) -> pl.Series:
        """Return the lines that count on, for rows of `Quarantine`."""
        starts = dict(zip(self.names, self.starts, strict=True))
        return told["line"] + told["file"].replace_strict(starts, return_dtype=pl.Int64)

    def told(self, lines: pl.Series) -> pl.Series:
        """Return the name of the file of each line."""
        return pl.Series("file", self.names, dtype=pl.String).gather(self.number(lines))


def joined(declaration: FeedDeclaration, tables: Sequence[RawTable]) -> Files:
    """Return what a connector read of a feed's files as one; the same file twice counts once.

    Args:
        declaration: the feed's; only one with `changes` may come in several files.
        tables: one for each file, in order of name; at least one.

    Raises:
        FeedError: there are too many files, or one has other columns than the contract's.
    """
    once = {table.sha256: table for table in reversed(tables)}
    several = [table for table in tables if once[table.sha256] is table]
    if len(several) == 1:
        return Files(several[0], (several[0].file,), (0,))
    if len(several) > MAX_FILES:
        hint = "ask the source for a whole file, and put those before it elsewhere"
        raise FeedError(f"{len(several):,} files are more than {MAX_FILES:,}: {hint}")
    for table in several:
        refuse_columns(declaration, table)
    starts = tuple(accumulate((_last_line(table) for table in several[:-1]), initial=0))
    columns = [LINE, *declaration.columns]
    on = [(table, pl.lit(start)) for table, start in zip(several, starts, strict=True)]
    rows = [table.rows.select(columns).with_columns(pl.col(LINE) + by) for table, by in on]
    rejected = [table.rejected.with_columns(pl.col("line") + by) for table, by in on]
    names = tuple(table.file for table in several)
    whole = RawTable(
        f"{names[0]} to {names[-1]} ({len(names)} files)",
        hashlib.sha256("\n".join(table.sha256 for table in several).encode()).hexdigest(),
        pl.concat(rows),
        pl.concat(rejected),
    )
    return Files(whole, names, starts)


def _last_line(table: RawTable) -> int:
    lines = pl.concat([table.rows[LINE], table.rejected["line"].cast(pl.Int64)])
    last = lines.max()
    return last if isinstance(last, int) else 0
