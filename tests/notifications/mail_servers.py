"""Two mail servers: a real one that keeps what it takes, and one that breaks where it is told."""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

#: Words of a script that are no reply: close politely, reset, say nothing more.
CLOSE, RESET, SILENCE = b"<close>", b"<reset>", b"<silence>"


@dataclass
class Mailbox:
    """What a real server took. It refuses the mailbox `nobody@` as unknown."""

    taken: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.taken.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
        return "250 2.0.0 OK: queued as 4XYZ"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == b"right", handled=False)


@contextmanager
def mail_server(
    context: ssl.SSLContext | None = None, *, at_once: bool = False, login: bool = False
) -> Iterator[tuple[Mailbox, int]]:
    """Run a real mail server on this machine; yield its mailbox and port.

    With a context it wants TLS: `at_once`, or by STARTTLS.
    """
    mailbox = Mailbox()
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=context if at_once else None,
        tls_context=None if at_once else context,
        require_starttls=context is not None and not at_once,
        auth_required=login,
        authenticator=mailbox.authenticate if login else None,
        auth_require_tls=login,
    )
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        return finder.getsockname()[1]


@dataclass
class Scripted:
    """A server that answers by a script, one connection after another.

    The script has a reply, or CLOSE, RESET or SILENCE, for `greeting`, for each verb in capitals,
    for `text` (after the text's first line) and for `.`; whatever it lacks goes well.
    """

    script: Mapping[str, bytes]
    heard: list[bytes] = field(default_factory=list)
    dots: int = 0

    def run(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line, line.makefile("rb") as file:
                try:
                    self._talk(line, file)
                except OSError:
                    continue

    def _talk(self, line: socket.socket, file) -> None:
        if not self._say(line, "greeting", b"220 here\r\n"):
            return
        for command in file:
            self.heard.append(command)
            verb = command.split()[0].decode().upper()
            if not self._say(line, verb, b"354 go on\r\n" if verb == "DATA" else b"250 fine\r\n"):
                return
            if verb == "DATA" and not self.script.get("DATA", b"354").startswith((b"4", b"5")):
                self.heard.append(file.readline())
                if "text" in self.script and not self._say(line, "text", b""):
                    return
                if any(text == b".\r\n" for text in iter(file.readline, b"")):
                    self.dots += 1
                if not self._say(line, ".", b"250 taken\r\n"):
                    return

    def _say(self, line: socket.socket, point: str, otherwise: bytes) -> bool:
        reply = self.script.get(point, otherwise)
        if reply == SILENCE:
            line.recv(1)
        if reply == RESET:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply in (CLOSE, RESET, SILENCE):
            return False
        line.sendall(reply)
        return True


@contextmanager
def scripted_server(script: Mapping[str, bytes]) -> Iterator[tuple[Scripted, int]]:
    """Run a server that follows a script; yield it and its port."""
    server = Scripted(script)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, args=(listener,))
        thread.start()
        try:
            yield server, listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
