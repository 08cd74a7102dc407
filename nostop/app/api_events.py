"""Life events that a service sends over HTTP: the same checks as `nostop events append`."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine

from nostop.app.events import EventDesk, judging, read_event_rules
from nostop.events import EventBook
from nostop.model import EventError, JsonError
from nostop.store import Heard, Judging
from nostop.strict_json import strict_json

#: How many events one request may hold.
MOST_EVENTS = 1000
_WHERE = "events"
_QUOTED = re.compile(r"'([^'\n]*)'")
_YOURS = "a name that was sent"
_ATTRIBUTES = (
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data",
)  # fmt: skip
_LOOK = timedelta(seconds=60)


class EventShelf:
    """The event rules, read once and looked at again every minute; shared by every thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[Path, EventBook, Judging, datetime] | None = None

    def of(self, rules: Path, at: datetime) -> tuple[EventBook, Judging]:
        """Return the event rules of a folder.

        Raises:
            NostopError: they cannot be read.
        """
        with self._lock:
            kept = self._kept
            if kept is None or kept[0] != rules or abs(at - kept[3]) >= _LOOK:
                book = read_event_rules(rules)
                kept = self._kept = (rules, book, judging(book), at)
        return kept[1], kept[2]


def take_events(desk: EventDesk, raw: bytes, at: datetime, *, batch: bool) -> Heard:
    """Take one CloudEvent, or a batch of them: all, or none.

    Raises:
        EventError: one of them is none, or is in the log with other content, or there are too many;
            it repeats no value.
        StoreError: a value is not fit to be stored.
    """
    try:
        data = strict_json(raw, _WHERE)
    except JsonError:
        raise EventError(f"{_WHERE}: is not JSON as RFC 8259 has it, in UTF-8") from None
    if batch != isinstance(data, list):
        shape = "a list of events" if batch else "one event, in braces"
        raise EventError(f"{_WHERE}: must be {shape}, as its content type says")
    if isinstance(data, list) and len(data) > MOST_EVENTS:
        raise EventError(f"{_WHERE}: holds more than {MOST_EVENTS:,}: send them in parts")
    # A list, whatever is in it: what looks like a wrapped list is an event that is none.
    listed = raw if batch else b"[" + raw.removeprefix(b"\xef\xbb\xbf") + b"]"
    try:
        return desk.take(listed, _WHERE, at)
    except EventError as error:
        raise EventError(_told_safely(str(error), desk.book)) from None


def _told_safely(text: str, book: EventBook) -> str:
    """Return a message without any name that the event rules do not know: whoever sent it may have
    called an attribute as they call a person."""
    known = {*_ATTRIBUTES, *book.types}
    for each in book.types.values():
        known |= set(each.attributes)
    return _QUOTED.sub(lambda found: found[0] if found[1] in known else _YOURS, text)


def desk_for(engine: Engine, shelf: EventShelf, rules: Path, by: str, at: datetime) -> EventDesk:
    """Return what takes events on behalf of a key."""
    book, how = shelf.of(rules, at)
    return EventDesk(engine, book, how, by)
