"""Files of changes: which row of each record counts, and which records are in doubt.

The latest row of a record counts, by the watermark and then by the order of the files. A deletion
counts like any row, and then the record is gone. So does a row that is bad: what the record was
before it is out of date, and what it is now cannot be read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property

import polars as pl

from nostop.feeds.conditions import holds
from nostop.feeds.declaration import Changes, FeedDeclaration, When
from nostop.feeds.files import MAX_FILES, Files
from nostop.feeds.known import is_later
from nostop.feeds.rows import (
    AS_OF,
    COLUMN,
    DIFFERS,
    KEY,
    LINE,
    OWN,
    REASON,
    WATERMARK,
    judged_together,
)
from nostop.model import FeedError

_FILE, _GONE, _ORDER = "_file", "_gone", "_order"
#: A row whose watermark cannot be read may be the latest.
_LATEST = 2**63 - 1
_TOLD = 5


@dataclass(frozen=True)
class Settled:
    """The rows of a feed that count on a day of knowledge.

    rows: good ones and those in quarantine, as `typed` returns them.
    rejected: those that could not be split into columns, of files that count.
    doubted: what records were before a row that is in quarantine; good rows, and not used.
    replaced: how many rows later ones replaced or took away, those that take away among them.
    later: how many are dated after the day.
    newest: the latest day that a good row is of, those replaced since among them.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    doubted: pl.DataFrame
    replaced: int
    later: int
    newest: date | None

    @cached_property
    def good(self) -> pl.DataFrame:
        """The rows that are used."""
        return self.rows.filter(pl.col(REASON).is_null())

    @cached_property
    def bad(self) -> pl.DataFrame:
        """The rows in quarantine, but for `rejected`."""
        return self.rows.filter(pl.col(REASON).is_not_null())

    @property
    def count(self) -> int:
        """How many rows count."""
        return self.rows.height + self.rejected.height


def settled(
    declaration: FeedDeclaration, files: Files, rows: pl.DataFrame, known_on: date | None
) -> Settled:
    """Return the rows that count among those of all files; of a feed without changes, all do.

    Args:
        rows: as `judged_alone` returns them; `_line` counts on from file to file.
        known_on: the day of knowledge: later rows do not count, and no later file starts afresh.

    Raises:
        FeedError: no file is whole, a number of the sequence is missing, or a bad row does not say
            which record it changes.
    """
    rejected = files.table.rejected
    is_known = pl.lit(value=True) if known_on is None else ~is_later(known_on)
    changes = declaration.changes
    if changes is None:
        known = judged_together(declaration, rows).filter(is_known)
        later = rows.height - known.height
        return Settled(known, rejected, rows.clear(), 0, later, _newest(known))
    marked = _readable(changes, declaration.record, rows)
    marked = marked.with_columns(files.number(rows[LINE]).alias(_FILE))
    first = _first_file(changes, files, marked, known_on)
    known = marked.filter(is_known)
    used = known.filter(pl.col(_FILE) >= first)
    split = rejected.filter(files.number(rejected["line"]) >= first)
    _refuse_gaps(changes, used)
    _refuse_nameless(files, used, split, first)
    live, doubted = (frame.select(rows.columns) for frame in _latest(used))
    replaced = known.height - live.height + rejected.height - split.height
    later = rows.height - known.height
    settled_rows = judged_together(declaration, live)
    return Settled(settled_rows, split, doubted, replaced, later, _newest(used))


def _newest(rows: pl.DataFrame) -> date | None:
    latest = rows.select(pl.col(AS_OF).filter(pl.col(REASON).is_null()).max()).item()
    return latest if isinstance(latest, date) else None


def _readable(changes: Changes, record: list[str], rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_gone`, and clear what is wrong with rows that only have to name what they delete.

    A key of which a part is of the wrong form names nothing.
    """
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in record)
    dated = pl.col(WATERMARK).is_not_null() & pl.col(AS_OF).is_not_null()
    gone = pl.lit(value=False) if not changes.deleted else holds(changes.deleted) & named & dated
    return rows.with_columns(
        gone.alias(_GONE),
        pl.when(named).then(KEY).alias(KEY),
        *(pl.when(~gone).then(name).alias(name) for name in (COLUMN, REASON)),
    )


def _first_file(changes: Changes, files: Files, rows: pl.DataFrame, known_on: date | None) -> int:
    """Return the number of the file that everything starts from."""
    if changes.whole is None:
        return 0
    whole = sorted(_whole_files(changes.whole, files, rows))
    if not whole:
        told = changes.whole if isinstance(changes.whole, str) else "one by what its rows say"
        raise FeedError(
            f"{files.table.file}: no file is a whole one ({told}), so what the changes are to is "
            "not known: ask the source for a whole file"
        )
    if known_on is None:
        return whole[-1]
    newest = dict(rows.group_by(_FILE).agg(pl.col(AS_OF).max()).iter_rows())
    known = [n for n in whole if newest.get(n) is not None and newest[n] <= known_on]
    return known[-1] if known else whole[0]


def _whole_files(whole: str | When, files: Files, rows: pl.DataFrame) -> Iterable[int]:
    if isinstance(whole, str):
        return [n for n, name in enumerate(files.names) if fnmatchcase(name, whole)]
    readable = rows.filter(pl.col(REASON).is_null() | pl.col(_GONE))
    says = readable.group_by(_FILE).agg(some=holds(whole).any(), every=holds(whole).all())
    for number in sorted(says.filter(pl.col("some") & ~pl.col("every"))[_FILE]):
        raise FeedError(
            f"{files.names[number]}: some rows say that the file is whole and some do not: "
            "expected all or none; ask the source which it is"
        )
    return says.filter("every")[_FILE].to_list()


def _refuse_gaps(changes: Changes, rows: pl.DataFrame) -> None:
    if changes.sequence is None:
        return
    found = rows[changes.sequence].drop_nulls().unique().sort()
    after = found.filter(found.diff().fill_null(1) > 1)
    if after.is_empty():
        return
    told = [f"before {number:,}" for number in after.head(_TOLD)]
    more = f" and {len(after) - _TOLD} more places" if len(after) > _TOLD else ""
    raise FeedError(
        f"numbers of column '{changes.sequence}' are missing {', '.join(told)}{more}, from "
        f"{found[0]:,} to {found[-1]:,}: a file of changes did not come; ask the source for it"
    )


def _refuse_nameless(files: Files, rows: pl.DataFrame, split: pl.DataFrame, first: int) -> None:
    """Refuse changes to nobody knows what: any record could be out of date."""
    later = pl.col(_FILE) > first
    nameless = rows.filter(later & pl.col(REASON).is_not_null() & pl.col(KEY).is_null())[LINE]
    lost = pl.concat([nameless, split["line"].filter(files.number(split["line"]) > first)]).sort()
    if lost.is_empty():
        return
    place = f"{files.told(lost.head(1)).item()}, line {files.lines(lost.head(1)).item()}"
    raise FeedError(
        f"{len(lost):,} bad rows of changes do not say which record they change (first: {place}): "
        "any record may be out of date; mend the file, or ask the source for a whole one"
    )


def _latest(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that count, and the good ones that a row in quarantine throws into doubt."""
    order = pl.col(WATERMARK) * MAX_FILES + pl.col(_FILE)
    ordered = rows.with_columns(order.fill_null(_LATEST).alias(_ORDER))
    bad = pl.col(REASON).is_not_null()
    states = ~bad & ~pl.col(_GONE)
    tops = {
        "_best": _top(~bad, KEY),
        "_best_bad": _top(bad, KEY),
        "_best_gone": _top(pl.col(_GONE), KEY),
        "_best_state": _top(states, KEY, OWN),
    }
    named = ordered.filter(pl.col(KEY).is_not_null()).with_columns(**tops)
    newest = states & (pl.col(_ORDER) == pl.col("_best_state"))
    doubted = newest & (pl.col("_best_bad") >= pl.col("_best"))
    counts = newest & (pl.col(_ORDER) >= pl.col("_best_gone")) & ~doubted
    # Said to be gone and to be there by one file at one moment: nobody knows which.
    both = counts & (pl.col(_ORDER) == pl.col("_best_gone"))
    stays = counts | (bad & (pl.col(_ORDER) >= pl.col("_best")))
    live = named.filter(stays.fill_null(value=False)).with_columns(
        pl.when(both).then(pl.lit(DIFFERS)).otherwise(REASON).alias(REASON)
    )
    nameless = ordered.filter(pl.col(KEY).is_null())
    return (
        pl.concat([live.select(rows.columns), nameless.select(rows.columns)]).sort(LINE),
        named.filter(doubted.fill_null(value=False)),
    )


def _top(which: pl.Expr, *group: str) -> pl.Expr:
    never = pl.lit(-(2**63), pl.Int64)
    return pl.when(which).then(_ORDER).otherwise(never).max().over(group)
