"""Compiled schemes x facts -> determinations: one row for each subject, scheme and date. Pure;
polars does the work."""

from collections.abc import Collection, Iterator
from datetime import date

import polars as pl

from nostop.determination.decode import decoded
from nostop.determination.engine import Frames, Work
from nostop.determination.known import known_to_all
from nostop.determination.prepare import numbered
from nostop.frames import Determinations, Situation, check, empty
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS, compile_plan

#: People worked out at once: enough to keep every core busy, few enough to bound memory.
PEOPLE_AT_ONCE = 300_000


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
    return Determiner(book, effective_on, schemes).determine(situation)


class Determiner:
    """Schemes compiled for one date and kept warm: what was built for one situation serves the
    next."""

    def __init__(
        self, book: Rulebook, effective_on: date, schemes: list[str] | None = None
    ) -> None:
        """Compile; raises RuleError as `determine` does."""
        self.book = book
        self.plan = compile_plan(book, effective_on, schemes)
        self._work: Work | None = None

    def determine(self, situation: Situation, only: Collection[str] | None = None) -> pl.DataFrame:
        """Return determinations (`only` of some of its schemes) as the function `determine` does,
        with the same errors."""
        rows = list(self.by_scheme(situation, only))
        return check(Determinations, pl.concat(rows)) if rows else empty(Determinations)

    def by_scheme(
        self, situation: Situation, only: Collection[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the determinations of each scheme, by name, sorted by subject. They are decoded
        last: numbers and bits are lighter to carry and to sort than ids and lists of words."""
        given = numbered(situation, self.book, self.plan)
        work = self._work_on(given.frames)
        wanted = [each for each in self.plan.schemes if only is None or each.scheme.id in only]
        pieces = [work.run(piece, wanted) for piece in _pieces(given.frames)]
        by_scheme = zip(wanted, zip(*pieces, strict=True), strict=True)
        for scheme, found in sorted(by_scheme, key=lambda each: each[0].scheme.id):
            level = scheme.scheme.pack.decides_for
            rows = pl.concat(found)
            if level is not Level.PERSON:
                rows = rows.sort(KEYS[level])
            rows = given.with_ids(rows)
            if level is Level.PERSON:
                rows = rows.sort(KEYS[level])
            yield decoded(rows, scheme, self.plan.effective_on)

    def _work_on(self, frames: Frames) -> Work:
        """The plan as it was built last, if all that it counts on is there again."""
        known = known_to_all(self.plan, frames)
        if self._work is not None and not self._work.known <= known:
            # What some lacked once is not counted on again: built anew, it serves both.
            known &= self._work.known
            self._work = None
        if self._work is None:
            self._work = Work(self.plan, frames, known)
        return self._work


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


__all__ = ["Determiner", "determine"]
