"""The values of one column of COBOL records, all rows at once: bytes in, text and faults out."""

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors._copybook_pictures import Picture
from connectors._lines import FORBIDDEN, forbidden_in

Bytes = npt.NDArray[np.uint8]
Faults = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.uint64]

#: What is wrong with a value, by its number; 0 is nothing.
REASONS = (
    "",
    FORBIDDEN,
    "holds a byte that is no digit",
    "has no sign where its picture puts one",
    "is below zero, and its picture has no sign",
    "has more digits than its picture",
    "is more or less often than its table allows",
)
_UNSEEN, _NO_DIGIT, _NO_SIGN, _BELOW_ZERO, _TOO_LONG, COUNT = range(1, 7)

_SPACE, _LOW = 0x40, 0x00
_PLUS, _MINUS = 0x4E, 0x60
_HALF, _LOWER = np.uint8(4), np.uint8(0x0F)
#: What a sign is as half a byte: A, C, E and F say plus, B and D minus.
_PLUS_HALVES, _MINUS_HALVES = (0xA, 0xC, 0xE, 0xF), (0xB, 0xD)

#: Code pages that Python lacks: the one they are derived from, and where they differ.
_DERIVED = {
    "cp285": (
        "cp037",
        {0x4A: "$", 0x5B: "£", 0xA1: "¯", 0xB0: "¢", 0xB1: "[", 0xBA: "^", 0xBC: "~"},
    ),
    "cp1047": (
        "cp037",
        {0x5F: "^", 0xAD: "[", 0xB0: "¬", 0xBA: "Ý", 0xBB: "¨", 0xBD: "]"},
    ),
}
_DERIVED["cp1146"] = ("cp037", {**_DERIVED["cp285"][1], 0x9F: "€"})
CODE_PAGES = ("cp037", "cp285", "cp500", "cp1047", "cp1140", "cp1146")


class Letters:
    """One code page: the character of each byte, and which bytes no text may hold."""

    def __init__(self, code_page: str) -> None:
        base, changes = _DERIVED.get(code_page, (code_page, {}))
        letters = list(bytes(range(256)).decode(base))
        for byte, letter in changes.items():
            letters[byte] = letter
        self.unseen = np.zeros(256, np.bool_)
        self.unseen[forbidden_in(letters)] = True
        shown = ["?" if bad else letter for letter, bad in zip(letters, self.unseen, strict=True)]
        self.codes = np.array([ord(letter) for letter in shown], "<u2")


def values_of(
    raw: Bytes, picture: Picture, letters: Letters, *, keep_zeros: bool
) -> tuple[pl.Series, Faults]:
    """Return the text of each value, null where there is none or it is wrong, and what is wrong.

    A value of spaces or of low-values alone is null; in a binary number those are numbers.

    Args:
        raw: one row of bytes for each record.
        picture: how the value is written.
        letters: the code page.
        keep_zeros: whether a zoned whole number keeps the zeros at its front.
    """
    if picture.kind == "binary":
        size, minus, faults = _binary(raw, picture)
        return _text_of_numbers(size, minus, picture.scale), faults
    empty = (raw == _SPACE).all(axis=1) | (raw == _LOW).all(axis=1)
    if picture.kind == "text":
        empty |= ((raw == _SPACE) | (raw == _LOW)).all(axis=1)
        text, faults = _text(raw, letters)
    elif keep_zeros:
        _, _, faults = _zoned(raw, picture)
        text, _ = _text(raw | np.uint8(0xF0), letters)
    else:
        read = _packed if picture.kind == "packed" else _zoned
        size, minus, faults = read(raw, picture)
        text = _text_of_numbers(size, minus, picture.scale)
    faults[empty] = 0
    return text.set(pl.Series(empty | (faults > 0)), None), faults


def _text(raw: Bytes, letters: Letters) -> tuple[pl.Series, Faults]:
    rows, width = raw.shape
    faults = np.where(letters.unseen[raw].any(axis=1), np.uint8(_UNSEEN), np.uint8(0))
    # One text of all values, a line each, is cut by polars: no value becomes a Python object.
    codes = np.empty((rows, width + 1), "<u2")
    codes[:, :width] = letters.codes[raw]
    codes[:, width] = ord("\n")
    whole = pl.Series([codes.tobytes().decode("utf-16-le")], dtype=pl.String)
    text = whole.str.split("\n").explode().head(rows)
    return text.str.strip_chars(" "), faults


def _value(digits: npt.NDArray[np.uint8]) -> Numbers:
    powers = np.uint64(10) ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.uint64)
    # At most 18 digits, so that no sum leaves 64 bits, not even of halves that are no digits.
    return np.asarray(np.minimum(digits, 9).astype(np.uint64) @ powers, np.uint64)


def _sign(halves: npt.NDArray[np.uint8], *, signed: bool) -> tuple[Mask, Faults]:
    minus = np.isin(halves, _MINUS_HALVES)
    faults = np.where(minus | np.isin(halves, _PLUS_HALVES), np.uint8(0), np.uint8(_NO_SIGN))
    if not signed:
        faults[minus] = _BELOW_ZERO
    return minus, faults


def _zoned(raw: Bytes, picture: Picture) -> tuple[Numbers, Mask, Faults]:
    """Read a digit in the lower half of each byte; the upper half is F, or the sign."""
    at = 0 if picture.leading else -1
    if picture.separate:
        body = raw[:, 1:] if picture.leading else raw[:, :-1]
        minus = raw[:, at] == _MINUS
        found = minus | (raw[:, at] == _PLUS)
        faults = np.where(found, np.uint8(0), np.uint8(_NO_SIGN))
        plain = body
    else:
        minus, faults = _sign(raw[:, at] >> _HALF, signed=picture.signed)
        body = raw
        plain = raw[:, 1:] if picture.leading else raw[:, :-1]
    digits = body & _LOWER
    wrong = (digits > 9).any(axis=1) | (plain >> _HALF != 0xF).any(axis=1)
    faults[wrong] = _NO_DIGIT
    return _value(digits), minus, faults


def _packed(raw: Bytes, picture: Picture) -> tuple[Numbers, Mask, Faults]:
    """Read two digits in each byte; the last half byte is the sign."""
    halves = np.empty((raw.shape[0], raw.shape[1] * 2), np.uint8)
    halves[:, 0::2], halves[:, 1::2] = raw >> _HALF, raw & _LOWER
    digits = halves[:, :-1]
    minus, faults = _sign(halves[:, -1], signed=picture.signed)
    if digits.shape[1] > picture.digits:
        faults[digits[:, 0] > 0] = _TOO_LONG
        digits = digits[:, 1:]
    faults[(halves[:, :-1] > 9).any(axis=1)] = _NO_DIGIT
    return _value(digits), minus, faults


def _binary(raw: Bytes, picture: Picture) -> tuple[Numbers, Mask, Faults]:
    whole = np.ascontiguousarray(raw)
    if picture.signed:
        signed = whole.view(f">i{picture.length}")[:, 0].astype(np.int64)
        minus = signed < 0
        size = np.abs(signed).astype(np.uint64)
    else:
        size = whole.view(f">u{picture.length}")[:, 0].astype(np.uint64)
        minus = np.zeros(len(size), np.bool_)
    faults = np.zeros(len(size), np.uint8)
    if not picture.full:
        faults[size >= np.uint64(10**picture.digits)] = _TOO_LONG
    return size, minus, faults


def _text_of_numbers(size: Numbers, minus: Mask, scale: int) -> pl.Series:
    table = pl.DataFrame({"size": size, "minus": minus & (size > 0)})
    whole, rest = pl.col("size") // 10**scale, pl.col("size") % 10**scale
    sign = pl.when("minus").then(pl.lit("-")).otherwise(pl.lit(""))
    parts = [sign, whole.cast(pl.String)]
    if scale:
        parts += [pl.lit("."), rest.cast(pl.String).str.zfill(scale)]
    return table.select(text=pl.concat_str(parts))["text"]
