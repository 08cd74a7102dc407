"""A rule with one thing changed, and how the changes to a pack or library fared."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nostop.rulebook.one.interpreter import Interpreter
from nostop.rulebook.rates import Constant, TableOn
from nostop.rulebook.tree import Definition


@dataclass(frozen=True, slots=True)
class ChangedFormula:
    """A formula that says something else; where it `reshapes`, aggregates range over others too."""

    definition: Definition
    reshapes: bool

    def variant(self, interpreter: Interpreter) -> Interpreter:
        """Return an interpreter in which it is so."""
        return interpreter.with_definition(self.definition)

    def touched(self, _interpreter: Interpreter) -> Collection[str]:
        """Return the definitions that then say something else."""
        return (self.definition.name,)


@dataclass(frozen=True, slots=True)
class ChangedRate:
    """A rate of another value."""

    name: str
    value: Constant
    reshapes: bool = False

    def variant(self, interpreter: Interpreter) -> Interpreter:
        """Return an interpreter in which it is so."""
        return interpreter.with_rate(self.name, self.value)

    def touched(self, interpreter: Interpreter) -> Collection[str]:
        """Return the definitions that then say something else."""
        return interpreter.readers.get(self.name, ())


@dataclass(frozen=True, slots=True)
class ChangedTable:
    """A table with another row."""

    name: str
    table: TableOn
    reshapes: bool = False

    def variant(self, interpreter: Interpreter) -> Interpreter:
        """Return an interpreter in which it is so."""
        return interpreter.with_table(self.name, self.table)

    def touched(self, interpreter: Interpreter) -> Collection[str]:
        """Return the definitions that then say something else."""
        return interpreter.readers.get(self.name, ())


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing changed: what sort of slip, where and what it is, before and after, and
    the case that would notice it. It can matter on some days only (None: on any)."""

    sort: str
    name: str
    written: tuple[Path, int, int]
    before: str
    after: str
    advice: str
    change: ChangedFormula | ChangedRate | ChangedTable
    days: frozenset[date] | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """What is not changed because no case could notice: a dated value with no case on a day in its
    time, or the rows of a large table that no case looks up."""

    name: str
    from_: date
    why: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no case caught; `is_read` is whether any case works out what was changed."""

    mutant: Mutant
    is_read: bool


@dataclass(frozen=True, slots=True)
class Mutation:
    """How the changes to one pack or library fared: how many were tried, which no case caught, how
    many more provably change nothing, and what was left alone."""

    owner: str
    tried: int
    survivors: tuple[Survivor, ...]
    equal: int
    idle: tuple[Idle, ...]

    @property
    def caught(self) -> int:
        """How many changes some case caught."""
        return self.tried - len(self.survivors)
