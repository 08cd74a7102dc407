"""A file of records, cut into blocks of rows of bytes: of one length, or each with its length."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from connectors._lines import open_file
from nostop.model import FeedError

_BLOCK = 8 * 1024 * 1024
#: The length of a record stands in 2 bytes before it, with 2 more, and counts those 4 in.
_WORD = 4


@dataclass(frozen=True, slots=True)
class Records:
    """Some records: a row of `width` bytes for each, how many of them are the record's own, and the
    number of the first."""

    rows: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int64]
    first: int


def of_one_length(path: Path, width: int, digest: "hashlib._Hash") -> Iterator[Records]:
    """Yield a file whose records all have `width` bytes, feeding `digest` with every byte.

    Raises:
        FeedError: the file is no whole number of records.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size % width:
        found = f"is {size:,} bytes, which is no whole number of records of {width:,} bytes"
        raise FeedError(f"{path.name}: {found}: {_PART}")
    first = 1
    with open_file(path) as file:
        while data := file.read(max(_BLOCK // width, 1) * width):
            digest.update(data)
            rows = np.frombuffer(data, np.uint8).reshape(-1, width)
            yield Records(rows, np.full(len(rows), width, np.int64), first)
            first += len(rows)


_PART = "a part of it is missing, or it is not laid out by this copybook"


def with_their_lengths(path: Path, width: int, digest: "hashlib._Hash") -> Iterator[Records]:
    """Yield a file whose records each begin with their length; of a longer one, `width` bytes.

    Raises:
        FeedError: a length cannot be, or the file ends within a record.
    """
    first, rest = 1, b""
    with open_file(path) as file:
        while data := file.read(_BLOCK):
            digest.update(data)
            data = rest + data
            starts, end = _starts(path, data, first)
            rest = data[end:]
            if starts:
                yield _cut(data, starts, width, first)
                first += len(starts)
    if rest:
        raise FeedError(f"{path.name}: ends within record {first:,}: {_PART}")


def _starts(path: Path, data: bytes, first: int) -> tuple[list[int], int]:
    """Return where each whole record begins with its length word, and where the last one ends."""
    # The only walk from record to record: where one begins, only the length before it tells.
    starts: list[int] = []
    at, last = 0, len(data) - _WORD
    while at <= last:
        length = data[at] << 8 | data[at + 1]
        if length <= _WORD or data[at + 2] or data[at + 3]:
            found = f"record {first + len(starts):,} begins with no length of a record"
            raise FeedError(f"{path.name}: {found}: transfer the file in binary, with its RDWs")
        if at + length > len(data):
            break
        starts.append(at)
        at += length
    return starts, at


def _cut(data: bytes, starts: list[int], width: int, first: int) -> Records:
    places = np.array(starts, np.int64)
    whole = np.frombuffer(data + bytes(width), np.uint8)
    lengths = (whole[places].astype(np.int64) << 8 | whole[places + 1]) - _WORD
    rows = np.lib.stride_tricks.sliding_window_view(whole, width)[places + _WORD]
    return Records(rows, lengths, first)
