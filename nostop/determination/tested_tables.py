"""The tables of a pack or library on the days of its cases, and which of their rows a case looks
up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from nostop.determination.trials import Keys, Trial, Trials
from nostop.rulebook.one.arithmetic import Range, is_known, only
from nostop.rulebook.one.look_ups import look_up
from nostop.rulebook.packs import Rate, Table
from nostop.rulebook.rates import TableOn, number_on, row_keys

#: Of tables with more rows than this, nobody expects a case for each.
LARGE_TABLE = 50


@dataclass(frozen=True, slots=True)
class TestedTable:
    """One dated value of a table: its number, the days of cases in its time, its rows as they are
    gone through, where each stands in its file, and the positions of those that a case looks up."""

    name: str
    number: int
    days: frozenset[date]
    on: TableOn
    places: tuple[int, ...]
    looked_up: frozenset[int]

    @property
    def is_large(self) -> bool:
        """Whether it has too many rows for each to have a case."""
        return len(self.on.rows) > LARGE_TABLE


def in_time(rate: Rate | Table, days: Sequence[date]) -> dict[int, frozenset[date]]:
    """Return the days on which each dated value of a rate or table holds, by its number."""
    numbers = {day: number_on(rate, day) for day in days}
    return {
        index: frozenset(day for day, number in numbers.items() if number == index)
        for index in range(len(rate.values))
    }


def tested_tables(trials: Trials, owner: str) -> Iterator[TestedTable]:
    """Yield the dated values of an owner's tables that hold on a day of its cases."""
    judged = trials.of(owner)
    days = sorted({each.on for each in judged})
    for name, table in trials.book.tables.items():
        if name.partition(".")[0] == owner:
            for number, here in in_time(table, days).items():
                if here:
                    yield _tested(trials, name, number, here, judged)


def _tested(
    trials: Trials, name: str, number: int, days: frozenset[date], judged: list[Trial]
) -> TestedTable:
    table = trials.book.tables[name]
    on = trials.interpreters[min(days)].plan.constants.tables[name]
    written = [row_keys(table, row) for row in table.values[number].rows]
    position_of = _by_position(on)
    asked = {
        keys
        for each in judged
        if each.on in days
        for other, keys in each.record.keys
        if other == name
    }
    found = [position_of(keys) for keys in asked]
    return TestedTable(
        name=name,
        number=number,
        days=days,
        on=on,
        places=tuple(written.index(keys) for keys, _ in on.rows),
        looked_up=frozenset(int(only(each)) for each in found if is_known(each)),
    )


def _by_position(table: TableOn) -> Callable[[Keys], Range]:
    """The function from keys to the position of the row that fits."""
    rows = tuple((keys, Fraction(index)) for index, (keys, _) in enumerate(table.rows))
    return look_up(TableOn(table.kinds, rows))
