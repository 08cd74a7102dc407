"""Compiled schemes x facts -> determinations: one row for each subject, scheme and date. Pure;
polars does the work."""

from collections.abc import Iterator
from datetime import date
from typing import cast

import narwhals as nw
import polars as pl
from polars.io.plugins import register_io_source

from nostop.determination.decode import decoded
from nostop.determination.prepare import prepared
from nostop.frames import Determinations, Situation, check, empty
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS, Plan, compile_plan
from nostop.rulebook.run import Frame, run_plan

#: People worked out at once: enough to keep every core busy, few enough to bound memory.
PEOPLE_AT_ONCE = 300_000
SLICE = 25_000
#: From this many people on, a second pass for the undecided costs less than asking of everybody
#: what is missing.
MANY = 50_000

#: One frame for each level.
Frames = dict[Level, pl.DataFrame]


def determine(
    situation: Situation, book: Rulebook, effective_on: date, schemes: list[str] | None = None
) -> pl.DataFrame:
    """Return one determination per subject and scheme, sorted by scheme and subject.

    Args:
        situation: facts by level; a catalogue fact without a column is unknown for everybody.
        schemes: scheme ids; by default all that are in force on the date.
    Returns:
        `Determinations`. Amounts are pence in the scheme's own period.
    Raises:
        FrameError: a column is missing or has another type, a value is larger than any amount can
            be, or an award's period is not its scheme's.
        RuleError: an unknown scheme, a rate without a value for the date, or a formula that keeps
            too fine fractions.
    """
    plan = compile_plan(book, effective_on, schemes)
    rows = list(_rows(plan, prepared(situation, book, plan)))
    return check(Determinations, pl.concat(rows)) if rows else empty(Determinations)


def _rows(plan: Plan, frames: Frames) -> Iterator[pl.DataFrame]:
    """Yield the determinations of each scheme, by name, sorted by subject. They are decoded last:
    bits are lighter to carry and to sort than lists of words."""
    by_scheme = zip(plan.schemes, zip(*_raw(plan, frames), strict=True), strict=True)
    for scheme, pieces in sorted(by_scheme, key=lambda each: each[0].scheme.id):
        rows = pl.concat(pieces).sort(KEYS[scheme.scheme.pack.decides_for])
        yield decoded(rows, scheme, plan.effective_on)


# --- piece by piece -------------------------------------------------------------------------------


def _raw(plan: Plan, frames: Frames) -> Iterator[list[pl.DataFrame]]:
    """Yield, piece by piece, what the plan gives for each scheme. It is built once, on sources that
    each piece is put behind in turn."""
    held = dict(frames)
    sources = {level: _source(held, level) for level in Level}
    results = [_lazy(frame) for frame in run_plan(plan, sources, _share).values()]
    for piece in _pieces(frames):
        held.update(piece)
        if piece[Level.PERSON].height < MANY:
            yield pl.collect_all(results)
        else:
            yield _in_two_passes(plan, results, held)


def _source(held: Frames, level: Level) -> Frame:
    """A frame that is read anew each time the plan is run."""

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        frame = held[level] if columns is None else held[level].select(columns)
        frame = frame if predicate is None else frame.filter(predicate)
        # In slices, or one core would get all the work.
        yield from (frame if rows is None else frame.head(rows)).iter_slices(SLICE)

    return nw.from_native(register_io_source(read, schema=held[level].schema, is_pure=True))


def _share(frame: Frame) -> Frame:
    return nw.from_native(_lazy(frame).cache())


def _lazy(frame: Frame) -> pl.LazyFrame:
    return cast("pl.LazyFrame", frame.to_native())


def _in_two_passes(plan: Plan, results: list[pl.LazyFrame], held: Frames) -> list[pl.DataFrame]:
    """Work out outcomes first, and then what is missing, only in households where some outcome is
    open: half the work, where most are decided."""
    decided = pl.collect_all([frame.drop("missing_bits") for frame in results])
    is_open = pl.col("outcome").is_null()
    open_ = pl.concat(raw.filter(is_open).select("household_id") for raw in decided).unique()
    if open_.is_empty():
        return [raw.with_columns(missing_bits=pl.lit(0, dtype=pl.Int64)) for raw in decided]
    for level, frame in held.items():
        held[level] = _living_in(open_, frame)
    keys = [KEYS[each.scheme.pack.decides_for] for each in plan.schemes]
    asked = [frame.select(key, "missing_bits") for frame, key in zip(results, keys, strict=True)]
    return [
        raw.join(found, on=key, how="left", validate="1:1").with_columns(
            pl.col("missing_bits").fill_null(0)
        )
        for raw, found, key in zip(decided, pl.collect_all(asked), keys, strict=True)
    ]


def _pieces(frames: Frames) -> Iterator[Frames]:
    """Cut the frames between households, so that each piece is whole in itself."""
    households = frames[Level.HOUSEHOLD]
    count = -(-frames[Level.PERSON].height // PEOPLE_AT_ONCE)
    if count <= 1:
        yield frames
        return
    size = -(-households.height // count)
    for start in range(0, households.height, size):
        part = households.slice(start, size)
        here = part.select("household_id")
        yield {
            Level.HOUSEHOLD: part,
            Level.BENEFIT_UNIT: _living_in(here, frames[Level.BENEFIT_UNIT]),
            Level.PERSON: _living_in(here, frames[Level.PERSON]),
        }


def _living_in(households: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(households, on="household_id", how="semi")


__all__ = ["determine"]
