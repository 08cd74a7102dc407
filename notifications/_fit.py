"""Whether a message is fit to leave, for every channel: what must be there is there, and nothing in
it does something else than be read."""

import re
from email.errors import HeaderParseError
from email.header import decode_header

from nostop.ports import Message

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_HEADER = 900
# Control characters, hidden format characters, line and paragraph separators, halves of characters.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def unfit(message: Message, *headers: str) -> str | None:
    """Return why a message cannot be sent, or None. Names the field and never its value.

    Args:
        message: its id has 8 to 64 letters, digits, `_` and `-`: a channel makes names of it. Its
            body has text, whose only control character is the end of a line.
        headers: the fields that must each be one line of text: `to`, `subject`, `language`, `name`.
    """
    if not _ID.fullmatch(message.message_id):
        return "unfit: message_id"
    for field in headers:
        value: str = getattr(message, field)
        if not value or not one_line(value):
            return f"unfit: {field}"
    if not message.body or _FORBIDDEN.search(message.body.replace("\n", "")):
        return "unfit: body"
    return None


def one_line(value: str) -> bool:
    """Return whether a value is one line wherever it is written, a header of an e-mail included."""
    return (
        len(value) <= _LONGEST_HEADER and not _FORBIDDEN.search(value) and not _hides_a_line(value)
    )


def _hides_a_line(header: str) -> bool:
    """Return whether the header holds an encoded word: a mail program may decode it to a new line.

    Python up to 3.12 writes such a line out itself (CPython issue 121650).
    """
    try:
        decoded = decode_header(header)
    except HeaderParseError:
        return True
    return "=?" in header or any(charset is not None for _, charset in decoded)
