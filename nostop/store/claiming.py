"""May these messages go, now? One transaction answers, claims them and writes that down.

Whatever could have changed since they were planned is asked again here: the stop switch, the
approval, the age of the lists, each person's suppressions, address and open cases, caps, rate and
budget. Every sender waits for the same lock, so that no cap can be passed by two of them at once.
If anything here cannot be read or written, nothing is claimed, and nothing is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, func, select, text, update

from nostop.events import day_of
from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import check_id
from nostop.store.contacts import DECIDED, decided_against, reasons_not_to, stale
from nostop.store.ledger import News, learn_within
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_outreach import Campaign, ContactPoint, StopSwitch

#: Every sender of a database takes this lock for each claim. Any number, the same everywhere.
_LOCK = 7_660_179
EVERYTHING = "all"
#: What a sender waits for that passes by itself, within a minute.
PACE = "the campaign's messages a minute"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a campaign allows. `messages` and `budget_pence` None mean without bound."""

    per_person: int
    per_person_days: int
    per_minute: int
    messages: int | None
    budget_pence: int | None
    list_hours: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is rendered and waits for leave to go: to which address, at what cost."""

    message_id: str
    recipient_id: str
    contact_kind: str
    contact: str
    body_sha256: str
    pence: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What may go now: ids, in order. `waits` says why nothing more may for the moment, `stops`
    why nothing may at all; `settled` how many of those asked for will not go any more."""

    message_ids: tuple[str, ...]
    waits: str | None = None
    stops: str | None = None
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One sender's question: which campaign, by which of its plans and within which limits, by
    whom and when."""

    campaign: str
    plan_sha256: str
    limits: Limits
    sender: str
    at: datetime


def claim(
    engine: Engine, asked: Asked, ready: Sequence[Ready], news: Sequence[News] = ()
) -> Claimed:
    """Write down what was learnt, then claim those of `ready` that may go now, in their order.

    When this returns, the claim and its audit entries are on disk.

    Raises:
        StoreError: a value is not fit to be stored; nothing is claimed.
    """
    check_id(asked.sender, "sender")
    if asked.at.tzinfo is None:
        raise StoreError("store: the time of a claim needs a time zone")
    with engine.begin() as connection:
        _one_at_a_time(connection)
        # Before anything is written: whoever takes messages back locks them before the audit log.
        planned = _still_planned(connection, [each.message_id for each in ready])
        for some in news:
            learn_within(connection, some)
        halted = stopped_by(connection, asked.campaign) or _not_approved(connection, asked)
        halted = halted or stale(connection, asked.at, asked.limits.list_hours)
        if halted:
            return Claimed((), stops=halted)
        open_ = [each for each in ready if each.message_id in planned]
        return _claim(connection, asked, open_) if open_ else Claimed(())


def stopped_by(connection: Connection, campaign: str) -> str | None:
    """Return what to say where all sending, or this campaign's, has been stopped."""
    table = table_of(StopSwitch)
    query = select(table.c.name).where(table.c.name.in_((EVERYTHING, campaign)))
    names = sorted(connection.execute(query).scalars())
    if not names:
        return None
    return "all sending has been stopped" if EVERYTHING in names else "the campaign was stopped"


def _not_approved(connection: Connection, asked: Asked) -> str | None:
    table = table_of(Campaign)
    query = select(table.c.plan_sha256, table.c.approved_sha256)
    row = connection.execute(query.where(table.c.campaign == asked.campaign)).one_or_none()
    if row is None:
        return "there is no such campaign"
    plan, approved = row
    if approved != plan:
        return "nobody has approved this plan"
    # The words and limits of whoever asks are of another plan than the one that was approved.
    other = plan != asked.plan_sha256
    return "the campaign was planned anew meanwhile: send again" if other else None


def _claim(connection: Connection, asked: Asked, open_: Sequence[Ready]) -> Claimed:
    reasons = _reasons(connection, open_, day_of(asked.at))
    told = _told_lately(connection, asked, [each.recipient_id for each in open_])
    room = _room(connection, asked)
    claims: list[Ready] = []
    refused: dict[str, str] = {}
    for each in open_:
        reason = reasons.get(each.message_id)
        if reason is None and told.get(each.recipient_id, 0) >= asked.limits.per_person:
            reason = "recent_contact"
        if reason is not None:
            refused[each.message_id] = reason
        elif room.takes(each.pence):
            told[each.recipient_id] = told.get(each.recipient_id, 0) + 1
            claims.append(each)
        else:
            break
    refused = {key: why for key, why in refused.items() if why != _MOVED}
    _write(connection, asked, claims, refused)
    ids = tuple(each.message_id for each in claims)
    return Claimed(ids, waits=room.waits, settled=len(refused))


@dataclass(slots=True)
class _Room:
    """What is left of the rate, the size and the budget of a campaign.

    `full` is what to say when there is no room for another message; `waits` whether it was said.
    """

    messages: int
    pence: int | None
    full: str
    waits: str | None = None

    def takes(self, pence: int) -> bool:
        """Take one message of so many pence, if there is room for it."""
        if self.messages <= 0:
            self.waits = self.full
        elif self.pence is not None and pence > self.pence:
            self.waits = "the budget is spent"
        else:
            self.messages -= 1
            self.pence = None if self.pence is None else self.pence - pence
            return True
        return False


#: An address that is another by now: the message is rendered again before it is asked for again.
_MOVED = "moved"


def _still_planned(connection: Connection, message_ids: Sequence[str]) -> set[str]:
    table = table_of(OutreachMessage)
    query = select(table.c.message_id).where(
        table.c.message_id.in_(message_ids), table.c.state == "planned"
    )
    # In one order everywhere, so that two that lock the same rows wait and do not deadlock.
    query = query.order_by(table.c.message_id).with_for_update()
    return set(connection.execute(query).scalars())


def _reasons(connection: Connection, ready: Sequence[Ready], on: date) -> dict[str, str]:
    """Return why not, by message id: a suppression, or an address that is gone, bad or another."""
    people = sorted({each.recipient_id for each in ready})
    stops = reasons_not_to(connection, people, on)
    decided = decided_against(connection, [each.message_id for each in ready])
    table = table_of(ContactPoint)
    query = select(table.c.person_id, table.c.kind, table.c.value, table.c.bad_since)
    points = {
        (person_id, kind): (value, bad_since)
        for person_id, kind, value, bad_since in connection.execute(
            query.where(table.c.person_id.in_(people))
        )
    }
    found = {}
    for each in ready:
        value, bad_since = points.get((each.recipient_id, each.contact_kind), (None, None))
        if each.recipient_id in stops:
            found[each.message_id] = stops[each.recipient_id]
        elif each.message_id in decided:
            found[each.message_id] = DECIDED
        elif value is None:
            found[each.message_id] = "no_contact_details"
        elif bad_since is not None:
            found[each.message_id] = "bad_contact_details"
        elif value != each.contact:
            found[each.message_id] = _MOVED
    return found


def _told_lately(connection: Connection, asked: Asked, person_ids: Sequence[str]) -> dict[str, int]:
    """Return how many messages each person was sent, or may have been, in the cap's period."""
    table = table_of(OutreachMessage)
    since = asked.at - timedelta(days=asked.limits.per_person_days)
    query = (
        select(table.c.recipient_id, func.count())
        .where(
            table.c.recipient_id.in_(sorted(set(person_ids))),
            table.c.claimed_at > since,
            table.c.state.in_(("claimed", "sent", "unknown")),
            table.c.campaign.in_(select(table_of(Campaign).c.campaign)),
        )
        .group_by(table.c.recipient_id)
    )
    return {str(who): int(number) for who, number in connection.execute(query)}


def told_by_others(engine: Engine, campaign: str, since: datetime) -> pl.DataFrame:
    """Return `recipient_id`, `messages`: how many messages of other campaigns each person was sent,
    or may have been, since a time."""
    table = table_of(OutreachMessage)
    query = (
        select(table.c.recipient_id, func.count().label("messages"))
        .where(
            table.c.claimed_at > since,
            table.c.state.in_(("claimed", "sent", "unknown")),
            table.c.campaign != campaign,
            table.c.campaign.in_(select(table_of(Campaign).c.campaign)),
        )
        .group_by(table.c.recipient_id)
    )
    with engine.begin() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    schema = {"recipient_id": pl.String(), "messages": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("recipient_id")


def _room(connection: Connection, asked: Asked) -> _Room:
    """Return how many may be claimed by the campaign's rate, size and budget."""
    table, campaigns = table_of(OutreachMessage), table_of(Campaign)
    lately = (table.c.campaign == asked.campaign) & (
        table.c.claimed_at > asked.at - timedelta(minutes=1)
    )
    used = int(connection.execute(select(func.count()).where(lately)).scalar_one())
    sums = select(campaigns.c.claimed, campaigns.c.spent_pence)
    claimed, spent = connection.execute(sums.where(campaigns.c.campaign == asked.campaign)).one()
    limits = asked.limits
    pence = None if limits.budget_pence is None else limits.budget_pence - spent
    rate = max(limits.per_minute - used, 0)
    left = rate if limits.messages is None else limits.messages - claimed
    if left < rate:
        return _Room(max(left, 0), pence, "the campaign has sent as many messages as it may")
    return _Room(rate, pence, PACE)


def _write(
    connection: Connection, asked: Asked, claims: Sequence[Ready], refused: Mapping[str, str]
) -> None:
    table = table_of(OutreachMessage)
    if claims:
        query = (
            update(table)
            .where(table.c.message_id == bindparam("of"))
            .values(
                state="claimed",
                claimed_at=asked.at,
                claimed_by=asked.sender,
                body_sha256=bindparam("body"),
                cost_pence=bindparam("pence"),
            )
        )
        rows = [
            {"of": each.message_id, "body": each.body_sha256, "pence": each.pence}
            for each in claims
        ]
        connection.execute(query, rows)
        campaigns = table_of(Campaign)
        sums = update(campaigns).where(campaigns.c.campaign == asked.campaign)
        pence = sum(each.pence for each in claims)
        connection.execute(
            sums.values(
                claimed=campaigns.c.claimed + len(claims),
                spent_pence=campaigns.c.spent_pence + pence,
            )
        )
    if refused:
        query = update(table).where(table.c.message_id == bindparam("of"))
        query = query.values(state="suppressed", suppression=bindparam("why"))
        connection.execute(query, [{"of": key, "why": why} for key, why in refused.items()])
    entries = [Entry("message.claimed", each.message_id) for each in claims]
    entries += [Entry("message.suppressed", key, {"reason": why}) for key, why in refused.items()]
    append(connection, asked.sender, entries, asked.at)


def _one_at_a_time(connection: Connection) -> None:
    # SQLite has begun IMMEDIATE and lets in one writer anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
