"""A store that was put back from a backup: what it holds as not sent may have gone since.

Everything is stopped first. Then whatever was being sent is in doubt, and what was still planned
waits until its provider has been asked.
"""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection, Engine, func, insert, select, update

from nostop.ports import Receipt
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.claiming import EVERYTHING
from nostop.store.ledger import News, learn_within
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_outreach import Campaign, StopSwitch

#: Why a message is in doubt.
RESTORED = "restored"


def begin_restored(engine: Engine, act: Act) -> dict[str, int]:
    """Stop all sending and put every open claim in doubt, in one transaction.

    Returns:
        How many messages are planned, and how many in doubt by now.
    """
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        _stop(connection, act)
        claims = update(table).where(table.c.state == "claimed")
        connection.execute(claims.values(state="unknown", reason=RESTORED))
        query = select(table.c.state, func.count()).group_by(table.c.state)
        found = {str(state): int(number) for state, number in connection.execute(query)}
        counts = {state: found.get(state, 0) for state in ("planned", "unknown")}
        append(connection, act.by, [Entry("store.restored", None, counts)], act.at)
    return counts


def _stop(connection: Connection, act: Act) -> None:
    table = table_of(StopSwitch)
    if connection.execute(select(table.c.name).where(table.c.name == EVERYTHING)).first() is None:
        row = {"name": EVERYTHING, "stopped_by": act.by, "stopped_at": act.at}
        connection.execute(insert(table), row)
    append(connection, act.by, [Entry("sending.stopped", EVERYTHING)], act.at)


def planned_messages(engine: Engine, campaign: str) -> pl.Series:
    """Return the ids of the messages of a campaign that nobody is known to have sent, sorted."""
    table = table_of(OutreachMessage)
    query = select(table.c.message_id).where(
        table.c.campaign == campaign, table.c.state == "planned"
    )
    with engine.begin() as connection:
        return read(connection, query)["message_id"].sort()


def put_in_doubt(engine: Engine, message_ids: Sequence[str], channel: str | None, act: Act) -> int:
    """Mark planned messages as such that may have gone: nobody sends them again by themselves.

    Args:
        engine: of the store.
        message_ids: those that are planned no more stay as they are.
        channel: by which they may have gone, None where that is not known.
        act: who says so, and when.
    Returns:
        How many are in doubt now.
    """
    with engine.begin() as connection:
        return _put_in_doubt(connection, message_ids, channel, act)


def found_gone(engine: Engine, receipts: Sequence[Receipt], channel: str, act: Act) -> int:
    """Move planned messages that a provider knows to what it says of them; return how many."""
    with engine.begin() as connection:
        ids = [receipt.message_id for receipt in receipts]
        moved = _put_in_doubt(connection, ids, channel, act)
        learn_within(connection, News(receipts, "asked", act.by, act.at))
    return moved


def _put_in_doubt(
    connection: Connection, message_ids: Sequence[str], channel: str | None, act: Act
) -> int:
    table, campaigns = table_of(OutreachMessage), table_of(Campaign)
    waiting: list[str] = []
    for some in batched(sorted(message_ids), MOST_AT_ONCE):
        mine = table.c.message_id.in_(some) & (table.c.state == "planned")
        found = select(table.c.message_id, table.c.campaign).where(mine).with_for_update()
        rows = connection.execute(found.order_by(table.c.message_id)).all()
        query = update(table).where(mine).values(state="unknown", channel=channel, reason=RESTORED)
        connection.execute(query.values(claimed_at=act.at, claimed_by=act.by))
        for campaign in sorted({row.campaign for row in rows}):
            number = sum(row.campaign == campaign for row in rows)
            query = update(campaigns).where(campaigns.c.campaign == campaign)
            connection.execute(query.values(claimed=campaigns.c.claimed + number))
        waiting.extend(row.message_id for row in rows)
    detail: dict[str, str | int] = {"to": "unknown", "by": RESTORED}
    entries = [Entry("message.moved", message_id, detail) for message_id in waiting]
    append(connection, act.by, entries, act.at)
    return len(waiting)
