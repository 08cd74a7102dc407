"""The rates and tables of a pack or library with one value nudged by the least there is: a penny, a
year, a day, one of a ratio's numerator."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeVar

from nostop.determination.mutation.model import ChangedRate, ChangedTable, Idle, Mutant
from nostop.determination.tested_tables import TestedTable, in_time, tested_tables
from nostop.determination.trials import Trials
from nostop.model import NEVER
from nostop.rulebook.book import Rulebook
from nostop.rulebook.changes import shown_value
from nostop.rulebook.packs import Rate, RateValue, Table
from nostop.rulebook.plan import divisor
from nostop.rulebook.rate_places import RatePlaces
from nostop.rulebook.rates import TableOn, constant

T = TypeVar("T")
#: Of a large table, so many of the rows that a case looks up are changed.
_SAMPLE = 20


def rate_mutants(trials: Trials, owner: str) -> tuple[list[Mutant], list[Idle]]:
    """Return every change to the rates and tables of a pack or library, in the order of its file;
    and what is left alone."""
    book, places = trials.book, RatePlaces(trials.book)
    tested = list(tested_tables(trials, owner))
    rows = (each for table in tested for each in _rows(book, table, places))
    found = [*_rates(trials, owner, places), *rows]
    return found, [*_idle_values(trials, owner), *_idle_rows(book, tested)]


def _dated(
    trials: Trials, owner: str, found: Mapping[str, Rate | Table]
) -> Iterator[tuple[str, int, frozenset[date]]]:
    """Each dated value of an owner's rates or tables, by number, and the days of cases in its
    time."""
    days = sorted({each.on for each in trials.of(owner)})
    for name, rate in found.items():
        if name.partition(".")[0] == owner:
            for number, here in in_time(rate, days).items():
                yield name, number, here


def _idle_values(trials: Trials, owner: str) -> Iterator[Idle]:
    everything: dict[str, Rate | Table] = {**trials.book.rates, **trials.book.tables}
    for name, number, days in _dated(trials, owner, everything):
        if not days:
            from_ = everything[name].values[number].from_
            yield Idle(name.partition(".")[2], from_, "no case on a day in its time")


def _advice(days: frozenset[date]) -> str:
    span = f"on {min(days)}" if len(days) == 1 else f"between {min(days)} and {max(days)}"
    return f"the result hangs on this to the last unit; cases in its time are {span}"


# --- rates ----------------------------------------------------------------------------------------


def _rates(trials: Trials, owner: str, places: RatePlaces) -> Iterator[Mutant]:
    book = trials.book
    divisors = {divisor(node) for each in book.definitions.values() for node in each.nodes}
    for name, number, days in _dated(trials, owner, book.rates):
        rate = book.rates[name]
        dated = rate.values[number]
        for value in _nudges(dated.value) if days else ():
            # A rate that divides must stay above 0.
            if name not in divisors or constant(value) > 0:
                yield Mutant(
                    sort="rate",
                    name=name.partition(".")[2],
                    written=places.value(name, number),
                    before=f"{shown_value(dated.value, rate.type, rate.per)} from {dated.from_}",
                    after=shown_value(value, rate.type, rate.per),
                    advice=_advice(days),
                    change=ChangedRate(name, constant(value)),
                    days=days,
                )


def _nudges(value: RateValue) -> list[RateValue]:
    """A value a step up and a step down; what law never has (an amount below 0) is left out."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, date):
        return [] if value == NEVER else [value + timedelta(days=step) for step in (1, -1)]
    if isinstance(value, int):
        return [value + step for step in (1, -1) if value + step >= 0 or value < 0]
    top, _, bottom = value.partition("/")
    return [f"{int(top) + step}/{bottom}" for step in (1, -1) if int(top) + step >= 0]


# --- tables ---------------------------------------------------------------------------------------


def _rows(book: Rulebook, tested: TestedTable, places: RatePlaces) -> Iterator[Mutant]:
    table = book.tables[tested.name]
    dated = table.values[tested.number]
    for position in _sample(tested):
        row = dated.rows[tested.places[position]]
        for value in _nudges(row["value"]):
            keys = ", ".join(f"{key} {row[key]}" for key in table.keys)
            before = shown_value(row["value"], table.type, table.per)
            yield Mutant(
                sort="table",
                name=tested.name.partition(".")[2],
                written=places.row(tested.name, tested.number, tested.places[position]),
                before=f"{keys}: {before} from {dated.from_}",
                after=shown_value(value, table.type, table.per),
                advice=_advice(tested.days),
                change=ChangedTable(tested.name, _with_row(tested.on, position, value)),
                days=tested.days,
            )


def _with_row(table: TableOn, position: int, value: RateValue) -> TableOn:
    rows = list(table.rows)
    rows[position] = (rows[position][0], Fraction(constant(value)))
    return replace(table, rows=tuple(rows))


def _sample(tested: TestedTable) -> list[int]:
    """The rows to change: all of a small table, and of a large one some of those looked up, evenly
    spread."""
    if not tested.is_large:
        return list(range(len(tested.on.rows)))
    return spread(sorted(tested.looked_up), _SAMPLE)


def spread(items: list[T], most: int) -> list[T]:
    """Return so many of a list, evenly spread over it; all where there are no more."""
    if len(items) <= most:
        return items
    return [items[index * len(items) // most] for index in range(most)]


def _idle_rows(book: Rulebook, tables: list[TestedTable]) -> Iterator[Idle]:
    for tested in tables:
        rows = len(tested.on.rows)
        left = rows - len(tested.looked_up)
        if tested.is_large and left:
            from_ = book.tables[tested.name].values[tested.number].from_
            why = f"no case looks up {left} of its {rows} rows"
            yield Idle(tested.name.partition(".")[2], from_, why)
