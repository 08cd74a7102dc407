"""Counts for those who watch the system: how much, how old, and never who."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine, Select, func, select

from nostop.store.rows import table_of
from nostop.store.tables import FeedFile, OutreachMessage, Run
from nostop.store.tables_audit import AuditHead
from nostop.store.tables_outreach import SuppressionList

UNKNOWN_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was counted at one moment.

    messages: of each campaign and state.
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
        by_state = select(messages.c.campaign, messages.c.state, func.count())
        lists = table_of(SuppressionList)
        loaded = select(lists.c.source, func.max(lists.c.loaded_at)).group_by(lists.c.source)
        grouped = by_state.group_by(messages.c.campaign, messages.c.state)
        long_ago = (messages.c.state == "unknown") & (messages.c.claimed_at < at - UNKNOWN_FOR)
        return Measures(
            messages={(row[0], row[1]): row[2] for row in connection.execute(grouped)},
            unknown_for_long=_count(connection, select(func.count()).where(long_ago)),
            lists={row[0]: row[1] for row in connection.execute(loaded)},
            audit_entries=_count(connection, select(table_of(AuditHead).c.seq)),
            runs=_count(connection, select(func.count()).select_from(runs)),
            last_run_at=None if newest is None else newest.started_at,
            feeds={} if newest is None else _feeds(connection, newest.run_id),
        )


def _count(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.execute(query).scalar() or 0


def _feeds(connection: Connection, run_id: str) -> dict[str, tuple[str, date | None]]:
    feeds = table_of(FeedFile)
    query = select(feeds.c.source, feeds.c.state, feeds.c.fresh_until)
    rows: Sequence[tuple[str, str, date | None]] = [
        (row.source, row.state, row.fresh_until)
        for row in connection.execute(query.where(feeds.c.run_id == run_id))
    ]
    return {source: (state, fresh_until) for source, state, fresh_until in rows}
