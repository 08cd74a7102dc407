"""What a feed has to be: how many rows, how good, how new, and whose. Otherwise it is held.

Each check raises `FeedError` with what was found, what was promised and what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from nostop.feeds.declaration import Contract, FeedDeclaration
from nostop.model import FeedError


@dataclass(frozen=True, slots=True)
class LastTime:
    """What an earlier run knew of one feed; None where there was none.

    rows: how many rows counted when it was last used.
    record_ids: its records in the last run, text.
    """

    rows: int | None = None
    record_ids: pl.Series | None = None


def refuse_volume(contract: Contract, file: str, rows: int, last: LastTime) -> None:
    """Refuse a file that is too small or too large: half of it is missing, or it is another one.

    Args:
        file: what the file is called.
        rows: how many of its rows count.
        last: what the last run that used the feed found.

    Raises:
        FeedError: it is.
    """
    for found in _volume(contract, rows, last.rows):
        raise FeedError(f"{file}: has {rows:,} rows, {found}")


def _volume(contract: Contract, rows: int, last: int | None) -> Iterator[str]:
    whole = "ask the source for the whole file"
    if contract.rows_at_least is not None and rows < contract.rows_at_least:
        yield f"its contract says at least {contract.rows_at_least:,}: {whole}"
    if contract.rows_at_most is not None and rows > contract.rows_at_most:
        hint = "ask the source whether it is the right file"
        yield f"its contract says at most {contract.rows_at_most:,}: {hint}"
    about = contract.rows_about
    if about is not None and abs(rows - about.count) > about.within * about.count:
        said = f"about {about.count:,}, within {percent(about.within)}"
        yield f"its contract says {said}: ask the source whether it is the right file and whole"
    most = contract.rows_change_at_most
    if most is not None and last is not None and abs(rows - last) > most * last:
        limit = f"its contract lets them change by at most {percent(most)}"
        hint = "ask the source whether it is the right file and whole; if it is, raise"
        yield f"the last file that was used had {last:,}, and {limit}: {hint} rows_change_at_most"


def percent(share: Fraction) -> str:
    """Return a share as people write it: `30%`."""
    return f"{float(share * 100):.4g}%"


def refuse_bad(contract: Contract, file: str, rows: int, quarantine: pl.DataFrame) -> None:
    """Refuse a file of which too many rows cannot be used, with the commonest reasons.

    Args:
        rows: how many of its rows count.
        quarantine: `Quarantine`.

    Raises:
        FeedError: too many are bad.
    """
    allowed = contract.bad_rows_at_most
    if quarantine.height <= allowed * rows:
        return
    reasons = (
        quarantine.group_by("column", "reason")
        .agg(rows=pl.len(), line=pl.col("line").min())
        .sort("rows", "line", descending=[True, False])
        .head(3)
    )
    told = "; ".join(
        f"{f'column {column} ' if column else ''}{reason} ({count:,}, first on line {line})"
        for column, reason, count, line in reasons.rows()
    )
    limit = f"its contract allows {float(allowed):.1%}"
    raise FeedError(f"{file}: {quarantine.height:,} of {rows:,} rows are bad, {limit}: {told}")


def refuse_stale(contract: Contract, file: str, latest: date | None, on: date) -> None:
    """Refuse a file whose newest row is too old on a day.

    Raises:
        FeedError: it is.
    """
    days = contract.fresh_for_days
    if latest is not None and (on - latest).days > days:
        found = f"its newest row is of {latest}, more than {days} days before {on}"
        raise FeedError(f"{file}: {found}: ask the source for a newer file")


def refuse_strange_records(
    contract: Contract, file: str, record_ids: pl.Series, last: LastTime
) -> None:
    """Refuse a file of which too few records were there in the last run.

    Raises:
        FeedError: too few were.
    """
    least, before = contract.known_records_at_least, last.record_ids
    if least is None or before is None or before.is_empty() or record_ids.is_empty():
        return
    known = int(record_ids.is_in(before.implode()).sum())
    if known < least * len(record_ids):
        found = f"{known:,} of its {len(record_ids):,} records were there in the last run"
        hint = "ask the source whether it is the right file; if it is, lower known_records_at_least"
        raise FeedError(f"{file}: {found}, its contract says at least {percent(least)}: {hint}")


def current(declaration: FeedDeclaration, file: str, good: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that say how things are now, and not how they were in earlier rows.

    Raises:
        FeedError: too few rows are of the latest date.
    """
    if declaration.current is None or good.is_empty():
        return good
    column, share = declaration.current.column, declaration.current.share_at_least
    latest = good.filter(pl.col(column) == pl.col(column).max())
    # One mistyped year would otherwise be the latest, and everybody else's pay would be nil.
    if latest.height < share * good.height:
        found = f"only {latest.height:,} of {good.height:,} rows are of the latest {column}"
        hint = f"its contract says at least {float(share):.1%}: a wrong date, or a part of a file"
        raise FeedError(f"{file}: {found} ({latest[column].item(0)}), {hint}")
    return latest
