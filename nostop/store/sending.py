"""Sending at most once: the claim is committed before anything is sent, the receipt after.

A provider cannot be asked to forget a message, so a process that ends in between leaves `claimed`
rows: they may have gone, are made `unknown` by `recover`, and are never sent again by themselves.
"""

from collections.abc import Iterator
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, update

from nostop.events import day_of
from nostop.frames import check
from nostop.model import StoreError
from nostop.outreach.render import as_messages
from nostop.outreach.tables import Messages
from nostop.ports import Channel, Receipt
from nostop.store.checks import ID, SHA256, check_text
from nostop.store.contacts import DECIDED, decided_against, reasons_not_to
from nostop.store.messages import MOST_AT_ONCE, batched, in_state, record_receipts
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage

#: So many messages are claimed at a time, and at most so many become unknown if the process ends.
BATCH = 100
STATUSES = ("sent", "failed")


def claim_and_record(
    engine: Engine, channel: Channel, messages: pl.DataFrame, *, at: datetime, batch: int = BATCH
) -> dict[str, int]:
    """Send what is still planned, and return how many messages became sent, failed or unknown.

    A message that is in any other state than `planned` is not given to the channel, nor is one that
    something stands against by now: a reply, a life event, a caseworker's decision. One for which
    the channel yields no receipt, or none that we understand, becomes `unknown`.

    Args:
        engine: an engine of `open_store`.
        channel: where they go.
        messages: `Messages`, as `nostop.outreach.render` returns them.
        at: the time to write down, with its zone.
        batch: how many are claimed at a time.
    Raises:
        FrameError: a column is missing or has another type.
        StoreError: a value is not fit to be stored.
        Whatever the channel raises: after what it did has been written down.
    """
    if at.tzinfo is None:
        raise StoreError("store: the time of sending needs a time zone")
    hashes = {"template_sha256": SHA256, "body_sha256": SHA256}
    ready = check_text(check(Messages, messages), "messages", {"message_id": ID, **hashes})
    totals = dict.fromkeys((*STATUSES, "unknown"), 0)
    for part in ready.sort("message_id").iter_slices(batch):
        claimed = _claim(engine, part, at)
        for status, number in _send(engine, channel, claimed, at).items():
            totals[status] += number
    return totals


def _claim(engine: Engine, part: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Claim those that are still planned; when this returns, the claim is on disk."""
    table = table_of(OutreachMessage)
    hashes = ["template_sha256", "body_sha256"]
    with engine.begin() as connection:
        planned = in_state(connection, part["message_id"].to_list(), "planned")
        claimed = part.filter(pl.col("message_id").is_in(planned))
        refused = _refused(connection, claimed, at)
        claimed = claimed.filter(~pl.col("message_id").is_in(list(refused)))
        for message_id, why in refused.items():
            query = update(table).where(table.c.message_id == message_id)
            connection.execute(query.values(state="suppressed", suppression=why))
        if claimed.height:
            query = update(table).where(table.c.message_id == bindparam("of"))
            query = query.values(
                state="claimed",
                claimed_at=at,
                **{name: bindparam(f"its_{name}") for name in hashes},
            )
            rows = claimed.select(
                pl.col("message_id").alias("of"), *(pl.col(h).alias(f"its_{h}") for h in hashes)
            )
            connection.execute(query, rows.to_dicts())
    return claimed


def _refused(connection: Connection, part: pl.DataFrame, at: datetime) -> dict[str, str]:
    """Return which messages may not go any more, and why: as a campaign's sender asks."""
    stops = reasons_not_to(connection, part["recipient_id"].to_list(), day_of(at))
    decided = decided_against(connection, part["message_id"].to_list())
    return dict.fromkeys(sorted(decided), DECIDED) | {
        message_id: stops[who]
        for message_id, who in part.select("message_id", "recipient_id").iter_rows()
        if who in stops
    }


def _send(engine: Engine, channel: Channel, claimed: pl.DataFrame, at: datetime) -> dict[str, int]:
    if not claimed.height:
        return {}
    receipts: dict[str, Receipt] = {}
    try:
        for receipt in _understood(channel, claimed):
            receipts.setdefault(receipt.message_id, receipt)
    finally:
        # Also when the channel raises, or somebody presses Ctrl-C: what it did must be kept.
        unanswered = _write_down(engine, claimed, receipts, at)
    counts = {status: sum(r.status == status for r in receipts.values()) for status in STATUSES}
    return counts | {"unknown": unanswered}


def _understood(channel: Channel, claimed: pl.DataFrame) -> Iterator[Receipt]:
    """Yield the channel's receipts for these messages that say sent or failed."""
    ours = set(claimed["message_id"])
    for receipt in channel.send(as_messages(claimed)):
        if receipt.message_id in ours and receipt.status in STATUSES:
            yield receipt


def _write_down(
    engine: Engine, claimed: pl.DataFrame, receipts: dict[str, Receipt], at: datetime
) -> int:
    """Record the receipts and return how many messages have none, which become unknown.

    Another process may have called `recover` meanwhile: an answer settles `unknown` too.
    """
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        record_receipts(connection, receipts.values(), at)
        left = in_state(connection, claimed["message_id"].to_list(), "claimed")
        for some in batched(left, MOST_AT_ONCE):
            query = update(table).where(table.c.message_id.in_(some)).values(state="unknown")
            connection.execute(query)
    return claimed.height - len(receipts)
