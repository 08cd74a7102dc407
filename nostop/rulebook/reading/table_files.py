"""Rows of a table that stand in a CSV file beside its rates.yaml: `file: lha_2026.csv` in the place
of `rows`."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from nostop.model import Problem
from nostop.strict_yaml import UNSEEN, Document, KeyPath, told_unseen

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 50_000
_MOST_TOLD = 3
#: Of one line, so that a header cannot have a million columns.
MAX_LINE = 2_000
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")

Row = dict[str, str | int | date]


def read_table_files(document: Document) -> list[Problem]:
    """Put the rows of each named file into the data of a rates.yaml, and return what is wrong with
    them.

    A cell is a whole number, a day (2026-04-06) or text, as in YAML; the header names the table's
    keys and `value`.
    """
    problems: list[Problem] = []
    left = MAX_ROWS
    for keys, dated in list(_dated_values(document.data)):
        name = dated.pop("file")
        if "rows" in dated or not isinstance(name, str) or Path(name).name != name:
            message = "write rows, or the name of one CSV file in this folder, not both"
            problems.append(document.problem(message, *keys, "file"))
            continue
        file = document.path.parent / name
        try:
            dated["rows"] = list(_rows(file, left))
            left -= len(dated["rows"])
        except OSError as error:
            problems.append(
                document.problem(f"'{name}' cannot be read: {error.strerror}", *keys, "file")
            )
        except _RefusedError as refused:
            problems.append(refused.problem)
        if len(problems) >= _MOST_TOLD:
            break
    return problems


class _RefusedError(Exception):
    def __init__(self, file: Path, line: int, message: str) -> None:
        self.problem = Problem(file, line, 1, message)


def _dated_values(data: object) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Every dated value of a table that names a file; what has another shape is refused later."""
    tables = data.get("tables") if isinstance(data, dict) else None
    for name, table in tables.items() if isinstance(tables, dict) else ():
        values = table.get("values") if isinstance(table, dict) else None
        for index, dated in enumerate(values if isinstance(values, list) else ()):
            if isinstance(dated, dict) and "file" in dated:
                yield ("tables", name, "values", index), dated


def _rows(file: Path, most: int) -> Iterator[Row]:
    reader = csv.reader(_lines(file), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise _RefusedError(file, 1, "has two columns of one name: keep one of them")
        for number, cells in enumerate(reader, start=1):
            if number > most:
                found = f"has too many rows: {MAX_ROWS:,} is the most for one rates.yaml"
                raise _RefusedError(file, reader.line_num, found)
            if len(cells) != len(header):
                found = f"has {len(cells)} cells, and the header {len(header)}: mend the row"
                raise _RefusedError(file, reader.line_num, found)
            yield {name: _cell(cell) for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise _RefusedError(file, reader.line_num, f"cannot be read as CSV: {error}") from error


def _lines(file: Path) -> Iterator[str]:
    with file.open("rb") as opened:
        raw = opened.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise _RefusedError(file, 1, f"is larger than {MAX_BYTES:,} bytes: split the table")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
        raise _RefusedError(file, 1, message) from error
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        unseen = UNSEEN.search(line)
        if unseen:
            raise _RefusedError(file, number, told_unseen(unseen.group()))
        if len(line) > MAX_LINE:
            found = f"a line of {len(line):,} characters: {MAX_LINE:,} is the most"
            raise _RefusedError(file, number, found)
        yield line


def _cell(text: str) -> str | int | date:
    if _WHOLE.match(text):
        return int(text)
    try:
        return date.fromisoformat(text) if _DATE.match(text) else text
    except ValueError:
        return text
