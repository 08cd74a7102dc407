"""The tables. Nothing personal is in them but opaque ids: no name, address, e-mail or text.

A migration in `nostop/store/migrations` makes them; a test holds the two together. SQLModel does
not check what goes into a table: `nostop.store.checks` does, before.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE, YES_NO

STATES = ("planned", "suppressed", "held_out", "claimed", "sent", "failed", "unknown")
STRICT = {"sqlite_strict": True}


class Base(SQLModel):
    """Keeps our tables apart from those of anybody else who uses SQLModel."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    """Return the check that a column holds one of some words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _of_claims(name: str, *columns: str) -> Index:
    """Return an index of the messages that were claimed: of a plan, at first, none is."""
    claimed = text("claimed_at IS NOT NULL")
    return Index(name, *columns, sqlite_where=claimed, postgresql_where=claimed)


def _taken_back(name: str, *columns: str) -> Index:
    """Return an index of the messages that were planned and will not go: only they have words."""
    back = text("state = 'suppressed' AND body_sha256 IS NOT NULL")
    return Index(name, *columns, sqlite_where=back, postgresql_where=back)


class Run(Base, table=True):
    """One row for each run."""

    __tablename__ = "runs"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT)
    effective_on: date = Field(sa_type=DAY)
    synthetic: bool = Field(sa_type=YES_NO)
    started_at: datetime = Field(sa_type=MOMENT)
    known_on: date | None = Field(default=None, sa_type=DAY)


class RunPack(Base, table=True):
    """The version of each rule pack that a run used."""

    __tablename__ = "run_packs"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    scheme: str = Field(primary_key=True, sa_type=TEXT)
    pack_version: str = Field(sa_type=TEXT)


class RunInput(Base, table=True):
    """The hash of each input of a run."""

    __tablename__ = "run_inputs"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    name: str = Field(primary_key=True, sa_type=TEXT)
    sha256: str = Field(sa_type=TEXT)


class RunCount(Base, table=True):
    """What a run counted, for example how many people the contacts register flags."""

    __tablename__ = "run_counts"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    name: str = Field(primary_key=True, sa_type=TEXT)
    number: int = Field(sa_type=WHOLE)


class FeedFile(Base, table=True):
    """What became of each feed in a run: `FeedStatus`."""

    __tablename__ = "feed_files"
    __table_args__ = (one_of("state", ("ok", "held", "missing")), STRICT)
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    source: str = Field(primary_key=True, sa_type=TEXT)
    state: str = Field(sa_type=TEXT)
    reason: str | None = Field(sa_type=TEXT)
    file: str | None = Field(sa_type=TEXT)
    sha256: str | None = Field(sa_type=TEXT)
    rows_read: int = Field(sa_type=WHOLE)
    rows_good: int = Field(sa_type=WHOLE)
    rows_quarantined: int = Field(sa_type=WHOLE)
    as_of: date | None = Field(sa_type=DAY)
    rows_later: int = Field(sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})
    rows_replaced: int = Field(sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})
    fresh_until: date | None = Field(default=None, sa_type=DAY)
    people: int | None = Field(default=None, sa_type=WHOLE)
    people_known: int | None = Field(default=None, sa_type=WHOLE)


class KnownPerson(Base, table=True):
    """Every person id there has been, and the run that first saw it."""

    __tablename__ = "persons"
    __table_args__ = STRICT
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    first_run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")


class OutreachMessage(Base, table=True):
    """One row for each (campaign, recipient, scheme, step), once and for all.

    planned, suppressed and held_out follow the latest plan; claimed comes before sending; sent and
    failed come from a receipt; unknown means that we may have sent it, and a person looks.
    """

    __tablename__ = "outreach_messages"
    __table_args__ = (
        UniqueConstraint("campaign", "recipient_id", "scheme", "step"),
        one_of("state", STATES),
        CheckConstraint("step >= 1", name="step"),
        CheckConstraint("(state = 'suppressed') = (suppression IS NOT NULL)", name="suppression"),
        Index("ix_outreach_messages_campaign_state", "campaign", "state", "message_id"),
        # Counts of a campaign by why, what and how: read without the rows themselves. And of what
        # was planned and taken back, which are few.
        Index(
            "ix_outreach_messages_tally",
            *("campaign", "state", "suppression", "scheme", "channel", "delivered_at"),
        ),
        _taken_back("ix_outreach_messages_taken_back", "campaign", "scheme"),
        _of_claims("ix_outreach_messages_campaign_claimed", "campaign", "claimed_at"),
        _of_claims("ix_outreach_messages_recipient_claimed", "recipient_id", "claimed_at"),
        STRICT,
    )
    message_id: str = Field(primary_key=True, sa_type=TEXT)
    campaign: str = Field(sa_type=TEXT)
    recipient_id: str = Field(sa_type=TEXT)
    scheme: str = Field(sa_type=TEXT)
    step: int = Field(sa_type=WHOLE)
    kind: str = Field(sa_type=TEXT)
    language: str = Field(sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    state: str = Field(sa_type=TEXT)
    suppression: str | None = Field(sa_type=TEXT)
    template_sha256: str | None = Field(default=None, sa_type=TEXT)
    body_sha256: str | None = Field(default=None, sa_type=TEXT)
    claimed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    channel: str | None = Field(default=None, sa_type=TEXT)
    contact_kind: str | None = Field(default=None, sa_type=TEXT)
    benefit_unit_id: str | None = Field(default=None, sa_type=TEXT)
    claimed_by: str | None = Field(default=None, sa_type=TEXT)
    settled_at: datetime | None = Field(default=None, sa_type=MOMENT)
    delivered_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reference: str | None = Field(default=None, sa_type=TEXT)
    reason: str | None = Field(default=None, sa_type=TEXT)
    cost_pence: int | None = Field(default=None, sa_type=WHOLE)


class OutreachReceipt(Base, table=True):
    """What the channel said of a message: one row for each message that got an answer."""

    __tablename__ = "outreach_receipts"
    __table_args__ = (one_of("status", ("sent", "failed")), STRICT)
    message_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="outreach_messages.message_id"
    )
    status: str = Field(sa_type=TEXT)
    reference: str | None = Field(sa_type=TEXT)
    reason: str | None = Field(sa_type=TEXT)
    recorded_at: datetime = Field(sa_type=MOMENT)


class MessageReview(Base, table=True):
    """A message that went, or may have gone, and whose person's links changed since: one to look
    at.

    `event_id` is the event of the history of person ids that was found first, `kinds` what it did.
    """

    __tablename__ = "message_reviews"
    __table_args__ = STRICT
    message_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="outreach_messages.message_id"
    )
    event_id: int = Field(sa_type=WHOLE)
    kinds: str = Field(sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
