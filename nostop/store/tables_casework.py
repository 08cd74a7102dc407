"""The tables of casework: what should be looked at, what was said of it, and by whom.

`case_files`, `case_notes`, `case_documents`, `corrections` and `decisions` are personal: what
caseworkers see and write. Everything else knows opaque ids, words and numbers.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from nostop.store.columns import BYTES, DAY, MOMENT, TEXT, WHOLE, YES_NO
from nostop.store.tables import STRICT, Base, one_of

#: `gone`: the newest run no longer finds anything to look at.
ITEM_STATES = ("open", "waiting", "second", "done", "gone")
FLAG_STATES = ("open", "waiting", "second", "confirmed", "not_entitled", "suppressed", "gone")
FLAG_OUTCOMES = ("entitled", "unknown")
DECISIONS = (
    "confirm", "not_entitled", "ask_evidence", "phone", "suppress", "hand_over", "reopen",
)  # fmt: skip
DECISION_STATES = ("final", "awaiting", "approved", "refused")


class WorkItem(Base, table=True):
    """One flagged benefit unit: what the queue sorts and filters by, as of the run that was loaded
    last. Pence, and null where it is not known.

    `version` grows with every change: whoever decides on an older one is told. `due_at` is the
    end of the service level. `confidence_per_mille` is how sure the links are, 0 to 1,000.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        one_of("state", ITEM_STATES),
        Index("ix_work_items_lost", "state", "lost_each_week", "benefit_unit_id"),
        Index("ix_work_items_gain", "state", "gain_year", "benefit_unit_id"),
        Index("ix_work_items_deadline", "state", "deadline", "benefit_unit_id"),
        Index("ix_work_items_due", "state", "due_at", "benefit_unit_id"),
        Index("ix_work_items_age", "state", "oldest_fact_on", "benefit_unit_id"),
        Index("ix_work_items_confidence", "state", "confidence_per_mille"),
        Index("ix_work_items_unknown", "state", "unknown_facts"),
        Index("ix_work_items_conflict", "state", "in_conflict"),
        Index("ix_work_items_assignee", "assignee", "state", "lost_each_week", "benefit_unit_id"),
        Index("ix_work_items_area", "area", "state", "lost_each_week", "benefit_unit_id"),
        Index("ix_work_items_household", "household_id", "area"),
        STRICT,
    )
    benefit_unit_id: str = Field(primary_key=True, sa_type=TEXT)
    household_id: str = Field(sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    area: str | None = Field(default=None, sa_type=TEXT)
    nation: str | None = Field(default=None, sa_type=TEXT)
    schemes: int = Field(sa_type=WHOLE)
    gain_year: int | None = Field(default=None, sa_type=WHOLE)
    lost_each_week: int | None = Field(default=None, sa_type=WHOLE)
    deadline: date | None = Field(default=None, sa_type=DAY)
    confidence_per_mille: int | None = Field(default=None, sa_type=WHOLE)
    oldest_fact_on: date | None = Field(default=None, sa_type=DAY)
    unknown_facts: int = Field(sa_type=WHOLE)
    in_conflict: bool = Field(sa_type=YES_NO)
    flagged_at: datetime = Field(sa_type=MOMENT)
    due_at: datetime = Field(sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)
    assignee: str | None = Field(default=None, sa_type=TEXT)
    assigned_at: datetime | None = Field(default=None, sa_type=MOMENT)
    version: int = Field(default=1, sa_type=WHOLE, sa_column_kwargs={"server_default": "1"})


class Flag(Base, table=True):
    """One scheme of a flagged benefit unit: what the rules found and what was decided of it.

    Amounts are pence for `per`, gains pence a year. `subject_id` is whom the scheme decides for,
    `person_id` who would claim, `missing` how many facts could still settle it. They are known
    not to get it.
    """

    __tablename__ = "flags"
    __table_args__ = (
        one_of("outcome", FLAG_OUTCOMES),
        one_of("state", FLAG_STATES),
        Index("ix_flags_scheme", "state", "outcome", "scheme", "benefit_unit_id"),
        STRICT,
    )
    benefit_unit_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="work_items.benefit_unit_id"
    )
    scheme: str = Field(primary_key=True, sa_type=TEXT)
    subject_id: str = Field(sa_type=TEXT)
    person_id: str | None = Field(default=None, sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    effective_on: date = Field(sa_type=DAY)
    pack_version: str = Field(sa_type=TEXT)
    outcome: str = Field(sa_type=TEXT)
    amount: int | None = Field(default=None, sa_type=WHOLE)
    amount_low: int | None = Field(default=None, sa_type=WHOLE)
    amount_high: int | None = Field(default=None, sa_type=WHOLE)
    per: str = Field(sa_type=TEXT)
    gain_year: int | None = Field(default=None, sa_type=WHOLE)
    lost_each_week: int | None = Field(default=None, sa_type=WHOLE)
    deadline: date | None = Field(default=None, sa_type=DAY)
    step: int | None = Field(default=None, sa_type=WHOLE)
    path_status: str | None = Field(default=None, sa_type=TEXT)
    confidence_per_mille: int | None = Field(default=None, sa_type=WHOLE)
    missing: int = Field(sa_type=WHOLE)
    state: str = Field(sa_type=TEXT)


class CaseFile(Base, table=True):
    """What a caseworker may see of a household with somebody flagged in it, as JSON. Personal."""

    __tablename__ = "case_files"
    __table_args__ = STRICT
    household_id: str = Field(primary_key=True, sa_type=TEXT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    effective_on: date = Field(sa_type=DAY)
    document: str = Field(sa_type=TEXT)


class Decision(Base, table=True):
    """What a caseworker concluded of a flag (or, `scheme` null, of the whole benefit unit), and
    what the rules had said then. `reason` is in their words. Personal.

    `about` are ids, with a space between: facts that are asked for, people whom nobody writes to,
    or the account that it is handed to. `until_on` is how long it waits, or nobody writes.
    `awaiting`: a second person has to approve it before it counts. `is_override`: it says
    something else than the rules did.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        one_of("kind", DECISIONS),
        one_of("state", DECISION_STATES),
        CheckConstraint("(second_by IS NULL) = (second_at IS NULL)", name="second"),
        Index("ix_decisions_benefit_unit_id", "benefit_unit_id", "at"),
        Index("ix_decisions_scheme", "scheme", "at"),
        Index("ix_decisions_at", "at"),
        Index("ix_decisions_override", "is_override", "scheme", "condition", "kind", "state"),
        Index("ix_decisions_state", "state", "until_on"),
        STRICT,
    )
    decision_id: str = Field(primary_key=True, sa_type=TEXT)
    benefit_unit_id: str = Field(sa_type=TEXT, foreign_key="work_items.benefit_unit_id")
    scheme: str | None = Field(default=None, sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)
    condition: str | None = Field(default=None, sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    by: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)
    run_id: str = Field(sa_type=TEXT, foreign_key="runs.run_id")
    pack_version: str | None = Field(default=None, sa_type=TEXT)
    outcome: str | None = Field(default=None, sa_type=TEXT)
    is_override: bool = Field(sa_type=YES_NO)
    about: str | None = Field(default=None, sa_type=TEXT)
    until_on: date | None = Field(default=None, sa_type=DAY)
    state: str = Field(sa_type=TEXT)
    second_by: str | None = Field(default=None, sa_type=TEXT)
    second_at: datetime | None = Field(default=None, sa_type=MOMENT)
    second_reason: str | None = Field(default=None, sa_type=TEXT)


class Correction(Base, table=True):
    """A fact as somebody told it to a caseworker, with what it rests on. Personal.

    `value` is canonical text, null for "not known"; `old_source` is the feed that had said
    `old_value`, null where none had. It stands until it is undone or a newer one of
    the same fact is there.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        one_of("level", ("person", "benefit_unit", "household")),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        Index("ix_corrections_household_id", "household_id", "at"),
        STRICT,
    )
    correction_id: str = Field(primary_key=True, sa_type=TEXT)
    household_id: str = Field(sa_type=TEXT)
    benefit_unit_id: str = Field(sa_type=TEXT, foreign_key="work_items.benefit_unit_id")
    level: str = Field(sa_type=TEXT)
    subject_id: str = Field(sa_type=TEXT)
    fact: str = Field(sa_type=TEXT)
    old_value: str | None = Field(default=None, sa_type=TEXT)
    old_source: str | None = Field(default=None, sa_type=TEXT)
    value: str | None = Field(default=None, sa_type=TEXT)
    evidence: str = Field(sa_type=TEXT)
    as_of: date = Field(sa_type=DAY)
    by: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)
    undone_by: str | None = Field(default=None, sa_type=TEXT)
    undone_at: datetime | None = Field(default=None, sa_type=MOMENT)


class CaseNote(Base, table=True):
    """What a caseworker wrote down. Personal."""

    __tablename__ = "case_notes"
    __table_args__ = (Index("ix_case_notes_benefit_unit_id", "benefit_unit_id", "at"), STRICT)
    note_id: str = Field(primary_key=True, sa_type=TEXT)
    benefit_unit_id: str = Field(sa_type=TEXT, foreign_key="work_items.benefit_unit_id")
    by: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)
    text: str = Field(sa_type=TEXT)


class CaseDocument(Base, table=True):
    """A document that a caseworker put to a case. Personal."""

    __tablename__ = "case_documents"
    __table_args__ = (Index("ix_case_documents_benefit_unit_id", "benefit_unit_id", "at"), STRICT)
    document_id: str = Field(primary_key=True, sa_type=TEXT)
    benefit_unit_id: str = Field(sa_type=TEXT, foreign_key="work_items.benefit_unit_id")
    name: str = Field(sa_type=TEXT)
    media_type: str = Field(sa_type=TEXT)
    size: int = Field(sa_type=WHOLE)
    sha256: str = Field(sa_type=TEXT)
    by: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)
    content: bytes = Field(sa_type=BYTES)


class SavedSearch(Base, table=True):
    """A caseworker's own search of the queue: `query` is the address's query part."""

    __tablename__ = "saved_searches"
    __table_args__ = STRICT
    account_id: str = Field(primary_key=True, sa_type=TEXT)
    name: str = Field(primary_key=True, sa_type=TEXT)
    query: str = Field(sa_type=TEXT)
    made_at: datetime = Field(sa_type=MOMENT)


class SecondReading(Base, table=True):
    """A flag drawn at random to be read by a second caseworker, who does not see what the first
    one decided."""

    __tablename__ = "second_readings"
    __table_args__ = (
        CheckConstraint("(reader IS NULL) = (read_at IS NULL)", name="read"),
        CheckConstraint("verdict IN ('confirm', 'not_entitled', 'cannot_tell')", name="verdict"),
        STRICT,
    )
    benefit_unit_id: str = Field(
        primary_key=True, sa_type=TEXT, foreign_key="work_items.benefit_unit_id"
    )
    scheme: str = Field(primary_key=True, sa_type=TEXT)
    decision_id: str = Field(sa_type=TEXT, foreign_key="decisions.decision_id")
    drawn_at: datetime = Field(sa_type=MOMENT)
    reader: str | None = Field(default=None, sa_type=TEXT)
    verdict: str | None = Field(default=None, sa_type=TEXT)
    condition: str | None = Field(default=None, sa_type=TEXT)
    read_at: datetime | None = Field(default=None, sa_type=MOMENT)


class RunUnknown(Base, table=True):
    """How many flags of a run a missing fact holds open, by scheme.

    `priced` is of how many of them it is known what they could bring, `gain_year` what those could
    bring together, pence a year; null where none is known.
    """

    __tablename__ = "run_unknowns"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    scheme: str = Field(primary_key=True, sa_type=TEXT)
    fact: str = Field(primary_key=True, sa_type=TEXT)
    flags: int = Field(sa_type=WHOLE)
    priced: int = Field(sa_type=WHOLE)
    gain_year: int | None = Field(default=None, sa_type=WHOLE)


class RunQuarantine(Base, table=True):
    """How many rows of a feed a run set aside, by column (`-`: of the whole row) and reason."""

    __tablename__ = "run_quarantine"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    source: str = Field(primary_key=True, sa_type=TEXT)
    field: str = Field(primary_key=True, sa_type=TEXT)
    reason: str = Field(primary_key=True, sa_type=TEXT)
    rows: int = Field(sa_type=WHOLE)
