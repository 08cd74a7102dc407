"""The tables of the schedule: which jobs are paused, who leads, and what every job did."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from nostop.store.columns import MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base, one_of

JOB_STATES = ("running", "done", "failed", "lost", "skipped")


class PausedJob(Base, table=True):
    """A job that is not woken until somebody lets it go on."""

    __tablename__ = "paused_jobs"
    __table_args__ = STRICT
    job: str = Field(primary_key=True, sa_type=TEXT)
    paused_by: str = Field(sa_type=TEXT)
    paused_at: datetime = Field(sa_type=MOMENT)


class JobRun(Base, table=True):
    """What became of one moment at which a job was due: whoever makes the row does the job.

    `due_at` is the moment that was planned, not the one of waking. `heard_at` is when the job was
    last known to run; one not heard of for long is lost. `detail` says why a moment was skipped,
    `error` is our own last line of a job that failed: nothing personal is in either.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("job", "due_at"),
        one_of("state", JOB_STATES),
        STRICT,
    )
    job_run_id: int | None = Field(
        default=None, primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": True}
    )
    job: str = Field(sa_type=TEXT)
    due_at: datetime = Field(sa_type=MOMENT)
    claimed_by: str = Field(sa_type=TEXT)
    attempt: int = Field(sa_type=WHOLE)
    started_at: datetime = Field(sa_type=MOMENT)
    heard_at: datetime = Field(sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)
    exit_code: int | None = Field(default=None, sa_type=WHOLE)
    detail: str | None = Field(default=None, sa_type=TEXT)
    error: str | None = Field(default=None, sa_type=TEXT)


class Leader(Base, table=True):
    """Who leads: one row for each kind of work; whoever has not been heard of is replaced."""

    __tablename__ = "leaders"
    __table_args__ = STRICT
    name: str = Field(primary_key=True, sa_type=TEXT)
    holder: str = Field(sa_type=TEXT)
    since: datetime = Field(sa_type=MOMENT)
    heard_at: datetime = Field(sa_type=MOMENT)
