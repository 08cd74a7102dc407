"""What is known of each message, and how news moves it on: one way, whatever order news comes in.

planned -> claimed -> sent -> delivered, with failed and unknown beside them. A claim comes before
sending; `unknown` means that it may have gone. Only a definite word (`not_taken`) leads from
claimed back to planned; nothing leads back from sent, delivered or failed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, func, select, update

from nostop.model import StoreError
from nostop.ports import Receipt
from nostop.store.audit import Entry, append
from nostop.store.checks import plain_reason, plain_reference
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_outreach import Campaign, ContactPoint, MessageNews

#: How a message is shown and exported: what each state, with what is beside it, is called.
STATUSES = (
    "planned",
    "suppressed",
    "sending",
    "sent",
    "delivered",
    "failed",
    "unknown",
    "cancelled",
)
#: Reasons of a suppressed message that was planned and taken back.
CANCELLED = ("withdrawn", "cancelled", "ended")
#: The reason of a message in doubt of which a person said what became of it.
SAID_BY_A_PERSON = "said_by_a_person"
#: (state, word) -> the state it moves to; what is not here changes nothing.
_MOVES: Mapping[tuple[str, str], str] = {
    ("claimed", "sent"): "sent",
    ("claimed", "delivered"): "sent",
    ("claimed", "failed"): "failed",
    ("claimed", "unknown"): "unknown",
    ("claimed", "not_taken"): "planned",
    ("unknown", "sent"): "sent",
    ("unknown", "delivered"): "sent",
    ("unknown", "failed"): "failed",
    # Not known to the provider: still in doubt, and a person will have to look.
    ("unknown", "not_found"): "unknown",
    ("sent", "delivered"): "sent",
    ("sent", "failed"): "failed",
}


@dataclass(frozen=True, slots=True)
class News:
    """What was learnt of messages, from where (`channel`, `callback`, `asked`, `person`, `sender`),
    who says so and when."""

    receipts: Sequence[Receipt]
    source: str
    actor: str
    at: datetime


def moved(state: str, *, delivered: bool, word: str) -> str | None:
    """Return the state that a word of news moves a message to, None where it changes nothing.

    A delivered message is settled for good: what comes later is kept as news and moves nothing.
    """
    if delivered:
        return None
    return _MOVES.get((state, word))


def overruled(state: str, reason: str | None, news: Receipt, source: str) -> str | None:
    """Return the state of a message of which a person said that it failed, and the provider knows
    better: its word is what happened, whatever anybody settled."""
    by_person = state == "failed" and reason == SAID_BY_A_PERSON
    knows = source in ("callback", "asked", "channel") and news.status in ("sent", "delivered")
    return "sent" if by_person and knows else None


def status_of(state: str, *, delivered: bool, suppression: str | None) -> str:
    """Return what a message in a state is called to people: one of `STATUSES`."""
    if state == "claimed":
        return "sending"
    if state == "sent" and delivered:
        return "delivered"
    if state == "held_out" or (state == "suppressed" and suppression not in CANCELLED):
        return "suppressed"
    return "cancelled" if state == "suppressed" else state


def learn(engine: Engine, news: News, how: str | None = None) -> int:
    """Write news down and move messages on; return how many moved.

    News of a message that is not here is left alone. The same news twice moves nothing twice.

    Args:
        how: how whoever says so knows, in a word, for the audit log.
    Raises:
        StoreError: the time has no zone, or `how` is no plain word.
    """
    with engine.begin() as connection:
        number = learn_within(connection, news)
        if number and how:
            detail = {"how": how}
            entries = [Entry("message.settled", each.message_id, detail) for each in news.receipts]
            append(connection, news.actor, entries, news.at)
        return number


def learn_within(connection: Connection, news: News) -> int:
    """As `learn`, in the caller's own transaction; what moves is audited in it."""
    if news.at.tzinfo is None:
        raise StoreError("store: the time of news needs a time zone")
    known = _locked(connection, [receipt.message_id for receipt in news.receipts])
    rows, moves, entries, sums = [], [], [], _Sums({}, {})
    for receipt in news.receipts:
        row = known.get(receipt.message_id)
        if row is None:
            continue
        delivered = row["delivered_at"] is not None
        to = moved(row["state"], delivered=delivered, word=receipt.status)
        to = to or overruled(row["state"], row["reason"], receipt, news.source)
        reason = plain_reason(receipt)
        rows.append(
            {
                "message_id": receipt.message_id,
                "status": receipt.status,
                "source": news.source,
                "reason": reason,
                "moved": to is not None,
                "at": news.at,
            }
        )
        if to is None:
            continue
        change = _change(row, receipt, to, news.at)
        sums.add(row, change)
        row.update(change)
        moves.append({"of": receipt.message_id, **{f"new_{k}": v for k, v in change.items()}})
        detail = {"to": receipt.status, "by": news.source}
        entries.append(Entry("message.moved", receipt.message_id, detail))
    if rows:
        connection.execute(table_of(MessageNews).insert(), rows)
    if moves:
        _apply(connection, moves)
        sums.write(connection)
    _mark_bad(connection, news, known)
    append(connection, news.actor, entries, news.at)
    return len(moves)


def _change(row: Mapping[str, Any], receipt: Receipt, to: str, at: datetime) -> dict[str, Any]:
    released = to == "planned"
    cost = row["cost_pence"] if receipt.cost_pence is None else receipt.cost_pence
    gone = to in ("sent", "unknown")
    return {
        "state": to,
        "settled_at": None if to in ("planned", "unknown") else at,
        "delivered_at": at if receipt.status == "delivered" else None,
        "reference": plain_reference(receipt) or row["reference"],
        "reason": plain_reason(receipt),
        "claimed_at": None if released else row["claimed_at"],
        "claimed_by": None if released else row["claimed_by"],
        "cost_pence": cost if gone else None,
    }


@dataclass(frozen=True, slots=True)
class _Sums:
    """What moves change in the sums of each campaign."""

    claimed: dict[str, int]
    pence: dict[str, int]

    def add(self, before: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        campaign = str(before["campaign"])
        released = change["state"] == "planned"
        pence = (change["cost_pence"] or 0) - (before["cost_pence"] or 0)
        self.claimed[campaign] = self.claimed.get(campaign, 0) - int(released)
        self.pence[campaign] = self.pence.get(campaign, 0) + pence

    def write(self, connection: Connection) -> None:
        table = table_of(Campaign)
        query = update(table).where(table.c.campaign == bindparam("of"))
        query = query.values(
            claimed=table.c.claimed + bindparam("more"),
            spent_pence=table.c.spent_pence + bindparam("pence"),
        )
        rows = [
            {"of": name, "more": self.claimed[name], "pence": self.pence[name]}
            for name in sorted(self.claimed)
        ]
        connection.execute(query, rows)


def _apply(connection: Connection, moves: list[dict[str, Any]]) -> None:
    table = table_of(OutreachMessage)
    names = [key.removeprefix("new_") for key in moves[0] if key != "of"]
    query = update(table).where(table.c.message_id == bindparam("of"))
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    connection.execute(query.values(values), moves)


def _locked(connection: Connection, message_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    table = table_of(OutreachMessage)
    wanted = (
        "message_id",
        "campaign",
        "state",
        "recipient_id",
        "contact_kind",
        "reference",
        "reason",
        "delivered_at",
        "claimed_at",
        "claimed_by",
        "cost_pence",
    )
    found: dict[str, dict[str, Any]] = {}
    for some in batched(sorted(set(message_ids)), MOST_AT_ONCE):
        query = select(*(table.c[name] for name in wanted)).where(table.c.message_id.in_(some))
        query = query.order_by(table.c.message_id).with_for_update()
        for row in connection.execute(query).mappings():
            found[row["message_id"]] = dict(row)
    return found


def _mark_bad(connection: Connection, news: News, known: Mapping[str, Mapping[str, Any]]) -> None:
    """Use no more an address that does not work; the person's other ways stay as they are."""
    table = table_of(ContactPoint)
    bad = [
        {"who": row["recipient_id"], "which": row["contact_kind"], "at": news.at}
        for receipt in news.receipts
        if receipt.bad_contact and (row := known.get(receipt.message_id)) is not None
    ]
    if not bad:
        return
    query = update(table).where(
        table.c.person_id == bindparam("who"),
        table.c.kind == bindparam("which"),
        table.c.bad_since.is_(None),
    )
    connection.execute(query.values(bad_since=bindparam("at", type_=table.c.bad_since.type)), bad)


def count_statuses(engine: Engine, campaign: str) -> dict[str, int]:
    """Return how many messages of a campaign have each of `STATUSES`, none left out."""
    table = table_of(OutreachMessage)
    columns = (table.c.state, table.c.suppression, table.c.delivered_at.is_not(None))
    query = select(*columns, func.count()).where(table.c.campaign == campaign).group_by(*columns)
    counts = dict.fromkeys(STATUSES, 0)
    with engine.begin() as connection:
        for state, suppression, delivered, number in connection.execute(query):
            status = status_of(state, delivered=bool(delivered), suppression=suppression)
            counts[status] += int(number)
    return counts


def messages_of(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return every message of a campaign, sorted by id: `message_id`, `recipient_id`, `scheme`,
    `step`, `channel`, `status` (one of `STATUSES`), `suppression`, `reason`."""
    table = table_of(OutreachMessage)
    names = (
        "message_id",
        "recipient_id",
        "scheme",
        "step",
        "channel",
        "state",
        "suppression",
        "reason",
        "delivered_at",
    )
    query = select(*(table.c[name] for name in names)).where(table.c.campaign == campaign)
    with engine.begin() as connection:
        rows = read(connection, query).sort("message_id")
    statuses = [
        status_of(state, delivered=at is not None, suppression=suppression)
        for state, suppression, at in rows.select(
            "state", "suppression", "delivered_at"
        ).iter_rows()
    ]
    return rows.with_columns(pl.Series("status", statuses, pl.String)).drop("state", "delivered_at")
