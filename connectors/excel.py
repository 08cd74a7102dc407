"""Workbooks of spreadsheets (.xlsx, .xls, .ods): one sheet, one header row, one row a record."""

import hashlib
import io
import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from connectors._lines import (
    FORBIDDEN,
    composed,
    forbidden_in,
    open_file,
    refuse_size,
    rejected,
    split_off,
    unseen,
)
from connectors._ole import errors_of_xls
from connectors._workbook import NOT_WORKED_OUT, checked
from nostop.model import FeedError
from nostop.ports import RawTable

#: What stands in a cell whose formula went wrong.
_ERRORS = (
    *("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"),
    *("#GETTING_DATA", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "Err:"),
    NOT_WORKED_OUT,
)
#: A spreadsheet keeps 15 digits of a number: what a formula leaves after them is noise.
_DIGITS = 15

Fault = tuple[int, str | None, str]
Cells = Sequence[object]


class _CellError(Exception):
    """A cell whose value cannot be right; the message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """Reads one sheet of a workbook: every value as text, of a formula the value last stored.

    A date is written YYYY-MM-DD, with a time YYYY-MM-DDThh:mm:ss; a whole number without a point; a
    decimal as the shortest text of at most 15 digits; a truth as true or false. A row with an error
    (#N/A), a span of time or an invisible character is rejected. Rows are counted as the
    spreadsheet counts them.

    Attributes:
        sheet: its name, or its number from 1. Left out, the workbook has to have only one.
        header_row: the row of the columns' names.
        max_bytes, max_unpacked, max_cells, max_columns: a larger file is refused unparsed.
    """

    sheet: str | int | None = None
    header_row: int = 1
    max_bytes: int = 256 * 1024**2
    max_unpacked: int = 1024**3
    max_cells: int = 20_000_000
    max_columns: int = 1_000

    def __post_init__(self) -> None:
        if self.header_row < 1 or (isinstance(self.sheet, int) and self.sheet < 1):
            raise FeedError("sheet, header_row: rows and sheets are counted from 1")

    def read(self, location: Path, since: date | None = None) -> RawTable:  # noqa: ARG002 - no use
        """Return every row; a file cannot tell what changed, so `since` asks for nothing less.

        Raises:
            FeedError: the file is no workbook, encrypted, broken or too large, or its header cannot
                stand.
        """
        with open_file(location) as file:
            refuse_size(location, self.max_bytes)
            raw = file.read()
        safe = checked(location, raw, self.max_unpacked, self.max_cells)
        rows, errors = self._cells(location, safe)
        columns = self._header(location, rows)
        body = list(rows[self.header_row :])
        while body and not any(cell != "" for cell in body[-1]):
            body.pop()
        table, faults = _table(columns, body, self.header_row + 1, errors)
        sha256 = hashlib.sha256(raw).hexdigest()
        return RawTable(location.name, sha256, table, rejected(faults))

    def _cells(self, location: Path, safe: bytes) -> tuple[Sequence[Cells], dict[int, int]]:
        """Return the rows of the sheet from the first on, and where each first holds an error."""
        damaged = "cannot be read as a workbook: a part of it is missing or damaged"
        try:
            errors = errors_of_xls(safe)
            with CalamineWorkbook.from_filelike(io.BytesIO(safe)) as workbook:
                number = self._number(location, workbook.sheet_names)
                sheet = workbook.get_sheet_by_index(number)
                self._refuse_merged(location, sheet)
                cells: Sequence[Cells] = sheet.to_python(skip_empty_area=False)
        except PasswordError as error:
            found = "is encrypted: ask for it without a password"
            raise FeedError(f"{location.name}: {found}") from error
        except (CalamineError, ValueError) as error:
            raise FeedError(f"{location.name}: {damaged}: ask for it again") from error
        except BaseException as error:
            # Where calamine does not check a place within the file, it panics.
            if type(error).__name__ != "PanicException":
                raise
            raise FeedError(f"{location.name}: {damaged}: ask for it again") from error
        return cells, errors[number] if errors else {}

    def _number(self, location: Path, names: list[str]) -> int:
        if self.sheet is None and len(names) == 1:
            return 0
        if isinstance(self.sheet, str) and self.sheet in names:
            return names.index(self.sheet)
        if isinstance(self.sheet, int) and self.sheet <= len(names):
            return self.sheet - 1
        wanted = f"no sheet {self.sheet!r}" if self.sheet is not None else "several sheets"
        hint = "name one in the setting 'sheet'"
        raise FeedError(f"{location.name}: has {wanted}, only {names}: {hint}")

    def _refuse_merged(self, location: Path, sheet: CalamineSheet) -> None:
        for (top, _), (bottom, _) in sheet.merged_cell_ranges or []:
            if top <= self.header_row - 1 <= bottom:
                hint = "give each column a name of its own"
                found = f"row {self.header_row}: the header has merged cells"
                raise FeedError(f"{location.name}: {found}: {hint}")

    def _header(self, location: Path, rows: Sequence[Cells]) -> list[str]:
        if len(rows) < self.header_row:
            raise FeedError(f"{location.name}: the sheet has no row {self.header_row} for a header")
        where = f"{location.name}: row {self.header_row}"
        cells = rows[self.header_row - 1]
        while cells and all(row[len(cells) - 1] == "" for row in rows[self.header_row - 1 :]):
            cells = cells[:-1]
        if len(cells) > self.max_columns:
            raise FeedError(f"{where}: has more than {self.max_columns:,} columns")
        columns = [_name(where, number, cell) for number, cell in enumerate(cells, start=1)]
        if not columns:
            raise FeedError(f"{where}: is empty: it should name the columns")
        double = sorted({column for column in columns if columns.count(column) > 1})
        if double:
            raise FeedError(f"{where}: columns {double} stand twice: keep one of each")
        return columns


def _name(where: str, number: int, cell: object) -> str:
    if not isinstance(cell, str) or not cell.strip():
        raise FeedError(f"{where}: column {number} has no name")
    if forbidden_in([cell]):
        raise FeedError(f"{where}: column {number} holds a control or an invisible character")
    if cell == "_line":
        raise FeedError(f"{where}: a column is named '_line', a name kept for line numbers")
    return unicodedata.normalize("NFC", cell)


def _table(
    columns: list[str], body: Sequence[Cells], first: int, errors: dict[int, int]
) -> tuple[pl.DataFrame, list[Fault]]:
    """Return the rows whose every cell is a value, and the faults of the others."""
    good: list[tuple[str | int | None, ...]] = []
    faults: list[Fault] = []
    for number, row in enumerate(body, start=first):
        place = errors.get(number, len(columns))
        if place < len(columns):
            faults.append((number, columns[place], _ERROR))
            continue
        values, fault = _values(row[: len(columns)])
        if fault is not None:
            where, reason = fault
            faults.append((number, columns[where] if where is not None else None, reason))
        else:
            good.append((*values, number))
    schema = {**dict.fromkeys(columns, pl.String), "_line": pl.Int64}
    kept, bad = split_off(pl.DataFrame(good, schema=schema, orient="row"), unseen(columns))
    faults += [(line, column, FORBIDDEN) for line, column in bad]
    whole = composed(kept.select(columns)).with_columns(kept["_line"])
    return whole, sorted(faults, key=lambda fault: fault[0])


_ERROR = "holds an error, or a formula without its value"


def _values(row: Cells) -> tuple[list[str | None], tuple[int | None, str] | None]:
    values: list[str | None] = []
    for place, cell in enumerate(row):
        try:
            values.append(_TEXTS[type(cell)](cell))
        except _CellError as error:
            return values, (place, str(error))
    if not any(value is not None for value in values):
        return values, (None, "the row is empty")
    return values, None


def _text(cell: str) -> str | None:
    if cell.startswith(("#", "Err:")) and cell.startswith(_ERRORS):
        raise _CellError(_ERROR)
    return cell if cell != "" else None


def _number(cell: float) -> str:
    if not math.isfinite(cell):
        raise _CellError("is no finite number")
    if abs(cell) >= 10**_DIGITS:
        raise _CellError(f"has more than {_DIGITS} digits, of which a spreadsheet loses the last")
    number = Decimal(f"{cell:.{_DIGITS}g}")
    whole = number.to_integral_value()
    return str(int(number)) if number == whole else format(number.normalize(), "f")


def _moment(cell: datetime) -> str:
    # A day is a number of days: a time in it is right to the millisecond at best.
    near = (cell + timedelta(microseconds=500)).replace(tzinfo=None)
    near = near.replace(microsecond=near.microsecond // 1000 * 1000)
    if near.time() == time():
        return near.date().isoformat()
    return near.isoformat(timespec="milliseconds" if near.microsecond else "seconds")


def _span(_: timedelta) -> str:
    raise _CellError("is a span of time: give it as a number, with its unit in the column's name")


_TEXTS: dict[type, Callable[..., str | None]] = {
    str: _text,
    bool: lambda cell: "true" if cell else "false",
    int: _number,
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    time: lambda cell: cell.isoformat(timespec="seconds"),
    timedelta: _span,
}
