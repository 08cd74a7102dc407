"""What may be said of a value or an error where anybody may read it: in logs and on a terminal.

A name cannot be told from a word, so nothing is let through because it looks harmless: a value
passes where its key is on a list and its form is that of an id, a number or a word of ours.
"""

import re
import traceback
from collections.abc import Mapping
from datetime import date, datetime
from types import TracebackType

from nostop.model import NostopError

REDACTED = "[redacted]"
#: What a line of a log may hold. Everything under another key is replaced.
KEYS = frozenset(
    {
        "action",
        "at",
        "attempt",
        "batch",
        "campaign",
        "cause",
        "channel",
        "count",
        "effective_on",
        "entries",
        "error",
        "event",
        "event_id",
        "feed",
        "job",
        "kind",
        "leader",
        "level",
        "library",
        "logger",
        "message",
        "message_id",
        "place",
        "pid",
        "reason",
        "rows",
        "run_id",
        "scheme",
        "seconds",
        "seq",
        "source",
        "stage",
        "state",
        "status",
        "step",
        "waits_seconds",
    }
)
#: A word, an id, a version, a few words of ours.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/+, ()'-]{0,200}")
_PERSONAL = re.compile(
    "|".join(
        (
            # A National Insurance number.
            r"\b[A-Za-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Da-d]\b",
            # An e-mail address.
            r"[^\s@<>\"']+@[^\s@<>\"']+",
            # A telephone number.
            r"(?<![\w.])(?:\+\d|\(?0\d)[\d ()-]{7,14}\d(?![\w.])",
            # A postcode.
            r"\b[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}\b",
            # A day, as a birth date is written.
            r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])",
            r"(?<![\w/.-])\d{1,2}([/.-])\d{1,2}\1\d{2,4}(?![\w/.-])",
        )
    )
)
#: The user and password in an address of a service.
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
#: Names of a library's log record, or of a module: letters, digits and dots.
_NAME = re.compile(r"[A-Za-z0-9_.]{1,100}")


def without_personal(text: str) -> str:
    """Return a text of ours with everything replaced that looks like a number, an address or a day
    of somebody's."""
    return _PERSONAL.sub(REDACTED, _CREDENTIALS.sub(f"{REDACTED}@", text))


def redacted(key: str, value: object) -> object:
    """Return a value as a log may hold it under `key`.

    Numbers, days and ids pass where the key is on the list; text passes there where it is plain.
    """
    if key not in KEYS:
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str) and (key == "message" or _PLAIN.fullmatch(value)):
        return without_personal(value)
    return REDACTED


def told(error: BaseException) -> Mapping[str, str]:
    """Return what may be said of an error: its class, where it was raised, and its message only
    where the message is ours.

    A library's message may quote a row, an address or the text of a message.
    """
    said = {"error": _full_name(type(error))}
    if place := place_of(error.__traceback__):
        said["place"] = place
    if isinstance(error, NostopError):
        said["message"] = without_personal(str(error))
    if error.__cause__ is not None:
        said["cause"] = _full_name(type(error.__cause__))
    return said


def _full_name(kind: type[BaseException]) -> str:
    builtin = kind.__module__ == "builtins"
    return kind.__name__ if builtin else f"{kind.__module__}.{kind.__name__}"


def place_of(trace: TracebackType | None) -> str | None:
    """Return the file, from its package on, and the line at which an error was raised."""
    frames = traceback.extract_tb(trace)
    if not frames:
        return None
    return f"{short(frames[-1].filename)}:{frames[-1].lineno}"


def short(filename: str) -> str:
    """Return the last two parts of a file's name: no folder of this machine."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


def where_it_broke(error: BaseException) -> str:
    """Return an error that nobody expected for a terminal: its class and the way to it, and no
    value."""
    lines = [
        f"  {short(frame.filename)}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "\n".join([told(error)["error"], *lines])


def plain_name(text: str) -> str:
    """Return the name of a logger, or `[redacted]` where it is no plain name."""
    return text if _NAME.fullmatch(text) else REDACTED
