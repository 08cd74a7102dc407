"""One thing that cases should test, with its sides; and whose cases are looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nostop.determination.trials import Trial, Trials
from nostop.rulebook.one.interpreter import Result
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.results import all_definitions
from nostop.rulebook.tree import Definition, Node
from nostop.rulebook.words.formula_text import formula_text

#: A condition's own truth, and as the only reason; a yes/no working; the sides of a limit; the
#: branches of an `if`; a row of a table.
Sort = Literal["condition", "alone", "working", "limit", "branch", "row"]
SORTS: tuple[Sort, ...] = ("condition", "alone", "working", "limit", "branch", "row")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that cases should test: its name within a pack or library, where it is written, its
    formula, and for each side it has, in which case that would be seen; `seen` are those that some
    case shows."""

    sort: Sort
    name: str
    written: tuple[Path, int, int]
    text: str
    sides: Mapping[str, str]
    seen: frozenset[str]

    @property
    def lacking(self) -> list[str]:
        """The sides that no case shows."""
        return [side for side in self.sides if side not in self.seen]


@dataclass(frozen=True, slots=True)
class Judged:
    """One pack or library, and the cases that it is judged by."""

    trials: Trials
    owner: str
    cases: list[Trial]
    definitions: dict[str, Definition]

    @property
    def own(self) -> list[Definition]:
        """The owner's own formulas, in the order of its file."""
        found = self.trials.book.definitions.values()
        return [each for each in found if each.name.partition(".")[0] == self.owner]

    @property
    def results(self) -> list[Result]:
        """What its cases judge of it."""
        found = (each.result for each in self.cases)
        return [each for each in found if each is not None and each.scheme == self.owner]

    def values(self, name: str) -> set[Value]:
        """Return all that a definition came to."""
        worked = (each.record.worked.get(name, ()) for each in self.cases)
        return {value for each in worked for _, value in each}


def judged(trials: Trials, owner: str) -> Judged:
    """Return a pack or library with the cases that it is judged by."""
    return Judged(trials, owner, trials.of(owner), all_definitions(trials.book))


def local(name: str) -> str:
    """Return a definition's name as its author wrote it."""
    return name.partition(".")[2].removeprefix("when.").removeprefix("note.")


def point(
    sort: Sort,
    definition: Definition,
    node: Node,
    sides: Mapping[str, str],
    seen: Iterable[str],
) -> Point:
    """Return a point about a piece of a definition."""
    text, name = formula_text(node), local(definition.name)
    return Point(sort, name, definition.written, text, sides, frozenset(seen))
