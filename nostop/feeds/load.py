"""Loading one feed: its contract, its rows, its quarantine, and the frames that good rows make."""

from datetime import date

import polars as pl

from nostop.feeds.batch import SHAPES, FeedBatch, tidy
from nostop.feeds.declaration import FeedDeclaration
from nostop.feeds.emit import (
    awards,
    contacts,
    facts,
    holds_of,
    people_set_aside,
    records,
    relations,
)
from nostop.feeds.known import is_known_whole, is_later
from nostop.feeds.rows import AS_OF, COLUMN, LINE, REASON, REPEATS, typed
from nostop.frames import Completeness, FeedStatus, Quarantine, empty
from nostop.model import FeedError
from nostop.ports import RawTable


def load(
    declaration: FeedDeclaration,
    table: RawTable,
    *,
    effective_on: date | None = None,
    known_on: date | None = None,
) -> FeedBatch:
    """Return what a feed says, row by row; a row that cannot be right is in quarantine.

    Every row of the file is good, in quarantine, or later than `known_on`: `rows_read` is the sum.

    Args:
        declaration: what the source promised.
        table: what a connector read.
        effective_on: where given, a feed whose newest row is too old for its contract is refused.
        known_on: where given, rows dated later make no frame at all: nobody knew them on that day.
            Whether the file keeps its contract is judged by all its rows; how old it is, by those
            known, on the earlier of the two days.

    Raises:
        FeedError: the file breaks its contract (columns, rows, bad rows, freshness). Nothing of it
            may be used then: give the message to `missing(declaration, message, held=True)`.
    """
    rows = typed(declaration, table)
    is_bad = pl.col(REASON).is_not_null()
    _refuse_few(declaration, table)
    _refuse_bad(declaration, table, _quarantine(declaration, table, rows.filter(is_bad)))
    known = rows if known_on is None else rows.filter(~is_later(known_on))
    good, bad = known.filter(~is_bad), known.filter(is_bad)
    quarantine = _quarantine(declaration, table, bad)
    if effective_on is not None:
        _refuse_stale(declaration, table, good, min(effective_on, known_on or effective_on))
    current = _current(declaration, table, good)
    found = records(declaration, good)
    parts = {
        "records": found,
        "facts": facts(declaration, current),
        "awards": awards(declaration, current),
        "relations": relations(declaration, good),
        "contacts": contacts(declaration, good),
        "quarantine": [quarantine],
        "status": [_status(declaration, table, good, quarantine, known_on)],
        "completeness": [_completeness(declaration, rows, known_on)],
        "set_aside": people_set_aside(declaration, bad),
    }
    if any(contact.hold_where_set_aside for contact in declaration.contacts):
        _hold(table, parts)
    return FeedBatch(**{name: tidy(name, parts[name]) for name in SHAPES})


def _hold(table: RawTable, parts: dict[str, list[pl.DataFrame]]) -> None:
    """Move the people set aside into the records, on hold.

    Raises:
        FeedError: a row does not say whose it is, so that nobody knows whom to leave alone.
    """
    people = pl.concat(parts["set_aside"])
    whose = pl.any_horizontal(pl.col("nino", "born_on", "postcode").is_not_null())
    people = people.filter(pl.col("surname").is_not_null() & whose)
    quarantine = pl.concat(parts["quarantine"])
    lost = quarantine.filter(pl.col("reason") != REPEATS).height - people.height
    if lost > 0:
        hint = "it may ask us not to contact somebody: mend it, then run again"
        raise FeedError(f"{table.file}: {lost:,} bad rows do not say whose they are: {hint}")
    parts["records"] = [*parts["records"], people]
    parts["contacts"] = [*parts["contacts"], holds_of(people)]
    parts["set_aside"] = []


def _rows_read(table: RawTable) -> int:
    return table.rows.height + table.rejected.height


def _quarantine(declaration: FeedDeclaration, table: RawTable, bad: pl.DataFrame) -> pl.DataFrame:
    told = bad.select(line=LINE, column=COLUMN, reason=REASON)
    both = pl.concat([table.rejected.select("line", "column", "reason"), told])
    return both.with_columns(source=pl.lit(declaration.id), file=pl.lit(table.file)).select(
        Quarantine.columns().keys()
    )


def _refuse_few(declaration: FeedDeclaration, table: RawTable) -> None:
    least = declaration.contract.rows_at_least
    if _rows_read(table) < least:
        found = f"has {_rows_read(table):,} rows, its contract says at least {least:,}"
        raise FeedError(f"{table.file}: {found}: ask the source for the whole file")


def _refuse_bad(declaration: FeedDeclaration, table: RawTable, quarantine: pl.DataFrame) -> None:
    read, allowed = _rows_read(table), declaration.contract.bad_rows_at_most
    if quarantine.height <= allowed * read:
        return
    reasons = (
        quarantine.group_by("column", "reason")
        .agg(rows=pl.len(), line=pl.col("line").min())
        .sort("rows", "line", descending=[True, False])
        .head(3)
    )
    told = "; ".join(
        f"{f'column {column} ' if column else ''}{reason} ({rows:,}, first on line {line})"
        for column, reason, rows, line in reasons.rows()
    )
    limit = f"its contract allows {float(allowed):.1%}"
    raise FeedError(
        f"{table.file}: {quarantine.height:,} of {read:,} rows are bad, {limit}: {told}"
    )


def _newest(rows: pl.DataFrame) -> date | None:
    newest = rows[AS_OF].max()
    return newest if isinstance(newest, date) else None


def _refuse_stale(
    declaration: FeedDeclaration, table: RawTable, good: pl.DataFrame, on: date
) -> None:
    days, newest = declaration.contract.fresh_for_days, _newest(good)
    if newest is not None and (on - newest).days > days:
        found = f"its newest row is of {newest}, more than {days} days before {on}"
        raise FeedError(f"{table.file}: {found}: ask the source for a newer file")


def _current(declaration: FeedDeclaration, table: RawTable, good: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that say how things are now, and not how they were in earlier rows."""
    if declaration.current is None or good.is_empty():
        return good
    column, share = declaration.current.column, declaration.current.share_at_least
    latest = good.filter(pl.col(column) == pl.col(column).max())
    # One mistyped year would otherwise be the latest, and everybody else's pay would be nil.
    if latest.height < share * good.height:
        found = f"only {latest.height:,} of {good.height:,} rows are of the latest {column}"
        hint = f"its contract says at least {float(share):.1%}: a wrong date, or a part of a file"
        raise FeedError(f"{table.file}: {found} ({latest[column].item(0)}), {hint}")
    return latest


def _status(
    declaration: FeedDeclaration,
    table: RawTable,
    good: pl.DataFrame,
    quarantine: pl.DataFrame,
    known_on: date | None,
) -> pl.DataFrame:
    later = _rows_read(table) - good.height - quarantine.height
    not_yet = later > 0 and good.is_empty()
    status = {
        "source": declaration.id,
        "state": "missing" if not_yet else "ok",
        "reason": f"{table.file}: no row of it is of {known_on} or before" if not_yet else None,
        "file": table.file,
        "sha256": table.sha256,
        "rows_read": _rows_read(table),
        "rows_good": good.height,
        "rows_quarantined": quarantine.height,
        "rows_later": later,
        "as_of": _newest(good),
    }
    return pl.DataFrame([status], schema=empty(FeedStatus).schema)


def _completeness(
    declaration: FeedDeclaration, rows: pl.DataFrame, known_on: date | None
) -> pl.DataFrame:
    whole = known_on is None or is_known_whole(declaration, rows, known_on)
    claims = [
        (declaration.id, kind, name, complete.applies_to)
        for complete in declaration.complete_for
        if whole
        for kind, names in (("fact", complete.facts), ("award", complete.awards))
        for name in names
    ]
    return pl.DataFrame(claims, schema=empty(Completeness).schema, orient="row")
