"""A plan at work on polars: built once, on sources that each piece of the population is put behind
in turn."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import cast

import polars as pl
from polars.io.plugins import register_io_source

from nostop.model import Level
from nostop.rulebook.batch.run import Frame, run_claims, run_plan
from nostop.rulebook.plan import KEYS, Plan, SchemePlan

SLICE = 25_000
#: Up to how many people what is missing is worked out at once with everything else: building the
#: plan twice would take longer than working it out.
ONE_PASS = 20_000
#: A plan is built as it is to be run: it filters nothing, works nothing out twice and shares what
#: can be shared. Looking for more took as long as the work on a hundred thousand people. Only the
#: columns that nobody asks for are left out.
_AS_BUILT = pl.QueryOptFlags(
    predicate_pushdown=False,
    simplify_expression=False,
    comm_subexpr_elim=False,
    comm_subplan_elim=False,
    cluster_with_columns=False,
)
_ANSWERS = ("outcome", "lo", "hi", "because_bits", "invited")

#: One frame for each level.
Frames = dict[Level, pl.DataFrame]


class Work:
    """A plan on sources that whatever is `held` stands behind: built when first needed, and then
    run for each piece. `known` are facts and receipts that nobody lacks."""

    def __init__(self, plan: Plan, held: Frames, known: frozenset[str]) -> None:
        self.plan = plan
        self.held = dict(held)
        self.known = known

    @cached_property
    def outcomes(self) -> dict[Level, pl.LazyFrame]:
        """Everything but what is missing, by the level that schemes decide for."""
        return self._built(with_missing=False)

    @cached_property
    def in_full(self) -> dict[Level, pl.LazyFrame]:
        """Everything, in the same way."""
        return self._built(with_missing=True)

    @cached_property
    def claimed(self) -> dict[Level, pl.LazyFrame]:
        """What is claimed, in the same way."""
        found = run_claims(self.plan, self._sources(), InPolars(), known=self.known)
        return {level: _lazy(frame) for level, frame in found.items()}

    def _built(self, *, with_missing: bool) -> dict[Level, pl.LazyFrame]:
        found = run_plan(
            self.plan, self._sources(), InPolars(), known=self.known, with_missing=with_missing
        )
        return {level: _lazy(frame) for level, frame in found.items()}

    def _sources(self) -> dict[Level, Frame]:
        return {level: _source(self.held, level) for level in Level}

    def claims(self, piece: Frames, schemes: Sequence[SchemePlan]) -> Frames:
        """Return what is claimed of some schemes, for each level that they decide for."""
        self.held.update(piece)
        return _collected(self.claimed, schemes, ("claimed",))

    def run(
        self, piece: Frames, schemes: Sequence[SchemePlan], *, can_be_open: bool = True
    ) -> Frames:
        """Return what the plan gives for a piece, for each level that some schemes decide for.

        Outcomes are worked out first, and then what is missing, only for schemes and households
        with an open outcome: half the work, where most are decided.
        """
        self.held.update(piece)
        if can_be_open and piece[Level.PERSON].height <= ONE_PASS:
            return _collected(self.in_full, schemes, (*_ANSWERS, "missing_bits"))
        decided = _collected(self.outcomes, schemes, _ANSWERS)
        if not can_be_open:
            return decided
        open_ = [each for each in schemes if _is_open(decided, each).any()]
        if not open_:
            return decided
        homes = pl.concat(
            decided[each.scheme.pack.decides_for]
            .filter(_is_open(decided, each))
            .select("household_id")
            for each in open_
        ).unique()
        for level, frame in self.held.items():
            self.held[level] = living_in(homes, frame)
        missing = _collected(self.in_full, open_, ("missing_bits",))
        for level, found in missing.items():
            decided[level] = decided[level].join(
                found.drop("household_id") if level is not Level.HOUSEHOLD else found,
                on=KEYS[level], how="left", validate="1:1",
            )  # fmt: skip
        return decided


def _is_open(decided: Frames, plan: SchemePlan) -> pl.Series:
    return decided[plan.scheme.pack.decides_for][f"{plan.scheme.id}:outcome"].is_null()


def _collected(
    frames: dict[Level, pl.LazyFrame], schemes: Sequence[SchemePlan], what: Sequence[str]
) -> Frames:
    """Work out some columns of some schemes."""
    wanted: dict[Level, list[str]] = {}
    for each in schemes:
        level = each.scheme.pack.decides_for
        wanted.setdefault(level, list(dict.fromkeys((KEYS[level], "household_id"))))
        wanted[level] += [f"{each.scheme.id}:{name}" for name in what]
    lazy = [frames[level].select(columns) for level, columns in wanted.items()]
    found = pl.collect_all(lazy, optimizations=_AS_BUILT, engine="streaming")
    return dict(zip(wanted, found, strict=True))


def _source(held: Frames, level: Level) -> Frame:
    """A frame that is read anew each time the plan is run."""

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        frame = held[level] if columns is None else held[level].select(columns)
        frame = frame if predicate is None else frame.filter(predicate)
        # In slices, or one core would get all the work.
        yield from (frame if rows is None else frame.head(rows)).iter_slices(SLICE)

    return _as_frame(register_io_source(read, schema=held[level].schema, is_pure=True))


class InPolars:
    """The plan's engine: polars, without a library between."""

    library = pl

    def share(self, frame: Frame) -> Frame:
        """Keep a frame that several others are taken from."""
        return _as_frame(_lazy(frame).cache())

    def table(self, columns: dict[str, list[int] | list[str]]) -> Frame:
        """Return a small table as a frame."""
        return _as_frame(pl.LazyFrame(columns))


def _lazy(frame: Frame) -> pl.LazyFrame:
    return cast("pl.LazyFrame", frame)


def _as_frame(frame: pl.LazyFrame) -> Frame:
    # What a plan asks of a frame has the same names in both.
    return cast("Frame", frame)


def living_in(households: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a frame whose household is one of a table's."""
    return frame.filter(pl.col("household_id").is_in(households["household_id"].implode()))
