"""The tables of a pack or library with the value of one row nudged."""

from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from nostop.determination.mutation.model import ChangedTable, Mutant
from nostop.determination.mutation.rates import case_in_time, nudges
from nostop.determination.tested_tables import TestedTable, tested_tables
from nostop.determination.trials import Trials
from nostop.rulebook.history.changes import shown_value
from nostop.rulebook.packs import RateValue, Table
from nostop.rulebook.rates import TableOn, constant
from nostop.rulebook.soundness.capped import caps
from nostop.rulebook.soundness.rate_places import RatePlaces

T = TypeVar("T")
#: Of a large table, so many of the rows that a case looks up are changed.
_SAMPLE = 20


def table_mutants(trials: Trials, owner: str) -> tuple[list[Mutant], int]:
    """Return every change to the tables of a pack or library, in the order of its file, and how
    many more provably change nothing."""
    places = RatePlaces(trials.book)
    found: list[Mutant] = []
    equal = 0
    for tested in tested_tables(trials, owner):
        table = trials.book.tables[tested.name]
        ceiling = _ceiling(trials, tested)
        for position in _sample(tested):
            before = tested.on.rows[position][1]
            for value in nudges(_row(table, tested, position)["value"]):
                if ceiling is not None and constant(value) > before >= ceiling:
                    equal += 1
                else:
                    found.append(_mutant(table, tested, position, value, places))
    return found, equal


def _row(table: Table, tested: TestedTable, position: int) -> dict[str, RateValue]:
    return table.values[tested.number].rows[tested.places[position]]


def _mutant(
    table: Table, tested: TestedTable, position: int, value: RateValue, places: RatePlaces
) -> Mutant:
    row = _row(table, tested, position)
    keys = ", ".join(f"{key} {row[key]}" for key in table.keys)
    before = shown_value(row["value"], table.type, table.per)
    return Mutant(
        sort="table",
        name=tested.name.partition(".")[2],
        written=places.row(tested.name, tested.number, tested.places[position]),
        before=f"{keys}: {before} from {table.values[tested.number].from_}",
        after=shown_value(value, table.type, table.per),
        advice=case_in_time(tested.days),
        change=ChangedTable(tested.name, _with_row(tested.on, position, value)),
        days=tested.days,
    )


def _ceiling(trials: Trials, tested: TestedTable) -> Fraction | None:
    """What a table's values count up to, on every day of a case; None where they count as they
    are."""
    names = caps(trials.book.definitions.values(), tested.name)
    rates = [trials.interpreters[day].plan.constants.rates for day in tested.days]
    found = [Fraction(each[name]) for each in rates for name in names if name in each]
    return max(found) if len(found) == len(rates) * len(names) > 0 else None


def _with_row(table: TableOn, position: int, value: RateValue) -> TableOn:
    rows = list(table.rows)
    rows[position] = (rows[position][0], Fraction(constant(value)))
    return replace(table, rows=tuple(rows))


def _sample(tested: TestedTable) -> list[int]:
    """The rows to change: all of a small table, and of a large one some of those looked up."""
    if not tested.is_large:
        return list(range(len(tested.on.rows)))
    return spread(sorted(tested.looked_up), _SAMPLE)


def spread(items: list[T], most: int) -> list[T]:
    """Return so many of a list, evenly spread over it; all where there are no more."""
    if len(items) <= most:
        return items
    return [items[index * len(items) // most] for index in range(most)]
