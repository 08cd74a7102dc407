"""A line to a real server on which the weather can turn bad, and a disk that is full."""

import resource
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nostop.model import FetchError
from nostop.ports import Fetched, Transport

#: For what has to succeed on a busy machine, and for what has to give up soon.
PATIENT = {"answer_seconds": 20, "longest_wait_seconds": 0.01, "tries": 3}
HASTY = {
    "connect_seconds": 0.3,
    "answer_seconds": 0.3,
    "longest_wait_seconds": 0.01,
    "tries": 2,
}
_READ = 4096
_NO_LINGER = struct.pack("ii", 1, 0)


class Line:
    """Passes on what a server and its clients say, unless told otherwise.

    `resets_every`: the connection is reset at every so-many-th read from the server, of those
    after the first `spared` bytes. `ends_after`: the server's side ends after so many bytes, as if
    it were done. `stalls_after`: it stays open, and nothing more comes. `silent`: connections are
    taken, and nothing is ever said.
    """

    def __init__(self, server: tuple[str, int] | str) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.fine()
        threading.Thread(target=self._accept, daemon=True).start()

    def fine(self) -> None:
        self.resets_every = self.ends_after = self.stalls_after = self.spared = self.resets = 0
        self.silent = False

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        family = socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET
        with client, socket.socket(family) as server, suppress(OSError, EOFError):
            if self.silent:
                _ignore(client)
            server.connect(self._server)
            # Without these, every short word waits 40 ms for one to the other side.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if family == socket.AF_INET:
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            said = reads = 0
            while True:
                ready = select.select([client, server], [], [])[0]
                if client in ready:
                    server.sendall(_read(client))
                if server in ready:
                    data = _read(server)
                    said += len(data)
                    reads += said > self.spared
                    self._pass_on(client, data, said, reads)

    def _pass_on(self, client: socket.socket, data: bytes, said: int, reads: int) -> None:
        if self.resets_every and reads and reads % self.resets_every == 0:
            self.resets += 1
            # A reset throws away what the client has not read yet: it is to lose the tenth only.
            time.sleep(0.05)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            raise ConnectionResetError
        if self.ends_after and said > self.ends_after:
            client.sendall(data[: self.ends_after - said])
            raise EOFError
        if self.stalls_after and said > self.stalls_after:
            _ignore(client)
        client.sendall(data)


def _ignore(client: socket.socket) -> None:
    while True:
        _read(client)


def _read(end: socket.socket) -> bytes:
    data = end.recv(_READ)
    if not data:
        raise EOFError
    return data


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes, by the kernel's own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def refused(transport: Transport, folder: Path, message: str) -> None:
    """The fetch fails with a message, which holds no canary, and puts nothing in place."""
    with pytest.raises(FetchError, match=message) as error:
        transport.fetch(folder, {})
    assert "CANARY" not in str(error.value)
    assert in_place(folder) == {}


def in_place(folder: Path) -> dict[str, bytes]:
    """What lies in a folder under its own name."""
    waiting = (".part", ".part.json", ".new")
    return {
        file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith(waiting)
    }


def contents(fetched: Fetched) -> dict[str, bytes]:
    """What was brought, in order."""
    return {file.name: file.read_bytes() for file in fetched.files}
