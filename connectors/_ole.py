"""Errors in the cells of an .xls workbook, which its reader gives as empty cells.

An .xls is a stream of records inside a small file system (Compound File Binary, MS-CFB); the
records (MS-XLS, BIFF8) of a sheet stand between its BOF and EOF. Only what says "error" is read.
"""

import struct
from collections.abc import Iterator

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA  # this and above are no sector
_BOUND_SHEET, _EOF, _BOOL_ERR, _FORMULA = 0x0085, 0x000A, 0x0205, 0x0006


def errors_of_xls(raw: bytes) -> list[dict[int, int]]:
    """Return of each sheet the first column (from 0) with an error in each row (from 1).

    No sheet of a workbook that is no .xls.

    Raises:
        ValueError: the file is damaged.
    """
    if not raw.startswith(_MAGIC):
        return []
    try:
        stream = _workbook_stream(raw)
        starts = [
            struct.unpack_from("<I", body)[0]
            for kind, body in _records(stream, 0)
            if kind == _BOUND_SHEET
        ]
        return [_errors_from(stream, start) for start in starts]
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("the workbook is damaged") from error


def _errors_from(stream: bytes, start: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for kind, body in _records(stream, start):
        if kind == _BOOL_ERR:
            row, column, _, _, is_error = struct.unpack_from("<HHHBB", body)
        elif kind == _FORMULA:
            row, column, _, result = struct.unpack_from("<HHHQ", body)
            is_error = result >> 48 == 0xFFFF and result & 0xFF == 2
        else:
            continue
        if is_error:
            found[row + 1] = min(column, found.get(row + 1, column))
    return found


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the body of each record up to the end of the substream."""
    kind = -1
    while kind != _EOF:
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _workbook_stream(raw: bytes) -> bytes:
    sector = 1 << struct.unpack_from("<H", raw, 30)[0]
    first_directory = struct.unpack_from("<I", raw, 48)[0]
    cutoff, first_mini, _, first_more, more = struct.unpack_from("<5I", raw, 56)
    table = _allocation(raw, sector, first_more, more)
    directory = _chain(raw, table, first_directory, sector)
    entries = {
        directory[at : at + struct.unpack_from("<H", directory, at + 64)[0]]: (
            struct.unpack_from("<IQ", directory, at + 116)
        )
        for at in range(0, len(directory), 128)
    }
    names = [f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book")]
    start, size = entries[next(name for name in (*names, b"") if name in entries or not name)]
    size &= 0xFFFFFFFF
    if size >= cutoff:
        return _whole(_chain(raw, table, start, sector), size)
    root, _ = entries["Root Entry\0".encode("utf-16-le")]
    small = _chain(raw, table, root, sector)
    mini = _words(_chain(raw, table, first_mini, sector))
    return _whole(b"".join(small[i * 64 : i * 64 + 64] for i in _sectors(mini, start)), size)


def _whole(stream: bytes, size: int) -> bytes:
    if len(stream) < size:
        raise ValueError("the workbook is damaged: it ends before its cells do")
    return stream[:size]


def _words(raw: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(raw) // 4}I", raw)


def _allocation(raw: bytes, sector: int, first_more: int, more: int) -> tuple[int, ...]:
    """Return the table that says which sector follows which."""
    places = list(struct.unpack_from("<109I", raw, 76))
    at = first_more
    for _ in range(more):
        words = _words(raw[(at + 1) * sector : (at + 2) * sector])
        places += words[:-1]
        at = words[-1]
    return _words(b"".join(raw[(i + 1) * sector : (i + 2) * sector] for i in places if i < _END))


def _sectors(table: tuple[int, ...], start: int) -> Iterator[int]:
    for _ in range(len(table) + 1):
        if start >= _END:
            return
        yield start
        start = table[start]
    raise ValueError("the workbook is damaged: its sectors run in a ring")


def _chain(raw: bytes, table: tuple[int, ...], start: int, sector: int) -> bytes:
    return b"".join(raw[(i + 1) * sector : (i + 2) * sector] for i in _sectors(table, start))
