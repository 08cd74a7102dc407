"""Record files of a mainframe: EBCDIC text and packed numbers, laid out by a COBOL copybook."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors._cobol_values import CODE_PAGES, COUNT, REASONS, Faults, Letters, values_of
from connectors._copybook import Layout, Varying, read_copybook
from connectors._lines import open_file, refuse_size, rejected
from connectors._records import Records, of_one_length, with_their_lengths
from nostop.model import FeedError
from nostop.ports import RawTable

_FORMS = {"fixed": of_one_length, "rdw": with_their_lengths}
#: Stands among the places of columns for a fault of the whole record.
_WHOLE = -1
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class EbcdicFile:
    """Reads a file of records: every value as text, a number as exact decimal text.

    A value of spaces or low-values is null. A record of another length, or with a value that its
    picture does not allow, is rejected with its number. Columns have the copybook's names in small
    letters, hyphens as underscores; of a table `name_1`, `name_2`.

    Attributes:
        code_page: `cp037`, `cp285`, `cp500`, `cp1047`, `cp1140` or `cp1146`, as the contract says.
        copybook: its text; or `copybook_file`, a file beside the declaration.
        records: `fixed`, or `rdw` where each begins with its length (a record descriptor word).
        alternatives: of items that REDEFINE each other, which is read.
        keep_zeros: unsigned whole numbers (PIC 9, DISPLAY) that keep the zeros at their front, such
            as a date DDMMYYYY, a code or a telephone number.
        max_bytes, max_rows, max_columns: a larger file is refused.
    """

    code_page: str
    copybook: str | None = None
    copybook_file: Path | None = None
    records: str = "fixed"
    alternatives: Sequence[str] = ()
    keep_zeros: Sequence[str] = ()
    max_bytes: int = 8 * 1024**3
    max_rows: int = 50_000_000
    max_columns: int = 1_000

    def __post_init__(self) -> None:
        if self.code_page not in CODE_PAGES:
            offered = ", ".join(CODE_PAGES)
            raise FeedError(f"code_page '{self.code_page}' is not offered: write one of {offered}")
        if self.records not in _FORMS:
            raise FeedError(f"records '{self.records}': write one of {', '.join(_FORMS)}")
        if (self.copybook is None) == (self.copybook_file is None):
            raise FeedError("copybook, copybook_file: give one of the two")
        layout = self._layout()
        kept = {column.name: column.picture for column in layout.columns}
        for name in self.keep_zeros:
            picture = kept.get(name)
            if picture is None or picture.kind != "zoned" or picture.signed or picture.scale:
                raise FeedError(f"keep_zeros: '{name}' is no column of PIC 9 in the copybook")

    def _layout(self) -> Layout:
        source, text = "copybook", self.copybook
        if self.copybook_file is not None:
            source = self.copybook_file.name
            try:
                with open_file(self.copybook_file) as file:
                    text = file.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise FeedError(f"{source}: is not UTF-8: save it as plain text") from error
        return read_copybook(text or "", source, self.alternatives, self.max_columns)

    def read(self, location: Path, since: date | None = None) -> RawTable:  # noqa: ARG002 - no use
        """Return every record; a file cannot tell what changed, so `since` asks for nothing less.

        Raises:
            FeedError: the file is no whole number of records, too large, or plain text.
        """
        with open_file(location) as file:
            refuse_size(location, self.max_bytes)
            _refuse_ascii(location, file.read(64 * 1024))
        layout, digest, letters = self._layout(), hashlib.sha256(), Letters(self.code_page)
        names = [column.name for column in layout.columns]
        rows = [pl.DataFrame(schema={**dict.fromkeys(names, pl.String), "_line": pl.Int64})]
        faults = [rejected([])]
        for records in _FORMS[self.records](location, layout.length, digest):
            if records.first + len(records.rows) - 1 > self.max_rows:
                raise FeedError(
                    f"{location.name}: has more than {self.max_rows:,} rows: split the file"
                )
            good, bad = self._split(records, layout, letters)
            rows.append(good)
            faults.append(bad)
        return RawTable(location.name, digest.hexdigest(), pl.concat(rows), pl.concat(faults))

    def _split(
        self, records: Records, layout: Layout, letters: Letters
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows of good records, and the bad ones each with its first fault."""
        texts: dict[str, pl.Series] = {}
        faults: list[Faults] = []
        for column in layout.columns:
            raw = records.rows[:, column.start : column.end]
            text, fault = values_of(
                raw, column.picture, letters, keep_zeros=column.name in self.keep_zeros
            )
            texts[column.name] = text
            faults.append(fault)
        lengths = np.full(len(records.rows), layout.length, np.int64)
        if layout.varying is not None:
            lengths = _shorten(layout, layout.varying, texts, faults)
        wrong_length = (records.lengths != lengths) & (records.lengths != layout.length)
        place, reason = _first(faults, wrong_length)
        table = pl.DataFrame(texts).with_columns(
            _line=pl.int_range(records.first, records.first + len(place), dtype=pl.Int64),
            _place=pl.Series(place),
            _reason=pl.Series(reason),
            _length=pl.Series(records.lengths),
            _expected=pl.Series(lengths),
        )
        is_good = (pl.col("_reason") == 0) & (pl.col("_place") != _WHOLE)
        good = table.filter(is_good).select(*texts, "_line")
        return good, _told(table.filter(~is_good), list(texts))


def _shorten(
    layout: Layout, varying: Varying, texts: dict[str, pl.Series], faults: list[Faults]
) -> npt.NDArray[np.int64]:
    """Take out what stands after a table's last row, and return how long each record should be."""
    count = texts[layout.columns[varying.counter].name].cast(pl.Int64, strict=False)
    known = count.fill_null(-1).to_numpy()
    allowed = (known >= varying.least) & (known <= varying.most)
    faults[varying.counter][(faults[varying.counter] == 0) & ~allowed] = COUNT
    for column, fault in zip(layout.columns, faults, strict=True):
        if column.occurrence:
            beyond = known < column.occurrence
            texts[column.name] = texts[column.name].set(pl.Series(beyond), None)
            fault[beyond] = 0
    rows = np.where(allowed, known, varying.most)
    return np.asarray(varying.start + rows * varying.size, np.int64)


def _first(faults: list[Faults], wrong_length: npt.NDArray[np.bool_]) -> tuple[Places, Faults]:
    """Return the place of each record's first faulty column, and what is wrong with it."""
    reason = np.zeros(len(wrong_length), np.uint8)
    place = np.where(wrong_length, np.int32(_WHOLE), np.int32(0))
    for number, fault in enumerate(faults):
        new = (reason == 0) & (fault > 0) & ~wrong_length
        reason[new], place[new] = fault[new], number
    return place, reason


def _told(bad: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    length = pl.format("has {} bytes where the layout has {}", "_length", "_expected")
    whole = pl.col("_place") == _WHOLE
    return bad.select(
        line="_line",
        column=pl.when(~whole).then(
            pl.col("_place").replace_strict(
                range(len(names)), names, default=None, return_dtype=pl.String
            )
        ),
        reason=pl.when(whole)
        .then(length)
        .otherwise(
            pl.col("_reason").replace_strict(
                range(len(REASONS)), REASONS, default=None, return_dtype=pl.String
            )
        ),
    )


def _refuse_ascii(path: Path, head: bytes) -> None:
    """Raise FeedError where a transfer turned EBCDIC into ASCII: its packed numbers are lost."""
    plain = sum(map(head.count, _printable()))
    if head and plain > 0.95 * len(head) and head.count(b" ") > head.count(b"@"):
        hint = "transfer the file in binary, without turning it into text"
        raise FeedError(f"{path.name}: is ASCII text, not EBCDIC: {hint}")


def _printable() -> Iterator[bytes]:
    return (bytes([byte]) for byte in (*range(0x20, 0x7F), 0x0A, 0x0D))
