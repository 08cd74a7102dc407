"""An e-mail as bytes: a head of our own making, and a body of plain text.

The head is written here line by line: the standard library turns a long address of a web page into
an encoded word when it folds it, and no mail program would find List-Unsubscribe any more.
"""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from nostop.ports import Message
from notifications._fit import one_line, unfit

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})+")
_LONGEST_ADDRESS = 254
_LONGEST_NAME = 100
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._~%/=&?-]{1,600}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\`*_\[\]()<>#|~!])")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whom e-mails come from, and where answers go."""

    from_address: str
    from_name: str
    reply_to: str

    @property
    def domain(self) -> str:
        """The domain of the sender, in which messages have their ids."""
        return self.from_address.rpartition("@")[2].lower()


def is_address(value: str) -> bool:
    """Return whether a value is one e-mail address as every mail server takes it: in ASCII."""
    return len(value) <= _LONGEST_ADDRESS and bool(_ADDRESS.fullmatch(value))


def unfit_for_mail(message: Message) -> str | None:
    """Return why a message cannot be an e-mail, or None. Names the field and never its value."""
    reason = unfit(message, "to", "subject", "language")
    if reason:
        return reason
    if not is_address(message.to):
        return "unfit: to"
    if not _LANGUAGE.fullmatch(message.language):
        return "unfit: language"
    if message.unsubscribe_url is not None and not _URL.fullmatch(message.unsubscribe_url):
        return "unfit: unsubscribe_url"
    return None


def reference(message: Message, letterhead: Letterhead) -> str:
    """Return the Message-ID: the same for the same message, so that a mailbox knows a copy."""
    return f"{message.message_id}@{letterhead.domain}"


def as_mail(message: Message, letterhead: Letterhead, at: datetime) -> bytes:
    """Return an e-mail as it goes over the line, every line of it ended by CR LF.

    Args:
        message: for which `unfit_for_mail` has nothing to say.
        letterhead: whom it comes from.
        at: the time in its head, with a zone.
    """
    head = {
        "From": formataddr((letterhead.from_name, letterhead.from_address)),
        "To": message.to,
        "Subject": Header(message.subject, header_name="Subject").encode(linesep="\r\n"),
        "Date": format_datetime(at),
        "Message-ID": f"<{reference(message, letterhead)}>",
        "Content-Language": message.language,
        # RFC 3834: nobody's automatic answer may answer this one.
        "Auto-Submitted": "auto-generated",
    }
    if letterhead.reply_to:
        head["Reply-To"] = letterhead.reply_to
    if message.unsubscribe_url is not None:
        head["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        head["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    head["MIME-Version"] = "1.0"
    head["Content-Type"] = 'text/plain; charset="utf-8"'
    head["Content-Transfer-Encoding"] = "quoted-printable"
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    text = readable(message.body).rstrip("\n") + "\n"
    return lines.encode("ascii") + b"\r\n" + b2a_qp(text.replace("\n", "\r\n").encode())


def readable(body: str) -> str:
    """Return the body of a letter as plain text: headings are lines, and `\\*` is a star again.

    The text is shown as it stands, so a name needs no guard against being read as Markdown.
    """
    return _ESCAPED.sub(r"\1", _HEADING.sub("", body))


def is_name(value: str) -> bool:
    """Return whether a value may stand as the sender's name."""
    return len(value) <= _LONGEST_NAME and one_line(value)
