"""The words of a message as it was sent: made again from the words that were approved, and shown
only where they are the very ones, by the hash that was kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from nostop.app.casework.access import openable
from nostop.app.casework.cases import PURPOSE, Desk
from nostop.app.outreach.campaigns import known_campaign
from nostop.events import short_reference
from nostop.model import NotHere
from nostop.outreach.words import Wording, written
from nostop.store import reading
from nostop.store.audit import record_read
from nostop.store.case_page import SentMessage, message_of_case, people_of_case

#: What went by each way of reaching somebody: a letter, an e-mail, a text or a call.
_KINDS = {"email": ("email",), "phone": ("phone", "voice"), "post": ("post",)}
#: An address of the right shape: it is in no message's words, only on its envelope.
_SOMEWHERE = {"email": "nobody@example.org", "phone": "07700 900000", "post": "-"}


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message: `row` of `outreach_messages`; subject and body None where the words cannot be
    made again exactly as they were."""

    row: Mapping[str, Any]
    subject: str | None
    body: str | None


def message_of(desk: Desk, benefit_unit_id: str, message_id: str) -> ShownMessage:
    """Return a message of a case with its words, once it is written down that somebody reads it.

    Raises:
        NotHere: there is no such case, or it has no such message.
    """
    engine = desk.engine
    with reading(engine) as connection:
        openable(connection, desk.who, benefit_unit_id)
        people = people_of_case(connection, benefit_unit_id)
    record_read(engine, desk.who.account_id, people, PURPOSE, desk.at)
    with reading(engine) as connection:
        found = message_of_case(connection, benefit_unit_id, message_id)
    if found is None:
        raise NotHere("cases: there is no such message")
    row = found.row
    if row["body_sha256"] is None or row["contact_kind"] not in _KINDS:
        return ShownMessage(row, None, None)
    wording = known_campaign(engine, row["campaign"]).wording
    words = _the_same(found, wording)
    return ShownMessage(row, *(words or (None, None)))


def _the_same(message: SentMessage, wording: Wording) -> tuple[str, str] | None:
    """Return subject and body where one way of writing the message gives what was kept."""
    contact_kind = message.row["contact_kind"]
    names = ("message_id", "recipient_id", "scheme", "kind", "language", "contact_kind")
    for channel_kind in _KINDS[contact_kind]:
        rows = pl.DataFrame(
            [
                {
                    **{name: message.row[name] for name in names},
                    "channel_kind": channel_kind,
                    "contact": _SOMEWHERE[contact_kind],
                    "first_name": message.first_name,
                    "surname": message.surname,
                }
            ],
            schema_overrides={"first_name": pl.String, "surname": pl.String},
        )
        for made in written(rows, wording).messages.iter_rows(named=True):
            if made["body_sha256"] == message.row["body_sha256"]:
                return made["subject"], made["body"]
    return None


def reference_of(message_id: str) -> str:
    """Return the short reference by which a person names a message."""
    return short_reference(message_id)
