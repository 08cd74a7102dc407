"""The tables of life events: what happened, what follows from it, and the cases people work on.

Opaque ids only. `life_events` and `case_events` are append-only: only erasure takes rows away.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from nostop.events import SIGNAL_KINDS
from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base, one_of

CASE_KINDS = ("outreach", "wrong", "link", "returned", "override", "review")
CASE_STATES = ("open", "waiting", "closed")


class LifeEvent(Base, table=True):
    """One event as CloudEvents knows it. `data` holds only what its type declares; `person_id` is
    the subject where that is a person, by which they are found and erased."""

    __tablename__ = "life_events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_life_events_subject", "subject"),
        Index("ix_life_events_type_at", "type", "at"),
        STRICT,
    )
    event_key: str = Field(primary_key=True, sa_type=TEXT)
    source: str = Field(sa_type=TEXT)
    event_id: str = Field(sa_type=TEXT)
    type: str = Field(sa_type=TEXT)
    subject: str | None = Field(default=None, sa_type=TEXT)
    person_id: str | None = Field(default=None, sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)
    data: str = Field(sa_type=TEXT)
    received_at: datetime = Field(sa_type=MOMENT)


class EventSignal(Base, table=True):
    """What follows from an event under a rule: raised once, handled once, and withdrawn once where
    a later event undoes it.

    `event_keys` are the events it rests on, with a space between. `withdrawn_by` is the key of the
    event that undoes it, or `rules` where no rule says it any more.
    """

    __tablename__ = "event_signals"
    __table_args__ = (
        one_of("kind", SIGNAL_KINDS),
        CheckConstraint("(handled_at IS NULL) = (handled_by IS NULL)", name="handled"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        Index("ix_event_signals_subject", "subject"),
        Index("ix_event_signals_kind", "kind", "handled_at"),
        STRICT,
    )
    signal_id: str = Field(primary_key=True, sa_type=TEXT)
    rule: str = Field(sa_type=TEXT)
    version: int = Field(sa_type=WHOLE)
    kind: str = Field(sa_type=TEXT)
    subject: str = Field(sa_type=TEXT)
    subject_kind: str = Field(sa_type=TEXT)
    person_id: str | None = Field(default=None, sa_type=TEXT)
    scheme: str | None = Field(default=None, sa_type=TEXT)
    campaign: str | None = Field(default=None, sa_type=TEXT)
    message_id: str | None = Field(default=None, sa_type=TEXT)
    step: int | None = Field(default=None, sa_type=WHOLE)
    case_kind: str | None = Field(default=None, sa_type=TEXT)
    reason: str | None = Field(default=None, sa_type=TEXT)
    due_on: date = Field(sa_type=DAY)
    until_on: date | None = Field(default=None, sa_type=DAY)
    event_key: str = Field(sa_type=TEXT, foreign_key="life_events.event_key", ondelete="CASCADE")
    event_keys: str = Field(sa_type=TEXT)
    raised_at: datetime = Field(sa_type=MOMENT)
    handled_at: datetime | None = Field(default=None, sa_type=MOMENT)
    handled_by: str | None = Field(default=None, sa_type=TEXT)
    withdrawn_at: datetime | None = Field(default=None, sa_type=MOMENT)
    withdrawn_by: str | None = Field(default=None, sa_type=TEXT)


class Case(Base, table=True):
    """Something about a person to be done; `case_events` says how it came to its state."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("kind", "message_id"),
        one_of("kind", CASE_KINDS),
        one_of("state", CASE_STATES),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index("ix_cases_person_id", "person_id"),
        STRICT,
    )
    case_id: str = Field(primary_key=True, sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)
    person_id: str | None = Field(default=None, sa_type=TEXT)
    benefit_unit_id: str | None = Field(default=None, sa_type=TEXT)
    scheme: str | None = Field(default=None, sa_type=TEXT)
    message_id: str | None = Field(default=None, sa_type=TEXT)
    opened_at: datetime = Field(sa_type=MOMENT)
    opened_by: str = Field(sa_type=TEXT)
    state: str = Field(sa_type=TEXT)
    due_on: date | None = Field(default=None, sa_type=DAY)
    closed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str = Field(sa_type=TEXT)


class CaseEvent(Base, table=True):
    """One step of a case: numbered from 1, the first is its opening."""

    __tablename__ = "case_events"
    __table_args__ = STRICT
    case_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="cases.case_id", ondelete="CASCADE"
    )
    number: int = Field(primary_key=True, sa_type=WHOLE)
    at: datetime = Field(sa_type=MOMENT)
    actor: str = Field(sa_type=TEXT)
    state: str = Field(sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    due_on: date | None = Field(default=None, sa_type=DAY)
