"""A plan over a whole population: group of schemes by group, piece of the people by piece, and what
is found kept as numbers and bits until it is told."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import polars as pl

from nostop.determination.engine import Frames, Work
from nostop.determination.groups import Group, grouped
from nostop.model import Level
from nostop.rulebook.plan import KEYS, Plan, SchemePlan, claims_of
from nostop.rulebook.schedule import PERHAPS, Schedule

#: What holds for everybody who lives where a scheme does not apply: the first condition fails.
_ELSEWHERE = {
    "outcome": False,
    "lo": 0,
    "hi": 0,
    "because_bits": 1,
    "invited": False,
    "missing_bits": 0,
}
_TYPES = {
    "outcome": pl.Boolean,
    "lo": pl.Int64,
    "hi": pl.Int64,
    "because_bits": pl.Int64,
    "invited": pl.Boolean,
    "missing_bits": pl.Int64,
    "claimed": pl.Boolean,
}
#: What a plan gives for everybody, whatever it reads.
_ALWAYS = ("person_id", "benefit_unit_id", "household_id", "role", "confidence", PERHAPS)


class Whole:
    """A plan in groups, each built when first needed. `known` are facts and receipts that nobody
    lacks."""

    def __init__(self, plan: Plan, frames: Frames, known: frozenset[str]) -> None:
        self.plan = plan
        self.known = known
        self.shapes = {level: frame.clear() for level, frame in frames.items()}
        self._works: dict[str, Work] = {}

    @cached_property
    def groups(self) -> list[Group]:
        """The plan's schemes in groups."""
        return grouped(self.plan)

    @cached_property
    def claims(self) -> Plan:
        """What is claimed, of all schemes."""
        return claims_of(self.plan)

    def found(self, frames: Frames, wanted: Sequence[SchemePlan], at_once: int) -> "Found":
        """Work out some schemes for everybody, so many people at a time."""
        found = Found()
        names = {each.scheme.id for each in wanted}
        claims = self._work(self.claims)
        pieces = _pieces(_read(frames, self.claims.schedule), at_once)
        found.keep(wanted, [claims.claims(piece, wanted) for piece in pieces])
        for group in self.groups:
            some = [each for each in group.plan.schemes if each.scheme.id in names]
            here = _living_where(group, frames) if some else None
            if here is not None:
                can_be_open = group.can_be_open(self.known)
                work = self._work(group.plan)
                pieces = _pieces(here, at_once)
                found.keep(
                    some, [work.run(piece, some, can_be_open=can_be_open) for piece in pieces]
                )
        return found

    def _work(self, plan: Plan) -> Work:
        name = plan.schemes[0].scheme.id if plan is not self.claims else ""
        if name not in self._works:
            self._works[name] = Work(plan, _read(self.shapes, plan.schedule), self.known)
        return self._works[name]


class Found:
    """What was found of each scheme, with the numbers of those it was worked out for."""

    def __init__(self) -> None:
        self._kept: dict[str, list[tuple[pl.Series, pl.DataFrame]]] = {}

    def keep(self, schemes: Sequence[SchemePlan], pieces: Sequence[Frames]) -> None:
        """Keep what pieces gave for some schemes."""
        levels = {each.scheme.pack.decides_for for each in schemes}
        whole = {
            level: pl.concat([piece[level] for piece in pieces], how="diagonal") for level in levels
        }
        for each in schemes:
            frame, name = whole[each.scheme.pack.decides_for], each.scheme.id
            columns = [column for column in frame.columns if column.startswith(f"{name}:")]
            told = {column: column.removeprefix(f"{name}:") for column in columns}
            numbers = frame[KEYS[each.scheme.pack.decides_for]]
            kept = _thin(frame.select(columns).rename(told))
            self._kept.setdefault(name, []).append((numbers, kept))

    def taken(self, plan: SchemePlan, numbers: pl.Series) -> pl.DataFrame:
        """Return, once, what was found of a scheme for subjects by their numbers, which rise; what
        holds elsewhere for those it was not worked out for."""
        columns: list[pl.Series] = []
        for some, frame in self._kept.pop(plan.scheme.id):
            columns += _for(numbers, some, frame).get_columns()
        rows = pl.DataFrame(columns)
        absent = {name: value for name, value in _ELSEWHERE.items() if name not in rows.columns}
        return rows.with_columns(
            pl.lit(value, dtype=_TYPES[name]).alias(name) for name, value in absent.items()
        ).select(pl.col(name).cast(kind) for name, kind in _TYPES.items())


def _thin(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep equal columns once, and bits as narrow as they are."""
    if "hi" in frame.columns and frame["hi"].equals(frame["lo"]):
        frame = frame.with_columns(hi="lo")
    if "because_bits" in frame.columns:
        frame = frame.with_columns(pl.col("because_bits").cast(pl.UInt32))
    if "missing_bits" in frame.columns:
        frame = frame.with_columns(pl.col("missing_bits").fill_null(0))
    return frame


def _for(numbers: pl.Series, some: pl.Series, frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the order of numbers, and what holds elsewhere where there is none."""
    top = numbers[-1] + 1 if numbers.len() else 0
    if some.len() < numbers.len():
        elsewhere = {name: [_ELSEWHERE[name]] for name in frame.columns}
        frame = pl.concat([frame, pl.DataFrame(elsewhere, schema=frame.schema)])
    place = pl.repeat(some.len(), top, dtype=pl.UInt32, eager=True)
    place = place.scatter(some, pl.int_range(some.len(), dtype=pl.UInt32, eager=True))
    return frame.select(pl.all().gather(place.gather(numbers)))


# --- the population in pieces ---------------------------------------------------------------------


def _read(frames: Frames, schedule: Schedule) -> Frames:
    """Only the columns that are read."""
    marks = {
        f"{mark}:{name}" for name in schedule.receipts for mark in ("known", "paid", "held", "sum")
    }
    wanted: Collection[str] = {*_ALWAYS, *schedule.facts, *marks}
    return {
        level: frame.select(name for name in frame.columns if name in wanted)
        for level, frame in frames.items()
    }


def _living_where(group: Group, frames: Frames) -> Frames | None:
    """Those who may live where a group's schemes apply; None where nobody does."""
    read, holds = _read(frames, group.plan.schedule), group.holds()
    if holds is None:
        return read
    homes = frames[Level.HOUSEHOLD].select("household_id", _here=holds)
    if homes["_here"].all():
        return read
    here = homes.filter("_here")["household_id"]
    if here.is_empty():
        return None
    lives_here = pl.repeat(value=False, n=homes["household_id"][-1] + 1, eager=True)
    lives_here = lives_here.scatter(here, pl.repeat(value=True, n=here.len(), eager=True))
    return {
        level: frame.filter(lives_here.gather(frame["household_id"]))
        for level, frame in read.items()
    }


def _pieces(frames: Frames, at_once: int) -> Iterator[Frames]:
    """Cut the frames between households, so that each piece is whole in itself."""
    households = frames[Level.HOUSEHOLD]["household_id"]
    count = -(-frames[Level.PERSON].height // at_once)
    if count <= 1:
        yield frames
        return
    size = -(-households.len() // count)
    for start in range(0, households.len(), size):
        part = households.slice(start, size)
        here = pl.col("household_id").is_between(part[0], part[-1])
        yield {level: frame.filter(here) for level, frame in frames.items()}
