"""Following messages up: where nothing was heard of one, a case is opened so that somebody can
call."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, Engine, literal, select

from nostop.events import day_of
from nostop.events.days import day_column
from nostop.store.campaigns import Act
from nostop.store.cases import FOLLOWS_A_MESSAGE, NewCase, open_cases
from nostop.store.contacts import reasons_not_to
from nostop.store.events import settle
from nostop.store.outcomes import with_outcome
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_events import Case, EventSignal, LifeEvent
from nostop.store.tables_outreach import Campaign

#: As `nostop.events.events_of_messages` names its events.
_SOURCE, _SENT = "nostop/outreach", "sent:"
_WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What follow-ups did: cases opened, and those of which nothing came: no longer called for, or
    of a campaign that has none."""

    opened: int
    passed_over: int


def sent_unheard(engine: Engine) -> pl.DataFrame:
    """Return the messages of campaigns that went and are not in the log of life events yet:
    message_id, campaign, recipient_id, scheme, step, sent_at; sorted by id."""
    table, log = table_of(OutreachMessage), table_of(LifeEvent)
    heard = select(log.c.event_key).where(
        log.c.source == _SOURCE, log.c.event_id == literal(_SENT) + table.c.message_id
    )
    names = ("message_id", "campaign", "recipient_id", "scheme", "step")
    query = select(*(table.c[name] for name in names), table.c.claimed_at.label("sent_at")).where(
        table.c.state == "sent",
        table.c.claimed_at.is_not(None),
        table.c.campaign.in_(select(table_of(Campaign).c.campaign)),
        ~heard.exists(),
    )
    with engine.begin() as connection:
        return read(connection, query).sort("message_id")


def follow_up(engine: Engine, after_days: Mapping[str, int], act: Act) -> FollowedUp:
    """Open a case for each message that went so long ago without a word, and settle its signal.

    Nothing comes of a follow-up where something was claimed or refused since, somebody said that
    the message is wrong, or nobody may write to the person.

    Args:
        engine: of the store.
        after_days: of each campaign that has follow-ups, after how many days.
        act: who does it.
    """
    today = day_of(act.at)
    with engine.begin() as connection:
        due = _due(connection, act).with_columns(
            _after=pl.col("of").replace_strict(after_days, default=None, return_dtype=pl.Int64)
        )
        waits = pl.col("sent_on") > pl.lit(today) - pl.duration(days=pl.col("_after"))
        ripe = due.filter(~waits.fill_null(value=False))
        mine = set(settle(connection, ripe["signal_id"].to_list(), act.at, act.by))
        wanted = ripe.filter(pl.col("signal_id").is_in(mine), pl.col("_after").is_not_null())
        new = _still_called_for(connection, wanted, act)
        if new:
            open_cases(connection, new, act.at, act.by)
    return FollowedUp(len(new), len(mine) - len(new))


def settle_stops(engine: Engine, act: Act) -> int:
    """Mark the stops that are due as seen; return how many. They hold from the moment that they are
    raised: `reasons_not_to` asks for them."""
    table = table_of(EventSignal)
    query = select(table.c.signal_id).where(
        table.c.kind == "stop",
        table.c.due_on <= day_of(act.at),
        table.c.handled_at.is_(None),
        table.c.withdrawn_at.is_(None),
    )
    with engine.begin() as connection:
        return len(settle(connection, list(connection.execute(query).scalars()), act.at, act.by))


def _due(connection: Connection, act: Act) -> pl.DataFrame:
    """Return the open follow-ups of messages that went, with the day on which they did."""
    signals, table = table_of(EventSignal), table_of(OutreachMessage)
    query = (
        select(
            signals.c.signal_id,
            table.c.message_id,
            table.c.campaign.label("of"),
            table.c.recipient_id,
            table.c.benefit_unit_id,
            table.c.scheme,
            table.c.claimed_at,
        )
        .join(table, table.c.message_id == signals.c.message_id)
        .where(
            signals.c.kind == "follow_up",
            signals.c.due_on <= day_of(act.at),
            signals.c.handled_at.is_(None),
            signals.c.withdrawn_at.is_(None),
            table.c.state == "sent",
        )
    )
    return read(connection, query).sort("signal_id").with_columns(sent_on=day_column("claimed_at"))


def _still_called_for(connection: Connection, due: pl.DataFrame, act: Act) -> list[NewCase]:
    ids = due["message_id"].to_list()
    cases = table_of(Case)
    disputed = select(cases.c.message_id).where(cases.c.kind == _WRONG, cases.c.message_id.in_(ids))
    over = with_outcome(connection, ids) | set(connection.execute(disputed).scalars())
    stops = reasons_not_to(connection, due["recipient_id"].to_list(), day_of(act.at))
    return [
        NewCase(
            FOLLOWS_A_MESSAGE,
            "follow_up_due",
            person_id=row["recipient_id"],
            benefit_unit_id=row["benefit_unit_id"],
            scheme=row["scheme"],
            message_id=row["message_id"],
        )
        for row in due.iter_rows(named=True)
        if row["message_id"] not in over and row["recipient_id"] not in stops
    ]
