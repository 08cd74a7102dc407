"""The rates in force on a date, as exact fractions."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from nostop.model import Problem, RuleError
from nostop.rulebook.book import Rulebook
from nostop.rulebook.dates import as_number
from nostop.rulebook.packs import DatedRows, DatedValue, Rate, RateValue, Table

#: A yearly rate holds for a tax year and the few days until the next uprating Monday (12 April at
#: the latest).
UPRATED_DAYS = 371

Constant = Fraction | bool
KeyValue = Fraction | str


@dataclass(frozen=True, slots=True)
class TableOn:
    """A table's rows in force: keys (a band's lowest value, or an exact word or number) and the
    value."""

    kinds: tuple[str, ...]
    rows: tuple[tuple[tuple[KeyValue, ...], Fraction], ...]


@dataclass(frozen=True, slots=True)
class Constants:
    """Every rate and table in force on one date; those not in force are absent and named in
    `missing`."""

    effective_on: date
    rates: dict[str, Constant]
    tables: dict[str, TableOn]
    missing: dict[str, str]

    def rate(self, name: str, path: Path) -> Constant:
        """Return one rate.

        Raises:
            RuleError: it has no value for the date.
        """
        if name not in self.rates:
            raise RuleError([Problem(path, 1, 1, self.missing[name])])
        return self.rates[name]

    def table(self, name: str, path: Path) -> TableOn:
        """Return one table, as `rate` does."""
        if name not in self.tables:
            raise RuleError([Problem(path, 1, 1, self.missing[name])])
        return self.tables[name]


def constants_on(book: Rulebook, effective_on: date) -> Constants:
    """Return what is in force on a date. A rate without a value then is an error only for a rule
    that reads it."""
    rates: dict[str, Constant] = {}
    tables: dict[str, TableOn] = {}
    missing: dict[str, str] = {}
    for name, rate in book.rates.items():
        dated = _in_force(rate, effective_on)
        if isinstance(dated, str):
            missing[name] = f"rate '{name}' {dated}"
        else:
            rates[name] = exact(dated.value)  # type: ignore[union-attr]
    for name, table in book.tables.items():
        rows = _in_force(table, effective_on)
        if isinstance(rows, str):
            missing[name] = f"table '{name}' {rows}"
        else:
            tables[name] = _table(table, rows)  # type: ignore[arg-type]
    return Constants(effective_on, rates, tables, missing)


def _in_force(rate: Rate | Table, on: date) -> DatedValue | DatedRows | str:
    found = [each for each in rate.values if each.from_ <= on]
    if not found:
        return f"has no value for {on}: its first is from {rate.values[0].from_}"
    last = found[-1]
    if rate.uprated == "yearly" and on > last.from_ + timedelta(days=UPRATED_DAYS):
        return f"is uprated each year and has no value for {on}: the one before is from {last.from_}; add that year's value"
    return last


def _table(table: Table, dated: DatedRows) -> TableOn:
    rows = []
    for row in dated.rows:
        keys = tuple(
            row[key] if isinstance(row[key], str) else number(row[key]) for key in table.keys
        )
        rows.append((keys, Fraction(number(row["value"]))))
    return TableOn(tuple(table.keys.values()), tuple(rows))  # type: ignore[arg-type]


def exact(value: RateValue) -> Constant:
    """Return a rate's value as an exact number; a date as yyyymmdd."""
    return value if isinstance(value, bool) else number(value)


def number(value: RateValue) -> Fraction:
    """Return an int, fraction text or date as an exact number."""
    if isinstance(value, date):
        return Fraction(as_number(value))
    return Fraction(value)
