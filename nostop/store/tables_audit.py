"""The audit log: who did or saw what, each entry chained to the one before it; and whom to forget.

Subjects are opaque ids, details are words and numbers: nothing personal would have to be erased
from a chain.
"""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from nostop.store.columns import MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base

#: What the first entry is chained to.
FIRST_PREVIOUS = "0" * 64


class AuditEntry(Base, table=True):
    """One entry. `hash` is of everything in it and of the hash before it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject"),
        Index("ix_audit_entries_actor", "actor", "seq"),
        Index("ix_audit_entries_at", "at"),
        STRICT,
    )
    seq: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=MOMENT)
    actor: str = Field(sa_type=TEXT)
    action: str = Field(sa_type=TEXT)
    subject: str | None = Field(default=None, sa_type=TEXT)
    detail: str = Field(sa_type=TEXT)
    previous: str = Field(sa_type=TEXT)
    hash: str = Field(sa_type=TEXT)


class AuditHead(Base, table=True):
    """The last entry's number and hash: one row, which whoever appends holds locked."""

    __tablename__ = "audit_head"
    __table_args__ = STRICT
    only: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=WHOLE)
    hash: str = Field(sa_type=TEXT)


class ErasedRecord(Base, table=True):
    """A department's record of a person who was erased: feeds still bring it, runs leave it out.

    `record_key` is a keyed hash, so that nobody without the key can tell whose record it is.
    """

    __tablename__ = "erased_records"
    __table_args__ = STRICT
    record_key: str = Field(primary_key=True, sa_type=TEXT)
    erased_at: datetime = Field(sa_type=MOMENT)
