"""Days: an event counts on its day in the United Kingdom, and a tick says that a day has come."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from nostop.events.tables import TICK, LifeEvents, event_key
from nostop.frames import check, empty
from nostop.model import EventError

_HERE = "Europe/London"
_CLOCK = "nostop/clock"


def day_of(at: datetime) -> date:
    """Return the day in the United Kingdom; `at` has a zone."""
    return at.astimezone(ZoneInfo(_HERE)).date()


def day_column(column: str) -> pl.Expr:
    """Return the day in the United Kingdom of a column of times."""
    return pl.col(column).dt.convert_time_zone(_HERE).dt.date()


def start_of(day: date) -> datetime:
    """Return when a day begins in the United Kingdom, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(_HERE)).astimezone(UTC)


def tick(day: date, now: datetime) -> pl.DataFrame:
    """Return the event that a day has come: `LifeEvents`, one row, the same each time it is asked.

    Args:
        day: the day.
        now: the time, with a zone.
    Raises:
        EventError: the day has not come yet. What nobody did by then must not be decided early.
    """
    today = day_of(now)
    if day > today:
        raise EventError(f"tick: {day} has not come yet, it is {today}")
    name = day.isoformat()
    row = (event_key(_CLOCK, name), _CLOCK, name, TICK, None, start_of(day), "{}")
    return check(LifeEvents, pl.DataFrame([row], empty(LifeEvents).schema, orient="row"))
