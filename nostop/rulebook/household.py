"""One household's facts as plain rows, and whose value is asked for: what the interpreter works
on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from nostop.model import Level
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH

#: A subject's columns; None is unknown.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose value is asked for: a person, a benefit unit or a household, with its row and id."""

    level: Level
    row: Row

    @property
    def id(self) -> str:
        """The subject's id."""
        return str(self.row[KEYS[self.level]])


@dataclass(frozen=True, slots=True)
class Household:
    """One household's facts, as `determination.prepared` gives them."""

    household: Row
    benefit_units: tuple[Row, ...]
    people: tuple[Row, ...]

    def places(self, level: Level) -> list[Place]:
        """Return the subjects of a level."""
        rows = {Level.PERSON: self.people, Level.BENEFIT_UNIT: self.benefit_units}
        return [Place(level, row) for row in rows.get(level, (self.household,))]

    def members(self, place: Place) -> list[Place]:
        """Return the people of a benefit unit or household."""
        key = KEYS[place.level]
        return [each for each in self.places(Level.PERSON) if each.row[key] == place.row[key]]

    def up(self, place: Place, level: Level) -> Place:
        """Return the subject itself, or the benefit unit or household above it."""
        if LOW_TO_HIGH.index(level) <= LOW_TO_HIGH.index(place.level):
            return place
        key = KEYS[level]
        return next(each for each in self.places(level) if each.row[key] == place.row[key])


def household_rows(frames: Mapping[Level, pl.DataFrame]) -> Iterator[Household]:
    """Yield the households of `determination.prepared` frames one by one, in the order of the
    household frame."""
    people = _by_household(frames[Level.PERSON])
    units = _by_household(frames[Level.BENEFIT_UNIT])
    for row in frames[Level.HOUSEHOLD].iter_rows(named=True):
        key = row["household_id"]
        yield Household(row, tuple(units.get(key, ())), tuple(people.get(key, ())))


def _by_household(frame: pl.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["household_id"], []).append(row)
    return found
