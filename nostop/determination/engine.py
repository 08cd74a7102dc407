"""A plan at work on polars: built once, on sources that each piece of the population is put behind
in turn."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import cast

import narwhals as nw
import polars as pl
from polars.io.plugins import register_io_source

from nostop.model import Level
from nostop.rulebook.batch.run import Frame, run_plan
from nostop.rulebook.plan import KEYS, Plan, SchemePlan

SLICE = 25_000
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
    def outcomes(self) -> dict[str, pl.LazyFrame]:
        """Everything but what is missing, by scheme."""
        return self._built(with_missing=False)

    @cached_property
    def in_full(self) -> dict[str, pl.LazyFrame]:
        """Everything, by scheme."""
        return self._built(with_missing=True)

    def _built(self, *, with_missing: bool) -> dict[str, pl.LazyFrame]:
        sources = {level: _source(self.held, level) for level in Level}
        found = run_plan(
            self.plan, sources, InPolars(), known=self.known, with_missing=with_missing
        )
        return {name: _lazy(frame) for name, frame in found.items()}

    def run(self, piece: Frames, schemes: Sequence[SchemePlan]) -> list[pl.DataFrame]:
        """Return what the plan gives for a piece, for each of some schemes.

        Outcomes are worked out first, and then what is missing, only in households where some
        outcome is open: half the work, where most are decided.
        """
        self.held.update(piece)
        decided = _collected([self.outcomes[each.scheme.id] for each in schemes])
        is_open = pl.col("outcome").is_null()
        open_ = [raw.filter(is_open).select("household_id") for raw in decided]
        if not any(each.height for each in open_):
            return [raw.with_columns(missing_bits=pl.lit(0, dtype=pl.Int64)) for raw in decided]
        homes = pl.concat(open_).unique()
        for level, frame in self.held.items():
            self.held[level] = living_in(homes, frame)
        keys = [KEYS[each.scheme.pack.decides_for] for each in schemes]
        missing = [
            self.in_full[each.scheme.id].select(key, "missing_bits")
            for each, key in zip(schemes, keys, strict=True)
        ]
        asked = _collected(missing)
        return [
            raw.join(found, on=key, how="left", validate="1:1").with_columns(
                pl.col("missing_bits").fill_null(0)
            )
            for raw, found, key in zip(decided, asked, keys, strict=True)
        ]


def _collected(frames: list[pl.LazyFrame]) -> list[pl.DataFrame]:
    return pl.collect_all(frames, optimizations=_AS_BUILT, engine="streaming")


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


def living_in(households: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a frame whose household is one of a table's."""
    return frame.filter(pl.col("household_id").is_in(households["household_id"].implode()))
