"""What a request may say: each field's type and form, and nothing that is not known.

The words of each refusal are those of the service, which prints what it was given.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID

from nostop.notify_simulator.errors import bad_request, invalid
from nostop.notify_simulator.recipients import InvalidRecipientError, parse_email, parse_phone

Body = Mapping[str, object]
#: A check of one value at the clock's time: yields what is wrong with it, in the service's words.
Check = Callable[[object, datetime], Iterator[str]]

STATUSES = (
    "cancelled",
    "created",
    "sending",
    "sent",
    "delivered",
    "pending",
    "failed",
    "technical-failure",
    "temporary-failure",
    "permanent-failure",
    "pending-virus-check",
    "validation-failed",
    "virus-scan-failed",
    "returned-letter",
    "accepted",
    "received",
)
KINDS = ("sms", "email", "letter")
POSTAGE = ("first", "second", "economy")


def parse_json(raw: bytes) -> object:
    """Return what was posted; nothing counts as an empty object.

    Raises:
        Refusal: it is no JSON.
    """
    try:
        return json.loads(raw) or {}
    except ValueError as error:
        raise bad_request("Invalid JSON supplied in POST data") from error


def plain_uuid(text: str) -> str:
    """Return a UUID as it is usually written: in small letters, with hyphens."""
    return str(UUID(text))


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in any of its usual forms."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def checked(body: object, schema: str, now: datetime) -> Body:
    """Return a body that is as its schema says: `sms`, `email`, `letter`, `precompiled`, `preview`,
    `file`.

    Raises:
        Refusal: with one entry for each thing that is wrong.
    """
    fields, required = _SCHEMAS[schema]
    if not isinstance(body, dict):
        raise invalid(_plain(f"{body!r} is not of type 'object'"))
    found = [
        _plain(f"{name} {message}")
        for name, check in fields.items()
        if name in body
        for message in check(body[name], now)
    ]
    found += [f"{name} is a required property" for name in required if name not in body]
    found += _surplus(body, fields)
    if found:
        raise invalid(*found)
    return body


def checked_query(query: str, allowed: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the values of each name in a list's query.

    Raises:
        Refusal: a name is not `allowed`, or a value is none of those that its name can have.
    """
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    found = [
        f"{name} {message}"
        for name in allowed
        for value in values.get(name, ())
        for message in _query_faults(name, value)
    ]
    found += _surplus(values, allowed)
    if found:
        raise invalid(*found)
    return values


def _query_faults(name: str, value: str) -> Iterator[str]:
    choices = _CHOICES.get(name)
    if choices is not None and value not in choices:
        yield f"{value} is not one of [{', '.join(choices)}]"
    if name in ("older_than", "id") and not is_uuid(value):
        yield "is not a valid UUID"


_CHOICES = {
    "status": STATUSES,
    "template_type": KINDS,
    "type": KINDS,
    "include_jobs": ("true", "True"),
}


def _surplus(body: Mapping[str, object], known: object) -> list[str]:
    names = [name for name in body if name not in known]  # type: ignore[operator]
    verb = "was" if len(names) == 1 else "were"
    listed = ", ".join(names)
    return [f"Additional properties are not allowed ({listed} {verb} unexpected)"] if names else []


def _plain(message: str) -> str:
    return message.replace("'", "")


def _uuid(value: object, _now: datetime) -> Iterator[str]:
    if not isinstance(value, str) or not is_uuid(value):
        yield "is not a valid UUID"


def _text(longest: int | None = None) -> Check:
    def check(value: object, _now: datetime) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{value!r} is not of type 'string'"
        elif longest is not None and len(value) > longest:
            yield f"{value!r} is too long"

    return check


def _of_type(kinds: tuple[type, ...], named: str) -> Check:
    def check(value: object, _now: datetime) -> Iterator[str]:
        if not isinstance(value, kinds):
            yield f"{value!r} is not of type {named}"

    return check


def _recipient(parse: Callable[[str], object]) -> Check:
    def check(value: object, now: datetime) -> Iterator[str]:
        if not isinstance(value, str):
            yield from _text()(value, now)
            return
        try:
            parse(value)
        except InvalidRecipientError as error:
            yield str(error)

    return check


def _https(value: object, _now: datetime) -> Iterator[str]:
    if not isinstance(value, str) or not value.startswith("https"):
        yield "is not a valid https url"


def _postage(value: object, now: datetime) -> Iterator[str]:
    if not isinstance(value, str):
        yield from _text()(value, now)
    elif value not in POSTAGE:
        yield "invalid. It must be either first, second or economy."


def _soon(value: object, now: datetime) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, str):
        yield f"{value!r} is not of type 'string', 'null'"
        return
    try:
        at = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        yield (
            "datetime format is invalid. It must be a valid ISO8601 date time format,"
            " https://en.wikipedia.org/wiki/ISO_8601"
        )
        return
    if at < now:
        yield "datetime can not be in the past"
    elif at > now + timedelta(hours=24):
        yield "datetime can only be 24 hours in the future"


def _switch(name: str) -> Check:
    def check(value: object, _now: datetime) -> Iterator[str]:
        if value is not None and not isinstance(value, bool):
            yield f"Unsupported value for {name}: {value}. Use a boolean true or false value."

    return check


def _weeks(value: object, _now: datetime) -> Iterator[str]:
    weeks = re.fullmatch(r"(\d{1,3}) weeks?", str(value).strip().lower())
    if value is not None and not (weeks and 1 <= int(weeks.group(1)) <= 78):
        yield (
            f"Unsupported value for retention_period: {value}."
            " Supported periods are from 1 to 78 weeks."
        )


_FILE_KINDS = ["csv", "doc", "docx", "jpeg", "jpg", "odt", "pdf", "png", "rtf", "txt", "xlsx"]


def _filename(value: object, _now: datetime) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, str) or "." not in value:
        yield "`filename` must end with a file extension. For example, filename.csv"
    elif len(value) > 100:
        yield "`filename` cannot be longer than 100 characters"
    elif value.rpartition(".")[2].lower() not in _FILE_KINDS:
        yield f"Unsupported file type. Supported types are: {', '.join(_FILE_KINDS)}"


_OBJECT = _of_type((dict,), "'object'")
_SCHEMAS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    "sms": (
        {
            "reference": _text(1000),
            "phone_number": _recipient(parse_phone),
            "template_id": _uuid,
            "personalisation": _OBJECT,
            "scheduled_for": _soon,
            "sms_sender_id": _uuid,
        },
        ("phone_number", "template_id"),
    ),
    "email": (
        {
            "reference": _text(1000),
            "email_address": _recipient(parse_email),
            "template_id": _uuid,
            "personalisation": _OBJECT,
            "scheduled_for": _soon,
            "email_reply_to_id": _uuid,
            "one_click_unsubscribe_url": _https,
            "sanitise_content_for": _of_type((list, type(None)), "'array', 'null'"),
        },
        ("email_address", "template_id"),
    ),
    "letter": (
        {"reference": _text(1000), "template_id": _uuid, "personalisation": _OBJECT},
        ("template_id", "personalisation"),
    ),
    "precompiled": (
        {"reference": _text(), "content": _text(), "postage": _postage},
        ("reference", "content"),
    ),
    "preview": ({"id": _uuid, "personalisation": _OBJECT}, ("id",)),
    "file": (
        {
            "file": _text(),
            "is_csv": _switch("is_csv"),
            "confirm_email_before_download": _switch("confirm_email_before_download"),
            "retention_period": _weeks,
            "filename": _filename,
        },
        ("file",),
    ),
}


def checked_file(value: Body, now: datetime) -> Body:
    """Return what describes a file sent by e-mail.

    Raises:
        Refusal: it is not as the interface says, or both `is_csv` and `filename` are there.
    """
    body = checked(value, "file", now)
    if "is_csv" in body and "filename" in body:
        raise invalid("Do not set a value for `is_csv` if `filename` is set.")
    return body
