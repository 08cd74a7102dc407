"""What the pages of campaigns show: each a few indexed queries of one moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Engine, func, select, type_coerce

from nostop.model import NotHere
from nostop.store.columns import WHOLE
from nostop.store.engine import reading
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import Account
from nostop.store.tables_outreach import Campaign, CampaignText, StopSwitch

_OF_A_CAMPAIGN = (
    *("campaign", "declaration", "run_id", "plan_sha256", "planned_by", "planned_at"),
    *("approved_by", "approved_at", "approved_sha256", "claimed", "spent_pence"),
)

#: Far more than can be in doubt at once: what senders have open, and what a provider lost.
_MOST_DOUBTFUL = 10_000


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign as it is stored: see the table `Campaign`."""

    campaign: str
    declaration: str
    run_id: str
    plan_sha256: str
    planned_by: str
    planned_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    approved_sha256: str | None
    claimed: int
    spent_pence: int

    @property
    def is_approved(self) -> bool:
        """Whether the plan as it stands is the one that was approved."""
        return self.approved_sha256 == self.plan_sha256


@dataclass(frozen=True, slots=True)
class Stop:
    """What is stopped: a campaign, or `all`."""

    name: str
    by: str
    at: datetime


def campaign_rows(engine: Engine) -> list[CampaignRow]:
    """Return every campaign, the one that was planned last first."""
    table = table_of(Campaign)
    query = select(*(table.c[name] for name in _OF_A_CAMPAIGN))
    query = query.order_by(table.c.planned_at.desc(), table.c.campaign)
    with reading(engine) as connection:
        return [CampaignRow(**row) for row in connection.execute(query).mappings()]


def campaign_row(engine: Engine, campaign: str) -> CampaignRow:
    """Return one campaign.

    Raises:
        NotHere: there is none of this id.
    """
    table = table_of(Campaign)
    query = select(*(table.c[name] for name in _OF_A_CAMPAIGN)).where(table.c.campaign == campaign)
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotHere("campaigns: there is no such campaign")
    return CampaignRow(**row)


def counts_by_state(engine: Engine) -> pl.DataFrame:
    """Return `campaign`, `state` and `messages` of every campaign: by an index alone."""
    table = table_of(OutreachMessage)
    number = type_coerce(func.count(), WHOLE).label("messages")
    query = select(table.c.campaign, table.c.state, number)
    query = query.group_by(table.c.campaign, table.c.state)
    with reading(engine) as connection:
        return read(connection, query).sort("campaign", "state")


def tallies(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return how many messages of a campaign there are of each kind, by an index alone: `state`,
    `suppression`, `scheme`, `channel`, `messages`, and how many of these are known to have
    arrived, `delivered`."""
    table = table_of(OutreachMessage)
    # In the order of the index, so that nothing is sorted.
    columns = [table.c[name] for name in ("state", "suppression", "scheme", "channel")]
    numbers = (
        type_coerce(func.count(), WHOLE).label("messages"),
        type_coerce(func.count(table.c.delivered_at), WHOLE).label("delivered"),
    )
    query = select(*columns, *numbers).where(table.c.campaign == campaign).group_by(*columns)
    with reading(engine) as connection:
        return read(connection, query).sort("scheme", "channel", "state", "suppression")


def stops(engine: Engine) -> dict[str, Stop]:
    """Return what is stopped, by name."""
    table = table_of(StopSwitch)
    query = select(table.c.name, table.c.stopped_by, table.c.stopped_at)
    with reading(engine) as connection:
        return {row[0]: Stop(*row) for row in connection.execute(query)}


def names_of(engine: Engine, account_ids: Collection[str]) -> dict[str, str]:
    """Return the names of those of some accounts that are known here, by id."""
    table = table_of(Account)
    query = select(table.c.account_id, table.c.name).where(
        table.c.account_id.in_(sorted(account_ids))
    )
    with reading(engine) as connection:
        return {str(account): str(name) for account, name in connection.execute(query)}


def texts_named(engine: Engine, name: str) -> dict[str, str]:
    """Return the text of one name of every campaign that has it, by campaign."""
    table = table_of(CampaignText)
    query = select(table.c.campaign, table.c.text).where(table.c.name == name)
    with reading(engine) as connection:
        return {str(campaign): str(text) for campaign, text in connection.execute(query)}


def doubtful(engine: Engine, campaign: str, before: datetime, *, most: int) -> pl.DataFrame:
    """Return messages that may have gone, and were claimed before a moment: a sender could still
    be about to say what became of one that was claimed later.

    Returns:
        message_id, channel, state, claimed_at, reason; the oldest first.
    """
    table = table_of(OutreachMessage)
    names = ("message_id", "channel", "state", "claimed_at", "reason")
    query = (
        select(*(table.c[name] for name in names))
        .where(
            table.c.campaign == campaign,
            table.c.state.in_(("claimed", "unknown")),
            table.c.delivered_at.is_(None),
        )
        .order_by(table.c.state, table.c.message_id)
        .limit(_MOST_DOUBTFUL)
    )
    with reading(engine) as connection:
        rows = read(connection, query)
    # Not asked of the database: it would go through everything that was ever claimed.
    return rows.filter(pl.col("claimed_at") < before).sort("claimed_at", "message_id").head(most)
