"""Loading one feed: its contract, its rows, its quarantine, and the frames that good rows make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from nostop.feeds import contract
from nostop.feeds.batch import SHAPES, FeedBatch, held, only, status_row, tidy
from nostop.feeds.changes import Settled, settled
from nostop.feeds.contract import LastTime
from nostop.feeds.declaration import Complete, FeedDeclaration
from nostop.feeds.emit import (
    awards,
    contacts,
    facts,
    holds_of,
    people_set_aside,
    records,
    relations,
)
from nostop.feeds.files import Files, joined
from nostop.feeds.known import is_known_whole
from nostop.feeds.rows import COLUMN, LINE, REASON, REPEATS, judged_alone
from nostop.frames import Completeness, Quarantine, empty
from nostop.model import FeedError
from nostop.ports import RawTable

_NEVER_BEFORE = LastTime()


def load(
    declaration: FeedDeclaration,
    tables: RawTable | Sequence[RawTable],
    *,
    effective_on: date | None = None,
    known_on: date | None = None,
    last: LastTime = _NEVER_BEFORE,
) -> FeedBatch:
    """Return what a feed says as `load_or_hold` does, where it keeps its contract.

    Raises:
        FeedError: it does not.
    """
    batch = load_or_hold(
        declaration, tables, effective_on=effective_on, known_on=known_on, last=last
    )
    if batch.status["state"].item() == "held":
        raise FeedError(batch.status["reason"].item())
    return batch


def load_or_hold(
    declaration: FeedDeclaration,
    tables: RawTable | Sequence[RawTable],
    *,
    effective_on: date | None = None,
    known_on: date | None = None,
    last: LastTime = _NEVER_BEFORE,
) -> FeedBatch:
    """Return what a feed says, row by row; a row that cannot be right is in quarantine.

    Where it breaks its contract (columns, rows, bad rows, freshness, gaps) the batch has its status
    with the reason, and its quarantine as far as it could be read, and nothing else.

    Args:
        declaration: what the source promised.
        tables: what a connector read: one file or, of a feed with changes, its files in order.
        effective_on: the day of the run: a feed whose newest row is too old for it is held, and
            what it is complete for on other days only it is not complete for.
        known_on: where given, rows dated later make no frame at all: nobody knew them on that day.
            Whether the file keeps its contract is judged by all its rows; how old it is, by those
            known, on the earlier of the two days.
        last: what earlier runs knew of this feed.
    """
    several = [tables] if isinstance(tables, RawTable) else list(tables)
    try:
        read = _read(declaration, several, known_on)
    except FeedError as error:
        return _unreadable(declaration, several, str(error))
    try:
        return _loaded(declaration, read, effective_on, last)
    except FeedError as error:
        quarantine = _quarantine(declaration, read.files, read.known)
        found = only(quarantine=quarantine, status=_status(declaration, read))
        return held(found, declaration.id, str(error))


@dataclass(frozen=True, slots=True)
class _Read:
    """The files of a feed, their rows as `judged_alone` returns them, and those that count: of
    `every` row, and of those `known` on the day of knowledge."""

    files: Files
    rows: pl.DataFrame
    every: Settled
    known: Settled
    known_on: date | None


def _read(declaration: FeedDeclaration, tables: Sequence[RawTable], known_on: date | None) -> _Read:
    files = joined(declaration, tables)
    rows = judged_alone(declaration, files.table)
    every = settled(declaration, files, rows, None)
    known = every if known_on is None else settled(declaration, files, rows, known_on)
    return _Read(files, rows, every, known, known_on)


def _unreadable(declaration: FeedDeclaration, tables: Sequence[RawTable], reason: str) -> FeedBatch:
    read = sum(table.rows.height + table.rejected.height for table in tables)
    file, sha256 = (tables[0].file, tables[0].sha256) if len(tables) == 1 else (None, None)
    told = {"file": file, "sha256": sha256, "rows_read": read}
    return only(status=status_row(declaration, state="held", reason=reason, **told))


def _loaded(
    declaration: FeedDeclaration, read: _Read, effective_on: date | None, last: LastTime
) -> FeedBatch:
    promised, file, known = declaration.contract, read.files.table.file, read.known
    contract.refuse_volume(promised, file, read.every.count, last)
    broken = _quarantine(declaration, read.files, read.every)
    contract.refuse_bad(promised, file, read.every.count, broken)
    if effective_on is not None:
        on = min(effective_on, read.known_on or effective_on)
        contract.refuse_stale(promised, file, known.newest, on)
    good = known.good
    current = contract.current(declaration, file, good)
    found = records(declaration, good)
    ids = pl.concat([part["record_id"] for part in found])
    contract.refuse_strange_records(promised, file, ids, last)
    parts = {
        "records": found,
        "facts": [_in_own_file(read.files, part) for part in facts(declaration, current)],
        "awards": awards(declaration, current),
        "relations": relations(declaration, good),
        "contacts": contacts(declaration, good),
        "quarantine": [_quarantine(declaration, read.files, known)],
        "status": [_status(declaration, read)],
        "completeness": [_completeness(declaration, read, effective_on)],
        "set_aside": people_set_aside(declaration, pl.concat([known.bad, _doubted(known)])),
    }
    if any(contact.hold_where_set_aside for contact in declaration.contacts):
        _hold(declaration, read, parts)
    return FeedBatch(**{name: tidy(name, parts[name]) for name in SHAPES})


def _doubted(known: Settled) -> pl.DataFrame:
    return known.doubted.with_columns(pl.lit("was changed by a row in quarantine").alias(REASON))


def _hold(declaration: FeedDeclaration, read: _Read, parts: dict[str, list[pl.DataFrame]]) -> None:
    """Move the people set aside into the records, on hold.

    Raises:
        FeedError: a row does not say whose it is, so that nobody knows whom to leave alone.
    """
    whose = _recognisable(pl.concat(people_set_aside(declaration, read.known.bad)))
    lost = pl.concat(parts["quarantine"]).filter(pl.col("reason") != REPEATS).height - whose.height
    if lost > 0:
        hint = "it may ask us not to contact somebody: mend it, then run again"
        file = read.files.table.file
        raise FeedError(f"{file}: {lost:,} bad rows do not say whose they are: {hint}")
    people = _recognisable(pl.concat(parts["set_aside"]))
    parts["records"] = [*parts["records"], people]
    parts["contacts"] = [*parts["contacts"], holds_of(people)]
    parts["set_aside"] = []


def _recognisable(people: pl.DataFrame) -> pl.DataFrame:
    whose = pl.any_horizontal(pl.col("nino", "born_on", "postcode").is_not_null())
    return people.filter(pl.col("surname").is_not_null() & whose)


def _in_own_file(files: Files, stated: pl.DataFrame) -> pl.DataFrame:
    return stated.with_columns(files.lines(stated["line"]))


def _quarantine(declaration: FeedDeclaration, files: Files, rows: Settled) -> pl.DataFrame:
    told = rows.bad.select(line=LINE, column=COLUMN, reason=REASON)
    both = pl.concat([rows.rejected.select("line", "column", "reason"), told])
    places = files.told(both["line"]), files.lines(both["line"])
    placed = both.with_columns(*places, source=pl.lit(declaration.id))
    return placed.select(Quarantine.columns().keys())


def _status(declaration: FeedDeclaration, read: _Read) -> pl.DataFrame:
    file, known = read.files.table.file, read.known
    good = known.good.height
    not_yet = known.later > 0 and good == 0
    fresh = timedelta(days=declaration.contract.fresh_for_days)
    return status_row(
        declaration,
        state="missing" if not_yet else "ok",
        reason=f"{file}: no row of it is of {read.known_on} or before" if not_yet else None,
        file=file,
        sha256=read.files.table.sha256,
        rows_read=read.files.rows_read,
        rows_good=good,
        rows_quarantined=known.count - good,
        rows_later=known.later,
        rows_replaced=known.replaced,
        as_of=known.newest,
        fresh_until=known.newest + fresh if known.newest else None,
    )


def _completeness(
    declaration: FeedDeclaration, read: _Read, effective_on: date | None
) -> pl.DataFrame:
    whole = read.known_on is None or is_known_whole(declaration, read.rows, read.known_on)
    claims = [
        (declaration.id, kind, name, complete.applies_to)
        for complete in declaration.complete_for
        if whole and _covers(complete, read.known.good, effective_on)
        for kind, names in (
            ("fact", complete.facts),
            ("award", complete.awards),
            ("members", complete.members),
        )
        for name in names
    ]
    return pl.DataFrame(claims, schema=empty(Completeness).schema, orient="row")


def _covers(complete: Complete, good: pl.DataFrame, on: date | None) -> bool:
    """Return whether a day is one for which the lack of a record means something."""
    if on is None:
        return True
    starts, ends = _day(complete.from_, good, "max"), _day(complete.to, good, "min")
    begun = complete.from_ is None or (starts is not None and starts <= on)
    return begun and (complete.to is None or (ends is not None and on <= ends))


def _day(said: str | date | None, good: pl.DataFrame, which: str) -> date | None:
    if not isinstance(said, str):
        return said
    days = good[said]
    # A row that does not say so promises nothing.
    day = None if days.has_nulls() else (days.max() if which == "max" else days.min())
    return day if isinstance(day, date) else None
