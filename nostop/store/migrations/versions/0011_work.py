"""What takes longer than a page; and looking through the audit log."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import BYTES, MOMENT, TEXT, WHOLE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = (
    "jobs",
    "link_tasks",
    "link_task_people",
    "link_changes",
    "link_answers",
    "rule_proposals",
)


def upgrade() -> None:
    """Make the tables, and the indexes of the audit log."""
    op.create_table(
        "jobs",
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("arguments", TEXT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("progress", WHOLE, nullable=False, server_default="0"),
        sa.Column("said", TEXT, nullable=True),
        sa.Column("worker", TEXT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("tries", WHOLE, nullable=False, server_default="0"),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("media_type", TEXT, nullable=True),
        sa.Column("result", BYTES, nullable=True),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_jobs_progress")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_jobs_state")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_jobs")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_jobs_state"), "jobs", ["state", "asked_at"])
    op.create_table(
        "link_tasks",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("stratum", TEXT, nullable=True),
        sa.Column("population", WHOLE, nullable=True),
        sa.Column("sampled", WHOLE, nullable=True),
        sa.Column("source_l", TEXT, nullable=False),
        sa.Column("record_id_l", TEXT, nullable=False),
        sa.Column("source_r", TEXT, nullable=False),
        sa.Column("record_id_r", TEXT, nullable=False),
        sa.Column("left_record", TEXT, nullable=False),
        sa.Column("right_record", TEXT, nullable=False),
        sa.Column("readings", WHOLE, nullable=False),
        sa.Column("asked_by", TEXT, nullable=True),
        sa.Column("case_id", TEXT, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'taken')", name=op.f("ck_link_tasks_state")
        ),
        sa.CheckConstraint(
            "origin IN ('band', 'sample', 'merge')", name=op.f("ck_link_tasks_origin")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_link_tasks")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_link_tasks_state"), "link_tasks", ["state", "task_id"])
    op.create_index(op.f("ix_link_tasks_origin"), "link_tasks", ["state", "origin", "task_id"])
    op.create_table(
        "link_task_people",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("household_id", TEXT, nullable=True),
        sa.Column("area", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["link_tasks.task_id"], name=op.f("fk_link_task_people_task_id")
        ),
        sa.PrimaryKeyConstraint("task_id", "person_id", name=op.f("pk_link_task_people")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_link_task_people_person_id"), "link_task_people", ["person_id"])
    op.create_table(
        "link_changes",
        sa.Column("event_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("other_id", TEXT, nullable=False),
        sa.Column("records", WHOLE, nullable=False),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("undone_by", WHOLE, nullable=True),
        sa.Column("undo_asked_by", TEXT, nullable=True),
        sa.Column("undo_asked_at", MOMENT, nullable=True),
        sa.Column("undo_why", TEXT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('merged', 'split', 'moved', 'undone')", name=op.f("ck_link_changes_kind")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_link_changes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_link_changes_person_id"), "link_changes", ["person_id"])
    op.create_index(op.f("ix_link_changes_other_id"), "link_changes", ["other_id"])
    op.create_table(
        "link_answers",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "verdict IN ('same', 'different', 'cannot_tell')", name=op.f("ck_link_answers_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["link_tasks.task_id"], name=op.f("fk_link_answers_task_id")
        ),
        sa.PrimaryKeyConstraint("task_id", "by", name=op.f("pk_link_answers")),
        sqlite_strict=True,
    )
    op.create_table(
        "rule_proposals",
        sa.Column("proposal_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("base_version", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("revision", WHOLE, nullable=False, server_default="1"),
        sa.Column("check_job", TEXT, nullable=True),
        sa.Column("job_id", TEXT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'refused', 'withdrawn')",
            name=op.f("ck_rule_proposals_state"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_rule_proposals_decided")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_rule_proposals")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_audit_entries_actor"), "audit_entries", ["actor", "seq"])
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"])


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    op.drop_index("ix_audit_entries_actor", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    for table in reversed(_TABLES):
        op.drop_table(table)
