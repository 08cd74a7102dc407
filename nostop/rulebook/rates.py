"""The rates in force on a date, as exact fractions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeVar

from nostop.rulebook.book import Rulebook
from nostop.rulebook.dates import as_number
from nostop.rulebook.packs import DatedRows, DatedValue, Rate, RateValue, Table
from nostop.rulebook.tree import Lit, RateRef, Today

#: A yearly rate holds for a tax year and the few days until the next uprating Monday (12 April at
#: the latest).
UPRATED_DAYS = 371

Constant = Fraction | bool
KeyValue = Fraction | str
Row = tuple[tuple[KeyValue, ...], Fraction]
Dated = TypeVar("Dated", DatedValue, DatedRows)


@dataclass(frozen=True, slots=True)
class TableOn:
    """A table's rows in force: keys (a band's lowest value, or an exact word) and the value.

    Of several rows that fit, the last is the one: `otherwise` stands before exact words, a lower
    band before a higher one.
    """

    kinds: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Constants:
    """Every rate and table in force on one date; those not in force are absent and named in
    `missing`."""

    effective_on: date
    rates: dict[str, Constant]
    tables: dict[str, TableOn]
    missing: dict[str, str]

    def value(self, node: Lit | Today | RateRef) -> Constant:
        """Return what is the same for everybody: a number, a date as yyyymmdd, or true or false."""
        match node:
            case Lit(value=value):
                return bool(value) if node.kind.base == "bool" else Fraction(value)
            case Today():
                return Fraction(as_number(self.effective_on))
            case RateRef(name=name):
                return self.rates[name]


def constants_on(book: Rulebook, effective_on: date) -> Constants:
    """Return what is in force on a date. A rate without a value then is an error only for a rule
    that reads it."""
    rates: dict[str, Constant] = {}
    tables: dict[str, TableOn] = {}
    missing: dict[str, str] = {}
    for name, rate in book.rates.items():
        value = _in_force(rate.values, rate.uprated, effective_on)
        if isinstance(value, str):
            missing[name] = f"rate '{name}' {value}"
        else:
            rates[name] = constant(value.value)
    for name, table in book.tables.items():
        rows = _in_force(table.values, table.uprated, effective_on)
        if isinstance(rows, str):
            missing[name] = f"table '{name}' {rows}"
        else:
            tables[name] = _table(table, rows)
    return Constants(effective_on, rates, tables, missing)


def constant(value: RateValue) -> Constant:
    """Return a rate's value as what formulas count with: a number, a date as yyyymmdd, or true or
    false."""
    return value if isinstance(value, bool) else _number(value)


def rate_on(rate: Rate, on: date) -> Constant | None:
    """Return what a rate is on a date; None where it has no value then."""
    found = _in_force(rate.values, rate.uprated, on)
    return None if isinstance(found, str) else constant(found.value)


def has_value(rate: Rate | Table, on: date) -> bool:
    """Whether a rate or table has a value on a date."""
    return number_on(rate, on) is not None


def number_on(rate: Rate | Table, on: date) -> int | None:
    """Return which of its dated values, by number, a rate or table has on a date; None where it has
    none then."""
    if isinstance(rate, Rate):
        return _number_in_force(rate.values, rate.uprated, on)
    return _number_in_force(rate.values, rate.uprated, on)


def _number_in_force(values: tuple[Dated, ...], uprated: str | None, on: date) -> int | None:
    found = _in_force(values, uprated, on)
    return None if isinstance(found, str) else values.index(found)


def _in_force(values: tuple[Dated, ...], uprated: str | None, on: date) -> Dated | str:
    """What is in force, or why nothing is."""
    found = [each for each in values if each.from_ <= on]
    if not found:
        return f"has no value for {on}: its first is from {values[0].from_}"
    last = found[-1]
    if uprated == "yearly" and on > last.from_ + timedelta(days=UPRATED_DAYS):
        before = f"the one before is from {last.from_}; add that year's value"
        return f"is uprated each year and has no value for {on}: {before}"
    return last


def _table(table: Table, dated: DatedRows) -> TableOn:
    rows = [(row_keys(table, row), _number(row["value"])) for row in dated.rows]
    kinds = tuple(table.keys.values())
    bands = [index for index, kind in enumerate(kinds) if kind == "band"]

    def fitness(row: Row) -> tuple[int, list[KeyValue]]:
        return -row[0].count("otherwise"), [row[0][index] for index in bands]

    return TableOn(kinds, tuple(sorted(rows, key=fitness)))


def row_keys(table: Table, row: Mapping[str, RateValue]) -> tuple[KeyValue, ...]:
    """Return the keys of a row as `TableOn` has them."""
    return tuple(_key(row[name]) for name in table.keys)


def _key(value: RateValue) -> KeyValue:
    return value if isinstance(value, str) else _number(value)


def _number(value: RateValue) -> Fraction:
    return Fraction(as_number(value) if isinstance(value, date) else value)
