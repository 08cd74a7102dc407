"""Compiled schemes x facts -> determinations: one row for each subject, scheme and date. Pure;
polars does the work."""

from collections.abc import Collection, Iterator
from datetime import date

import polars as pl

from nostop.determination.decode import coded, in_words
from nostop.determination.engine import Frames
from nostop.determination.known import known_to_all
from nostop.determination.prepare import Numbered, numbered
from nostop.determination.whole import Whole
from nostop.frames import Determinations, Situation, check, empty
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, compile_plan
from nostop.rulebook.schedule import PERHAPS

#: People worked out at once: enough to keep every core busy, few enough to bound memory.
PEOPLE_AT_ONCE = 300_000
#: The keys of a level, and of those above it.
KEYS_ABOVE = {
    level: [KEYS[each] for each in LOW_TO_HIGH[LOW_TO_HIGH.index(level) :]] for level in LOW_TO_HIGH
}


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
        self._whole: Whole | None = None

    def determine(self, situation: Situation, only: Collection[str] | None = None) -> pl.DataFrame:
        """Return determinations (`only` of some of its schemes) as the function `determine` does,
        with the same errors."""
        rows = [in_words(each) for each in self.by_scheme(situation, only)]
        return check(Determinations, pl.concat(rows)) if rows else empty(Determinations)

    def by_scheme(
        self, situation: Situation, only: Collection[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the determinations of each scheme, by name, sorted by subject: numbers and bits
        until then, and words still in the place of lists of them (`decode.coded`)."""
        given = numbered(situation, self.book, self.plan)
        wanted = [each for each in self.plan.schemes if only is None or each.scheme.id in only]
        found = self._whole_on(given.frames).found(given.frames, wanted, PEOPLE_AT_ONCE)
        subjects = Subjects(given)
        for scheme in sorted(wanted, key=lambda each: each.scheme.id):
            level = scheme.scheme.pack.decides_for
            rows = found.taken(scheme, subjects.numbers[level])
            named = subjects.with_confidence(level, scheme.reads_members_of)
            yield coded(named.hstack(rows), scheme, self.plan.effective_on)

    def _whole_on(self, frames: Frames) -> Whole:
        """The plan as it was built last, if all that it counts on is there again."""
        known = known_to_all(self.plan, frames)
        if self._whole is not None and not self._whole.known <= known:
            # What some lacked once is not counted on again: built anew, it serves both.
            known &= self._whole.known
            self._whole = None
        if self._whole is None:
            self._whole = Whole(self.plan, frames, known)
        return self._whole


class Subjects:
    """Whom schemes decide for, in the order of their ids: their numbers, and who they are."""

    def __init__(self, given: Numbered) -> None:
        self._frames = {
            level: _surely_there(frame).select(*KEYS_ABOVE[level], "confidence").sort(KEYS[level])
            for level, frame in given.frames.items()
        }
        self.numbers = {level: frame[KEYS[level]] for level, frame in self._frames.items()}
        self._named = {level: given.with_ids(frame) for level, frame in self._frames.items()}

    def with_confidence(self, level: Level, widest: Level) -> pl.DataFrame:
        """Return who they are, and how sure it is that the people of their benefit unit or
        household (`widest`) are who they are taken to be: the weakest of them."""
        if widest is level:
            return self._named[level]
        key = KEYS[widest]
        of = (
            self._frames[level]
            .select(key)
            .join(
                self._frames[widest].select(key, "confidence"),
                on=key,
                how="left",
                validate="m:1",
                maintain_order="left",
            )
        )
        return self._named[level].with_columns(of["confidence"])


def _surely_there(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col(PERHAPS)) if PERHAPS in frame.columns else frame


__all__ = ["Determiner", "determine"]
