"""Compiled schemes x facts -> determinations: one row for each subject, scheme and date. Pure;
polars does the work."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import cast

import narwhals as nw
import polars as pl
from polars.io.plugins import register_io_source

from nostop.determination.decode import decoded
from nostop.determination.known import known_to_all
from nostop.determination.prepare import Numbered, numbered
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
    rows = list(_rows(plan, numbered(situation, book, plan)))
    return check(Determinations, pl.concat(rows)) if rows else empty(Determinations)


def _rows(plan: Plan, given: Numbered) -> Iterator[pl.DataFrame]:
    """Yield the determinations of each scheme, by name, sorted by subject. They are decoded last:
    numbers and bits are lighter to carry and to sort than ids and lists of words."""
    by_scheme = zip(plan.schemes, zip(*_raw(plan, given.frames), strict=True), strict=True)
    for scheme, pieces in sorted(by_scheme, key=lambda each: each[0].scheme.id):
        level = scheme.scheme.pack.decides_for
        rows = pl.concat(pieces)
        if level is not Level.PERSON:
            rows = rows.sort(KEYS[level])
        rows = given.with_ids(rows)
        if level is Level.PERSON:
            rows = rows.sort(KEYS[level])
        yield decoded(rows, scheme, plan.effective_on)


# --- piece by piece -------------------------------------------------------------------------------


def _raw(plan: Plan, frames: Frames) -> Iterator[list[pl.DataFrame]]:
    """Yield, piece by piece, what the plan gives for each scheme. It is built once, on sources that
    each piece is put behind in turn."""
    held = dict(frames)
    work = _Work(plan, held, known_to_all(plan, frames))
    for piece in _pieces(frames):
        held.update(piece)
        yield work.all_at_once() if piece[Level.PERSON].height < MANY else work.in_two_passes()


class _Work:
    """A plan on sources that whatever is `held` stands behind: built when first needed, and then
    run for each piece."""

    def __init__(self, plan: Plan, held: Frames, known: frozenset[str]) -> None:
        self.plan = plan
        self.held = held
        self.known = known
        self.keys = [KEYS[each.scheme.pack.decides_for] for each in plan.schemes]

    @cached_property
    def outcomes(self) -> list[pl.LazyFrame]:
        """Everything but what is missing."""
        return self._built(with_missing=False)

    @cached_property
    def in_full(self) -> list[pl.LazyFrame]:
        """Everything."""
        return self._built(with_missing=True)

    def _built(self, *, with_missing: bool) -> list[pl.LazyFrame]:
        sources = {level: _source(self.held, level) for level in Level}
        found = run_plan(
            self.plan, sources, InPolars(), known=self.known, with_missing=with_missing
        )
        return [_lazy(frame) for frame in found.values()]

    def all_at_once(self) -> list[pl.DataFrame]:
        return pl.collect_all(self.in_full)

    def in_two_passes(self) -> list[pl.DataFrame]:
        """Work out outcomes first, and then what is missing, only in households where some outcome
        is open: half the work, where most are decided."""
        decided = pl.collect_all(self.outcomes)
        is_open = pl.col("outcome").is_null()
        open_ = pl.concat(raw.filter(is_open).select("household_id") for raw in decided).unique()
        if open_.is_empty():
            return [raw.with_columns(missing_bits=pl.lit(0, dtype=pl.Int64)) for raw in decided]
        for level, frame in self.held.items():
            self.held[level] = _living_in(open_, frame)
        asked = [
            frame.select(key, "missing_bits")
            for frame, key in zip(self.in_full, self.keys, strict=True)
        ]
        return [
            raw.join(found, on=key, how="left", validate="1:1").with_columns(
                pl.col("missing_bits").fill_null(0)
            )
            for raw, found, key in zip(decided, pl.collect_all(asked), self.keys, strict=True)
        ]


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


class InPolars:
    """The plan's engine: polars."""

    def share(self, frame: Frame) -> Frame:
        """Keep a frame that several others are taken from."""
        return nw.from_native(_lazy(frame).cache())

    def table(self, columns: dict[str, list[int] | list[str]]) -> Frame:
        """Return a small table as a frame."""
        return nw.from_native(pl.LazyFrame(columns))


def _lazy(frame: Frame) -> pl.LazyFrame:
    return cast("pl.LazyFrame", frame.to_native())


def _pieces(frames: Frames) -> Iterator[Frames]:
    """Cut the frames between households, so that each piece is whole in itself."""
    households = frames[Level.HOUSEHOLD]["household_id"]
    count = -(-frames[Level.PERSON].height // PEOPLE_AT_ONCE)
    if count <= 1:
        yield frames
        return
    size = -(-households.len() // count)
    for start in range(0, households.len(), size):
        part = households.slice(start, size)
        here = pl.col("household_id").is_between(part[0], part[-1])
        yield {level: frame.filter(here) for level, frame in frames.items()}


def _living_in(households: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(households, on="household_id", how="semi")


__all__ = ["determine"]
