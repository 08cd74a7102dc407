"""Campaigns as the pages show them: their state in one word, numbers, examples, what is in doubt;
and the acts that pages ask for, by the same functions as the commands."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.outreach.asking import ORPHANED_AFTER
from nostop.app.outreach.campaigns import Example, Known, approve, examples, settle
from nostop.app.outreach.channels import kinds_of
from nostop.app.outreach.outcomes import Results, results
from nostop.app.outreach.planning import DETAILS, wording_of
from nostop.model import MovedOn, NotHere, OutreachError, StoreError
from nostop.outreach.campaign import Campaign, parse_campaign
from nostop.outreach.campaign_plan import CONTACT_OF
from nostop.outreach.text_length import messages_in
from nostop.store.campaign_pages import (
    CampaignRow,
    Stop,
    campaign_row,
    campaign_rows,
    counts_by_state,
    doubtful,
    names_of,
    stops,
    tallies,
    texts_named,
)
from nostop.store.campaigns import Act
from nostop.store.ledger import STATUSES, status_of

__all__ = [
    "ALL",
    "MOST_IN_DOUBT",
    "Act",
    "Line",
    "Look",
    "Results",
    "Shown",
    "State",
    "Who",
    "allow_sending",
    "approve_shown",
    "campaign_lines",
    "campaign_shown",
    "declared_of",
    "in_doubt",
    "looks",
    "pence_at_most",
    "results",
    "scheme_titles",
    "settle_in_doubt",
    "stop_of_all",
    "stop_sending",
    "why_not_approve",
]

#: What stops all sending, instead of the id of a campaign.
ALL = store.EVERYTHING
#: By which contact points a channel that takes any may go.
_ANY = ("email", "post")
#: What a renderer puts before a character of Markdown, so that a name reads as itself.
_ESCAPED = re.compile(r"\\([\\`*_\[\]()<>#|~!])")
_HEADING = "# "


class State(StrEnum):
    """Where a campaign is."""

    PLANNED = "planned"
    WAITING = "waiting for approval"
    APPROVED = "approved"
    SENDING = "sending"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Who:
    """An official who acts: by the id that is written down, and the name that commands take."""

    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """A campaign in a list. `declared` is None where this version cannot read its file any more."""

    campaign: str
    declared: Campaign | None
    state: State
    planned_by: str
    planned_at: datetime
    to_send: int
    gone: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One campaign.

    planned_by, approved_by: names, or ids where no account of that id is known.
    is_approved: of the very plan that stands.
    statuses: how many messages have each of `STATUSES`.
    channels: channel (null: none reaches them) and a column for each status.
    reasons: scheme, reason, messages: who is not told, and why; the most first.
    stopped: the stop that holds it, of itself or of all sending.
    budget_pence: null where it has no bound.
    """

    row: CampaignRow
    declared: Campaign
    state: State
    planned_by: str
    approved_by: str | None
    is_approved: bool
    statuses: Mapping[str, int]
    channels: pl.DataFrame
    reasons: pl.DataFrame
    stopped: Stop | None
    budget_pence: int | None

    @property
    def messages(self) -> int:
        """How many rows the plan has, told or not."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Look:
    """How a message will look, to somebody made up.

    form: letter, email, text, script (what a caller says).
    blocks: of a letter and an e-mail: whether each is a heading, and its text.
    parts: how many text messages a text goes as; None for anything else.
    """

    form: str
    example: Example
    blocks: tuple[tuple[bool, str], ...]
    parts: int | None


@lru_cache(maxsize=256)
def declared_of(declaration: str, campaign: str) -> Campaign:
    """Return a stored campaign as it is declared.

    Raises:
        OutreachError: it cannot be read by this version.
    """
    return parse_campaign(declaration, f"campaign {campaign}")


def campaign_lines(engine: Engine, today: date) -> list[Line]:
    """Return every campaign, the one that was planned last first."""
    rows = campaign_rows(engine)
    counts: dict[str, dict[str, int]] = {}
    for campaign, state, number in counts_by_state(engine).iter_rows():
        counts.setdefault(campaign, {})[state] = number
    stopped, names = stops(engine), names_of(engine, {row.planned_by for row in rows})
    return [_line(row, counts.get(row.campaign, {}), stopped, (names, today)) for row in rows]


def _line(
    row: CampaignRow,
    counts: Mapping[str, int],
    stopped: Collection[str],
    seen: tuple[Mapping[str, str], date],
) -> Line:
    names, today = seen
    try:
        declared = declared_of(row.declaration, row.campaign)
    except OutreachError:
        declared = None
    return Line(
        campaign=row.campaign,
        declared=declared,
        state=_state(row, counts, stopped, ended=_has_ended(declared, today)),
        planned_by=names.get(row.planned_by, row.planned_by),
        planned_at=row.planned_at,
        to_send=counts.get("planned", 0),
        gone=counts.get("sent", 0),
    )


def _has_ended(declared: Campaign | None, today: date) -> bool:
    return declared is not None and declared.ends is not None and declared.ends < today


def _state(
    row: CampaignRow,
    counts: Mapping[str, int],
    stopped: Collection[str],
    *,
    ended: bool,
) -> State:
    waiting, under_way = counts.get("planned", 0), counts.get("claimed", 0)
    if ended:
        return State.ENDED
    if ALL in stopped or row.campaign in stopped:
        return State.STOPPED
    if not row.is_approved:
        return State.WAITING if waiting else State.PLANNED
    if not waiting and not under_way:
        return State.ENDED
    return State.SENDING if row.claimed or under_way else State.APPROVED


def campaign_shown(engine: Engine, campaign: str, today: date) -> Shown:
    """Return one campaign.

    Raises:
        NotHere: there is none of this id.
        OutreachError: its file cannot be read by this version.
    """
    row = campaign_row(engine, campaign)
    declared = declared_of(row.declaration, campaign)
    found = _with_status(tallies(engine, campaign))
    counts = dict(found.group_by("state").agg(pl.col("messages").sum()).iter_rows())
    stopped = stops(engine)
    people = {row.planned_by} | ({row.approved_by} if row.approved_by else set())
    stop = stopped.get(ALL) or stopped.get(campaign)
    names = names_of(engine, people | ({stop.by} if stop else set()))
    budget = declared.limits.budget_pounds
    approved_by = row.approved_by if row.is_approved else None
    return Shown(
        row=row,
        declared=declared,
        state=_state(row, counts, stopped, ended=_has_ended(declared, today)),
        planned_by=names.get(row.planned_by, row.planned_by),
        approved_by=names.get(approved_by, approved_by) if approved_by else None,
        is_approved=row.is_approved,
        statuses=_statuses(found),
        channels=_by_channel(found),
        reasons=_reasons(found),
        stopped=Stop(stop.name, names.get(stop.by, stop.by), stop.at) if stop else None,
        budget_pence=None if budget is None else budget * 100,
    )


def _with_status(found: pl.DataFrame) -> pl.DataFrame:
    """Return tallies with what each is called to people; what arrived on rows of its own."""
    arrived = pl.col("delivered")
    parts = {
        False: found.with_columns(messages=pl.col("messages") - arrived),
        True: found.with_columns(messages=arrived),
    }
    named = [
        part.filter(pl.col("messages") > 0).with_columns(
            status=pl.Series(
                [
                    status_of(state, delivered=delivered, suppression=suppression)
                    for state, suppression in part.filter(pl.col("messages") > 0)
                    .select("state", "suppression")
                    .iter_rows()
                ],
                dtype=pl.String,
            )
        )
        for delivered, part in parts.items()
    ]
    return pl.concat(named)


def _statuses(found: pl.DataFrame) -> dict[str, int]:
    counts = dict(found.group_by("status").agg(pl.col("messages").sum()).iter_rows())
    return {status: counts.get(status, 0) for status in STATUSES}


def _by_channel(found: pl.DataFrame) -> pl.DataFrame:
    told = found.filter(pl.col("status") != "suppressed")
    columns = [
        pl.col("messages").filter(pl.col("status") == status).sum().alias(status)
        for status in STATUSES
        if status != "suppressed"
    ]
    return told.group_by("channel").agg(columns).sort("channel", nulls_last=True)


def _reasons(found: pl.DataFrame) -> pl.DataFrame:
    not_told = found.filter(pl.col("state").is_in(["suppressed", "held_out"]))
    return (
        not_told.with_columns(reason=pl.col("suppression").fill_null("holdout"))
        .group_by("scheme", "reason")
        .agg(pl.col("messages").sum())
        .sort("scheme", "messages", "reason", descending=[False, True, False])
    )


def looks(engine: Engine, shown: Shown) -> list[Look]:
    """Return how each message of a campaign will look, to somebody made up: in each language, and
    in each form that its channels give it. No person's data is read.

    Raises:
        NostopError: the campaign's words cannot be used, or one of its channels is not installed.
    """
    declared = shown.declared
    texts = store.read_texts(engine, shown.row.campaign)
    known = Known(declared, wording_of(texts, declared.sender, declared.contact), {})
    ways = []
    for name, kind in kinds_of(declared):
        contacts = (CONTACT_OF[kind],) if kind in CONTACT_OF else _ANY
        ways += [(name, kind, contact) for contact in contacts]
    found = [_look(example) for example in examples(known, ways)]
    order = ("letter", "email", "text", "script")
    return sorted(
        found,
        key=lambda look: (
            look.example.message.scheme,
            look.example.kind,
            order.index(look.form),
            # English before Welsh, as on every page.
            look.example.message.language != "en",
        ),
    )


def _look(example: Example) -> Look:
    if example.channel_kind == "voice":
        form = "script"
    elif example.channel_kind == "phone":
        form = "text"
    else:
        form = "letter" if example.contact_kind == "post" else "email"
    body = example.message.body
    return Look(
        form=form,
        example=example,
        blocks=tuple(_block(text) for text in re.split(r"\n\s*\n", body.strip())),
        parts=messages_in(body) if form == "text" else None,
    )


def _block(text: str) -> tuple[bool, str]:
    return text.startswith(_HEADING), _ESCAPED.sub(r"\1", text.removeprefix(_HEADING))


def scheme_titles(engine: Engine, language: str) -> dict[str, str]:
    """Return what each scheme of any campaign is called, as its letters call it."""
    found: dict[str, str] = {}
    for text in texts_named(engine, DETAILS).values():
        for row in json.loads(text):
            found[row["scheme"]] = row["title_cy" if language == "cy" else "title_en"]
    return found


def pence_at_most(shown: Shown) -> int:
    """Return what the messages that are still to go cost by the prices of the campaign's file."""
    prices = {use.use: use.pence for use in shown.declared.channels}
    return sum(
        prices.get(channel, 0) * number
        for channel, number in shown.channels.select("channel", "planned").iter_rows()
    )


def why_not_approve(shown: Shown, who: Who) -> str | None:
    """Return why somebody cannot approve a plan: `approved` already, `planner`, `nothing` to send,
    `ended`; None where they can."""
    if shown.is_approved:
        return "approved"
    if _planned_it(shown.row, who):
        return "planner"
    if shown.state is State.ENDED:
        return "ended"
    return None if shown.statuses["planned"] else "nothing"


def _planned_it(row: CampaignRow, who: Who) -> bool:
    """Whether a plan is somebody's own: planned from a page, or by a command under their name."""
    mine = {_plain(who.account_id), _plain(who.name)}
    return _plain(row.planned_by) in mine


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def approve_shown(engine: Engine, campaign: str, plan_sha256: str, who: Who, at: datetime) -> None:
    """Approve the very plan that somebody looked at.

    Raises:
        NotHere: there is no such campaign.
        MovedOn: it was planned anew since.
        StoreError: they planned it themselves.
    """
    # Whoever plans the same plan again does not become its planner, so that both still hold when
    # the store looks once more.
    row = campaign_row(engine, campaign)
    if row.plan_sha256 != plan_sha256:
        raise MovedOn(f"campaign '{campaign}': was planned anew meanwhile")
    if _planned_it(row, who):
        raise StoreError(
            f"campaign '{campaign}': {who.name} planned it, so that somebody else has to approve it"
        )
    approve(engine, campaign, Act(who.account_id, at), plan_sha256)


def stop_of_all(engine: Engine) -> Stop | None:
    """Return the stop of all sending, by whom and since when, if there is one."""
    found = stops(engine).get(ALL)
    if found is None:
        return None
    return Stop(found.name, names_of(engine, {found.by}).get(found.by, found.by), found.at)


def stop_sending(engine: Engine, name: str, act: Act) -> None:
    """Stop a campaign, or `ALL`, in every process, before the next message.

    Raises:
        NotHere: there is no such campaign.
    """
    if name != ALL:
        campaign_row(engine, name)
    store.stop(engine, name, act)


def allow_sending(engine: Engine, name: str, act: Act) -> bool:
    """Lift a stop; False where there was none.

    Raises:
        NotHere: there is no such campaign.
    """
    if name != ALL:
        campaign_row(engine, name)
    return store.go_on(engine, name, act)


def in_doubt(engine: Engine, campaign: str, at: datetime, *, most: int) -> pl.DataFrame:
    """Return messages of which only a person can say whether they went: the oldest first. What a
    provider may still tell is not among them, nor what a sender may be about to send.

    Returns:
        message_id, channel, state, claimed_at, reason.
    Raises:
        NotHere: there is no such campaign.
    """
    row = campaign_row(engine, campaign)
    minutes = declared_of(row.declaration, campaign).ask_provider_after_minutes
    wait = max(timedelta(minutes=minutes), ORPHANED_AFTER)
    return doubtful(engine, campaign, at - wait, most=most)


def settle_in_doubt(engine: Engine, campaign: str, message: tuple[str, str, str], act: Act) -> None:
    """Write down what a person says of a message in doubt, and how they know.

    Args:
        campaign: of which it is.
        message: its id; `sent` or `failed`; and in a word how they know.
        act: who says so.
    Raises:
        NotHere: the campaign has no such message that only a person can settle.
        SettingsError: another word.
    """
    message_id, word, how = message
    waiting = in_doubt(engine, campaign, act.at, most=MOST_IN_DOUBT)
    if message_id not in waiting["message_id"].to_list():
        raise NotHere("campaigns: there is no such message in doubt")
    settle(engine, message_id, word, act, how)


#: As many are shown, and can be settled, at once.
MOST_IN_DOUBT = 100
