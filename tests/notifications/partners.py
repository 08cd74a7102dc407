"""A partner's web server on this machine, over TLS, that answers as it is told."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

#: Words of a script that are no answer: reset, say nothing, one byte now and then without end.
RESET, SILENCE, DRIP = b"<reset>", b"<silence>", b"<drip>"


@dataclass(frozen=True)
class Request:
    """What a partner was asked."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Partner:
    """Answers each request with `answer`, and keeps the requests and the names it was called.

    A request that holds `refused` is answered 422.
    """

    answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
    refused: bytes | None = None
    requests: list[Request] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0
    over: Event = field(default_factory=Event)

    def run(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        def note_name(_line: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            self.names.append(name)

        context.sni_callback = note_name
        while not self.over.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    self._serve(line)
            except OSError:
                continue

    def _serve(self, line: ssl.SSLSocket) -> None:
        with line.makefile("rb") as file:
            first = file.readline().decode().strip()
            pairs = [text.decode().strip().partition(": ") for text in iter(file.readline, b"\r\n")]
            headers = {name: value for name, _, value in pairs}
            body = file.read(int(headers["Content-Length"]))
        self.requests.append(Request(first, headers, body))
        if self.refused is not None and self.refused in body:
            line.sendall(b"HTTP/1.1 422 No such mailbox\r\n\r\n")
        elif self.answer == SILENCE:
            line.recv(1)
        elif self.answer == DRIP:
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.over.wait(0.05):
                line.sendall(b"a")
        elif self.answer == RESET:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            line.sendall(self.answer)


@contextmanager
def partner_server(context: ssl.SSLContext) -> Iterator[tuple[Partner, int]]:
    """Run a partner; yield it and its port."""
    partner = Partner()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=partner.run, args=(listener, context))
        thread.start()
        try:
            yield partner, listener.getsockname()[1]
        finally:
            partner.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
