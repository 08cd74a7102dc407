"""Of the control surface, what is about messages: the ledger, what became of one, texts that people
send."""

import asyncio
import csv
import io
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from nostop.notify_simulator import notifications, shapes
from nostop.notify_simulator.callbacks import enqueue
from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import invalid, not_found
from nostop.notify_simulator.incoming import json_object, simulator_of
from nostop.notify_simulator.ledger import Ledger
from nostop.notify_simulator.notifications import Notification
from nostop.notify_simulator.recipients import InvalidRecipientError, parse_phone
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.statuses import REPORTED, SETTLED, progress

#: What the ledger shows of each message; a letter's PDF is asked for by itself.
_SHOWN = tuple(name for name in notifications.COLUMNS if name != "content")
_ROWS = (
    f"SELECT position, {', '.join(_SHOWN)} FROM notifications"  # noqa: S608 - names of our own
    " WHERE position > ? ORDER BY position"
)
_MOST_ROWS = 10_000


async def _ledger(request: Request) -> Response:
    """Counts, straight from the file."""
    ledger = simulator_of(request).ledger
    return JSONResponse(await asyncio.to_thread(counts, ledger))


def counts(ledger: Ledger) -> Mapping[str, object]:
    """Return how many messages were accepted, by reference, and which references more than
    once."""
    with closing(ledger.reader()) as reading:
        by_reference = dict(
            reading.execute(
                "SELECT reference, count(*) FROM notifications WHERE reference IS NOT NULL"
                " GROUP BY reference ORDER BY reference"
            ).fetchall()
        )
        by_type = dict(
            reading.execute("SELECT type, count(*) FROM notifications GROUP BY type").fetchall()
        )
    accepted = sum(by_type.values())
    return {
        "accepted": accepted,
        "by_type": by_type,
        "without_reference": accepted - sum(by_reference.values()),
        "references": len(by_reference),
        "duplicates": {name: count for name, count in by_reference.items() if count > 1},
        "by_reference": by_reference,
    }


async def _rows(request: Request) -> Response:
    """Whole messages, oldest first, after a position."""
    after = _number(request, "after", 0)
    most = min(_number(request, "limit", 1000), _MOST_ROWS)
    reading = simulator_of(request).ledger.reading
    rows = reading.execute(f"{_ROWS} LIMIT ?", (after, most)).fetchall()
    return JSONResponse({"rows": [dict(row) for row in rows]})


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit():
        raise invalid(f"{name}: '{text}' is no whole number")
    return int(text)


async def _csv(request: Request) -> Response:
    """The whole ledger for a spreadsheet, safe to open in one."""
    return StreamingResponse(
        _csv_lines(simulator_of(request).ledger), media_type="text/csv; charset=utf-8"
    )


def _csv_lines(ledger: Ledger) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    with closing(ledger.reader()) as reading:
        writer.writerow(["position", *_SHOWN])
        for row in reading.execute(_ROWS, (0,)):
            writer.writerow([_plain(value) for value in row])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _plain(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if risky else value


async def _settle(request: Request) -> Response:
    """Say what became of a message; the service is called back as it would be."""
    simulator = simulator_of(request)
    body = await json_object(request)
    found = _found(simulator, request.path_params["id"])
    allowed = SETTLED[found.type]
    status = str(body.get("status"))
    if status not in allowed:
        raise invalid(f"status: expected one of {', '.join(allowed)}")
    now = stamp(simulator.clock.now())

    def write(connection: sqlite3.Connection) -> None:
        notifications.settle(connection, found.id, status, now)
        _call_back(connection, simulator, found.id)

    await simulator.ledger.write(write)
    return JSONResponse({"id": found.id, "status": status})


def _call_back(connection: sqlite3.Connection, simulator: Simulator, about: str) -> None:
    found = notifications.by_id(connection, about)
    if found is None:
        return
    now = simulator.clock.now()
    reached = progress(found, now, simulator.settings.pace)
    kind, said = "delivery_receipt", shapes.receipt(found, reached)
    wanted = found.type != "letter" and reached.status in REPORTED
    if reached.status == "returned-letter":
        template = simulator.template(found.template_id or "")
        kind, wanted = "returned_letter", True
        said = shapes.returned_letter(found, template.name if template else None)
    if wanted and kind in simulator.callbacks:
        enqueue(connection, kind, found.id, said, stamp(now))


async def _complain(request: Request) -> Response:
    """The person says that an e-mail is spam."""
    simulator = simulator_of(request)
    found = _found(simulator, request.path_params["id"])
    now = stamp(simulator.clock.now())
    said = {
        "notification_id": found.id,
        "complaint_id": str(uuid4()),
        "reference": found.reference,
        "to": found.recipient,
        "complaint_date": now,
    }
    if "complaint" in simulator.callbacks:
        await simulator.ledger.write(
            lambda connection: enqueue(connection, "complaint", found.id, said, now)
        )
    return JSONResponse(said, 201)


def _found(simulator: Simulator, notification_id: str) -> Notification:
    found = notifications.by_id(simulator.ledger.reading, notification_id.lower())
    if found is None:
        raise not_found()
    return found


async def _receive_text(request: Request) -> Response:
    """Somebody sends the service a text message."""
    simulator = simulator_of(request)
    body = await json_object(request)
    try:
        sender = parse_phone(str(body.get("from", ""))).digits
    except InvalidRecipientError as error:
        raise invalid(f"from: {error}") from error
    message = body.get("message")
    if not isinstance(message, str) or not message:
        raise invalid("message: expected the words of the text message")
    now = stamp(simulator.clock.now())
    to = str(body.get("to", "07700900800"))
    text_id = str(uuid4())
    said = {
        "id": text_id,
        "source_number": sender,
        "destination_number": to,
        "message": message,
        "date_received": now,
    }
    row = (text_id, simulator.doors.keys[0].service_id, sender, to, message, now)

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO received_texts"
            " (id, service_id, user_number, notify_number, content, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        if "received_text" in simulator.callbacks:
            enqueue(connection, "received_text", text_id, said, now)

    await simulator.ledger.write(write)
    return JSONResponse(said, 201)


PATHS: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
    ("GET", "/_control/ledger", _ledger),
    ("GET", "/_control/ledger/rows", _rows),
    ("GET", "/_control/ledger.csv", _csv),
    ("POST", "/_control/notifications/{id}/status", _settle),
    ("POST", "/_control/notifications/{id}/complaint", _complain),
    ("POST", "/_control/received-texts", _receive_text),
)
