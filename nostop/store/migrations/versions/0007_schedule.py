"""The schedule: paused jobs, what each job did, who leads."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import MOMENT, TEXT, WHOLE

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "paused_jobs",
    "job_runs",
    "leaders",
)


def upgrade() -> None:
    """Make the tables."""

    op.create_table(
        "paused_jobs",
        sa.Column("job", TEXT, nullable=False),
        sa.Column("paused_by", TEXT, nullable=False),
        sa.Column("paused_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_paused_jobs")),
        sqlite_strict=True,
    )
    op.create_table(
        "job_runs",
        sa.Column("job_run_id", WHOLE, nullable=False, autoincrement=True),
        sa.Column("job", TEXT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claimed_by", TEXT, nullable=False),
        sa.Column("attempt", WHOLE, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("exit_code", WHOLE, nullable=True),
        sa.Column("detail", TEXT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'failed', 'lost', 'skipped')",
            name=op.f("ck_job_runs_state"),
        ),
        sa.PrimaryKeyConstraint("job_run_id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq_job_runs")),
        sqlite_strict=True,
    )
    op.create_table(
        "leaders",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leaders")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
