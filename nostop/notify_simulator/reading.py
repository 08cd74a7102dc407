"""What a service can ask: its messages, templates and received texts, a page at a time."""

import base64
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import urlencode

from nostop.notify_simulator import notifications, shapes
from nostop.notify_simulator.bodies import checked, checked_query, is_uuid, parse_json, plain_uuid
from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import Refusal, bad_request, invalid, not_found
from nostop.notify_simulator.letters import letter_pdf
from nostop.notify_simulator.notifications import Notification, Wanted
from nostop.notify_simulator.settings import ApiKey
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.statuses import meant, progress
from nostop.notify_simulator.wording import Template, render

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asking:
    """One request to read: whose key, under which address, and when."""

    simulator: Simulator
    key: ApiKey
    base: str
    now: datetime

    @property
    def since(self) -> str:
        """The earliest message that is still kept."""
        return stamp(self.now - self.simulator.settings.pace.kept)


def one(asking: Asking, notification_id: str) -> Json:
    """Return one message of this service, of any kind of key."""
    pace = asking.simulator.settings.pace
    return shapes.notification(_found(asking, notification_id), asking.base, asking.now, pace)


def _found(asking: Asking, notification_id: str, *, content: bool = False) -> Notification:
    if not is_uuid(notification_id):
        raise invalid("notification_id is not a valid UUID")
    found = notifications.by_id(
        asking.simulator.ledger.reading, plain_uuid(notification_id), content=content
    )
    if (
        found is None
        or found.service_id != asking.key.service_id
        or found.accepted_at < asking.since
    ):
        raise not_found()
    return found


def document(simulator: Simulator, notification_id: str, name: str) -> tuple[str, bytes]:
    """Return the name and content of a file that was sent by e-mail, under the link in it."""
    found = notifications.by_id(simulator.ledger.reading, notification_id.lower())
    value = found.values.get(name) if found else None
    if not isinstance(value, dict) or "file" not in value:
        raise not_found()
    return str(value.get("filename") or "document"), base64.b64decode(str(value["file"]))


def pdf(asking: Asking, notification_id: str) -> bytes:
    """Return a letter as it is printed."""
    found = _found(asking, notification_id, content=True)
    if found.type != "letter":
        raise bad_request("Notification is not a letter")
    status = progress(found, asking.now, asking.simulator.settings.pace).status
    if status == "virus-scan-failed":
        raise bad_request("File did not pass the virus scan")
    if status == "technical-failure":
        raise bad_request(f"PDF not available for letters in status {status}")
    if status == "pending-virus-check":
        raise Refusal(400, ("PDFNotReadyError", "PDF not available yet, try again later"))
    if found.content is not None:
        return found.content
    return letter_pdf(found.recipient.split(", "), found.subject or "", found.body)


def several(asking: Asking, query: str) -> Json:
    """Return a page of the messages that were sent with this kind of key, the newest first."""
    names = ("reference", "status", "template_type", "include_jobs", "older_than")
    values = checked_query(query, names)
    pace = asking.simulator.settings.pace
    statuses = meant(list(values.get("status", ())))
    wanted = Wanted(
        service_id=asking.key.service_id,
        key_kind=asking.key.kind,
        since=asking.since,
        types=values.get("template_type", ()),
        reference=_only(values, "reference"),
        older_than=_only(values, "older_than"),
    )
    page = islice(
        (
            found
            for found in notifications.newest_first(asking.simulator.ledger.reading, wanted)
            if not statuses or progress(found, asking.now, pace).status in statuses
        ),
        asking.simulator.settings.page_size,
    )
    shown = [shapes.notification(found, asking.base, asking.now, pace) for found in page]
    return {
        "notifications": shown,
        "links": _links(f"{asking.base}v2/notifications", values, shown),
    }


def _only(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    found = values.get(name)
    return found[0] if found else None


def _links(
    path: str, values: Mapping[str, Sequence[str]], shown: Sequence[Json]
) -> Mapping[str, str]:
    links = {"current": _address(path, values)}
    # There is a next page as long as this one has anything: the last one is empty.
    if shown:
        links["next"] = _address(path, {**values, "older_than": [str(shown[-1]["id"])]})
    return links


def _address(path: str, values: Mapping[str, Sequence[str]]) -> str:
    return f"{path}?{urlencode(values, doseq=True)}" if values else path


def template(asking: Asking, template_id: str, version: int | None = None) -> Json:
    """Return a template, in its newest version or the one that is asked for."""
    return shapes.template(_template(asking, template_id, version))


def _template(asking: Asking, template_id: str, version: int | None) -> Template:
    if not is_uuid(template_id):
        raise invalid("id is not a valid UUID")
    versions = asking.simulator.templates.get(plain_uuid(template_id), [])
    if version is not None:
        versions = [found for found in versions if found.version == version]
    if not versions:
        raise not_found()
    return versions[-1]


def templates(asking: Asking, query: str) -> Json:
    """Return all templates that are not deleted."""
    kind = _only(checked_query(query, ("type",)), "type")
    newest = [versions[-1] for versions in asking.simulator.templates.values()]
    chosen = [
        shapes.template(found)
        for found in newest
        if not found.archived and kind in (None, found.kind)
    ]
    return {"templates": chosen}


def preview(asking: Asking, template_id: str, raw: bytes) -> Json:
    """Return a template with values put in; nothing is sent."""
    body = parse_json(raw) if raw else {}
    if not isinstance(body, dict):
        raise invalid(f"{body!r} is not of type object".replace("'", ""))
    body = checked({**body, "id": template_id}, "preview", asking.now)
    found = _template(asking, template_id, None)
    values = body.get("personalisation", {})
    rendered = render(found, values if isinstance(values, dict) else {})
    return {
        "id": found.id,
        "type": found.kind,
        "version": found.version,
        "body": rendered.body,
        "html": shapes.paragraphs(rendered.body) if found.kind == "email" else None,
        "subject": rendered.subject,
        "postage": found.postage,
    }


def received_texts(asking: Asking, query: str) -> Json:
    """Return a page of the text messages that people sent to this service, the newest first."""
    values = checked_query(query, ("older_than",))
    older_than = _only(values, "older_than")
    sql = (
        "SELECT id, created_at, service_id, notify_number, user_number, content"
        " FROM received_texts WHERE service_id = ? AND created_at >= ?"
    )
    given: list[object] = [asking.key.service_id, asking.since]
    if older_than is not None:
        sql += " AND position < (SELECT position FROM received_texts WHERE id = ?)"
        given.append(older_than)
    given.append(asking.simulator.settings.page_size)
    reading: sqlite3.Connection = asking.simulator.ledger.reading
    shown = [dict(row) for row in reading.execute(f"{sql} ORDER BY position DESC LIMIT ?", given)]
    path = f"{asking.base}v2/received-text-messages"
    return {"received_text_messages": shown, "links": _links(path, {}, shown)}
