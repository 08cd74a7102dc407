"""One-click unsubscribe (RFC 8058): the token in a link, and what a request to that link means.

The link goes out as `List-Unsubscribe`. A mail program that its reader tells to unsubscribe posts
to it. Programs that look for harmful links only get it, so a GET changes nothing.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from nostop.model import OutreachError

_VERSION = "1"
_CONTEXT = b"nostop unsubscribe 1\x00"
_TAG_BYTES = 16
_FEWEST_SECRET_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_TOKEN = 128
_LONGEST_BODY = 2048
_ONE_CLICK = ("List-Unsubscribe", "One-Click")
# The same pair as one part of a form (RFC 7578), which RFC 8058 prefers.
_PART = re.compile(
    rb'--[^\r\n]{1,70}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n'
    rb"(?:[A-Za-z-]+: [^\r\n]*\r\n)*\r\nOne-Click\r\n--[^\r\n]{1,74}(?:\r\n)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OneClick:
    """What a request to an unsubscribe link means.

    `status` is the HTTP status to answer with. `opted_out` is the message whose recipient wants no
    more, None where nothing changes.
    """

    status: int
    opted_out: str | None = None


def sign(secret: bytes, message_id: str) -> str:
    """Return the token of a message's unsubscribe link: our own id and a code that proves it.

    It has letters, digits and `-_.` only, nothing about a person, and no end: an opt-out is
    welcome years later.

    Raises:
        OutreachError: the secret is shorter than 32 bytes, or the id is none of ours.
    """
    if len(secret) < _FEWEST_SECRET_BYTES:
        raise OutreachError("unsubscribe: the secret has to have 32 bytes or more")
    if not _ID.fullmatch(message_id):
        raise OutreachError("unsubscribe: a message's id has 8 to 64 letters, digits, '_' and '-'")
    tag = hmac.digest(secret, _CONTEXT + message_id.encode(), hashlib.sha256)[:_TAG_BYTES]
    code = base64.urlsafe_b64encode(tag).rstrip(b"=").decode()
    return f"{_VERSION}.{message_id}.{code}"


def verify(secrets: Sequence[bytes], token: str) -> str | None:
    """Return the message that a token is of, or None where none of our secrets made it.

    Args:
        secrets: the present one and those it replaced: links in people's mailboxes stay good.
        token: whatever stood in the link.

    Raises:
        OutreachError: a secret is shorter than 32 bytes.
    """
    _, _, rest = token[:_LONGEST_TOKEN].partition(".")
    message_id = rest.partition(".")[0]
    if not _ID.fullmatch(message_id):
        return None
    # As bytes: `compare_digest` takes no text beyond ASCII. Every secret is tried, so that the
    # time does not tell which one it was.
    good = [
        hmac.compare_digest(sign(secret, message_id).encode(), token.encode(errors="replace"))
        for secret in secrets
    ]
    return message_id if any(good) else None


def one_click(secrets: Sequence[bytes], method: str, token: str, body: bytes) -> OneClick:
    """Return what a request to an unsubscribe link means; the same request again means the same.

    - GET and HEAD: 200 and no change. Show a page with a button that posts.
    - POST with `List-Unsubscribe=One-Click`, as a form of either kind: 200, and opted out.
    - POST with anything else: 400. A token that is not ours: 404. Another method: 405.

    Args:
        secrets: as `verify` takes them.
        method: in capitals.
        token: from the link.
        body: the request's, 2,048 bytes at the most.
    """
    if method in ("GET", "HEAD"):
        # The same for every token: looking tells nobody which tokens are real.
        return OneClick(200)
    if method != "POST":
        return OneClick(405)
    message_id = verify(secrets, token)
    if message_id is None:
        return OneClick(404)
    return OneClick(200, message_id) if _asks(body) else OneClick(400)


def _asks(body: bytes) -> bool:
    if len(body) > _LONGEST_BODY:
        return False
    if body.startswith(b"--"):
        return bool(_PART.fullmatch(body.rstrip(b"\r\n")))
    pairs = parse_qsl(body.strip().decode("ascii", errors="replace"))
    return pairs == [_ONE_CLICK]
