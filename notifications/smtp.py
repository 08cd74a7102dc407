"""E-mail through a mail server of one's own, with one-click unsubscribe (RFC 8058)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from smtplib import SMTP
from ssl import SSLContext
from typing import Literal

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications import _clock
from notifications._fate import Fate
from notifications._settings import is_loopback, secret, tls
from notifications._smtp_bounces import bounced
from notifications._smtp_dialogue import Envelope, Server, connect, deliver, hang_up
from notifications._smtp_mail import (
    Letterhead,
    as_mail,
    is_address,
    is_name,
    reference,
    unfit_for_mail,
)


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends each message as an e-mail of plain text. Nothing in it tells who reads it when.

    A server cannot be asked what became of a message: one whose answer was lost is `unknown` until
    it bounces or a person decides.

    Attributes:
        host, port, security: the mail server; `none` is for a server on this machine.
        from_address, from_name: the sender; bounces go to the address.
        reply_to: where answers go, if not to the sender.
        username, password_env: the login, and the environment variable with its password.
        ca_file: the authorities that vouch for the server, if not those of this machine (PEM).
        timeout_seconds: for each answer of the server.
        at_once: how many messages go over one connection. A sender that is killed leaves so many
            unknown.
        clock: what the time is, for the head of an e-mail.
    """

    host: str
    from_address: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    from_name: str = ""
    reply_to: str = ""
    username: str = ""
    password_env: str = ""
    ca_file: Path | None = None
    timeout_seconds: float = 30
    at_once: int = 1
    clock: Callable[[], datetime] = _clock.now

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, before anybody is written to.

        Raises:
            PluginError: says which.
        """
        if self.security == "none" and not is_loopback(self.host):
            raise PluginError("smtp: security 'none' is for a server on this machine: use starttls")
        if not (0 < self.port < 65536 and 0 < self.timeout_seconds <= 600 and self.at_once >= 1):
            raise PluginError(
                "smtp: port is 1 to 65535, timeout_seconds more than 0 and at the most 600, "
                "at_once 1 or more"
            )
        if not is_address(self.from_address) or not is_address(self.reply_to or self.from_address):
            raise PluginError(
                "smtp: from_address and reply_to are each one e-mail address in ASCII"
            )
        if not is_name(self.from_name):
            raise PluginError("smtp: from_name has a character that no header may have")
        if bool(self.username) != bool(self.password_env):
            raise PluginError("smtp: write username and password_env, or neither")
        self._login()
        self._context()

    @property
    def kind(self) -> str:
        """Takes a message to an e-mail address."""
        return "email"

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order. Several threads may send at once.

        One connection serves all messages of a call; after any trouble the next gets a new one.
        Where no connection is made, no other is tried in this call.
        """
        line: SMTP | Fate | None = None
        try:
            for message in messages:
                unfit = unfit_for_mail(message)
                if unfit:
                    bad_contact = unfit == "unfit: to"
                    yield Receipt(message.message_id, "failed", None, unfit, bad_contact)
                    continue
                if line is None:
                    line = connect(self._server(), self._login())
                fate = line if isinstance(line, Fate) else self._deliver(line, message)
                if fate.status != "sent" and isinstance(line, SMTP):
                    line.close()
                    line = None
                yield fate.of(message, reference(message, self._letterhead()))
        finally:
            if isinstance(line, SMTP):
                hang_up(line)

    def bounced(self, raw_message: bytes) -> list[Receipt]:
        """Return what an e-mail that arrived for the sender says of a message of ours.

        A `failed` receipt where it reports that the message came back for good; nothing for any
        other e-mail, whatever is in it.
        """
        return bounced(raw_message, self._letterhead().domain)

    def _deliver(self, line: SMTP, message: Message) -> Fate:
        mail = as_mail(message, self._letterhead(), self.clock())
        return deliver(line, Envelope(self.from_address, message.to, message.message_id), mail)

    def _letterhead(self) -> Letterhead:
        return Letterhead(self.from_address, self.from_name, self.reply_to)

    def _server(self) -> Server:
        our_name = self._letterhead().domain
        return Server(
            self.host, self.port, self.security, self._context(), self.timeout_seconds, our_name
        )

    def _context(self) -> SSLContext | None:
        return None if self.security == "none" else tls("smtp", self.ca_file)

    def _login(self) -> tuple[str, str] | None:
        if not self.username:
            return None
        password = secret("smtp", self.password_env)
        # smtplib sends ASCII, and its error for anything else repeats the password.
        if not (self.username.isascii() and password.isascii()):
            raise PluginError("smtp: username and password are in ASCII")
        return self.username, password
