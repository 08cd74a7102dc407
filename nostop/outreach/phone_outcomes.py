"""What a telephone team reports of its calls: a checked CSV file becomes receipts, opt-outs, holds.

A file is taken whole or not at all. Nothing of what was typed is repeated in an error.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from nostop.model import OutreachError, nearest
from nostop.ports import Receipt

COLUMNS = ("message_id", "outcome", "called_at")
#: What each outcome says of the message: the status of its receipt, and whether the number is bad.
OUTCOMES = {
    "reached": ("delivered", False),
    "no_answer": ("failed", False),
    "wrong_number": ("failed", True),
    "asked_not_to_be_called": ("delivered", False),
    "deceased_reported": ("failed", False),
    # Not over: the message stays with the team.
    "call_back": ("sent", False),
}
_OPTS_OUT = "asked_not_to_be_called"
_HOLDS = "deceased_reported"
#: A report of a death is checked by a person; until then no record of the message tells of it.
_FOR_REVIEW = "for_review"
LARGEST_FILE = 5_000_000
_MOST_PROBLEMS = 20
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_HERE = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class PhoneOutcomes:
    """What a file reports. People are named by the messages that they were called about.

    receipts: one for each call, in the order of the file.
    called_at: when each of these messages was called about (UTC).
    opted_out: messages whose recipient asked not to be called again.
    holds: messages whose recipient must hear nothing more until a caseworker has looked: somebody
        reported a death.
    open: how many rows have no outcome yet.
    """

    receipts: tuple[Receipt, ...]
    called_at: dict[str, datetime]
    opted_out: tuple[str, ...]
    holds: tuple[str, ...]
    open: int


@dataclass(frozen=True, slots=True)
class _Call:
    message_id: str
    outcome: str
    called_at: datetime


def read(file: Path, *, at: datetime) -> PhoneOutcomes:
    """Return what a file of outcomes reports.

    The file is CSV in UTF-8 with the columns message_id, outcome and called_at; others, such as
    those of the list itself, are not read. A row with neither outcome nor time has not been called
    yet. `called_at` is 2026-11-22 14:30, the clock of the United Kingdom, or with an offset.

    Args:
        file: what the team sent back.
        at: now, with a zone: nobody was called later than that.
    Raises:
        OutreachError: the file cannot be read, or names each row and column that is wrong.
    """
    rows = _rows(file)
    calls: list[_Call] = []
    problems: list[str] = []
    seen: set[str] = set()
    still_open = 0
    for line, row in rows:
        if not row["outcome"] and not row["called_at"]:
            still_open += 1
            continue
        wrong = {
            "message_id": _wrong_id(row["message_id"], seen),
            "outcome": _wrong_outcome(row["outcome"]),
            "called_at": _wrong_time(row["called_at"], at),
        }
        found = [f"{file}:{line}: {name}: {why}" for name, why in wrong.items() if why]
        problems += found
        seen.add(row["message_id"])
        if not found:
            calls.append(_Call(row["message_id"], row["outcome"], _time(row["called_at"])))
    if problems:
        raise OutreachError(_told(problems))
    return _outcomes(calls, still_open)


def _outcomes(calls: list[_Call], still_open: int) -> PhoneOutcomes:
    return PhoneOutcomes(
        receipts=tuple(map(_receipt, calls)),
        called_at={call.message_id: call.called_at for call in calls},
        opted_out=tuple(call.message_id for call in calls if call.outcome == _OPTS_OUT),
        holds=tuple(call.message_id for call in calls if call.outcome == _HOLDS),
        open=still_open,
    )


def _receipt(call: _Call) -> Receipt:
    status, bad_contact = OUTCOMES[call.outcome]
    reason = _FOR_REVIEW if call.outcome == _HOLDS else call.outcome
    return Receipt(call.message_id, status, None, reason, bad_contact=bad_contact)


def _told(problems: list[str]) -> str:
    more = len(problems) - _MOST_PROBLEMS
    rest = [f"... and {more} more"] if more > 0 else []
    return "\n".join(["nothing of this file was taken:", *problems[:_MOST_PROBLEMS], *rest])


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Return each row's line and its three values, without outer spaces."""
    lines = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        for name in COLUMNS:
            if header.count(name) != 1:
                raise OutreachError(
                    f"{file}:1: expected one column '{name}' among the first line's, separated by "
                    f"commas; found {header.count(name)}"
                )
        places = {name: header.index(name) for name in COLUMNS}
        return list(_split(file, lines, places, len(header)))
    except csv.Error as error:
        raise OutreachError(f"{file}:{lines.line_num}: not CSV: {error}") from error


def _split(
    file: Path, lines: Iterator[list[str]], places: dict[str, int], width: int
) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in enumerate(lines, start=2):
        if not any(row):
            continue
        if len(row) != width:
            raise OutreachError(f"{file}: row {number}: {len(row)} cells, the first has {width}")
        cells = {name: row[place].strip() for name, place in places.items()}
        # The list shows an id that could be a formula behind a quote.
        yield number, cells | {"message_id": cells["message_id"].removeprefix("'")}


def _text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > LARGEST_FILE:
            raise OutreachError(f"{file}: {size} bytes, a file has at most {LARGEST_FILE}")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OutreachError(f"{file}: cannot be read: {type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise OutreachError(
            f"{file}: not UTF-8 at byte {error.start}; save it as CSV UTF-8"
        ) from error
    if "\0" in text:
        raise OutreachError(f"{file}: holds a zero byte; save it as CSV UTF-8")
    return text


def _wrong_id(message_id: str, seen: set[str]) -> str | None:
    if not _ID.fullmatch(message_id):
        return "is no id of a message"
    return "is there twice" if message_id in seen else None


def _wrong_outcome(outcome: str) -> str | None:
    if outcome in OUTCOMES:
        return None
    known = list(OUTCOMES)
    return f"expected one of {known}{nearest(outcome, known)}"


def _wrong_time(text: str, at: datetime) -> str | None:
    if not _TIME.fullmatch(text):
        return "expected a day and time such as 2026-11-22 14:30"
    try:
        time = _time(text)
    except ValueError as error:
        return str(error)
    return "lies in the future" if time > at else None


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day and time of the calendar") from None
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    first, second = (read.replace(tzinfo=_HERE, fold=fold) for fold in (0, 1))
    # In the hour that the clocks change, one reading is two times, or none.
    if first.utcoffset() != second.utcoffset():
        raise ValueError("falls into the hour in which the clocks change; write it with an offset")
    return first.astimezone(UTC)
