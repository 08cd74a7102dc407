"""The JSON of the service's answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape

from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.notifications import Notification
from nostop.notify_simulator.settings import Pace, Service
from nostop.notify_simulator.statuses import NEVER_POSTED, Progress, progress, shown
from nostop.notify_simulator.wording import Template, fragments

Json = Mapping[str, object]

#: What the simulator says that messages cost: prices of its own, in pounds.
_TEXT_RATE = 0.0233
_SHEET_RATES = {
    "first": 1.49,
    "second": 0.69,
    "economy": 0.62,
    "europe": 1.49,
    "rest-of-world": 1.49,
}
_POSTED_WITHIN = {"first": 3, "second": 5, "economy": 10}
_ABROAD_WITHIN = 14


def accepted(notification: Notification, base: str, service: Service) -> Json:
    """Return the answer to a send that was accepted."""
    if notification.precompiled:
        return {
            "id": notification.id,
            "reference": notification.reference,
            "postage": notification.postage,
        }
    template_id = notification.template_id
    return {
        "id": notification.id,
        "reference": notification.reference,
        "uri": f"{base}v2/notifications/{notification.id}",
        "template": {
            "id": template_id,
            "version": notification.template_version,
            "uri": f"{base}services/{notification.service_id}/templates/{template_id}",
        },
        "scheduled_for": None,
        "content": _content(notification, service),
    }


def _content(notification: Notification, service: Service) -> Json:
    if notification.type == "sms":
        return {"body": notification.body, "from_number": service.sms_sender}
    subject = {"body": notification.body, "subject": notification.subject}
    if notification.type == "letter":
        return subject
    return {
        "from_email": service.email_from,
        **subject,
        "one_click_unsubscribe_url": notification.unsubscribe_url,
    }


def notification(found: Notification, base: str, now: datetime, pace: Pace) -> dict[str, object]:
    """Return all that the service says of one message."""
    reached = progress(found, now, pace)
    version = found.template_version or 1
    return {
        "id": found.id,
        "reference": found.reference,
        "email_address": found.recipient if found.type == "email" else None,
        "phone_number": found.recipient if found.type == "sms" else None,
        **_lines(found),
        "type": found.type,
        "status": shown(found, reached.status),
        "template": {
            "version": version,
            "id": found.template_id or found.service_id,
            "uri": f"{base}v2/template/{found.template_id or found.service_id}/version/{version}",
        },
        "body": found.body,
        "subject": found.subject,
        "created_at": found.accepted_at,
        "created_by_name": None,
        "sent_at": stamp(reached.sent_at) if reached.sent_at else None,
        "completed_at": stamp(reached.completed_at) if reached.completed_at else None,
        "scheduled_for": None,
        "postage": found.postage,
        "one_click_unsubscribe_url": found.unsubscribe_url,
        **_cost(found, reached),
        **_expected(found),
    }


def _lines(found: Notification) -> Json:
    names = [f"line_{number}" for number in range(1, 7)]
    if found.type != "letter":
        return dict.fromkeys([*names, "postcode"])
    values = found.values
    lines: dict[str, object] = {name: values.get(f"address_{name}") for name in names}
    lines["postcode"] = values.get("postcode")
    if "address_line_7" in values:
        lines["line_7"] = values["address_line_7"]
    return lines


def _cost(found: Notification, reached: Progress) -> Json:
    pounds, details = 0.0, dict[str, object]()
    if found.type != "email" and reached.status in ("created", "pending-virus-check"):
        return {"is_cost_data_ready": False, "cost_in_pounds": None, "cost_details": {}}
    if found.type == "sms":
        count = fragments(found.body)
        pounds = round(count * _TEXT_RATE, 4)
        details = {
            "billable_sms_fragments": count,
            "international_rate_multiplier": 1,
            "sms_rate": _TEXT_RATE,
        }
    elif found.type == "letter":
        sheets = 0 if reached.status in NEVER_POSTED else 1
        pounds = sheets * _SHEET_RATES[found.postage or "second"]
        details = {"billable_sheets_of_paper": sheets, "postage": found.postage}
    return {"is_cost_data_ready": True, "cost_in_pounds": pounds, "cost_details": details}


def _expected(found: Notification) -> Json:
    if found.type != "letter":
        return {}
    days = _POSTED_WITHIN.get(found.postage or "second", _ABROAD_WITHIN)
    expected = (found.accepted + timedelta(days=days)).replace(
        hour=16, minute=0, second=0, microsecond=0
    )
    return {"estimated_delivery": stamp(expected)}


def template(found: Template) -> Json:
    """Return one version of a template."""
    return {
        "id": found.id,
        "type": found.kind,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "created_by": "author@example.org",
        "version": found.version,
        "body": found.body,
        "subject": found.subject if found.kind != "sms" else None,
        "name": found.name,
        "personalisation": {name: {"required": True} for name in found.placeholders()},
        "postage": found.postage,
        "letter_contact_block": None,
    }


def receipt(found: Notification, reached: Progress) -> Json:
    """Return what a service is called back with once a message is finished."""
    return {
        "id": found.id,
        "reference": found.reference,
        "to": found.recipient,
        "status": reached.status,
        "created_at": found.accepted_at,
        "completed_at": stamp(reached.completed_at) if reached.completed_at else None,
        "sent_at": stamp(reached.sent_at) if reached.sent_at else None,
        "notification_type": found.type,
        "template_id": found.template_id,
        "template_version": found.template_version,
    }


def returned_letter(found: Notification, name: str | None) -> Json:
    """Return what a service is called back with when a letter has come back."""
    return {
        "notification_id": found.id,
        "reference": found.reference,
        "date_sent": found.accepted_at,
        "sent_by": "API",
        "template_name": name,
        "template_id": found.template_id,
        "template_version": found.template_version,
        "spreadsheet_file_name": None,
        "spreadsheet_row_number": None,
        "upload_letter_file_name": None,
    }


def paragraphs(body: str) -> str:
    """Return an e-mail's text as plain HTML, everything in it escaped."""
    parts = [part for part in body.split("\n\n") if part.strip()]
    return "\n".join(f"<p>{escape(part)}</p>".replace("\n", "<br>") for part in parts)
