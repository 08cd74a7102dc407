"""One request to one address, within one deadline: the name's lookup, the connection, TLS, the
request and the answer, however slowly the other side gives each byte."""

import io
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
from typing import cast

from notifications._clock import Deadline
from notifications._webhook_addresses import Target, may_be_reached

LONGEST_ANSWER = 64 * 1024

Resolve = Callable[[str, int], list[str]]


class NotAskedError(Exception):
    """Nothing of the request was written. `stop` says that a person has to look first."""

    def __init__(self, reason: str, *, stop: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stop = stop


class NoAnswerError(Exception):
    """The request, or a part of it, was written, and no answer that can be read came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer's status, its wish for a wait in seconds, and its body, as far as it was asked."""

    status: int
    retry_after: float | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom we ask, how its name is resolved, and who vouches for it."""

    target: Target
    loopback: bool
    resolve: Resolve
    context: ssl.SSLContext
    seconds: float


def exchange(partner: Partner, request: bytes, *, body_of: Iterable[int]) -> Answer:
    """Write a request, once, and return the answer.

    Args:
        partner: whom to ask.
        request: a whole HTTP/1.1 request that asks for the connection to be closed.
        body_of: the statuses whose body is wanted; that of others is not waited for.

    Raises:
        NotAskedError: no byte of the request was written.
        NoAnswerError: some may have been.
    """
    deadline = Deadline(partner.seconds)
    with closing(_connected(partner, deadline)) as line:
        # Without the causes: what the other side said is not for our logs.
        try:
            _write(line, request, deadline)
            return _answer(line, deadline, body_of)
        except (OSError, HTTPException, ValueError):
            raise NoAnswerError from None


def _connected(partner: Partner, deadline: Deadline) -> ssl.SSLSocket:
    try:
        addresses = _addresses(partner, deadline)
        # One that may not be reached says enough of the name: then none of the others is.
        if not all(may_be_reached(one, loopback=partner.loopback) for one in addresses):
            raise NotAskedError("address_refused", stop=True)
        line = _reached(addresses, partner.target.port, deadline)
        return _proven(line, partner, deadline)
    except ssl.SSLCertVerificationError:
        raise NotAskedError("certificate_refused", stop=True) from None
    except OSError:
        raise NotAskedError("no_connection") from None


def _addresses(partner: Partner, deadline: Deadline) -> list[str]:
    """Resolve the name in a thread: a resolver cannot be told how long it may take."""
    target = partner.target
    found: SimpleQueue[list[str] | None] = SimpleQueue()

    def look_up() -> None:
        try:
            found.put(partner.resolve(target.host, target.port))
        except (OSError, ValueError):
            found.put(None)

    Thread(target=look_up, daemon=True).start()
    try:
        addresses = found.get(timeout=deadline.left())
    except Empty:
        addresses = None
    if not addresses:
        raise NotAskedError("name_not_resolved")
    return addresses


def _reached(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    trouble: OSError = OSError()
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=deadline.left())
        except OSError as error:
            trouble = error
    raise trouble


def _proven(line: socket.socket, partner: Partner, deadline: Deadline) -> ssl.SSLSocket:
    secure = partner.context.wrap_socket(
        line, server_hostname=partner.target.host, do_handshake_on_connect=False
    )
    try:
        secure.settimeout(deadline.left())
        secure.do_handshake()
    except OSError:
        secure.close()
        raise
    return secure


def _write(line: ssl.SSLSocket, request: bytes, deadline: Deadline) -> None:
    rest = memoryview(request)
    while rest:
        line.settimeout(deadline.left())
        rest = rest[line.send(rest) :]


def _answer(line: ssl.SSLSocket, deadline: Deadline, body_of: Iterable[int]) -> Answer:
    # `HTTPResponse` wants of a socket only that it can be read as a file.
    with closing(HTTPResponse(cast(socket.socket, _Source(line, deadline)), method="POST")) as got:
        got.begin()
        wish = got.headers.get("Retry-After", "").strip()
        retry_after = float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 6 else None
        body = got.read() if got.status in body_of else b""
        return Answer(got.status, retry_after, body)


@dataclass(frozen=True, slots=True)
class _Source:
    line: ssl.SSLSocket
    deadline: Deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Limited(self.line, self.deadline))


class _Limited(io.RawIOBase):
    """What arrives on a line until the deadline; more than an answer may have is an error."""

    def __init__(self, line: ssl.SSLSocket, deadline: Deadline) -> None:
        super().__init__()
        self._line = line
        self._deadline = deadline
        self._left = LONGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._left <= 0:
            raise OSError("answer too long")
        self._line.settimeout(self._deadline.left())
        count = self._line.recv_into(buffer[: self._left])
        self._left -= count
        return count
