"""A real web service on this machine that answers as it is told, and can lose its answers."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What a service may do after it has heard a request whole.
RESET, CLOSE, HALF, HANG, DRIP = "reset", "close", "half", "hang", "drip"


@dataclass(frozen=True)
class Said:
    """One answer: its status, its body as it is or as JSON, and more headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Service:
    """`heard` is each request that came whole, `next` what is done about the next ones: a `Said`,
    one of the words above, or a function of the request that gives either."""

    url: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    next: Any = field(default_factory=lambda: Said(404))
    ended: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: Service

    def handle_error(self, *_: Any) -> None:
        """Say nothing: connections break off here on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        service = self.server.service
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = {
            "verb": self.command,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": json.loads(raw) if raw else None,
        }
        service.heard.append(request)
        todo = service.next(request) if callable(service.next) else service.next
        if isinstance(todo, Said):
            self._say(todo, len(todo.raw()))
            return
        self.close_connection = True
        if todo == HALF:
            self._say(Said(201, {"id": "cut off"}), 1000)
        elif todo == HANG:
            service.ended.wait()
        elif todo == DRIP:
            self._say(Said(201, {"id": "drop by drop"}), 1000)
            with suppress(OSError):
                while not service.ended.wait(0.05):
                    self.wfile.write(b" ")
        elif todo == RESET:
            # A close that waits for nothing is a reset.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def _say(self, said: Said, length: int) -> None:
        self.send_response(said.status)
        for name, value in {"Content-Length": str(length), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.raw())

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        """Say nothing: it would be among the output of the tests."""


@contextmanager
def answering(what: Any = None) -> Iterator[Service]:
    """Run a service until the end of the block; it says 404 until it is told what to say."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.service = Service(f"http://127.0.0.1:{server.server_address[1]}")
    if what is not None:
        server.service.next = what
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.service
    finally:
        server.service.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
