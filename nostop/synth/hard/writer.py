"""A source at work: whom it writes down, how often it errs, and the marks its records earn."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Chance, Ints
from nostop.synth.hard.kinds import marked
from nostop.synth.hard.rates import Rates
from nostop.synth.hard.vocabulary import Vocabulary
from nostop.synth.shapes import Shapes

#: The day everything is told as of.
AS_AT = date(2026, 4, 6)


@dataclass(frozen=True, slots=True)
class World:
    """What is true, and the means to write it down."""

    people: pl.DataFrame
    dwellings: pl.DataFrame
    vocabulary: Vocabulary
    rates: Rates
    chance: Chance


@dataclass(slots=True)
class Writer:
    """One source at work on one batch of people.

    `rows` are their places in the world's people, `part` names the batch. A writer that is `clean`
    makes no slip: a clerk with the person in front of them.
    """

    world: World
    source: str
    rows: Ints
    part: str = ""
    clean: bool = False
    marks: Ints = field(init=False)
    rng: np.random.Generator = field(init=False)
    people: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        """Start with the marks that all records of a person share."""
        self.rng = self.world.chance.part(f"{self.source} writes {self.part}")
        self.people = self.world.people[self.rows]
        self.marks = self.people["marks"].to_numpy().copy()

    @property
    def shape(self) -> Shapes:
        """The entry of the source in shapes.yaml."""
        shape: Shapes = self.world.rates.shapes["sources"][self.source]
        return shape

    def habit(self, name: str) -> bool:
        """Return whether the source has a habit of shapes.yaml."""
        return bool(self.shape["habits"].get(name, False))

    def errs(self, fault: str) -> Bools:
        """Return in which records a fault of shapes.yaml happens."""
        drawn = self.world.rates.errs(self.source, fault, len(self.rows), self.rng)
        return drawn & (not self.clean)

    def below(self, percent: int) -> Bools:
        """Return `percent` of the records."""
        drawn: Bools = self.rng.integers(0, 100, len(self.rows)) < percent
        return drawn

    def column(self, name: str) -> np.ndarray:
        """Return a column of the people as an array."""
        return self.people[name].to_numpy()

    def mark(self, kind: str, where: np.ndarray) -> None:
        """Mark the records of a kind."""
        self.marks = marked(self.marks, kind, where)

    def mark_changed(self, kind: str, now: pl.Series, before: pl.Series) -> None:
        """Mark the records whose value is no longer what it was."""
        self.mark(kind, (now != before).fill_null(value=False).to_numpy())


def either(chosen: np.ndarray, one: pl.Series, other: pl.Series) -> pl.Series:
    """Return `one` where chosen, and `other` elsewhere."""
    frame = pl.DataFrame([pl.Series("c", chosen), one.alias("one"), other.alias("other")])
    return frame.select(pl.when("c").then("one").otherwise("other")).to_series()


def blanked(values: pl.Series, where: np.ndarray) -> pl.Series:
    """Return the values with nothing where chosen."""
    return values.to_frame("v").select(pl.when(~pl.Series(where)).then("v")).to_series()


def repeated(value: str | None, count: int) -> pl.Series:
    """Return one text so many times."""
    return pl.repeat(value, count, dtype=pl.String, eager=True)
