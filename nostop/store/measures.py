"""Counts for those who watch the system: how much, how old, and never who."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from nostop.store.ledger import status_of
from nostop.store.rows import table_of
from nostop.store.tables import FeedFile, OutreachMessage, Run
from nostop.store.tables_audit import AuditHead
from nostop.store.tables_outreach import SuppressionList

UNKNOWN_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was counted at one moment.

    messages: of each campaign and status (`nostop.store.ledger.STATUSES`).
    unknown_for_long: messages of which it is not known for more than a day whether they went.
    lists: when each suppression list was last loaded.
    audit_entries: how many the log has.
    runs, last_run_at: how many runs there were, and when the last began.
    feeds: of the last run, each feed's state and until when its file is fresh.
    """

    messages: dict[tuple[str, str], int]
    unknown_for_long: int
    lists: dict[str, datetime]
    audit_entries: int
    runs: int
    last_run_at: datetime | None
    feeds: dict[str, tuple[str, date | None]]


def measure(engine: Engine, at: datetime) -> Measures:
    """Count everything, in one transaction.

    Raises:
        DBAPIError: the store does not answer, or lacks its tables.
    """
    with engine.begin() as connection:
        messages, runs = table_of(OutreachMessage), table_of(Run)
        last = select(runs.c.run_id, runs.c.started_at)
        last = last.order_by(runs.c.started_at.desc(), runs.c.run_id.desc()).limit(1)
        newest = connection.execute(last).one_or_none()
        lists = table_of(SuppressionList)
        loaded = select(lists.c.source, func.max(lists.c.loaded_at)).group_by(lists.c.source)
        long_ago = (messages.c.state == "unknown") & (messages.c.claimed_at < at - UNKNOWN_FOR)
        unknown = select(func.count()).select_from(messages).where(long_ago)
        return Measures(
            messages=_messages(connection),
            unknown_for_long=connection.execute(unknown).scalar_one(),
            lists={row[0]: row[1] for row in connection.execute(loaded)},
            audit_entries=connection.execute(select(table_of(AuditHead).c.seq)).scalar() or 0,
            runs=connection.execute(select(func.count()).select_from(runs)).scalar_one(),
            last_run_at=None if newest is None else newest.started_at,
            feeds={} if newest is None else _feeds(connection, newest.run_id),
        )


def _messages(connection: Connection) -> dict[tuple[str, str], int]:
    messages = table_of(OutreachMessage)
    delivered = messages.c.delivered_at.is_not(None)
    kinds = (messages.c.campaign, messages.c.state, delivered, messages.c.suppression)
    found: dict[tuple[str, str], int] = {}
    for campaign, state, has_come, why, count in connection.execute(
        select(*kinds, func.count()).group_by(*kinds)
    ):
        status = status_of(state, delivered=bool(has_come), suppression=why)
        found[campaign, status] = found.get((campaign, status), 0) + count
    return found


def _feeds(connection: Connection, run_id: str) -> dict[str, tuple[str, date | None]]:
    feeds = table_of(FeedFile)
    query = select(feeds.c.source, feeds.c.state, feeds.c.fresh_until)
    rows = connection.execute(query.where(feeds.c.run_id == run_id))
    return {row.source: (row.state, row.fresh_until) for row in rows}
