"""What people do with a campaign once it is planned: preview, approve, send, look, settle, stop."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.outreach.asking import Answered, ask_in_doubt, poll, sender_name
from nostop.app.outreach.channels import Channels, channels_of, kinds_of
from nostop.app.outreach.links import link_of
from nostop.app.outreach.planning import wording_of
from nostop.app.outreach.sending import Sender, Sent, send
from nostop.hours import read_bank_holidays
from nostop.model import OutreachError, SettingsError
from nostop.outreach.campaign import Campaign, parse_campaign
from nostop.outreach.campaign_plan import CONTACT_OF
from nostop.outreach.plain_english import reading_grade
from nostop.outreach.plan import message_id
from nostop.outreach.words import Wording, messages_with_addresses, template_of, written
from nostop.ports import Message, Receipt
from nostop.store.ledger import SAID_BY_A_PERSON, News

#: Where this variable says `production`, real people are written to; anywhere else, an allow-list
#: says who may be, and it is empty unless the campaign has one.
ENVIRONMENT = "NOSTOP_ENVIRONMENT"
PRODUCTION = "production"
_SOMEBODY = {"first_name": "Sam", "surname": "Sample"}
_THEIRS = {"email": "sam.sample@example.org", "phone": "07700 900123"}
_REFERENCE = "4F7K-2M9Q-X"
_ADDRESS = "1 Example Street\nSkelbeck\nZZ1 1ZZ"


@dataclass(frozen=True, slots=True)
class Known:
    """A planned campaign as the store has it."""

    campaign: Campaign
    wording: Wording
    row: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Example:
    """How one of a campaign's messages will look, to somebody made up.

    `grade` is the automated readability index of an English one: about a year of school.
    """

    channel: str
    channel_kind: str
    contact_kind: str
    kind: str
    message: Message
    grade: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody looks at before they approve: an example of every message in each language,
    how many messages have each status and why the suppressed ones are."""

    plan_sha256: str
    planned_by: str
    approved_by: str | None
    examples: tuple[Example, ...]
    statuses: Mapping[str, int]
    reasons: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sending did: `sent` what was done, `before` and `after` what asking brought."""

    sent: Sent
    before: Answered
    after: Answered
    opened: int


def known_campaign(engine: Engine, campaign: str) -> Known:
    """Return a planned campaign.

    Raises:
        StoreError: there is none of this id.
    """
    row = store.read_campaign_row(engine, campaign)
    declared = parse_campaign(row["declaration"], f"campaign {campaign}")
    texts = store.read_texts(engine, campaign)
    return Known(declared, wording_of(texts, declared.sender, declared.contact), row)


def preview(engine: Engine, campaign: str) -> Preview:
    """Return how a campaign's messages will look, and how many there are."""
    known = known_campaign(engine, campaign)
    channels = kinds_of(known.campaign)
    messages = store.messages_of(engine, campaign)
    reasons = (
        messages.filter(pl.col("status") == "suppressed")
        .with_columns(pl.col("suppression").fill_null("holdout"))
        .group_by("scheme", "suppression")
        .agg(messages=pl.len().cast(pl.Int64))
        .sort("scheme", "messages", "suppression", descending=[False, True, False])
    )
    approved = known.row["approved_sha256"] == known.row["plan_sha256"]
    return Preview(
        plan_sha256=str(known.row["plan_sha256"]),
        planned_by=str(known.row["planned_by"]),
        approved_by=str(known.row["approved_by"]) if approved else None,
        examples=examples(known, [(*way, CONTACT_OF.get(way[1], "email")) for way in channels]),
        statuses=store.count_statuses(engine, campaign),
        reasons=reasons,
    )


def examples(known: Known, ways: Sequence[tuple[str, str, str]]) -> tuple[Example, ...]:
    """Return how each of a campaign's messages will look, to somebody made up.

    Args:
        known: the campaign.
        ways: the name and kind of a channel, and the contact point by which it goes.
    """
    rows = [
        {
            "message_id": f"{name}.{scheme}.{kind}.{language}.{contact}",
            "recipient_id": "somebody",
            "scheme": scheme,
            "kind": kind,
            "language": language,
            "channel_kind": channel_kind,
            "contact_kind": contact,
            "contact": _THEIRS.get(contact, _ADDRESS),
            **_SOMEBODY,
        }
        for name, channel_kind, contact in ways
        for scheme, kind, language in sorted(known.wording.letters)
        if kind in known.campaign.audience.kinds
    ]
    if not rows:
        return ()
    frame = pl.DataFrame(rows)
    wording = replace(known.wording, reference=lambda _: _REFERENCE)
    found = written(frame, wording).messages
    parts = {row["message_id"]: row for row in rows}
    return tuple(
        Example(
            channel=message.message_id.split(".")[0],
            channel_kind=parts[message.message_id]["channel_kind"],
            contact_kind=parts[message.message_id]["contact_kind"],
            kind=parts[message.message_id]["kind"],
            message=message,
            grade=_grade(known.wording, parts[message.message_id]),
        )
        for message in messages_with_addresses(found, frame)
    )


def _grade(wording: Wording, row: Mapping[str, str]) -> float | None:
    key = (row["scheme"], row["kind"], row["language"])
    template = template_of(wording, row["channel_kind"], key)
    return reading_grade(template.body) if template and row["language"] == "en" else None


def approve(engine: Engine, campaign: str, act: store.Act, plan_sha256: str | None = None) -> None:
    """Approve the plan of a campaign; whoever planned it may not.

    Args:
        plan_sha256: the plan that somebody looked at; None takes it as it stands.
    Raises:
        StoreError: there is no such campaign, its planner approves it, or it was planned anew since
            somebody looked at it.
    """
    row = store.read_campaign_row(engine, campaign)
    store.approve(engine, campaign, plan_sha256 or str(row["plan_sha256"]), act)


def send_campaign(
    engine: Engine,
    campaign: str,
    rules: Path,
    clock: Callable[[], datetime],
    leave: threading.Event | None = None,
) -> Outcome:
    """Send what of an approved campaign may go now.

    First the provider is asked for whatever an earlier sender left in doubt; failed messages are
    tried by the next channel. Safe to repeat, to kill and to run twice at once.

    Raises:
        NostopError: the campaign has not begun, has ended or is not approved; or the store, a
            channel or a secret cannot be used.
    """
    known = known_campaign(engine, campaign)
    _refuse_outside(known.campaign, engine, clock())
    channels = channels_of(known.campaign)
    sender = Sender(
        engine=engine,
        campaign=known.campaign,
        plan_sha256=str(known.row["plan_sha256"]),
        channels=channels,
        wording=known.wording,
        holidays=read_bank_holidays(rules),
        name=sender_name(),
        clock=clock,
        production=os.environ.get(ENVIRONMENT) == PRODUCTION,
        leave=leave or threading.Event(),
        link=link_of(known.campaign),
    )
    before = ask_in_doubt(engine, known.campaign, channels, sender.name, clock)
    opened = open_next_steps(engine, known, channels, store.Act(sender.name, clock()))
    sent = send(sender)
    for _ in range(len(channels.by_name) - 1):
        more = open_next_steps(engine, known, channels, store.Act(sender.name, clock()))
        if not more or sent.stopped:
            break
        opened += more
        sent = send(sender).after(sent)
    after = ask_in_doubt(engine, known.campaign, channels, sender.name, clock)
    return Outcome(sent, before, after, opened)


def _refuse_outside(campaign: Campaign, engine: Engine, now: datetime) -> None:
    today = now.date()
    if campaign.starts is not None and today < campaign.starts:
        raise OutreachError(f"campaign '{campaign.id}': starts on {campaign.starts}")
    if campaign.ends is not None and today > campaign.ends:
        planned = store.messages_of(engine, campaign.id).filter(pl.col("status") == "planned")
        ids = planned["message_id"].to_list()
        store.suppress_messages(engine, ids, "ended", store.Act("nostop", now))
        raise OutreachError(
            f"campaign '{campaign.id}': ended on {campaign.ends}; {len(ids)} planned messages are "
            "cancelled"
        )


def open_next_steps(engine: Engine, known: Known, channels: Channels, act: store.Act) -> int:
    """Plan the next step of each message that has definitely failed: by the next channel in the
    campaign's order of which the recipient has an address that works; return how many."""
    order = [name for name, _ in channels.kinds]
    failed = store.failed_for_good(engine, known.campaign.id)
    if len(order) == 1 or failed.is_empty():
        return 0
    later = pl.concat(
        failed.filter(
            pl.col("channel").is_in(order[:place]),
            pl.col("contact_kind") == CONTACT_OF.get(kind, "email"),
        ).with_columns(channel=pl.lit(name), channel_kind=pl.lit(kind), _place=pl.lit(place))
        for place, (name, kind) in enumerate(channels.kinds)
    )
    nearest = later.sort("_place").unique(["recipient_id", "scheme"], keep="first")
    rows = nearest.with_columns(pl.col("step") + 1).with_columns(
        pl.struct("recipient_id", "scheme", "step")
        .map_elements(lambda row: message_id(known.campaign.id, **row), return_dtype=pl.String)
        .alias("message_id")
    )
    found = written(rows, known.wording).messages
    hashes = found.select("message_id", "template_sha256", "body_sha256")
    planned = rows.join(hashes, on="message_id", how="inner", validate="1:1").with_columns(
        campaign=pl.lit(known.campaign.id),
        state=pl.lit("planned"),
        suppression=pl.lit(None, pl.String),
    )
    return store.add_steps(engine, planned, act)


def reconcile(
    engine: Engine, campaign: str, clock: Callable[[], datetime], *, everything: bool
) -> Answered:
    """Ask the provider for messages in doubt, and where `everything` for those on their way too."""
    known = known_campaign(engine, campaign)
    channels = channels_of(known.campaign)
    name = sender_name()
    answered = ask_in_doubt(engine, known.campaign, channels, name, clock)
    if not everything:
        return answered
    more = poll(engine, campaign, channels, name, clock)
    return replace(answered, asked=answered.asked + more.asked, found=answered.found + more.found)


def settle(engine: Engine, message: str, word: str, act: store.Act, how: str | None = None) -> None:
    """Write down what a person says of a message in doubt: `sent` or `failed`.

    A message said to have failed is tried by the campaign's next channel, never by the same again.

    Args:
        how: how they know it, in a word; it goes into the audit log.
    Raises:
        SettingsError: another word, or the message is not in doubt.
    """
    if word not in ("sent", "failed"):
        raise SettingsError(f"'{word}' is not sent or failed")
    receipt = Receipt(message, word, None, SAID_BY_A_PERSON)
    if not store.learn(engine, News([receipt], "person", act.by, act.at), how):
        raise SettingsError(f"message {message}: is not in doubt, or is not there")
