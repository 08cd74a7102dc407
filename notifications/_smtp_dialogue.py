"""The talk with a mail server, and what is known of a message wherever that talk breaks.

A server answers for a message from the moment it has said 2xx to the line with the lone dot, and
must drop one whose dot it has not seen (RFC 5321, 4.2.5 and 3.8). So what fails before the dot was
written is `not_taken`, and what fails after it is `unknown`. The dot is written by itself.
"""

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Literal

from notifications._fate import Fate

Stage = Literal["mail", "rcpt", "data", "text"]

_RETRY_SECONDS = 300.0
#: We are not let in: the same for every message.
_NOT_LET_IN = (530, 534, 535, 538)
_TOO_BIG = 552
_NO_SUCH_MAILBOX = (550, 551, 553, 556)
_ENHANCED = re.compile(rb"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and how it is talked to. `context` is None without TLS."""

    host: str
    port: int
    security: str
    context: ssl.SSLContext | None
    seconds: float
    our_name: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom; `message_id` is what a bounce will call it."""

    sender: str
    to: str
    message_id: str


def connect(server: Server, login: tuple[str, str] | None) -> smtplib.SMTP | Fate:
    """Return a line to the server that is ready for a message, or why there is none."""
    try:
        line = _line(server)
    except OSError as error:
        return _no_line(error)
    try:
        if line.sock:
            # The dot goes by itself; without this it would wait 40 ms for the text's receipt.
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.security == "starttls":
            line.starttls(context=server.context)
        line.ehlo_or_helo_if_needed()
        if login:
            line.login(*login)
    # A server that talks nonsense while we log in makes smtplib raise ValueError.
    except (OSError, ValueError) as error:
        line.close()
        return _no_line(error)
    return line


def hang_up(line: smtplib.SMTP) -> None:
    """Say goodbye and close the line; whatever the server answers, its word on messages stands."""
    try:
        line.putcmd("quit")
    except OSError:
        return
    finally:
        line.close()


def deliver(line: smtplib.SMTP, envelope: Envelope, mail: bytes) -> Fate:
    """Give one e-mail to the server, once."""
    try:
        refusal = _up_to_the_dot(line, envelope, mail)
    except OSError:
        return Fate("not_taken", "line_broke", retry_after=_RETRY_SECONDS)
    if refusal:
        return refusal
    try:
        line.send(b".\r\n")
        code, text = line.getreply()
    except OSError:
        return Fate("unknown", "no_answer")
    if 200 <= code < 300:
        return Fate("sent")
    if 400 <= code < 600:
        return _refusal("text", code, text)
    return Fate("unknown", "no_answer")


def address_is_bad(status: str) -> bool:
    """Return whether an enhanced status (RFC 3463) says that the address itself does not work.

    A mailbox that is full, a policy and a text that was not liked say nothing of the address.
    """
    return status.startswith(("5.0.", "5.1.", "5.4.")) or status == "5.2.1"


def _line(server: Server) -> smtplib.SMTP:
    where = (server.host, server.port, server.our_name)
    if server.security == "tls":
        return smtplib.SMTP_SSL(*where, timeout=server.seconds, context=server.context)
    return smtplib.SMTP(*where, timeout=server.seconds)


def _no_line(error: OSError | ValueError) -> Fate:
    """Return why no message goes. Only the error's kind and code: its words are the server's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fate("not_taken", "certificate_refused", stop=True)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Fate("not_taken", "starttls_or_login_not_offered", stop=True)
    if isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600:
        return Fate("not_taken", f"not_let_in: {error.smtp_code}", stop=True)
    return Fate("not_taken", "no_connection", retry_after=_RETRY_SECONDS)


def _up_to_the_dot(line: smtplib.SMTP, envelope: Envelope, mail: bytes) -> Fate | None:
    """Say everything but the dot; return the server's refusal, if it refuses."""
    options: tuple[list[str], list[str]] = ([], [])
    if line.has_extn("dsn"):
        # RFC 3461: a bounce names our message, and sends its head back and not its text.
        options = ["RET=HDRS", f"ENVID={envelope.message_id}"], ["NOTIFY=FAILURE"]
    code, text = line.mail(envelope.sender, options[0])
    if not 200 <= code < 300:
        return _refusal("mail", code, text)
    code, text = line.rcpt(envelope.to, options[1])
    if not 200 <= code < 300:
        return _refusal("rcpt", code, text)
    code, text = line.docmd("data")
    if code != 354:
        return _refusal("data", code, text)
    line.send(_LINE_START_DOT.sub(b"..", mail))
    return None


def _refusal(stage: Stage, code: int, text: bytes) -> Fate:
    found = _ENHANCED.match(text)
    status = found[1].decode() if found else ""
    reason = f"refused_{stage}: {code} {status}".rstrip()
    # What the server holds against us, and not against this message or address.
    ours = code in _NOT_LET_IN or (stage == "mail" and code != _TOO_BIG)
    if 500 <= code < 600 and ours:
        return Fate("not_taken", reason, stop=True)
    if 500 <= code < 600:
        return Fate("failed", reason, bad_contact=_blames_the_address(stage, code, status))
    return Fate("not_taken", reason, retry_after=_RETRY_SECONDS)


def _blames_the_address(stage: Stage, code: int, status: str) -> bool:
    if stage != "rcpt":
        return status.startswith("5.1.")
    return address_is_bad(status) if status else code in _NO_SUCH_MAILBOX
