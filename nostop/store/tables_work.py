"""The tables of what takes longer than a page: jobs, pairs of records, proposed rules."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from nostop.store.columns import BYTES, MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base, one_of


class Job(Base, table=True):
    """Something that runs beside the pages: a PDF, who-flips, an export.

    `progress` is per cent; `said` a sentence for whoever waits; `result` a file, as bytes.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("state", ("waiting", "running", "done", "failed")),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("ix_jobs_state", "state", "asked_at"),
        STRICT,
    )
    job_id: str = Field(primary_key=True, sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)
    arguments: str = Field(sa_type=TEXT)
    asked_by: str = Field(sa_type=TEXT)
    asked_at: datetime = Field(sa_type=MOMENT)
    began_at: datetime | None = Field(default=None, sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)
    progress: int = Field(default=0, sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})
    said: str | None = Field(default=None, sa_type=TEXT)
    name: str | None = Field(default=None, sa_type=TEXT)
    media_type: str | None = Field(default=None, sa_type=TEXT)
    result: bytes | None = Field(default=None, sa_type=BYTES)


class LinkTask(Base, table=True):
    """Two records to be looked at side by side: `left_record` and `right_record` are JSON, in
    random order, without how sure the linkage was. Personal.

    `origin` is band (in doubt), sample (of links) or merge (a link somebody questions).
    """

    __tablename__ = "link_tasks"
    __table_args__ = (
        one_of("origin", ("band", "sample", "merge")),
        one_of("state", ("open", "answered", "taken")),
        Index("ix_link_tasks_state", "state", "task_id"),
        STRICT,
    )
    task_id: str = Field(primary_key=True, sa_type=TEXT)
    origin: str = Field(sa_type=TEXT)
    source_l: str = Field(sa_type=TEXT)
    record_id_l: str = Field(sa_type=TEXT)
    source_r: str = Field(sa_type=TEXT)
    record_id_r: str = Field(sa_type=TEXT)
    left_record: str = Field(sa_type=TEXT)
    right_record: str = Field(sa_type=TEXT)
    area: str | None = Field(default=None, sa_type=TEXT)
    made_at: datetime = Field(sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)


class LinkAnswer(Base, table=True):
    """What a caseworker said of two records."""

    __tablename__ = "link_answers"
    __table_args__ = (one_of("verdict", ("same", "different", "cannot_tell")), STRICT)
    task_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="link_tasks.task_id")
    by: str = Field(primary_key=True, sa_type=TEXT)
    verdict: str = Field(sa_type=TEXT)
    why: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)


class RuleProposal(Base, table=True):
    """A version of a scheme's rules that somebody proposes: `files` are JSON, text by path."""

    __tablename__ = "rule_proposals"
    __table_args__ = (
        one_of("state", ("draft", "submitted", "approved", "refused", "withdrawn")),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided"),
        STRICT,
    )
    proposal_id: str = Field(primary_key=True, sa_type=TEXT)
    scheme: str = Field(sa_type=TEXT)
    title: str = Field(sa_type=TEXT)
    files: str = Field(sa_type=TEXT)
    base_version: str = Field(sa_type=TEXT)
    version: str = Field(sa_type=TEXT)
    made_by: str = Field(sa_type=TEXT)
    made_at: datetime = Field(sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)
    job_id: str | None = Field(default=None, sa_type=TEXT)
    decided_by: str | None = Field(default=None, sa_type=TEXT)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str | None = Field(default=None, sa_type=TEXT)
