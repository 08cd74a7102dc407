"""CloudEvents 1.0 in JSON into `LifeEvents`, strictly, and all of them or none.

One event, a list of them (the batch format), or `{"events": [...]}`, as the transport `cloudevents`
lands them. A fault is told with its line and never with a value: it could be somebody's name.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn

import polars as pl

from nostop.events.rules import EventBook, EventType
from nostop.events.tables import TICK, LifeEvents, event_key
from nostop.frames import check, empty
from nostop.model import EventError, nearest

MAX_BYTES = 256 * 1024 * 1024
_MOST_TOLD = 20
#: A clock may be a day off; what lies further ahead has not happened.
_AHEAD = timedelta(days=1)
_NEEDED = ("specversion", "id", "source", "type", "subject", "time")
_KNOWN = {*_NEEDED, "datacontenttype", "data"}
_SOURCE = re.compile(r"[A-Za-z0-9_.:/+-]{1,200}")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: A National Insurance number or a telephone number: an id that looks like one is not opaque.
_PERSONAL = re.compile(
    r"(?<![A-Za-z0-9])([A-Za-z]{2}[0-9]{6}[A-Da-d]|0[12378][0-9]{8,9}|44[12378][0-9]{8,9})(?![A-Za-z0-9])"
)
_WRAPPED = re.compile(r'\s*\{\s*"events"\s*:\s*\[')
_SPACE = re.compile(r"\s*")
#: An amount above this is no amount.
_MOST = 10**15


def read_events(raw: bytes, where: str, book: EventBook, received_at: datetime) -> pl.DataFrame:
    """Return the events of a file or a request.

    Args:
        raw: JSON, UTF-8.
        where: how errors call it: a file's name.
        book: the types there are.
        received_at: when they came, with a zone; nothing may lie more than a day after it.
    Returns:
        `LifeEvents`, in the order in which they stand; an event that stands there twice is there
        once.
    Raises:
        EventError: one line for each fault; nothing of it may be used.
    """
    rows: dict[str, dict[str, object]] = {}
    faults: list[str] = []
    for line, found in _entries(_text(raw, where), where):
        try:
            row = _row(found, book, received_at)
        except _FaultError as fault:
            faults.append(f"{where}:{line}: {fault}")
            if len(faults) == _MOST_TOLD:
                break
            continue
        key = str(row["event_key"])
        if rows.setdefault(key, row) != row:
            faults.append(f"{where}:{line}: source and id stand there twice, with other content")
    if faults:
        raise EventError("\n".join(faults))
    return check(LifeEvents, pl.DataFrame(list(rows.values()), schema=empty(LifeEvents).schema))


class _FaultError(Exception):
    """One thing wrong with one event."""


def _text(raw: bytes, where: str) -> str:
    if len(raw) > MAX_BYTES:
        raise EventError(f"{where}: is {len(raw):,} bytes, {MAX_BYTES:,} is the most: split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EventError(f"{where}: is not UTF-8 (byte {error.start})") from None
    if "\x00" in text:
        raise EventError(f"{where}: holds a NUL character")
    return text


def _entries(text: str, where: str) -> Iterator[tuple[int, object]]:
    """Yield each event of the text with its line."""
    wrapped = _WRAPPED.match(text)
    start = wrapped.end() if wrapped else _after_space(text, 0)
    if not wrapped and not text.startswith("[", start):
        place = _Place(text, where)
        found, end = place.value(start)
        place.end(end)
        yield place.line(start), found
        return
    yield from _listed(text, where, start if wrapped else start + 1, wrapped=bool(wrapped))


def _listed(text: str, where: str, at: int, *, wrapped: bool) -> Iterator[tuple[int, object]]:
    place = _Place(text, where)
    at = _after_space(text, at)
    while not text.startswith("]", at):
        found, end = place.value(at)
        yield place.line(at), found
        at = _after_space(text, end)
        if text.startswith(",", at):
            at = _after_space(text, at + 1)
            if not text.startswith("]", at):
                continue
        elif text.startswith("]", at):
            continue
        place.refuse(at, "is not JSON: expected a comma or the end of the list")
    at += 1
    if wrapped:
        at = _after_space(text, at)
        if not text.startswith("}", at):
            place.refuse(at, "is not a list of events: expected } after it")
        at += 1
    place.end(at)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


@dataclass(slots=True)
class _Place:
    """Reads JSON values of a text, and knows lines without counting from the start each time."""

    text: str
    where: str
    _line: int = 1
    _counted: int = 0

    def line(self, at: int) -> int:
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def refuse(self, at: int, said: str) -> NoReturn:
        raise EventError(f"{self.where}:{self.text.count(chr(10), 0, at) + 1}: {said}")

    def value(self, at: int) -> tuple[object, int]:
        try:
            return _DECODER.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            self.refuse(error.pos, f"is not JSON: {error.msg}")
        except _FaultError as fault:
            self.refuse(at, str(fault))
        except RecursionError:
            self.refuse(at, "is nested too deep")
        except ValueError:
            self.refuse(at, "a number has too many digits")

    def end(self, at: int) -> None:
        at = _after_space(self.text, at)
        if at != len(self.text):
            self.refuse(at, "something follows after the end")


def _no_constant(word: str) -> NoReturn:
    raise _FaultError(f"{word} is no number of JSON")


def _object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        raise _FaultError("a key is written twice: keep one of them")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_object)


def _row(found: object, book: EventBook, received_at: datetime) -> dict[str, object]:
    if not isinstance(found, dict):
        raise _FaultError("is no JSON object")
    # An attribute that is null is not there (JSON format of CloudEvents, 2.2).
    event = {name: value for name, value in found.items() if value is not None}
    _refuse_unknown(event.keys() - _KNOWN, "an event", sorted(_KNOWN))
    for name in _NEEDED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise _FaultError(f"'{name}' is missing, empty or no text")
    if event["specversion"] != "1.0":
        raise _FaultError("'specversion' is not 1.0")
    if event.get("datacontenttype", "application/json") != "application/json":
        raise _FaultError("'datacontenttype' is not application/json")
    about = _type(event["type"], book)
    return {
        "event_key": event_key(
            _plain(event, "source", _SOURCE),
            _plain(event, "id", _ID),
        ),
        "source": event["source"],
        "event_id": event["id"],
        "type": event["type"],
        "subject": _plain(event, "subject", _ID),
        "at": _time(event["time"], received_at),
        "data": _data(event.get("data", {}), event["type"], about, book.schemes),
    }


def _type(name: str, book: EventBook) -> EventType:
    if name == TICK:
        raise _FaultError("a tick is not sent: write `nostop events tick --on DAY`")
    if name not in book.types:
        known = list(book.types)
        shown = f"'{name}'" if re.fullmatch(r"[A-Za-z0-9_.]{1,60}", name) else "'type'"
        raise _FaultError(f"{shown} is no type of life event{nearest(name, known)}")
    return book.types[name]


def _refuse_unknown(names: set[str], of: str, known: list[str]) -> None:
    for name in sorted(names):
        shown = f"'{name}'" if re.fullmatch(r"[A-Za-z0-9_]{1,40}", name) else "an attribute"
        raise _FaultError(f"{shown} is not known of {of}{nearest(name, known)}")


def _plain(event: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value: str = event[name]
    if not pattern.fullmatch(value):
        raise _FaultError(f"'{name}' is no plain id of letters, digits and _ . : -")
    if _PERSONAL.search(value):
        raise _FaultError(f"'{name}' looks like a National Insurance or telephone number")
    return value


def _time(text: str, received_at: datetime) -> datetime:
    if not _TIME.fullmatch(text):
        raise _FaultError("'time' is no time with a zone, such as 2026-05-01T09:30:00Z")
    try:
        # Python 3.11 knows at most six digits of a second's parts.
        at = datetime.fromisoformat(re.sub(r"(\.[0-9]{1,6})[0-9]*", r"\1", text.upper()))
        utc = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _FaultError("'time' is no day or hour that there is") from None
    if utc > received_at + _AHEAD:
        raise _FaultError("'time' lies ahead: an event is sent once it has happened")
    return utc


def _data(data: object, name: str, about: EventType, schemes: frozenset[str]) -> str:
    if not isinstance(data, dict):
        raise _FaultError("'data' is no JSON object")
    stated = {key: value for key, value in data.items() if value is not None}
    known = about.attributes
    _refuse_unknown(stated.keys() - known.keys(), name, list(known))
    for key in about.has:
        if key not in stated:
            raise _FaultError(f"'{name}' must say '{key}'")
    for key, value in stated.items():
        fault = _value_fault(known[key], value, schemes)
        if fault:
            raise _FaultError(f"'{key}' {fault}")
    return json.dumps(stated, sort_keys=True, separators=(",", ":"))


def _value_fault(kind: str | list[str], value: object, schemes: frozenset[str]) -> str | None:
    if isinstance(kind, list):
        return None if value in kind else f"is not one of {', '.join(kind)}"
    if kind == "yes_no":
        return None if isinstance(value, bool) else "is neither true nor false"
    if kind in ("pence", "count"):
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
        return None if whole else "is no whole number of 0 or more"
    if not isinstance(value, str):
        return "is no text"
    return _text_fault(kind, value, schemes)


def _text_fault(kind: str, value: str, schemes: frozenset[str]) -> str | None:
    if kind == "date":
        return None if _is_date(value) else "is no date, such as 2026-05-01"
    if kind == "scheme":
        return None if value in schemes else "is no scheme"
    if not _ID.fullmatch(value) or _PERSONAL.search(value):
        return "is no plain, opaque id"
    return None


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False
