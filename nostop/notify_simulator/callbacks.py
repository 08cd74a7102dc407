"""Calls a service back: receipts, received texts, returned letters, complaints.

What is to be said waits in the ledger, so that nothing is forgotten with the process. A call that
cannot be made, or is answered with 429 or 5xx, is made again up to five times, five minutes apart;
any other 4xx drops it for ever.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urlsplit

from nostop.notify_simulator import notifications, shapes
from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import invalid
from nostop.notify_simulator.simulator import Callback, Simulator, keep, kept
from nostop.notify_simulator.statuses import REPORTED, progress

KINDS = ("delivery_receipt", "received_text", "returned_letter", "complaint")
_AGAIN = 5
_AT_ONCE = 8
_EVERY = 0.1
_MOST_AT_A_TIME = 200
_log = logging.getLogger(__name__)
_REPORTED_UP_TO = "reported_up_to"


def parse_callback(body: Mapping[str, object]) -> Callback:
    """Return where a control asks us to call.

    Raises:
        Refusal: the kind is unknown, the address is neither https nor on this machine, or the
            token is too short.
    """
    callback = Callback(
        str(body.get("kind")), str(body.get("url")), str(body.get("bearer_token", ""))
    )
    parts = urlsplit(callback.url)
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    if callback.kind not in KINDS or not allowed or len(callback.bearer_token) < 10:
        raise invalid(
            f"a callback has a kind ({', '.join(KINDS)}), a url (https, or http on this machine)"
            " and a bearer_token of 10 characters or more"
        )
    return callback


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False


async def register(simulator: Simulator, callback: Callback) -> None:
    """Call back there from now on: for what is not finished yet, not for what was before."""
    finished = stamp(simulator.clock.now() - simulator.settings.pace.finished)

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO callbacks (kind, url, bearer_token) VALUES (?, ?, ?)",
            (callback.kind, callback.url, callback.bearer_token),
        )
        if callback.kind == "delivery_receipt":
            done = connection.execute(
                "SELECT coalesce(max(position), 0) FROM notifications WHERE accepted_at <= ?",
                (finished,),
            ).fetchone()[0]
            keep(connection, _REPORTED_UP_TO, str(done))

    await simulator.ledger.write(write)
    simulator.callbacks[callback.kind] = callback


async def unregister(simulator: Simulator, kind: str) -> None:
    """Call nobody back about this any more; what still waits is dropped when it is due."""
    await simulator.ledger.write(
        lambda connection: connection.execute("DELETE FROM callbacks WHERE kind = ?", (kind,))
    )
    simulator.callbacks.pop(kind, None)


def enqueue(
    connection: sqlite3.Connection, kind: str, about: str, said: shapes.Json, due_at: str
) -> None:
    """Put one call on the list."""
    connection.execute(
        "INSERT INTO calls (kind, about, body, due_at) VALUES (?, ?, ?, ?)",
        (kind, about, json.dumps(said, ensure_ascii=False), due_at),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A call that was made, and what came of it."""

    position: int
    state: str
    attempts: int
    due_at: str
    answer: str


class Caller:
    """Makes the calls of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notify-simulator-caller")

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Call back as long as the context is open."""
        task = asyncio.create_task(self._forever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _forever(self) -> None:
        while True:
            if self._simulator.callbacks:
                try:
                    now = self._simulator.clock.now()
                    await self._report(now)
                    await self._make_calls(now)
                except sqlite3.Error as error:
                    # Nothing is lost: it waits in the ledger until that can be written again.
                    _log.error("calling back failed: %s", type(error).__name__)
            await asyncio.sleep(_EVERY)

    async def _report(self, now: datetime) -> None:
        """Put the receipts of messages that are finished by now on the list."""
        simulator = self._simulator
        if "delivery_receipt" not in simulator.callbacks:
            return
        reading = simulator.ledger.reading
        up_to = int(kept(reading, _REPORTED_UP_TO) or 0)
        pace = simulator.settings.pace
        receipts = []
        position = up_to
        following = notifications.accepted_after(reading, up_to, _MOST_AT_A_TIME)
        for position_of, found in following:
            if found.accepted + pace.finished > now:
                break
            position = position_of
            reached = progress(found, now, pace)
            by_itself = found.kept and found.type != "letter" and found.settled_status is None
            if by_itself and reached.status in REPORTED:
                receipts.append((found.id, shapes.receipt(found, reached)))
        if position == up_to:
            return

        def write(connection: sqlite3.Connection) -> None:
            for about, said in receipts:
                enqueue(connection, "delivery_receipt", about, said, stamp(now))
            keep(connection, _REPORTED_UP_TO, str(position))

        await simulator.ledger.write(write)

    async def _make_calls(self, now: datetime) -> None:
        due = self._simulator.ledger.reading.execute(
            "SELECT * FROM calls WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, position"
            " LIMIT ?",
            (stamp(now), _MOST_AT_A_TIME),
        ).fetchall()
        loop = asyncio.get_running_loop()
        made = await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._call, dict(call), now) for call in due)
        )
        if made:
            await self._simulator.ledger.write(lambda connection: _write_down(connection, made))

    def _call(self, call: Mapping[str, object], now: datetime) -> _Made:
        callback = self._simulator.callbacks.get(str(call["kind"]))
        position, attempts = int(str(call["position"])), int(str(call["attempts"])) + 1
        if callback is None:
            return _Made(position, "dropped", attempts, stamp(now), "nobody to call")
        answer = _post(callback, str(call["body"]), self._simulator.settings.callback_timeout)
        refused = isinstance(answer, str) or answer >= 500 or answer == 429
        if not refused:
            state = "done" if int(answer) < 400 else "dropped"
            return _Made(position, state, attempts, stamp(now), str(answer))
        state = "given_up" if attempts > _AGAIN else "waiting"
        again_at = now + self._simulator.settings.pace.callback_retry
        return _Made(position, state, attempts, stamp(again_at), str(answer))


def _write_down(connection: sqlite3.Connection, made: Iterable[_Made]) -> None:
    connection.executemany(
        "UPDATE calls SET state = ?, attempts = ?, due_at = ?, answer = ? WHERE position = ?",
        [(call.state, call.attempts, call.due_at, call.answer, call.position) for call in made],
    )


def _post(callback: Callback, body: str, timeout: float) -> int | str:
    """Return the status of the answer, or the name of what went wrong."""
    parts = urlsplit(callback.url)
    of_scheme = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {callback.bearer_token}",
    }
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    try:
        with closing(of_scheme(parts.hostname or "", parts.port, timeout=timeout)) as connection:
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
    except (OSError, HTTPException) as error:
        return type(error).__name__
