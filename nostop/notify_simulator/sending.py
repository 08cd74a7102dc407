"""Takes a message: checks it in the order in which the service does, and writes it down."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import quote

from nostop.notify_simulator import notifications, shapes
from nostop.notify_simulator.addresses import parse_address, refuse_unpostable
from nostop.notify_simulator.bodies import Body, checked, checked_file, parse_json, plain_uuid
from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import Refusal, bad_request
from nostop.notify_simulator.notifications import Notification
from nostop.notify_simulator.recipients import (
    SMOKE_EMAILS,
    SMOKE_NUMBERS,
    outcome,
    parse_email,
    parse_phone,
    refuse_where_not_allowed,
)
from nostop.notify_simulator.settings import ApiKey, KeyKind
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.wording import Rendered, Template, refuse_unsendable, render

_PLURAL = {"email": "emails", "sms": "text messages", "letter": "letters"}
_LARGEST_PDF = 2 * 1024 * 1024
_LARGEST_FILE = 2 * 1024 * 1024
_EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"

_LINK = re.compile(r"(?i)\b(?<![@.])(https?://)?([\w-]+\.)+([a-z]{2,63})(?!@)\b([/?#][^<\s]*)?")
_MARKDOWN = re.compile(r"([`*_()\\{}\[\]<>#+\-.!|])")


@dataclass(frozen=True, slots=True)
class Send:
    """One request to send: whose key, which kind of message, when, and the id it will have."""

    simulator: Simulator
    key: ApiKey
    kind: str
    base: str
    now: datetime
    id: str


async def take(send: Send, raw: bytes) -> Mapping[str, object]:
    """Return the answer to a message that was accepted, once it is on disk.

    Raises:
        Refusal: it was not accepted, and nothing of it was kept.
    """
    simulator = send.simulator
    simulator.meter.refuse_over_limit(send.key, send.kind, send.now)
    body = parse_json(raw)
    extra: Mapping[str, object] = {}
    if send.kind == "letter" and isinstance(body, dict) and "content" in body:
        message = _precompiled(send, checked(body, "precompiled", send.now))
    else:
        message, extra = _templated(send, checked(body, send.kind, send.now))
    # Counted before the commit: another request may be checked while this one waits for it.
    if message.kept:
        simulator.meter.count(send.key, send.kind, send.now)
        if message.international and send.kind == "sms":
            simulator.meter.count(send.key, "international_sms", send.now)
    await simulator.ledger.write(partial(notifications.insert, notification=message))
    return {**shapes.accepted(message, send.base, simulator.service), **extra}


def _templated(send: Send, body: Body) -> tuple[Notification, Mapping[str, object]]:
    _refuse_without_permission(send)
    given = _values(body)
    values, extra = given, {}
    if send.kind == "email":
        values = _sanitised(given, body.get("sanitise_content_for"))
        changed = {
            name: {"unsanitised": given[name], "sanitised": value}
            for name, value in values.items()
            if value != given[name]
        }
        extra = {"sanitised_content": changed}
    template = _template(send, str(body["template_id"]))
    rendered = render(template, values)
    _refuse_unknown_sender(send, body)
    if send.kind == "letter":
        message = _letter(send, body, template, rendered)
    else:
        message = _message(send, body, template, values, rendered)
    refuse_unsendable(send.kind, message.body)
    return message, extra


def _refuse_without_permission(send: Send) -> None:
    if send.kind not in send.simulator.service.permissions:
        raise bad_request(f"Service is not allowed to send {_PLURAL[send.kind]}")


def _values(body: Body) -> Mapping[str, object]:
    values = body.get("personalisation", {})
    return values if isinstance(values, dict) else {}


def _template(send: Send, template_id: str) -> Template:
    template = send.simulator.template(plain_uuid(template_id))
    if template is None:
        raise bad_request("Template not found")
    if template.kind != send.kind:
        raise bad_request(f"{template.kind} template is not suitable for {send.kind} notification")
    if template.archived:
        raise bad_request("Template has been deleted")
    return template


def _refuse_unknown_sender(send: Send, body: Body) -> None:
    service = send.simulator.service
    known = {"email_reply_to_id": service.reply_to, "sms_sender_id": service.sms_senders}
    for name, ids in known.items():
        if name in body and body[name] not in ids:
            raise bad_request(
                f"{name} {body[name]} does not exist in database for service id"
                f" {send.key.service_id}"
            )


def _sanitised(given: Mapping[str, object], names: object) -> Mapping[str, object]:
    chosen = {str(name).lower() for name in names} if isinstance(names, list) else set()
    return {
        name: _without_links(str(value)) if name.lower() in chosen else value
        for name, value in given.items()
    }


def _without_links(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        link = match.group()
        # words.joined by a point are no link that anybody meant
        return link.replace(".", ". ") if re.fullmatch(r"[a-zA-Z0-9.-]+", link) else ""

    return _MARKDOWN.sub(r"\\\1", _LINK.sub(plain, text))


def _message(
    send: Send,
    body: Body,
    template: Template,
    values: Mapping[str, object],
    rendered: Rendered,
) -> Notification:
    """Return an e-mail or a text message."""
    service = send.simulator.service
    given = str(body["email_address" if send.kind == "email" else "phone_number"])
    international = False
    if send.kind == "email":
        recipient = parse_email(given)
        refuse_where_not_allowed(recipient, service, send.key.kind)
    else:
        phone = parse_phone(given)
        recipient, international = phone.digits, phone.abroad
        refuse_where_not_allowed(recipient, service, send.key.kind)
        _refuse_number(send, abroad=phone.abroad, landline=phone.landline)
    if (linked := _with_files(send, values)) is not values:
        rendered = render(template, linked)
    return replace(
        _common(send, body, template, rendered),
        recipient=given,
        normalised_recipient=recipient,
        outcome=outcome(send.kind, recipient, international=international),
        international=international,
        unsubscribe_url=_text(body, "one_click_unsubscribe_url"),
        kept=recipient not in (SMOKE_EMAILS if send.kind == "email" else SMOKE_NUMBERS),
    )


def _refuse_number(send: Send, *, abroad: bool, landline: bool) -> None:
    if abroad and "international_sms" not in send.simulator.service.permissions:
        raise bad_request("Cannot send to international mobile numbers")
    if landline:
        raise Refusal(400, ("InvalidPhoneError", "Not a UK mobile number"))
    if abroad:
        send.simulator.meter.refuse_over_day(send.key, "international_sms", send.now)


def _with_files(send: Send, values: Mapping[str, object]) -> Mapping[str, object]:
    """Return the values with a link in place of each file."""
    files = {
        name: value for name, value in values.items() if isinstance(value, dict) and "file" in value
    }
    if not files:
        return values
    if send.kind != "email":
        raise bad_request("Can only send a file by email")
    if not send.simulator.service.sends_files:
        raise bad_request(
            "Send files by email has not been set up - add contact details for your service"
        )
    links = {}
    for name, value in files.items():
        _refuse_file(checked_file(value, send.now))
        links[name] = f"{send.base}documents/{send.id}/{quote(name)}"
    return {**values, **links}


def _refuse_file(file: Body) -> None:
    try:
        content = base64.b64decode(str(file["file"]))
    except ValueError as error:
        raise bad_request("Document is not base64 encoded") from error
    if len(content) > _LARGEST_FILE:
        raise bad_request("File is larger than 2MB", 413)


def _letter(send: Send, body: Body, template: Template, rendered: Rendered) -> Notification:
    _refuse_letters(send)
    abroad = "international_letters" in send.simulator.service.permissions
    address = parse_address(_values(body))
    refuse_unpostable(address, abroad=abroad)
    return replace(
        _common(send, body, template, rendered),
        recipient=", ".join(address.lines),
        normalised_recipient=", ".join(address.lines).lower(),
        international=address.country is not None,
        postage="rest-of-world" if address.country else template.postage or "second",
    )


def _refuse_letters(send: Send) -> None:
    if send.key.kind == KeyKind.TEAM:
        raise bad_request("Cannot send letters with a team api key", 403)
    if not send.simulator.service.live and send.key.kind != KeyKind.TEST:
        raise bad_request("Cannot send letters when service is in trial mode", 403)


def _precompiled(send: Send, body: Body) -> Notification:
    _refuse_without_permission(send)
    _refuse_letters(send)
    try:
        content = base64.b64decode(str(body["content"]))
    except ValueError as error:
        raise bad_request("Cannot decode letter content (invalid base64 encoding)") from error
    found = "delivered"
    if _EICAR in content:
        found = "virus-scan-failed"
    elif not content.startswith(b"%PDF-") or len(content) > _LARGEST_PDF:
        found = "validation-failed"
    values = {"address_line_1": "Provided as PDF"}
    return replace(
        _common(send, {**body, "personalisation": values}, None, Rendered(None, "")),
        outcome=found,
        subject="Pre-compiled PDF",
        recipient="Provided as PDF",
        postage=_text(body, "postage") or "second",
        content=content,
    )


def _common(send: Send, body: Body, template: Template | None, rendered: Rendered) -> Notification:
    return Notification(
        id=send.id,
        service_id=send.key.service_id,
        key_name=send.key.name,
        key_kind=send.key.kind,
        reference=_text(body, "reference"),
        type=send.kind,
        recipient="",
        normalised_recipient="",
        template_id=template.id if template else None,
        template_version=template.version if template else None,
        personalisation=json.dumps(_values(body), ensure_ascii=False),
        subject=rendered.subject,
        body=rendered.body,
        accepted_at=stamp(send.now),
        outcome="delivered",
    )


def _text(body: Body, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None
