"""The tables of campaigns: whom they may reach and how, what came back, who stopped what.

`recipients` and `contact_points` are the only tables that hold who somebody is and how to reach
them; everything else knows opaque ids.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE, YES_NO
from nostop.store.tables import STRICT, Base, one_of

CONTACT_KINDS = ("email", "phone", "post")
NEWS_FROM = ("channel", "callback", "asked", "person", "sender")


class Campaign(Base, table=True):
    """A campaign as it was declared, who planned it and who approved which plan.

    `declaration` is its YAML, `plan_sha256` the hash of everything that was
    planned: an approval is of that hash and of nothing that comes later. `claimed` and
    `spent_pence` are sums over its messages, kept in the transactions that change them.
    """

    __tablename__ = "campaigns"
    __table_args__ = STRICT
    campaign: str = Field(primary_key=True, sa_type=TEXT)
    declaration: str = Field(sa_type=TEXT)
    declaration_sha256: str = Field(sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    plan_sha256: str = Field(sa_type=TEXT)
    planned_by: str = Field(sa_type=TEXT)
    planned_at: datetime = Field(sa_type=MOMENT)
    approved_by: str | None = Field(default=None, sa_type=TEXT)
    approved_at: datetime | None = Field(default=None, sa_type=MOMENT)
    approved_sha256: str | None = Field(default=None, sa_type=TEXT)
    claimed: int = Field(default=0, sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})
    spent_pence: int = Field(default=0, sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})


class CampaignText(Base, table=True):
    """The words of a campaign's templates as they were when it was planned."""

    __tablename__ = "campaign_texts"
    __table_args__ = STRICT
    campaign: str = Field(primary_key=True, sa_type=TEXT, foreign_key="campaigns.campaign")
    name: str = Field(primary_key=True, sa_type=TEXT)
    text: str = Field(sa_type=TEXT)


class Recipient(Base, table=True):
    """What a message needs to know of a person, from the run that was loaded last. Personal."""

    __tablename__ = "recipients"
    __table_args__ = STRICT
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    first_name: str | None = Field(default=None, sa_type=TEXT)
    surname: str | None = Field(default=None, sa_type=TEXT)
    language: str = Field(sa_type=TEXT)
    nation: str | None = Field(default=None, sa_type=TEXT)
    benefit_unit_id: str | None = Field(default=None, sa_type=TEXT)
    household_id: str | None = Field(default=None, sa_type=TEXT)


class ContactPoint(Base, table=True):
    """One way to reach a person. Personal. `value` of a post address has one line a line.

    `bad_since` is when the address itself was found not to work: it is used no more, the person's
    other ways are.
    """

    __tablename__ = "contact_points"
    __table_args__ = (one_of("kind", CONTACT_KINDS), STRICT)
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    kind: str = Field(primary_key=True, sa_type=TEXT)
    value: str = Field(sa_type=TEXT)
    as_of: date | None = Field(default=None, sa_type=DAY)
    bad_since: datetime | None = Field(default=None, sa_type=MOMENT)


class Suppression(Base, table=True):
    """A reason not to write to a person: of a list that a run loads, or by a person or a reply.
    After `until_on` it stands no more; null is for good."""

    __tablename__ = "suppressions"
    __table_args__ = STRICT
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    reason: str = Field(primary_key=True, sa_type=TEXT)
    source: str = Field(primary_key=True, sa_type=TEXT)
    since: datetime = Field(sa_type=MOMENT)
    until_on: date | None = Field(default=None, sa_type=DAY)


class SuppressionList(Base, table=True):
    """One loading of a list: nothing is sent on a list that is late, empty or has all but
    vanished."""

    __tablename__ = "suppression_lists"
    __table_args__ = STRICT
    source: str = Field(primary_key=True, sa_type=TEXT)
    loaded_at: datetime = Field(primary_key=True, sa_type=MOMENT)
    rows: int = Field(sa_type=WHOLE)
    people: int = Field(sa_type=WHOLE)
    as_of: date | None = Field(default=None, sa_type=DAY)
    synthetic: bool = Field(sa_type=YES_NO)


class StopSwitch(Base, table=True):
    """What nobody may send: one campaign, or `all`. A lifted stop stays in the audit log."""

    __tablename__ = "stop_switches"
    __table_args__ = STRICT
    name: str = Field(primary_key=True, sa_type=TEXT)
    stopped_by: str = Field(sa_type=TEXT)
    stopped_at: datetime = Field(sa_type=MOMENT)


class HoldoutArm(Base, table=True):
    """The arm of a household (or unit) in a trial, kept as it was drawn."""

    __tablename__ = "holdout_arms"
    __table_args__ = STRICT
    trial: str = Field(primary_key=True, sa_type=TEXT)
    unit_id: str = Field(primary_key=True, sa_type=TEXT)
    held: bool = Field(sa_type=YES_NO)
    drawn_at: datetime = Field(sa_type=MOMENT)
    until: date | None = Field(default=None, sa_type=DAY)


class MessageNews(Base, table=True):
    """Everything that was ever learnt of a message, in the order in which it came."""

    __tablename__ = "message_news"
    __table_args__ = (
        one_of("source", NEWS_FROM),
        Index("ix_message_news_message_id", "message_id"),
        STRICT,
    )
    news_id: int | None = Field(
        default=None, primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": True}
    )
    message_id: str = Field(sa_type=TEXT, foreign_key="outreach_messages.message_id")
    status: str = Field(sa_type=TEXT)
    source: str = Field(sa_type=TEXT)
    reason: str | None = Field(default=None, sa_type=TEXT)
    moved: bool = Field(sa_type=YES_NO)
    at: datetime = Field(sa_type=MOMENT)


class SeenNews(Base, table=True):
    """News from outside that was acted on: told again under the same key, it changes nothing."""

    __tablename__ = "seen_news"
    __table_args__ = STRICT
    key: str = Field(primary_key=True, sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)


class PersonHeir(Base, table=True):
    """Who holds what was another's id, by the run that was loaded last: whoever said no under the
    old id said no."""

    __tablename__ = "person_heirs"
    __table_args__ = STRICT
    was: str = Field(primary_key=True, sa_type=TEXT)
    person_id: str = Field(primary_key=True, sa_type=TEXT)


class MessageOutcome(Base, table=True):
    """What followed a message in the feeds: the scheme was claimed, or the claim refused. Each is
    kept as it was first seen; a message may have both.

    `days` is from the message to the award's start as the feed says it, fewer than none where the
    claim was backdated; `pence` for `per` what is in payment, null where the feed does not say.
    `source` is who says so: `run` for the feeds of a run, else the source of the life event.
    """

    __tablename__ = "message_outcomes"
    __table_args__ = (
        one_of("outcome", ("claimed", "refused")),
        CheckConstraint("pence >= 0", name="pence"),
        STRICT,
    )
    message_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="outreach_messages.message_id"
    )
    outcome: str = Field(primary_key=True, sa_type=TEXT)
    source: str = Field(default="run", sa_type=TEXT, sa_column_kwargs={"server_default": "run"})
    seen_on: date = Field(sa_type=DAY)
    days: int | None = Field(default=None, sa_type=WHOLE)
    pence: int | None = Field(default=None, sa_type=WHOLE)
    per: str | None = Field(default=None, sa_type=TEXT)
    run_id: str | None = Field(default=None, sa_type=TEXT, foreign_key="runs.run_id")
