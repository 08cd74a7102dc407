"""A workbook's archive, looked through before anything parses it: sizes, entities, errors in cells.

The reader behind us (calamine) trusts the sizes that an archive states, lays out a sheet as one
rectangle whatever is in it, and gives a cell with an error (#N/A) as an empty one. So each part is
unpacked here under a cap, checked, and handed on in an archive of our own making.
"""

import io
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nostop.model import FeedError

MAX_ENTRIES = 5_000
_CHUNK = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

_HOSTILE = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?worksheet[\s>]")

#: A cell of a sheet as calamine would take it for empty: with an error, or with a formula that
#: nobody has worked out yet.
_ERROR_CELL = re.compile(rb"""(<(?:\w+:)?c\b[^>]*?\st=)(["'])e\2""")
_UNWORKED = re.compile(rb"<((?:\w+:)?)c\b([^>]*)>(<\1f\b[^>]*?(?:/>|>[^<]*</\1f>))</\1c>")
_TYPE = re.compile(rb"""\st=(["'])[a-zA-Z]+\1""")
_ODS_ERROR = re.compile(rb"""<table:table-cell\b[^>]*calcext:value-type=["']error["'][^>]*>""")
_ODS_TEXT = re.compile(rb"""\soffice:string-value=(["'])[^"']*\1""")
#: What stands in such a cell from then on; no value begins so.
NOT_WORKED_OUT = "#NOT WORKED OUT"

_PLACE = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\sr=["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"""<(?:\w+:)?row\b(?:[^>]*?\sr=["']([0-9]{1,7})["'])?""")


def checked(path: Path, raw: bytes, max_unpacked: int, max_cells: int) -> bytes:
    """Return a workbook that is safe to parse, the same in every value.

    Raises:
        FeedError: it is encrypted, no workbook, broken, or larger than its caps once unpacked.
    """
    if raw.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise FeedError(f"{path.name}: is encrypted: ask for it without a password")
        return raw
    if not raw.startswith(_ZIP):
        raise FeedError(f"{path.name}: is no workbook: expected .xlsx, .xls or .ods")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _repacked(path, archive, max_unpacked, max_cells)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        hint = "a part of it is missing or damaged: ask for it again"
        raise FeedError(f"{path.name}: cannot be unpacked: {hint}") from error


def _repacked(path: Path, archive: zipfile.ZipFile, max_unpacked: int, max_cells: int) -> bytes:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    _refuse_entries(path, entries, names)
    safe = io.BytesIO()
    left = max_unpacked
    with zipfile.ZipFile(safe, "w", zipfile.ZIP_STORED) as copy:
        for entry in entries:
            if not entry.filename.endswith((".xml", ".rels", "mimetype")):
                continue  # pictures and macros hold no cell
            part = _unpacked(path, archive, entry, left)
            left -= len(part)
            _refuse_xml(path, entry.filename, part)
            copy.writestr(entry.filename, _told_errors(path, entry.filename, part, max_cells))
    return safe.getvalue()


def _refuse_entries(path: Path, entries: list[zipfile.ZipInfo], names: list[str]) -> None:
    if len(names) > MAX_ENTRIES or len(set(names)) < len(names):
        raise FeedError(f"{path.name}: holds too many parts, or one twice: save it again")
    if any(_leads_out(entry) for entry in entries):
        raise FeedError(f"{path.name}: holds a part that leads out of the archive: save it again")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FeedError(f"{path.name}: is encrypted: ask for it without a password")
    if not {"xl/workbook.xml", "content.xml"} & set(names):
        kind = "a binary workbook (.xlsb)" if "xl/workbook.bin" in names else "a zip archive"
        raise FeedError(f"{path.name}: is {kind}, expected .xlsx, .xls or .ods: save it as .xlsx")
    if any(name.startswith("xl/externalLinks/") for name in names):
        hint = "paste what they give as values, and save it again"
        raise FeedError(f"{path.name}: has links to other workbooks: {hint}")


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    link = stat.S_ISLNK(entry.external_attr >> 16)
    return link or name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)


def _unpacked(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, cap: int) -> bytes:
    """Return one part, unpacked no further than the cap: what the archive says of it may lie."""
    pieces, size = [], 0
    with archive.open(entry) as part:
        while piece := part.read(_CHUNK):
            size += len(piece)
            if size > cap:
                hint = "save the one sheet that is needed as a workbook of its own"
                raise FeedError(f"{path.name}: is too large once unpacked: {hint}")
            pieces.append(piece)
    return b"".join(pieces)


def _refuse_xml(path: Path, name: str, part: bytes) -> None:
    where = f"{path.name}: {name}"
    declared = _DECLARED.search(part[:200])
    other = declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")
    if other or b"\0" in part or part.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FeedError(f"{where} is not UTF-8: save the workbook again")
    if _HOSTILE.search(part):
        raise FeedError(f"{where} declares a document type or an entity, which no workbook needs")
    if name == "META-INF/manifest.xml" and b"encryption-data" in part:
        raise FeedError(f"{path.name}: is encrypted: ask for it without a password")


def _told_errors(path: Path, name: str, part: bytes, max_cells: int) -> bytes:
    """Return a part with its errors as text, where it holds the cells of a sheet."""
    if _SHEET.search(part[:_CHUNK]):
        _refuse_many(path, max_cells, _size_of_sheet(part))
        part = _ERROR_CELL.sub(rb"\1\2str\2", part)
        return _UNWORKED.sub(_unworked, part)
    if name == "content.xml":
        for rows, columns in _sizes_of_tables(part):
            _refuse_many(path, max_cells, rows * columns)
        return _ODS_ERROR.sub(lambda cell: _ODS_TEXT.sub(b"", cell.group()), part)
    return part


def _unworked(cell: "re.Match[bytes]") -> bytes:
    prefix, attributes = cell[1], _TYPE.sub(b"", cell[2])
    text = NOT_WORKED_OUT.encode()
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (
        *(prefix, attributes, prefix, text),
        *(prefix, prefix),
    )


def _refuse_many(path: Path, max_cells: int, cells: int) -> None:
    if cells > max_cells:
        found = f"a sheet spans {cells:,} cells, at most {max_cells:,} are read"
        raise FeedError(f"{path.name}: {found}: split it, or delete what stands far out")


def _size_of_sheet(part: bytes) -> int:
    """Return how many cells the rectangle has in which all cells of a sheet stand."""
    rows, columns, placed = 0, 0, 0
    for found in _PLACE.finditer(part):
        rows, columns = max(rows, int(found[2])), max(columns, _column(found[1]))
        placed += 1
    # A cell without its place stands after the one before it, in a row that may be anywhere.
    loose = len(_CELL.findall(part)) - placed
    if loose:
        numbers = [int(row or 0) for row in _ROW.findall(part)]
        rows = max(rows, len(numbers), *numbers)
    return rows * (columns + loose if loose < 10_000 else columns + 16_384)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


_ODS_TAG = re.compile(
    rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)((?:\s[^>]*?)?)(/?)>"
)
_REPEATED = re.compile(rb"""table:number-(?:columns|rows)-repeated=["']([0-9]{1,9})["']""")


def _sizes_of_tables(part: bytes) -> Iterator[tuple[int, int]]:
    """Yield of each sheet of an .ods the rows and columns up to its last cell with a value."""
    rows = columns = last_row = column = 0
    for found in _ODS_TAG.finditer(part):
        closing, kind, attributes = found[1], found[2], found[3]
        times = _REPEATED.search(attributes)
        repeat = int(times[1]) if times else 1
        if kind == b"table" and closing:
            yield last_row, columns
            rows = columns = last_row = 0
        elif kind == b"table-row" and not closing:
            rows, column = rows + repeat, 0
        elif kind.endswith(b"cell") and not closing:
            column += repeat
            if b"value-type=" in attributes:
                columns, last_row = max(columns, column), rows
