"""Bounces: a mail server's report that a message came back (RFC 3464), read as receipts.

Anybody can send us one, so it is read with limits on its size and depth; what is no report on a
message of ours gives nothing.
"""

import re
from email import message_from_bytes
from email.message import Message as Part

from nostop.ports import Receipt
from notifications._smtp_dialogue import address_is_bad

_LARGEST = 256 * 1024
#: The standard library's parser goes one call deeper for each part within a part.
_MOST_PARTS = 24
_MOST_RECIPIENTS = 10
_STATUS_PART = b"message/delivery-status"
_ID = "[A-Za-z0-9_-]{8,64}"
_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")


def bounced(raw_message: bytes, domain: str) -> list[Receipt]:
    """Return a `failed` receipt where an e-mail reports that a message of ours came back for good.

    Args:
        raw_message: one e-mail as it arrived.
        domain: in which our messages have their ids.

    Returns:
        One receipt, or none: for an e-mail that is no such report, is larger than 256 KiB or made
        of more than 24 parts, for a delay, and where a list of addresses got it only in part.
    """
    blocks = _blocks(raw_message)
    if not blocks:
        return []
    message_id = _envelope_id(blocks[0]) or _returned_id(raw_message, domain)
    statuses = [_permanent(block) for block in blocks[1:]]
    if message_id is None or not 0 < len(statuses) <= _MOST_RECIPIENTS or not all(statuses):
        return []
    # One message has one recipient; several are of a list behind that address.
    bad_contact = all(address_is_bad(status) for status in statuses)
    return [Receipt(message_id, "failed", None, f"bounced: {statuses[0]}", bad_contact)]


def _blocks(raw: bytes) -> list[Part]:
    """Return a report's groups of fields: one on the message, then one for each recipient."""
    if len(raw) > _LARGEST or raw.lower().count(b"content-type") > _MOST_PARTS:
        return []
    try:
        report = message_from_bytes(raw)
    # The parser raises them for a head that names an impossible character set.
    except (ValueError, LookupError, TypeError):
        return []
    if report.get_content_type() != "multipart/report":
        return []
    for part in _parts(report):
        if part.get_content_type() == _STATUS_PART.decode():
            return _parts(part)
    return []


def _parts(part: Part) -> list[Part]:
    # Nothing that is text is asked for: decoding it is where a hostile character set would raise.
    inner = part.get_payload() if part.is_multipart() else []
    return [one for one in inner if isinstance(one, Part)]


def _permanent(block: Part) -> str:
    """Return the status of a recipient for whom it failed for good, or an empty text."""
    status = _STATUS.match(_field(block, "Status"))
    failed = _field(block, "Action").strip().lower() == "failed"
    return status[1] if failed and status and status[1].startswith("5.") else ""


def _envelope_id(block: Part) -> str | None:
    found = re.fullmatch(_ID, _field(block, "Original-Envelope-Id").strip())
    return found[0] if found else None


def _returned_id(raw: bytes, domain: str) -> str | None:
    """Return our id in the Message-ID of the message, or of its head, that was sent back.

    It comes after the status (RFC 6522), and is found without taking more parts apart.
    """
    ours = rf"^message-id:\s*<({_ID})@{re.escape(domain)}>".encode()
    returned = raw[raw.lower().find(_STATUS_PART) :]
    found = re.search(ours, returned, re.IGNORECASE | re.MULTILINE)
    return found[1].decode() if found else None


def _field(part: Part, name: str) -> str:
    return str(part.get(name, ""))
