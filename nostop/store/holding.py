"""Messages that are taken back while something stands against their recipients, and may go again
once it stands no more: an open case, a hold after a life event.

The claim asks the same again for each message; this only lets people see it before.
"""

from collections.abc import Mapping

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, or_, select, update

from nostop.events import day_of
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.cases import NewState, move_case
from nostop.store.contacts import ADDED, LIFE_EVENT, OPEN_CASE, reasons_not_to
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_events import Case, EventSignal
from nostop.store.tables_outreach import PersonHeir, Recipient, Suppression


def take_back(engine: Engine, act: Act) -> int:
    """Suppress planned messages to people whom something stands against that no run knows of: a
    reply, a life event, an open case; return how many."""
    with engine.begin() as connection:
        rows = _planned_to(connection, _stood_against(connection))
        reasons = reasons_not_to(connection, [who for _, who in rows], day_of(act.at))
        gone = {message_id: reasons[who] for message_id, who in rows if who in reasons}
        _set(connection, gone, "suppressed")
        entries = [
            Entry("message.suppressed", message_id, {"reason": why})
            for message_id, why in sorted(gone.items())
        ]
        append(connection, act.by, entries, act.at)
    return len(gone)


def release(engine: Engine, act: Act, *, everything: bool = False) -> int:
    """Plan messages again that were taken back for a while, where nothing stands against their
    recipients any more; return how many. Only what was planned, and so approved, before.

    Args:
        engine: of the store.
        act: who does it.
        everything: also what still has something against it, so that a newer run can take it back
            for good; the claim asks anyway.
    """
    with engine.begin() as connection:
        rows = _held_back(connection)
        reasons = {}
        if not everything:
            reasons = reasons_not_to(connection, [who for _, who in rows], day_of(act.at))
        free = {message_id: None for message_id, who in rows if who not in reasons}
        _set(connection, free, "planned")
        entries = [Entry("message.planned", message_id) for message_id in sorted(free)]
        append(connection, act.by, entries, act.at)
    return len(free)


def close_case(engine: Engine, case_id: str, reason: str, act: Act) -> int:
    """Close a case, and plan again what only waited for it; return how many messages that is.

    Raises:
        StoreError: there is no such case, or it is closed.
    """
    move_case(engine, case_id, NewState("closed", reason), act.at, act.by)
    return release(engine, act)


def open_cases_shown(engine: Engine, act: Act) -> pl.DataFrame:
    """Return every case that is open or waiting, the oldest first, once it is written down that
    somebody reads them."""
    table = table_of(Case)
    query = select(table).where(table.c.state != "closed")
    with engine.begin() as connection:
        found = read(connection, query).sort("opened_at", "case_id")
        whose = found["person_id"].drop_nulls().unique().sort()
        entries = [Entry("person.read", who, {"purpose": "cases"}) for who in whose]
        append(connection, act.by, entries, act.at)
    return found


def _stood_against(connection: Connection) -> list[str]:
    """Return whoever may have something standing against them, by every id."""
    stops, signals, cases = table_of(Suppression), table_of(EventSignal), table_of(Case)
    heirs, who = table_of(PersonHeir), table_of(Recipient)
    ids: set[str] = set()
    for query in (
        select(stops.c.person_id).where(stops.c.source == ADDED),
        select(signals.c.subject).where(
            signals.c.withdrawn_at.is_(None), signals.c.kind.in_(("stop", "hold"))
        ),
        select(cases.c.person_id).where(cases.c.state != "closed"),
        select(cases.c.benefit_unit_id).where(cases.c.state != "closed"),
    ):
        ids.update(each for each in connection.execute(query).scalars() if each is not None)
    for some in batched(sorted(ids), MOST_AT_ONCE):
        for query in (
            select(heirs.c.person_id).where(heirs.c.was.in_(some)),
            select(who.c.person_id).where(who.c.benefit_unit_id.in_(some)),
        ):
            ids.update(connection.execute(query).scalars())
    return sorted(ids)


def _planned_to(connection: Connection, person_ids: list[str]) -> list[tuple[str, str]]:
    """Return planned messages to these people with their recipients, locked until the commit."""
    table = table_of(OutreachMessage)
    found: list[tuple[str, str]] = []
    for some in batched(person_ids, MOST_AT_ONCE):
        query = select(table.c.message_id, table.c.recipient_id).where(
            table.c.recipient_id.in_(some), table.c.state == "planned"
        )
        query = query.order_by(table.c.message_id).with_for_update()
        found += [(message_id, who) for message_id, who in connection.execute(query)]
    return found


def _held_back(connection: Connection) -> list[tuple[str, str]]:
    """Return messages of an approved plan that only wait, with their recipients."""
    table, signals = table_of(OutreachMessage), table_of(EventSignal)
    holds = select(signals.c.reason).where(
        signals.c.kind.in_(("stop", "hold")), signals.c.reason.is_not(None)
    )
    query = select(table.c.message_id, table.c.recipient_id).where(
        table.c.state == "suppressed",
        # It was planned with these words: what was suppressed from the start has none.
        table.c.body_sha256.is_not(None),
        or_(table.c.suppression.in_((OPEN_CASE, LIFE_EVENT)), table.c.suppression.in_(holds)),
    )
    query = query.order_by(table.c.message_id).with_for_update()
    return [(message_id, who) for message_id, who in connection.execute(query)]


def _set(connection: Connection, messages: Mapping[str, str | None], state: str) -> None:
    """Bring messages to a state, each with its reason."""
    table = table_of(OutreachMessage)
    query = update(table).where(table.c.message_id == bindparam("of"))
    query = query.values(state=state, suppression=bindparam("why"))
    if messages:
        connection.execute(query, [{"of": key, "why": why} for key, why in messages.items()])
