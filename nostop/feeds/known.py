"""What a feed said on a day of knowledge: its rows until then, and whether they were all."""

from datetime import date

import polars as pl

from nostop.feeds.declaration import FeedDeclaration
from nostop.feeds.rows import AS_OF, REASON


def is_later(known_on: date) -> pl.Expr:
    """Return whether a row is dated later; one without a day that can be read is not."""
    return (pl.col(AS_OF) > known_on).fill_null(value=False)


def is_known_whole(declaration: FeedDeclaration, rows: pl.DataFrame, known_on: date) -> bool:
    """Return whether the lack of a record meant anything on the day.

    A file holds what was there on its newest day. Whoever is not in it may have been there on an
    earlier one: an award that has ended drops out of an extract, and a claim that was assessed
    again has one date, the last. So a file that goes on after the day does not say whom it lacked
    on the day; nor does one without any date.

    Only where a date is a whole snapshot of its own (`current` is by the column that dates the
    rows: pay by month) does the latest snapshot known say so, later ones in the file or not.

    Args:
        rows: every row of the file as `typed` gives it.
    """
    newest = rows[AS_OF].max()
    if isinstance(newest, date) and newest <= known_on:
        return True
    current = declaration.current
    by_snapshot = current is not None and current.column == declaration.as_of
    return by_snapshot and rows.filter(pl.col(REASON).is_null(), ~is_later(known_on)).height > 0
