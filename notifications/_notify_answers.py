"""What GOV.UK Notify's answers mean for a message: each becomes one receipt.

The rule is one: `failed` and `not_taken` only where Notify itself says that it refused; whatever
else is not plainly a `201` is `unknown`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from nostop.ports import Message, Receipt
from notifications._http import Answer

_WHEN_LIMITED_SECONDS = 2.0
#: Notify's own ids are UUIDs; all that matters here is that it is an id and not somebody's words.
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A kind of `400`: what the error is called, a part of its message, and what follows.

    Notify asks that nobody reads its messages; but whose mistake it was stands nowhere else.
    """

    error: str
    part: str
    reason: str
    status: str = "failed"
    bad_contact: bool = False


_SET_UP = "not_taken"
#: In the order in which they are looked for: what stops every message comes before what is wrong
#: with one.
_REFUSALS = (
    _Refusal("ValidationError", "template_id", "template_refused", _SET_UP),
    _Refusal("ValidationError", "personalisation is", "template_refused", _SET_UP),
    _Refusal("BadRequestError", "template", "template_refused", _SET_UP),
    _Refusal("BadRequestError", "missing personalisation", "template_refused", _SET_UP),
    _Refusal("BadRequestError", "service is not allowed", "service_refused", _SET_UP),
    _Refusal("BadRequestError", "team-only", "not_allowed_here"),
    _Refusal("BadRequestError", "trial mode", "not_allowed_here"),
    _Refusal("ValidationError", "email_address", "bad_contact_details", bad_contact=True),
    _Refusal("ValidationError", "phone_number", "bad_contact_details", bad_contact=True),
    _Refusal("ValidationError", "address", "bad_contact_details", bad_contact=True),
    _Refusal("ValidationError", "postcode", "bad_contact_details", bad_contact=True),
    _Refusal("BadRequestError", "international", "international_number"),
    _Refusal("BadRequestError", "message is empty", "empty"),
    _Refusal("BadRequestError", "longer than", "too_long"),
)
#: What Notify calls a state, and what it is to us: status, and whether the address is at fault.
_STATES = {
    "created": ("sent", False),
    "sending": ("sent", False),
    "sent": ("sent", False),
    "pending": ("sent", False),
    "pending-virus-check": ("sent", False),
    "accepted": ("sent", False),
    "delivered": ("delivered", False),
    "received": ("delivered", False),
    "permanent-failure": ("failed", True),
    "temporary-failure": ("failed", False),
    "technical-failure": ("failed", False),
    "failed": ("failed", False),
    "cancelled": ("failed", False),
    "validation-failed": ("failed", False),
    "virus-scan-failed": ("failed", False),
    "returned-letter": ("failed", True),
}
_FURTHEST = ("delivered", "sent", "failed")
# What Notify's typography changes on its way out: quotes, dashes, the spaces around them.
_TYPOGRAPHY = str.maketrans(
    {
        "\u2026": "...",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
    }
)


def posted(message: Message, answer: Answer) -> Receipt:
    """Return what the answer to a send says of the message."""
    if answer.status == 201:
        return _accepted(message, answer)
    if answer.status == 400:
        return _refused(message, _errors(answer))
    if answer.status in (401, 403):
        reason = _why_not_let_in(_errors(answer))
        return Receipt(message.message_id, "not_taken", None, reason, stop=True)
    if answer.status == 429:
        return _limited(message, answer)
    if answer.status == 404 and _errors(answer):
        return Receipt(message.message_id, "not_taken", None, "no_such_address", stop=True)
    # Sent to another address, a server may have done what was asked first; but it is not Notify.
    redirected = 300 <= answer.status < 400
    reason = "redirected" if redirected else f"answered_{answer.status}"
    return Receipt(message.message_id, "unknown", None, reason, stop=redirected)


def found(message_id: str, answer: Answer) -> Receipt:
    """Return what the answer to `GET /v2/notifications?reference=` says of the message.

    Where Notify has several under one reference, the one that came furthest is told, what all of
    them cost, and the reason `sent_twice`.
    """
    if answer.status != 200:
        stop = answer.status in (401, 403)
        reason = _why_not_let_in(_errors(answer)) if stop else f"answered_{answer.status}"
        return Receipt(
            message_id, "unknown", None, reason, stop=stop, retry_after=answer.retry_after
        )
    rows = _object(answer.body).get("notifications")
    ours = isinstance(rows, list) and all(
        isinstance(row, dict) and row.get("reference") == message_id and _is_id(row.get("id"))
        for row in rows
    )
    if not ours:
        return Receipt(message_id, "unknown", None, "answer_unfit")
    if not rows:
        return Receipt(message_id, "not_found", None, None)
    told = sorted(
        (_as_receipt(message_id, row) for row in rows),
        key=lambda receipt: _FURTHEST.index(receipt.status),
    )
    if len(told) == 1:
        return told[0]
    costs = [receipt.cost_pence for receipt in told if receipt.cost_pence is not None]
    cost = sum(costs) if len(costs) == len(told) else None
    return Receipt(message_id, told[0].status, told[0].reference, "sent_twice", cost_pence=cost)


def _as_receipt(message_id: str, row: Mapping[str, Any]) -> Receipt:
    state = str(row.get("status"))
    # A state that we do not know yet: Notify has the message, and nothing more is certain.
    status, bad_contact = _STATES.get(state, ("sent", False))
    reason = "state_not_known" if state not in _STATES else None
    if status == "failed":
        reason = state.replace("-", "_")
    # Of a letter it says that it could not be printed.
    if state == "permanent-failure" and row.get("type") == "letter":
        bad_contact = False
    return Receipt(message_id, status, row["id"], reason, bad_contact, cost_pence=_pence(row))


def _pence(row: Mapping[str, Any]) -> int | None:
    """Return the cost in whole pence, rounded up; None until Notify knows it."""
    pounds = row.get("cost_in_pounds")
    if isinstance(pounds, bool) or not isinstance(pounds, Decimal | int):
        return None
    if row.get("is_cost_data_ready") is False or not 0 <= pounds < 1000:
        return None
    return int((Decimal(pounds) * 100).to_integral_value(ROUND_CEILING))


def _accepted(message: Message, answer: Answer) -> Receipt:
    said = _object(answer.body)
    reference = said.get("reference", message.message_id)
    if not _is_id(said.get("id")) or reference != message.message_id:
        return Receipt(message.message_id, "unknown", None, "answer_unfit")
    sha256 = _sha256(message, said.get("content"))
    return Receipt(message.message_id, "sent", said["id"], None, body_sha256=sha256)


def _sha256(message: Message, content: object) -> str | None:
    """Return the hash of subject, an empty line and body as Notify says that it sends them.

    A text has no subject at Notify, so its own stands for it. Where all that differs is Notify's
    typography, the hash is that of what was approved.
    """
    if not isinstance(content, dict) or not isinstance(content.get("body"), str):
        return None
    subject, body = content.get("subject", message.subject), content["body"]
    if not isinstance(subject, str):
        return None
    if _words(subject) == _words(message.subject) and _words(body) == _words(message.body):
        subject, body = message.subject, message.body
    text = f"{subject}\n\n{body}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def _words(text: str) -> str:
    plain = " ".join(text.translate(_TYPOGRAPHY).split())
    return re.sub(r" (?=[,.!?:;])", "", plain)


def _refused(message: Message, errors: list[tuple[str, str]]) -> Receipt:
    for refusal in _REFUSALS:
        if any(error == refusal.error and refusal.part in text for error, text in errors):
            return Receipt(
                message.message_id,
                refusal.status,
                None,
                refusal.reason,
                bad_contact=refusal.bad_contact,
                stop=refusal.status == _SET_UP,
            )
    if errors:
        return Receipt(message.message_id, "failed", None, "refused")
    # Not in Notify's words, so something between us said it.
    return Receipt(message.message_id, "unknown", None, "answered_400")


def _limited(message: Message, answer: Answer) -> Receipt:
    if any(error == "TooManyRequestsError" for error, _ in _errors(answer)):
        return Receipt(message.message_id, "not_taken", None, "limit_of_the_day", stop=True)
    wait = _WHEN_LIMITED_SECONDS if answer.retry_after is None else answer.retry_after
    return Receipt(message.message_id, "not_taken", None, "too_fast", retry_after=wait)


def _why_not_let_in(errors: list[tuple[str, str]]) -> str:
    if any("system clock" in text for _, text in errors):
        return "our_clock_is_wrong"
    if any("letters" in text for _, text in errors):
        return "not_allowed_here"
    return "key_refused"


def _errors(answer: Answer) -> list[tuple[str, str]]:
    """Return each error of an answer: its name, and its message in small letters."""
    said = _object(answer.body)
    errors = said.get("errors")
    if not isinstance(errors, list):
        return []
    return [
        (str(error.get("error")), str(error.get("message")).lower())
        for error in errors
        if isinstance(error, dict)
    ]


def _object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer; one that cannot be read says nothing."""
    try:
        said = json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
