"""One household's facts as plain rows, and its subjects as places: what the interpreter works
on."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nostop.model import Level
from nostop.rulebook.plan import KEYS
from nostop.rulebook.schedule import PERHAPS

if TYPE_CHECKING:
    import polars as pl

#: A subject's columns; None, or no column at all, is unknown.
Row = Mapping[str, Any]
#: A fact that is unknown, and whose: (subject id, fact id).
Unknown = tuple[str, str]
#: What a formula gives for a subject: a truth value, a word or a range.
Function = Callable[["Place"], Any]
#: Which unknown facts could still move a formula's value for a subject.
Question = Callable[["Place"], frozenset[Unknown]]


@dataclass(frozen=True, slots=True)
class Household:
    """One household's facts, as `determination.prepared` gives them."""

    household: Row
    benefit_units: tuple[Row, ...]
    people: tuple[Row, ...]


@dataclass(slots=True, eq=False)
class Place:
    """A subject: a person, a benefit unit or a household, with its row and all that was worked out
    for it, each once.

    `unit` and `home` are the benefit unit and household above it, or itself; `people`, `adults`,
    `children` and `units` those below. One that `is_perhaps` stands for any number of people, or
    benefit units, who may belong there, or may not be there at all. What a name means is looked up
    in `formulas`, and what to ask for its sake in `questions`.
    """

    level: Level
    id: str
    row: Row
    formulas: Mapping[str, Function]
    questions: Mapping[str, Question]
    unit: "Place" = field(init=False)
    home: "Place" = field(init=False)
    is_perhaps: bool = field(init=False)
    units: list["Place"] = field(default_factory=list)
    people: list["Place"] = field(default_factory=list)
    adults: list["Place"] = field(default_factory=list)
    children: list["Place"] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, frozenset[Unknown]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.unit = self.home = self
        self.is_perhaps = bool(self.row.get(PERHAPS))

    def value(self, name: str) -> Any:  # noqa: ANN401 - a truth value, a word or a range
        """Return the value of a definition, fact or receipt for this subject."""
        try:
            return self.values[name]
        except KeyError:
            found = self.values[name] = self.formulas[name](self)
            return found

    def asks(self, name: str) -> frozenset[Unknown]:
        """Return the unknown facts that could still move a definition's value for this subject."""
        if name not in self.asked:
            self.asked[name] = self.questions[name](self)
        return self.asked[name]

    def up(self, level: Level) -> "Place":
        """Return the subject itself, or the benefit unit or household above it."""
        if level is Level.HOUSEHOLD:
            return self.home
        return self.unit if level is Level.BENEFIT_UNIT else self

    def at(self, level: Level) -> list["Place"]:
        """Return a household's subjects of a level: those that are surely there."""
        below = {Level.PERSON: self.people, Level.BENEFIT_UNIT: self.units}
        return [each for each in below.get(level, [self]) if not each.is_perhaps]

    def supposing(self, name: str, value: object, forgetting: Collection[str]) -> "Place":
        """Return the subject as it would be with another value of one name; what rests on it is
        worked out anew."""
        other = Place(self.level, self.id, self.row, self.formulas, self.questions)
        other.unit = other if self.unit is self else self.unit
        other.home = other if self.home is self else self.home
        other.units, other.people = self.units, self.people
        other.adults, other.children = self.adults, self.children
        kept = self.values.items()
        other.values = {each: found for each, found in kept if each not in forgetting}
        other.values[name] = value
        return other

    def join(self, unit: "Place", home: "Place") -> None:
        """Make a person one of a benefit unit and a household."""
        self.unit, self.home = unit, home
        role = self.row["role"]
        for above in (unit, home):
            above.people.append(self)
            (above.adults if role == "adult" else above.children).append(self)


def as_places(
    household: Household,
    formulas: Mapping[str, Function],
    questions: Mapping[str, Question],
) -> Place:
    """Return a household as a place, with those of its benefit units and people below it."""
    row = household.household
    home = Place(Level.HOUSEHOLD, row["household_id"], row, formulas, questions)
    units: dict[str, Place] = {}
    for row in household.benefit_units:
        key = row["benefit_unit_id"]
        units[key] = unit = Place(Level.BENEFIT_UNIT, key, row, formulas, questions)
        unit.home = home
    home.units = list(units.values())
    for row in household.people:
        person = Place(Level.PERSON, row["person_id"], row, formulas, questions)
        person.join(units[row["benefit_unit_id"]], home)
    return home


def household_rows(frames: "Mapping[Level, pl.DataFrame]") -> Iterator[Household]:
    """Yield the households of `determination.prepared` frames one by one, in the order of the
    household frame."""
    people = _by_household(frames[Level.PERSON])
    units = _by_household(frames[Level.BENEFIT_UNIT])
    for row in frames[Level.HOUSEHOLD].iter_rows(named=True):
        key = row[KEYS[Level.HOUSEHOLD]]
        yield Household(row, tuple(units.get(key, ())), tuple(people.get(key, ())))


def _by_household(frame: "pl.DataFrame") -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["household_id"], []).append(row)
    return found
