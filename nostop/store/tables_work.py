"""The tables of what takes longer than a page: jobs, pairs of records, proposed rules."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from nostop.store.columns import BYTES, MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base, one_of


class Job(Base, table=True):
    """Something that runs beside the pages: a PDF, who-flips, an export.

    `progress` is per cent; `said` a sentence for whoever waits; `result` a file, as bytes: null
    where it was taken away again. `worker` runs it and was last heard of at `heard_at`; `tries` is
    how often one took it up.
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
    worker: str | None = Field(default=None, sa_type=TEXT)
    heard_at: datetime | None = Field(default=None, sa_type=MOMENT)
    tries: int = Field(default=0, sa_type=WHOLE, sa_column_kwargs={"server_default": "0"})
    name: str | None = Field(default=None, sa_type=TEXT)
    media_type: str | None = Field(default=None, sa_type=TEXT)
    result: bytes | None = Field(default=None, sa_type=BYTES)


class LinkTask(Base, table=True):
    """Two records to be looked at side by side: `left_record` and `right_record` are JSON, in
    random order, without how sure the linkage was. Personal.

    `origin` is band (in doubt), sample (of links) or merge (a link that `asked_by` questions, with
    the case that holds its outreach). `stratum`, `population` and `sampled` are the review's key,
    null for a merge. `readings` is how many caseworkers have to answer.
    """

    __tablename__ = "link_tasks"
    __table_args__ = (
        one_of("origin", ("band", "sample", "merge")),
        one_of("state", ("open", "answered", "taken")),
        Index("ix_link_tasks_state", "state", "task_id"),
        Index("ix_link_tasks_origin", "state", "origin", "task_id"),
        STRICT,
    )
    task_id: str = Field(primary_key=True, sa_type=TEXT)
    origin: str = Field(sa_type=TEXT)
    stratum: str | None = Field(default=None, sa_type=TEXT)
    population: int | None = Field(default=None, sa_type=WHOLE)
    sampled: int | None = Field(default=None, sa_type=WHOLE)
    source_l: str = Field(sa_type=TEXT)
    record_id_l: str = Field(sa_type=TEXT)
    source_r: str = Field(sa_type=TEXT)
    record_id_r: str = Field(sa_type=TEXT)
    left_record: str = Field(sa_type=TEXT)
    right_record: str = Field(sa_type=TEXT)
    readings: int = Field(sa_type=WHOLE)
    asked_by: str | None = Field(default=None, sa_type=TEXT)
    case_id: str | None = Field(default=None, sa_type=TEXT)
    made_at: datetime = Field(sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)


class LinkTaskPerson(Base, table=True):
    """Whom a pair of records is about, and where they live: what decides who may look at it."""

    __tablename__ = "link_task_people"
    __table_args__ = (Index("ix_link_task_people_person_id", "person_id"), STRICT)
    task_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="link_tasks.task_id")
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    household_id: str | None = Field(default=None, sa_type=TEXT)
    area: str | None = Field(default=None, sa_type=TEXT)


class LinkAnswer(Base, table=True):
    """What a caseworker said of two records."""

    __tablename__ = "link_answers"
    __table_args__ = (one_of("verdict", ("same", "different", "cannot_tell")), STRICT)
    task_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="link_tasks.task_id")
    by: str = Field(primary_key=True, sa_type=TEXT)
    verdict: str = Field(sa_type=TEXT)
    why: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)


class LinkChange(Base, table=True):
    """What happened to a person id: an event of the history (`LinkEvents`) in which records went
    from one person to another. `records` is how many did, `undone_by` the event that took it back,
    as `undo_asked_by` wanted for `undo_why`. Personal.
    """

    __tablename__ = "link_changes"
    __table_args__ = (
        one_of("kind", ("merged", "split", "moved", "undone")),
        Index("ix_link_changes_person_id", "person_id"),
        Index("ix_link_changes_other_id", "other_id"),
        STRICT,
    )
    event_id: int = Field(
        primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime = Field(sa_type=MOMENT)
    kind: str = Field(sa_type=TEXT)
    person_id: str = Field(sa_type=TEXT)
    other_id: str = Field(sa_type=TEXT)
    records: int = Field(sa_type=WHOLE)
    evidence: str = Field(sa_type=TEXT)
    actor: str = Field(sa_type=TEXT)
    undone_by: int | None = Field(default=None, sa_type=WHOLE)
    undo_asked_by: str | None = Field(default=None, sa_type=TEXT)
    undo_asked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    undo_why: str | None = Field(default=None, sa_type=TEXT)


class RuleProposal(Base, table=True):
    """A version of a scheme's rules that somebody proposes: `files` are JSON, text by path.

    `revision` goes up with every change of them. `check_job` checked them and `job_id` worked out
    who flips; each of a revision, which stands in its result.
    """

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
    revision: int = Field(default=1, sa_type=WHOLE, sa_column_kwargs={"server_default": "1"})
    check_job: str | None = Field(default=None, sa_type=TEXT)
    job_id: str | None = Field(default=None, sa_type=TEXT)
    decided_by: str | None = Field(default=None, sa_type=TEXT)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str | None = Field(default=None, sa_type=TEXT)


class RunStage(Base, table=True):
    """How long a stage of a run took, in the order in which stages ran, and what it found and
    warned of (a line each). For people to look at: nothing rests on it, and no two runs agree."""

    __tablename__ = "run_stages"
    __table_args__ = (CheckConstraint("milliseconds >= 0", name="milliseconds"), STRICT)
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    position: int = Field(primary_key=True, sa_type=WHOLE)
    stage: str = Field(sa_type=TEXT)
    milliseconds: int = Field(sa_type=WHOLE)
    detail: str = Field(sa_type=TEXT)
    warnings: str = Field(sa_type=TEXT)


class RunNote(Base, table=True):
    """What a run says of itself beside its counts, such as whether people may be written to."""

    __tablename__ = "run_notes"
    __table_args__ = STRICT
    run_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="runs.run_id")
    name: str = Field(primary_key=True, sa_type=TEXT)
    said: str = Field(sa_type=TEXT)
