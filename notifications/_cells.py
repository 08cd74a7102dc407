"""CSV that a spreadsheet program shows and does not run."""

import csv
import io
import re
from collections.abc import Iterable

# OWASP ASVS 1.2.10: a cell that begins with one of these is run as a formula.
_FORMULA_STARTS = re.compile(r"[=+\-@\t\x00\r]")


def csv_bytes(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    """Return a table as CSV in UTF-8, with a quote before each cell that could be a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(tuple(map(_shown, row)) for row in rows)
    return text.getvalue().encode()


def _shown(cell: str) -> str:
    return f"'{cell}" if _FORMULA_STARTS.match(cell) else cell
