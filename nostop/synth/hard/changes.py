"""What reaches the registers day by day: new records, moves, corrections, removals, and a number
given out a second time."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, Bools, Ints
from nostop.synth.hard.addresses import written_addresses
from nostop.synth.hard.writer import AS_AT, World, Writer
from nostop.synth.hard.writing import write

#: With more days, too few records would be left that never change.
MOST_DAYS = 60
_LATEST_REPORT_DAYS = 4
_STANDS, _NEW, _MOVED, _CORRECTED, _REMOVED = range(5)


@dataclass(frozen=True, slots=True)
class Changes:
    """`first` is what stands before the first day; each of `days` holds the rows of a day, with
    `change`: new, moved, corrected or removed (then only its key is told)."""

    first: pl.DataFrame
    days: tuple[pl.DataFrame, ...]


def daily_changes(written: pl.DataFrame, world: World, days: int) -> Changes:
    """Return what stands at first and what each of `days` days brings.

    Args:
        written: all records with record_id, person and marks, in a fixed order.
        world: everybody, as they were before the first day.
        days: 1 to `MOST_DAYS`.
    """
    fate, day = _fates(written, world, days)
    first = written.filter(pl.Series(fate != _NEW))
    new, moved, corrected, removed = (
        _of_fate(written, fate, day, which) for which in (_NEW, _MOVED, _CORRECTED, _REMOVED)
    )
    rows = [
        _told(new, "new"),
        _moved(moved, world),
        _corrected(corrected, world),
        _removed(removed),
    ]
    changes = pl.concat(_with_reused_ids(rows, written.height * days, world))
    told = changes.sort("day", "source", "record_id")
    by_day = (told.filter(pl.col("day") == one).drop("day") for one in range(1, days + 1))
    return Changes(first, tuple(by_day))


def _fates(written: pl.DataFrame, world: World, days: int) -> tuple[Ints, Ints]:
    """Return what becomes of each record, and on which day."""
    rng = world.chance.part("what days bring")
    rates = world.rates.shapes["daily"]
    count, people = len(written), len(world.people)
    person = written["person"].to_numpy()
    home = world.people["start"].to_numpy()[person]
    drawn = rng.integers(0, PER_10000, count)
    day = rng.integers(1, days + 1, count)
    limits = np.cumsum([rates["new"] // 2, rates["corrected"], rates["removed"]]) * days
    fate = np.select(
        [drawn < limits[0], drawn < limits[1], drawn < limits[2]], [_NEW, _CORRECTED, _REMOVED]
    )
    # A household moves together; each register hears of it when it does, some not in time.
    moves = rng.integers(0, PER_10000, people)[home] < rates["moved"] * days
    moved_on = rng.integers(1, days + 1, people)[home]
    heard = moved_on + rng.integers(0, _LATEST_REPORT_DAYS, count)
    moved = (fate == _STANDS) & moves & (heard <= days) & _placed(written, world)
    fate, day = np.where(moved, _MOVED, fate), np.where(moved, heard, day)
    # Somebody nobody knew: all records of one person arrive within a few days.
    arrives = rng.integers(0, PER_10000, people)[person] < rates["new"] * days // 2
    on = np.minimum(rng.integers(1, days + 1, people)[person] + heard - moved_on, days)
    return np.where(arrives, _NEW, fate), np.where(arrives, on, day)


def _placed(written: pl.DataFrame, world: World) -> Bools:
    """Return which records are of sources that write addresses."""
    shapes = world.rates.shapes["sources"]
    with_address = [name for name, shape in shapes.items() if shape["habits"].get("address")]
    placed: Bools = written["source"].is_in(with_address).to_numpy()
    return placed


def _of_fate(written: pl.DataFrame, fate: Ints, day: Ints, which: int) -> pl.DataFrame:
    at = np.flatnonzero(fate == which)
    return written[at].with_columns(day=pl.Series(day[at]))


def _told(rows: pl.DataFrame, change: str) -> pl.DataFrame:
    seen = pl.lit(AS_AT) + pl.duration(days="day")
    return rows.with_columns(change=pl.lit(change), seen_on=seen.cast(pl.Date))


def _rewritten(
    rows: pl.DataFrame, change: str, rewrite: Callable[[str, pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """Let each source write its rows again."""
    sources = rows.group_by("source", maintain_order=True)
    parts = [rewrite(str(source), own) for (source,), own in sources]
    return _told(pl.concat(parts) if parts else rows, change)


def _moved(rows: pl.DataFrame, world: World) -> pl.DataFrame:
    """Write the address of a home drawn for each household; the rest of a record stays."""
    rng = world.chance.part("where they move to")
    new = rng.integers(0, len(world.dwellings), len(world.people))[world.people["start"].to_numpy()]
    people = world.people.with_columns(
        dwelling=pl.Series(new), room=pl.lit(0), moved_days=pl.lit(0)
    )
    there = replace(world, people=people)

    def rewrite(source: str, own: pl.DataFrame) -> pl.DataFrame:
        writer = Writer(there, source, own["person"].to_numpy(), "moves", clean=True)
        return own.with_columns(**written_addresses(writer, np.full(len(own), -1)))

    return _rewritten(rows, "moved", rewrite)


def _corrected(rows: pl.DataFrame, world: World) -> pl.DataFrame:
    """Write whole records as a clerk does with the person in front of them; the number stays."""

    def rewrite(source: str, own: pl.DataFrame) -> pl.DataFrame:
        writer = Writer(world, source, own["person"].to_numpy(), "corrections", clean=True)
        today = np.zeros(len(own), dtype=np.int64)
        return write(writer, today).with_columns(own["record_id"], own["day"]).select(own.columns)

    return _rewritten(rows, "corrected", rewrite)


def _removed(rows: pl.DataFrame) -> pl.DataFrame:
    kept = ("source", "record_id", "person", "marks", "day")
    gone = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in rows.schema.items() if name not in kept
    )
    return _told(gone, "removed").with_columns(seen_on=pl.lit(None, pl.Date))


def _with_reused_ids(
    rows: list[pl.DataFrame], record_days: int, world: World
) -> list[pl.DataFrame]:
    """Give some new records the number of a record of their source removed on an earlier day."""
    new, *others, removed = rows
    wanted = max(record_days * world.rates.shapes["daily"]["reused"] // PER_10000, 1)
    place = pl.int_range(pl.len()).over("source")
    free = removed.sort("day", "source", "record_id").select(
        "source", place.alias("place"), freed="day", reused="record_id"
    )
    late = new.sort("day", "source", "record_id", descending=[True, False, False]).with_columns(
        place=place
    )
    both = late.join(
        free, on=["source", "place"], how="left", validate="1:1", maintain_order="left"
    )
    paired = both.with_columns(
        pl.when(pl.col("freed") < pl.col("day")).then("reused").alias("reused")
    )
    given = pl.col("reused").is_not_null()
    few = given & (given.cum_sum() <= wanted)
    again = paired.with_columns(
        record_id=pl.when(few).then("reused").otherwise("record_id")
    ).select(new.columns)
    return [again, *others, removed]
