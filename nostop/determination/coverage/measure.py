"""The coverage of packs and libraries by their cases."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from nostop.determination.coverage.pieces import branches, limits
from nostop.determination.coverage.point import Judged, Point, Sort, judged, local
from nostop.determination.coverage.truths import alone, conditions, workings
from nostop.determination.tested_tables import TestedTable, tested_tables
from nostop.determination.trials import run_trials
from nostop.rulebook import Rulebook
from nostop.rulebook.soundness.rate_places import RatePlaces


@dataclass(frozen=True, slots=True)
class LargeTable:
    """How many rows of a large table, as it holds from a day, some case looks up."""

    name: str
    from_: date
    looked_up: int
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the cases of one pack or library test, point by point."""

    owner: str
    cases: int
    points: tuple[Point, ...]
    large_tables: tuple[LargeTable, ...]

    def of(self, sort: Sort) -> list[Point]:
        """Return the points of one sort."""
        return [each for each in self.points if each.sort == sort]

    @property
    def lacking(self) -> list[Point]:
        """The points of which a side is not seen."""
        return [each for each in self.points if each.lacking]

    @property
    def is_enough(self) -> bool:
        """Whether each condition was seen as yes, as no and as unknown."""
        return not any(each.lacking for each in self.of("condition"))


def coverage(book: Rulebook, owners: Iterable[str]) -> list[Coverage]:
    """Return what the cases of packs and libraries (by their ids) test. A pack is judged by its own
    cases, a library by all that there are.

    Raises:
        RuleError: a case cannot be read, or does not come out as it says.
    """
    names = list(owners)
    trials = run_trials(book, names)
    return [_of(judged(trials, name)) for name in names]


def _of(found: Judged) -> Coverage:
    tables = list(tested_tables(found.trials, found.owner))
    large = [each for each in tables if each.is_large]
    small = [each for each in tables if not each.is_large]
    book = found.trials.book
    points = (
        *conditions(found), *alone(found), *workings(found), *limits(found), *branches(found),
        *_rows(book, small),
    )  # fmt: skip
    shares = (
        LargeTable(local(each.name), _from(book, each), len(each.looked_up), len(each.on.rows))
        for each in large
    )
    return Coverage(found.owner, len(found.cases), points, tuple(shares))


def _from(book: Rulebook, tested: TestedTable) -> date:
    return book.tables[tested.name].values[tested.number].from_


def _rows(book: Rulebook, tables: Iterable[TestedTable]) -> Iterator[Point]:
    """Each row of tables, as looked up or not."""
    places = RatePlaces(book)
    for tested in tables:
        from_ = _from(book, tested)
        for position, row in enumerate(tested.places):
            yield Point(
                sort="row",
                name=local(tested.name),
                written=places.row(tested.name, tested.number, row),
                text=_row_text(book, tested, row),
                sides={"looked up": f"it is looked up, on a day from {from_}"},
                seen=frozenset({"looked up"} if position in tested.looked_up else ()),
            )


def _row_text(book: Rulebook, tested: TestedTable, row: int) -> str:
    """The keys of a table's row in words: `nation england, rooms 3 from 2026-04-06`."""
    table = book.tables[tested.name]
    cells = table.values[tested.number].rows[row]
    keys = ", ".join(f"{key} {cells[key]}" for key in table.keys)
    return f"{keys} from {_from(book, tested)}"
