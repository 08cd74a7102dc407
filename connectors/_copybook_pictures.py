"""How one item of a copybook is written in bytes: its PIC, USAGE and SIGN together."""

import re
from dataclasses import dataclass

from connectors._copybook_items import Item

#: What fits 64 bits, and what COBOL allows unless it is told otherwise.
MAX_DIGITS = 18

_REPEATED = re.compile(r"[XA9](?:\(([0-9]{1,5})\))?")
_TEXT = re.compile(r"(?:[XA9](?:\([0-9]{1,5}\))?)+")
_NINES = r"(?:9(?:\([0-9]{1,5}\))?)*"
_NUMBER = re.compile(rf"(S?)({_NINES})(?:V({_NINES}))?")


@dataclass(frozen=True, slots=True)
class Picture:
    """How a value is written.

    Attributes:
        kind: `text`, `zoned` (a digit in each byte), `packed` (two) or `binary` (big-endian).
        length: bytes.
        digits, scale: of a number, how many digits, and how many of them after the point.
        signed: whether it may be negative.
        leading, separate: where a zoned number has its sign: at its front rather than its end, in a
            byte of its own rather than over a digit.
        full: a binary number that may use all its bits, whatever its digits (COMP-5).
    """

    kind: str
    length: int
    digits: int = 0
    scale: int = 0
    signed: bool = False
    leading: bool = False
    separate: bool = False
    full: bool = False


def picture_of(item: Item) -> Picture:
    """Return how an item without items under it is written.

    Raises:
        FeedError: with its line, where the clauses are not read or do not fit each other.
    """
    if item.picture is None:
        raise item.failure("has neither a PIC nor items under it")
    number = _NUMBER.fullmatch(item.picture)
    if number is None:
        return _text(item, item.picture)
    scale = _count(number[3] or "")
    digits = _count(number[2]) + scale
    if not 1 <= digits <= MAX_DIGITS:
        raise item.failure(f"PIC {item.picture} has {digits} digits: 1 to {MAX_DIGITS} are read")
    signed = bool(number[1])
    if item.sign and not signed:
        raise item.failure(f"SIGN {item.sign} needs a PIC that begins with S")
    match item.usage:
        case "packed":
            return Picture("packed", digits // 2 + 1, digits, scale, signed)
        case "binary" | "native binary":
            length = 2 if digits <= 4 else 4 if digits <= 9 else 8
            full = item.usage == "native binary"
            return Picture("binary", length, digits, scale, signed, full=full)
    leading, separate = "LEADING" in item.sign, "SEPARATE" in item.sign
    return Picture("zoned", digits + separate, digits, scale, signed, leading, separate)


def _text(item: Item, picture: str) -> Picture:
    if not _TEXT.fullmatch(picture):
        hint = "X, A, 9, S and V are; give an edited number as PIC X of its length"
        raise item.failure(f"PIC {picture} is not read: {hint}")
    if item.usage != "display" or item.sign:
        raise item.failure(f"PIC {picture} is text, which has no sign and is only ever DISPLAY")
    length = _count(picture)
    if not length:
        raise item.failure(f"PIC {picture} has no length")
    return Picture("text", length)


def _count(part: str) -> int:
    return sum(1 if found[1] is None else int(found[1]) for found in _REPEATED.finditer(part))
