"""Linkings of few records as literals, for the tests of ids, history and undo."""

from datetime import UTC, datetime

import polars as pl

from nostop.linkage.history import Occasion, Remembered, no_history, remembered

DAY = Occasion(datetime(2026, 6, 1, tzinfo=UTC), "nostop run", "model_v1")
CLERK = Occasion(datetime(2026, 6, 2, 9, 30, tzinfo=UTC), "ann.clerk", "model_v1")
SCHEMA = {
    "source": pl.String,
    "record_id": pl.String,
    "person_id": pl.String,
    "confidence": pl.Float64,
}


def links(*groups: str, confidence: float = 0.98) -> pl.DataFrame:
    """Return `Links`: `links("ab", "c")` says that records a and b are one person, c another."""
    rows = [("s", key, f"cluster {group}", confidence) for group in groups for key in group]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("source", "record_id")


def days(*clusterings: tuple[str, ...]) -> Remembered:
    """Return what is remembered after one linking a day."""
    log, last = no_history(), None
    for groups in clusterings:
        last = remembered(links(*groups), log, None, DAY)
        log = last.log
    assert last is not None
    return last


def ids(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("record_id", "person_id").rows())


def told(events: pl.DataFrame) -> list[tuple[str, str]]:
    """Return the events as kind and the records that went, in order."""
    whole = events.group_by("event_id", maintain_order=True).agg(
        pl.col("kind").first(), pl.col("record_id").drop_nulls()
    )
    return [(kind, "".join(keys)) for kind, keys in whole.select("kind", "record_id").rows()]
