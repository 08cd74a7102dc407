"""Campaigns: planned by one person, approved by another, stopped by anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nostop.model import StoreError, nearest
from nostop.store.audit import Entry, append
from nostop.store.checks import check_id
from nostop.store.claiming import EVERYTHING
from nostop.store.messages import (
    MOST_AT_ONCE,
    Recorded,
    batched,
    in_state,
    one_plan_at_a_time,
    record_plan_within,
)
from nostop.store.rows import put, read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_outreach import (
    Campaign,
    CampaignText,
    ContactPoint,
    HoldoutArm,
    Recipient,
    StopSwitch,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A campaign as it is planned: `declaration` is its YAML, `texts` the templates by file name,
    `plan_sha256` the hash of everything that an approval is of."""

    campaign: str
    declaration: str
    declaration_sha256: str
    run_id: str
    plan_sha256: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, and when."""

    by: str
    at: datetime


def record_campaign(
    engine: Engine, declared: Declared, plan: pl.DataFrame, arms: pl.DataFrame, act: Act
) -> Recorded:
    """Write a campaign and its whole plan down, in one transaction.

    Planned again, it loses its approval unless the plan is the very same: then it stays as it was
    planned, by whom and when. What has been sent stays sent.

    Args:
        engine: of the store.
        declared: the campaign.
        plan: as `record_plan` takes it.
        arms: `trial`, `unit_id`, `held`, `until`: arms of a holdout that were drawn for this plan.
        act: who plans it.
    Raises:
        StoreError: a value is not fit to be stored; nothing of it is.
    """
    check_id(declared.campaign, "campaign")
    table = table_of(Campaign)
    values = {
        "declaration": declared.declaration,
        "declaration_sha256": declared.declaration_sha256,
        "run_id": declared.run_id,
        "plan_sha256": declared.plan_sha256,
        "planned_by": act.by,
        "planned_at": act.at,
    }
    mine = table.c.campaign == declared.campaign
    try:
        with engine.begin() as connection:
            same = mine & (table.c.plan_sha256 == declared.plan_sha256)
            if connection.execute(select(table.c.campaign).where(same)).first() is None:
                _write(connection, declared.campaign, values)
            _record_texts(connection, declared)
            _record_arms(connection, arms, act)
            recorded = record_plan_within(connection, declared.run_id, plan)
            detail: dict[str, str | int] = {"plan": declared.plan_sha256, "rows": plan.height}
            entry = Entry("campaign.planned", declared.campaign, detail)
            append(connection, act.by, [entry], act.at)
    except IntegrityError as error:
        raise StoreError(
            "store: the plan has a (campaign, recipient, scheme, step) that is stored under "
            "another message id, or a run that is not recorded; nothing of it was stored"
        ) from error
    return recorded


def _write(connection: Connection, campaign: str, values: Mapping[str, object]) -> None:
    table = table_of(Campaign)
    mine = table.c.campaign == campaign
    if connection.execute(update(table).where(mine).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(campaign=campaign, **values))


def _record_texts(connection: Connection, declared: Declared) -> None:
    table = table_of(CampaignText)
    connection.execute(delete(table).where(table.c.campaign == declared.campaign))
    rows = [
        {"campaign": declared.campaign, "name": name, "text": text}
        for name, text in sorted(declared.texts.items())
    ]
    if rows:
        connection.execute(insert(table), rows)


def _record_arms(connection: Connection, arms: pl.DataFrame, act: Act) -> None:
    table = table_of(HoldoutArm)
    known = read(connection, select(table.c.trial, table.c.unit_id))
    new = arms.join(known, on=["trial", "unit_id"], how="anti").with_columns(
        drawn_at=pl.lit(act.at)
    )
    put(connection, HoldoutArm, new)


def arms_of(engine: Engine, trial: str) -> pl.DataFrame:
    """Return `unit_id`, `held` of every unit of a trial whose arm was drawn."""
    table = table_of(HoldoutArm)
    query = select(table.c.unit_id, table.c.held).where(table.c.trial == trial)
    with engine.begin() as connection:
        return read(connection, query).sort("unit_id")


def approve(engine: Engine, campaign: str, plan_sha256: str, act: Act) -> None:
    """Approve the plan of a campaign as it stands.

    Raises:
        StoreError: there is no such campaign; whoever planned it may not approve it; or it was
            planned anew since `plan_sha256` was looked at.
    """
    with engine.begin() as connection:
        row = _campaign(connection, campaign)
        if _same(row["planned_by"], act.by):
            raise StoreError(
                f"campaign '{campaign}': {act.by} planned it, so that somebody else has to "
                "approve it"
            )
        if row["plan_sha256"] != plan_sha256:
            raise StoreError(
                f"campaign '{campaign}': was planned anew meanwhile; preview it again, then approve"
            )
        table = table_of(Campaign)
        query = update(table).where(table.c.campaign == campaign)
        values = {"approved_by": act.by, "approved_at": act.at, "approved_sha256": plan_sha256}
        connection.execute(query.values(**values))
        entry = Entry("campaign.approved", campaign, {"plan": plan_sha256})
        append(connection, act.by, [entry], act.at)


def _same(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def stop(engine: Engine, name: str, act: Act) -> None:
    """Stop a campaign, or `all`: from the next claim on, nothing of it goes.

    Raises:
        StoreError: there is no such campaign.
    """
    with engine.begin() as connection:
        if name != EVERYTHING:
            _campaign(connection, name)
        table = table_of(StopSwitch)
        if connection.execute(select(table.c.name).where(table.c.name == name)).first() is None:
            row = {"name": name, "stopped_by": act.by, "stopped_at": act.at}
            connection.execute(insert(table), row)
        append(connection, act.by, [Entry("sending.stopped", name)], act.at)


def go_on(engine: Engine, name: str, act: Act) -> bool:
    """Lift a stop; return whether there was one."""
    with engine.begin() as connection:
        table = table_of(StopSwitch)
        lifted = connection.execute(delete(table).where(table.c.name == name)).rowcount
        append(connection, act.by, [Entry("sending.allowed", name)], act.at)
    return bool(lifted)


def record_export(engine: Engine, campaign: str, rows: int, act: Act) -> None:
    """Write down that somebody takes a list of a campaign's messages out of the store."""
    with engine.begin() as connection:
        append(connection, act.by, [Entry("campaign.exported", campaign, {"rows": rows})], act.at)


def read_stops(engine: Engine) -> dict[str, str]:
    """Return what is stopped, and by whom."""
    table = table_of(StopSwitch)
    with engine.begin() as connection:
        rows = connection.execute(select(table.c.name, table.c.stopped_by)).all()
    return {str(name): str(by) for name, by in sorted(tuple(row) for row in rows)}


def read_campaign_row(engine: Engine, campaign: str) -> dict[str, Any]:
    """Return the row of a campaign, by column.

    Raises:
        StoreError: there is no such campaign.
    """
    with engine.begin() as connection:
        return _campaign(connection, campaign)


def read_texts(engine: Engine, campaign: str) -> dict[str, str]:
    """Return the templates of a campaign as they were when it was planned, by file name."""
    table = table_of(CampaignText)
    query = select(table.c.name, table.c.text).where(table.c.campaign == campaign)
    with engine.begin() as connection:
        return {str(name): str(text) for name, text in connection.execute(query)}


def campaign_ids(engine: Engine) -> list[str]:
    """Return the id of every campaign, in order."""
    table = table_of(Campaign)
    with engine.begin() as connection:
        return sorted(connection.execute(select(table.c.campaign)).scalars())


def _campaign(connection: Connection, campaign: str) -> dict[str, Any]:
    table = table_of(Campaign)
    row = connection.execute(select(table).where(table.c.campaign == campaign)).mappings().first()
    if row is None:
        known = sorted(connection.execute(select(table.c.campaign)).scalars())
        raise StoreError(f"no campaign '{campaign}', known: {known}{nearest(campaign, known)}")
    return dict(row)


def waiting(engine: Engine, campaign: str, after: str, most: int) -> pl.DataFrame:
    """Return up to `most` planned messages with an id after `after`, in order of their ids, with
    what rendering needs of their recipients.

    Returns:
        message_id, recipient_id, scheme, step, kind, language, channel, contact_kind,
        template_sha256, body_sha256, claimed_at, first_name, surname, nation, contact (the address;
        null where there is none any more, or it does not work).
    """
    messages, who = table_of(OutreachMessage), table_of(Recipient)
    points = table_of(ContactPoint)
    named = ("scheme", "step", "kind", "language", "channel", "contact_kind")
    reach = (
        (points.c.person_id == messages.c.recipient_id)
        & (points.c.kind == messages.c.contact_kind)
        & points.c.bad_since.is_(None)
    )
    query = (
        select(
            messages.c.message_id,
            messages.c.recipient_id,
            *(messages.c[name] for name in named),
            messages.c.template_sha256,
            messages.c.body_sha256,
            who.c.first_name,
            who.c.surname,
            who.c.nation,
            points.c.value.label("contact"),
        )
        .outerjoin(who, who.c.person_id == messages.c.recipient_id)
        .outerjoin(points, reach)
        .where(
            messages.c.campaign == campaign,
            messages.c.state == "planned",
            messages.c.message_id > after,
        )
        .order_by(messages.c.message_id)
        .limit(most)
    )
    with engine.begin() as connection:
        return read(connection, query)


def in_doubt(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return messages that may have gone: `message_id`, `state` (claimed or unknown), `channel`,
    `claimed_by`, `claimed_at`, `reason`, sorted by id."""
    return _in_states(engine, campaign, ("claimed", "unknown"))


def on_the_way(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return messages that went and are not known to have arrived: columns as of `in_doubt`."""
    return _in_states(engine, campaign, ("sent",))


def _in_states(engine: Engine, campaign: str, states: tuple[str, ...]) -> pl.DataFrame:
    table = table_of(OutreachMessage)
    names = ("message_id", "state", "channel", "claimed_by", "claimed_at", "reason")
    query = select(*(table.c[name] for name in names)).where(
        table.c.campaign == campaign,
        table.c.state.in_(states),
        table.c.delivered_at.is_(None),
    )
    with engine.begin() as connection:
        return read(connection, query.order_by(table.c.message_id))


def suppress_messages(engine: Engine, message_ids: list[str], reason: str, act: Act) -> int:
    """Suppress messages that are still planned; return how many were."""
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        open_ = in_state(connection, message_ids, "planned")
        for some in batched(open_, MOST_AT_ONCE):
            query = update(table).where(table.c.message_id.in_(some))
            connection.execute(query.values(state="suppressed", suppression=reason))
        detail = {"reason": reason}
        entries = [Entry("message.suppressed", message_id, detail) for message_id in open_]
        append(connection, act.by, entries, act.at)
    return len(open_)


def failed_for_good(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return the last step of each (recipient, scheme) of a campaign that was tried and has failed,
    once for each address of its recipient that works.

    Returns:
        recipient_id, scheme, step, kind, language, channel, run_id, benefit_unit_id, first_name,
        surname, contact_kind and contact (an address that works), sorted.
    """
    table, who, points = table_of(OutreachMessage), table_of(Recipient), table_of(ContactPoint)
    later = table.alias("later")
    named = ("recipient_id", "scheme", "step", "kind", "language", "channel")
    query = (
        select(
            *(table.c[name] for name in named),
            table.c.run_id,
            table.c.benefit_unit_id,
            who.c.first_name,
            who.c.surname,
            points.c.kind.label("contact_kind"),
            points.c.value.label("contact"),
        )
        .join(points, points.c.person_id == table.c.recipient_id)
        .join(who, who.c.person_id == table.c.recipient_id)
        .where(
            table.c.campaign == campaign,
            table.c.state == "failed",
            table.c.claimed_at.is_not(None),
            points.c.bad_since.is_(None),
            ~select(later.c.message_id)
            .where(
                later.c.campaign == campaign,
                later.c.recipient_id == table.c.recipient_id,
                later.c.scheme == table.c.scheme,
                later.c.step > table.c.step,
            )
            .exists(),
        )
    )
    with engine.begin() as connection:
        return read(connection, query).sort("recipient_id", "scheme", "contact_kind")


def add_steps(engine: Engine, rows: pl.DataFrame, act: Act) -> int:
    """Plan further steps of messages that are here already; return how many were new.

    Args:
        engine: of the store.
        rows: columns of `outreach_messages`, all `planned`.
        act: who does it.
    """
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        one_plan_at_a_time(connection)
        known = read(
            connection,
            select(table.c.message_id).where(table.c.message_id.in_(rows["message_id"].to_list())),
        )
        new = rows.join(known, on="message_id", how="anti").sort("message_id")
        put(connection, OutreachMessage, new)
        entries = [Entry("message.planned", message_id) for message_id in new["message_id"]]
        append(connection, act.by, entries, act.at)
    return new.height
