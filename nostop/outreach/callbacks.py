"""What GOV.UK Notify tells us by itself: delivery receipts, returned letters, replies, complaints.

Pure: a request's parts go in, and what it means comes out. What Notify posts holds telephone
numbers, e-mail addresses and people's own words: it is read here, and neither kept nor repeated.
"""

import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import phonenumbers

from nostop.model import JsonError, OutreachError
from nostop.ports import Receipt
from nostop.strict_json import strict_json

#: The environment variable of the token that Notify is told to send with each callback.
TOKEN_VARIABLE = "NOSTOP_GOVUK_NOTIFY_CALLBACK_TOKEN"  # noqa: S105 - a name
LONGEST_CALLBACK = 64 * 1024
_SHORTEST_TOKEN = 10
# Of the right length for a whole number of some country, and not just for a call next door.
_POSSIBLE = phonenumbers.ValidationResult.IS_POSSIBLE
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: What Notify calls a state, and what it is to us: status, and whether the address is at fault.
_STATES = MappingProxyType(
    {
        "created": ("sent", False),
        "sending": ("sent", False),
        "pending": ("sent", False),
        "sent": ("sent", False),
        "delivered": ("delivered", False),
        "permanent-failure": ("failed", True),
        "temporary-failure": ("failed", False),
        "technical-failure": ("failed", False),
    }
)
# Replies, in small letters without accents. A whole reply that is one of the first is an opt-out
# and nothing else; one that begins with one of the second is an opt-out, and a person reads it.
_STOP_ALONE = frozenset(
    {
        *("stop", "stopall", "stopplease", "pleasestop", "unsubscribe", "optout"),
        *("end", "quit", "cancel", "stopio", "stopiwch", "atal", "diwedd", "daddanysgrifio"),
    }
)
_STOP_FIRST = (
    *(("stop",), ("unsubscribe",), ("opt", "out"), ("remove", "me"), ("no", "more")),
    *(("stopio",), ("stopiwch",), ("atal",), ("dad", "danysgrifio"), ("dim", "mwy")),
)
_POLITE = frozenset({"please", "pls", "plz", "hi", "hello", "ok", "plis", "helo", "iawn"})
_DISPUTED = (
    *(("wrong",), ("mistake",), ("incorrect",), ("error",), ("not", "me"), ("not", "true")),
    *(("anghywir",), ("camgymeriad",), ("nid", "fi"), ("ddim", "yn", "wir")),
)


class CallbackRefusedError(OutreachError):
    """A callback that changes nothing; `status` is the HTTP status to answer with.

    Notify tries again after a 5xx or 429, and never after another 4xx.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"callback: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class CallbackNews:
    """What one callback means.

    Attributes:
        kind: as `callback_news` was asked.
        key: the same whenever the same news is told again: act on each key once.
        message_id: the message that it is about; None where it is none of ours, or nobody can tell.
        receipt: what has become of the message.
        opt_out: whoever has `number`, or got the message, wants no more at that contact point.
        case: a person has to look: `disputed` (they say that something is wrong) or `reply`. The
            words themselves are at Notify, under the id in `key`.
        number: where a reply came from, as +44...; to be matched and not kept.
    """

    kind: str
    key: str
    message_id: str | None
    receipt: Receipt | None = None
    opt_out: bool = False
    case: str | None = None
    number: str | None = field(default=None, repr=False)


def callback_news(kind: str, authorization: str | None, token: str, raw: bytes) -> CallbackNews:
    """Return what a callback means; the same request again means the same, under the same key.

    Args:
        kind: what its address is for: one of `KINDS`.
        authorization: the request's header, as it came.
        token: what Notify was told to send: 10 characters or more.
        raw: the request's body, whole.

    Raises:
        CallbackRefusedError: nothing may be written: the sender is not Notify (401), the address is
            for nothing (404), too much (413), or not what Notify says (400).
        OutreachError: `token` is too short to prove anything.
    """
    _admit(authorization, token)
    read = _READERS.get(kind)
    if read is None:
        raise CallbackRefusedError(404, f"there is no such kind, expected one of {list(_READERS)}")
    if len(raw) > LONGEST_CALLBACK:
        raise CallbackRefusedError(413, f"more than {LONGEST_CALLBACK:,} bytes")
    return read(_object(raw))


def international(number: str) -> str | None:
    """Return a telephone number as +447700900123 however it is written, None where it is none.

    Notify writes the numbers of replies with the country's code and without a `+`.
    """
    text = number.strip()
    whole = (f"+{text}",) if re.fullmatch(r"[1-9][0-9]{6,14}", text) else ()
    for written in (*whole, text):
        try:
            parsed = phonenumbers.parse(written, "GB")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number_with_reason(parsed) == _POSSIBLE:
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def _admit(authorization: str | None, token: str) -> None:
    if len(token) < _SHORTEST_TOKEN:
        raise OutreachError(
            f"callbacks: the environment variable {TOKEN_VARIABLE} has to hold "
            f"{_SHORTEST_TOKEN} characters or more, the same as in GOV.UK Notify"
        )
    scheme, _, given = (authorization or "").partition(" ")
    # As bytes: `compare_digest` takes no text beyond ASCII.
    same = hmac.compare_digest(
        given.strip().encode(errors="replace"), token.encode(errors="replace")
    )
    if scheme.lower() != "bearer" or not same:
        raise CallbackRefusedError(401, "it does not have our token")


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        data = strict_json(raw, "callback")
    except JsonError:
        # Without its words: they may be of the body.
        data = None
    if not isinstance(data, dict):
        raise CallbackRefusedError(400, "it is no JSON object, strictly read")
    return data


def _delivery_receipt(data: Mapping[str, Any]) -> CallbackNews:
    notification, state = _id(data, "id"), _text(data, "status")
    if state not in _STATES:
        raise CallbackRefusedError(400, f"'status' is none of {list(_STATES)}")
    status, bad_contact = _STATES[state]
    reason = state.replace("-", "_") if status == "failed" else None
    message_id = _message_id(data)
    receipt = None
    if message_id is not None:
        receipt = Receipt(message_id, status, notification, reason, bad_contact=bad_contact)
    return CallbackNews("delivery_receipt", f"{notification}:{state}", message_id, receipt)


def _returned_letter(data: Mapping[str, Any]) -> CallbackNews:
    notification, message_id = _id(data, "notification_id"), _message_id(data)
    receipt = None
    if message_id is not None:
        receipt = Receipt(message_id, "failed", notification, "returned_letter", bad_contact=True)
    return CallbackNews("returned_letter", f"{notification}:returned", message_id, receipt)


def _received_text(data: Mapping[str, Any]) -> CallbackNews:
    key, number = _id(data, "id"), international(_text(data, "source_number"))
    if number is None:
        raise CallbackRefusedError(400, "'source_number' is no telephone number")
    opt_out, case = _meaning(_text(data, "message"))
    return CallbackNews("received_text", key, None, opt_out=opt_out, case=case, number=number)


def _complaint(data: Mapping[str, Any]) -> CallbackNews:
    """Somebody told their mail program that it is spam: to us, that they want no more."""
    key, message_id = _id(data, "complaint_id"), _message_id(data)
    return CallbackNews("complaint", key, message_id, opt_out=message_id is not None)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], CallbackNews]] = MappingProxyType(
    {
        "delivery_receipt": _delivery_receipt,
        "returned_letter": _returned_letter,
        "received_text": _received_text,
        "complaint": _complaint,
    }
)
#: What a callback may be about; each has an address of its own.
KINDS = tuple(_READERS)


def _meaning(message: str) -> tuple[bool, str | None]:
    """Return whether a reply asks for no more, and why a person has to read it."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", message).casefold()
        if not unicodedata.combining(character)
    )
    words = re.findall(r"[a-z]+", plain)
    if "".join(words) in _STOP_ALONE:
        return True, None
    while words and words[0] in _POLITE:
        words = words[1:]
    opt_out = any(tuple(words[: len(start)]) == start for start in _STOP_FIRST)
    disputed = any(_holds(words, phrase) for phrase in _DISPUTED)
    return opt_out, "disputed" if disputed else "reply"


def _holds(words: list[str], phrase: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(tuple(words[at : at + length]) == phrase for at in range(len(words) - length + 1))


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise CallbackRefusedError(400, f"'{name}' is no text")
    return value


def _id(data: Mapping[str, Any], name: str) -> str:
    value = _text(data, name)
    if not _ID.fullmatch(value):
        raise CallbackRefusedError(400, f"'{name}' is no id")
    return value


def _message_id(data: Mapping[str, Any]) -> str | None:
    """Return our id; None for what somebody else sent through the same service."""
    value = data.get("reference")
    ours = isinstance(value, str) and _MESSAGE_ID.fullmatch(value)
    return value if ours else None
