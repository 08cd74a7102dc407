"""Reading a text file line by line in blocks: what the delimited and fixed-width connectors share.

A file is read twice. `survey` counts and measures it without keeping it, so that a hostile size
costs nothing; `blocks` then yields it in pieces cut at line ends, so that memory stays bounded. One
line is one row: a line break inside a value is not accepted, and line numbers are therefore right.
"""

import codecs
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from nostop.model import FeedError

ENCODINGS = ("utf-8", "latin-1")
_CHUNK = 1024 * 1024
_BLOCK = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"

FORBIDDEN = "holds a control or an invisible character"
#: Controls (a tab too, unless it is the delimiter), line and paragraph separators, the mark that an
#: earlier program leaves where it lost a letter.
_CONTROL = r"\p{Cc}\p{Zl}\p{Zp}\u{FFFD}"
#: Bidirectional marks, zero-width characters and other characters that show nothing.
_INVISIBLE = r"\p{Cf}"

_ARCHIVES = {b"PK\x03\x04": "a zip archive or a spreadsheet", b"\x1f\x8b": "a gzip archive"}
_UTF_16 = "is UTF-16 or UTF-32, not {encoding}: save it as UTF-8 (in a spreadsheet, 'CSV UTF-8')"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text file may be: its encoding, and how large its bytes, lines and rows may get."""

    encoding: str
    max_bytes: int
    max_line_bytes: int
    max_rows: int

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise FeedError(f"encoding '{self.encoding}' is not offered: write one of {ENCODINGS}")


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a file, without their ends; `first` is the number of the first."""

    lines: pl.Series
    first: int
    ascii_only: bool


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        FeedError: there is no such file, or it is a folder or a device.
    """
    if not path.is_file():
        raise FeedError(f"{path.name}: there is no such file")
    try:
        return path.open("rb")
    except OSError as error:
        raise FeedError(f"{path.name}: cannot be read: {error.strerror}") from error


def survey(path: Path, limits: Limits) -> int:
    """Return the number of lines of a file, having refused what must not be parsed.

    Raises:
        FeedError: too large, too long a line, too many lines, an archive, another encoding, a NUL.
    """
    lines = pending = 0
    with open_file(path) as file:
        refuse_size(path, limits.max_bytes)
        while chunk := file.read(_CHUNK):
            if not lines and not pending:
                refuse_foreign(path, chunk, limits.encoding)
            if b"\0" in chunk:
                line = lines + 1 + chunk[: chunk.index(b"\0")].count(b"\n")
                raise FeedError(
                    f"{path.name}: line {line}: holds a NUL byte, so it is not plain text"
                )
            pending = _unfinished(path, chunk, pending, limits.max_line_bytes)
            lines += chunk.count(b"\n")
            if lines > limits.max_rows + 1:
                raise FeedError(
                    f"{path.name}: has more than {limits.max_rows:,} rows: split the file"
                )
    return lines + (pending > 0)


def refuse_size(path: Path, max_bytes: int) -> None:
    """Raise FeedError where a file is larger than its cap."""
    size = path.stat().st_size
    if size > max_bytes:
        raise FeedError(
            f"{path.name}: is {size:,} bytes, at most {max_bytes:,} are read: split the file"
        )


def refuse_foreign(path: Path, start: bytes, encoding: str) -> None:
    """Raise FeedError where the first bytes of a file are an archive's, or UTF-16 or UTF-32."""
    for magic, kind in _ARCHIVES.items():
        if start.startswith(magic):
            raise FeedError(f"{path.name}: is {kind}: unpack or export it as plain text first")
    # Without a byte order mark, every other byte of UTF-16 text in Latin letters is NUL.
    head = start[:4096]
    nuls = max(head[0::2].count(0), head[1::2].count(0))
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or (nuls * 4 > len(head) and len(head) > 1):
        raise FeedError(f"{path.name}: {_UTF_16.format(encoding=encoding)}")


def _unfinished(path: Path, chunk: bytes, pending: int, cap: int) -> int:
    """Return how many bytes of the chunk's last line are open; refuse a line over the cap."""
    start = -pending
    # From the start of a line, jump to the last line end within the cap: nothing is read twice.
    while (end := chunk.rfind(b"\n", max(start, 0), start + cap + 1)) >= 0:
        start = end + 1
    if len(chunk) - start > cap:
        hint = "is it the right kind of file?"
        raise FeedError(f"{path.name}: has a line of more than {cap:,} bytes: {hint}")
    return len(chunk) - start


def blocks(path: Path, limits: Limits, digest: "hashlib._Hash") -> Iterator[Block]:
    """Yield the whole file as blocks of lines, feeding `digest` with every byte.

    Raises:
        FeedError: bytes that are not of the declared encoding.
    """
    if limits.encoding == "latin-1" and _is_utf8_with_accents(path):
        hint = "declare encoding utf-8 in the feed's settings"
        raise FeedError(f"{path.name}: is UTF-8 though its contract says latin-1: {hint}")
    first, rest = 1, b""
    with open_file(path) as file:
        while piece := file.read(_BLOCK):
            digest.update(piece)
            head, end, rest = (rest + piece).rpartition(b"\n")
            if end:
                yield _block(path, head, first, limits.encoding)
                first += head.count(b"\n") + 1
        if rest:
            yield _block(path, rest, first, limits.encoding)


def _is_utf8_with_accents(path: Path) -> bool:
    # Latin-1 decodes anything. A text with accents that is valid UTF-8 throughout is UTF-8.
    decoder = codecs.getincrementaldecoder("utf-8")()
    accents = False
    with open_file(path) as file:
        try:
            while piece := file.read(_CHUNK):
                accents |= not piece.isascii()
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return accents


def _block(path: Path, head: bytes, first: int, encoding: str) -> Block:
    if first == 1:
        head = head.removeprefix(_BOM)
    text = decode(path, head, first, encoding)
    # Exploding one split text keeps empty lines and lone CRs, which CSV readers drop or misread.
    lines = pl.Series("line", [text]).str.split("\n").explode()
    if "\r" in text:
        lines = lines.str.strip_suffix("\r")
    return Block(lines, first, text.isascii())


def decode(path: Path, raw: bytes, first: int, encoding: str) -> str:
    """Return bytes as text; `first` is the number of their first line.

    Raises:
        FeedError: with the line and the byte that is not of the encoding.
    """
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = first + raw[: error.start].count(b"\n")
        found = f"byte 0x{raw[error.start]:02X} is not {encoding}"
        hint = "save it as UTF-8, or declare encoding latin-1 if the source says so"
        raise FeedError(f"{path.name}: line {line}: {found}: {hint}") from error


def forbidden(text: pl.Expr, *, ascii_only: bool, tab: bool = False) -> pl.Expr:
    """Return whether a text holds a control or an invisible character; `tab` allows the tab."""
    control = r"\x00-\x08\x0a-\x1f\x7f" if tab else r"\x00-\x1f\x7f"
    if ascii_only:
        return text.str.contains(f"[{control}]")
    invisible = f"[{_CONTROL}{_INVISIBLE}--\\t]" if tab else f"[{_CONTROL}{_INVISIBLE}]"
    return text.str.contains(invisible)


def unseen(names: Iterable[str]) -> dict[str, pl.Expr]:
    """Return for each column whether it holds what `FORBIDDEN` says."""
    return {name: forbidden(pl.col(name), ascii_only=False) for name in names}


def split_off(
    table: pl.DataFrame, wrong: Mapping[str, pl.Expr]
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Return the rows of which no column is wrong, and `_line` and first wrong column of others."""
    marks = (pl.when(bad).then(pl.lit(name)) for name, bad in wrong.items())
    first = pl.coalesce(pl.lit(None, pl.String), *marks)
    found = table.select("_line", wrong=first)
    return table.filter(found["wrong"].is_null()), found.drop_nulls("wrong").rows()


def forbidden_in(values: list[str]) -> list[int]:
    """Return the places in a list of texts of those that `forbidden` would refuse."""
    table = pl.DataFrame({"value": values}, schema={"value": pl.String})
    return table.select(forbidden(pl.col("value"), ascii_only=False).arg_true())["value"].to_list()


def composed(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table of texts in Unicode NFC, looking only at the columns that hold accents."""
    accents = table.select((pl.all().str.len_bytes() != pl.all().str.len_chars()).any()).row(0)
    columns = [name for name, found in zip(table.columns, accents, strict=True) if found]
    return table.with_columns(pl.col(columns).str.normalize("NFC"))


def rejected(rows: list[tuple[int, str | None, str]]) -> pl.DataFrame:
    """Return rows that could not be split into columns: `line`, `column` (nullable), `reason`."""
    schema = {"line": pl.Int64, "column": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
