"""Casework: what to look at, and what was said of it."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import BYTES, DAY, MOMENT, TEXT, WHOLE, YES_NO

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = (
    "work_items",
    "flags",
    "case_files",
    "decisions",
    "corrections",
    "case_notes",
    "case_documents",
    "saved_searches",
    "second_readings",
    "run_unknowns",
    "run_quarantine",
)


def upgrade() -> None:
    """Make the tables, and let nobody write to somebody until a day."""
    op.add_column("suppressions", sa.Column("until_on", DAY))
    op.create_table(
        "work_items",
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("household_id", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("area", TEXT, nullable=True),
        sa.Column("nation", TEXT, nullable=True),
        sa.Column("schemes", WHOLE, nullable=False),
        sa.Column("gain_year", WHOLE, nullable=True),
        sa.Column("lost_each_week", WHOLE, nullable=True),
        sa.Column("deadline", DAY, nullable=True),
        sa.Column("confidence_per_mille", WHOLE, nullable=True),
        sa.Column("oldest_fact_on", DAY, nullable=True),
        sa.Column("unknown_facts", WHOLE, nullable=False),
        sa.Column("in_conflict", YES_NO, nullable=False),
        sa.Column("flagged_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("assignee", TEXT, nullable=True),
        sa.Column("assigned_at", MOMENT, nullable=True),
        sa.Column("version", WHOLE, nullable=False, server_default="1"),
        sa.CheckConstraint(
            "state IN ('open', 'waiting', 'second', 'done', 'gone')",
            name=op.f("ck_work_items_state"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_work_items_run_id")),
        sa.PrimaryKeyConstraint("benefit_unit_id", name=op.f("pk_work_items")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_work_items_deadline"), "work_items", ["state", "deadline", "benefit_unit_id"]
    )
    op.create_index(
        op.f("ix_work_items_age"), "work_items", ["state", "oldest_fact_on", "benefit_unit_id"]
    )
    op.create_index(
        op.f("ix_work_items_confidence"), "work_items", ["state", "confidence_per_mille"]
    )
    op.create_index(op.f("ix_work_items_unknown"), "work_items", ["state", "unknown_facts"])
    op.create_index(op.f("ix_work_items_conflict"), "work_items", ["state", "in_conflict"])
    op.create_index(
        op.f("ix_work_items_assignee"),
        "work_items",
        ["assignee", "state", "lost_each_week", "benefit_unit_id"],
    )
    op.create_index(
        op.f("ix_work_items_gain"), "work_items", ["state", "gain_year", "benefit_unit_id"]
    )
    op.create_index(
        op.f("ix_work_items_lost"), "work_items", ["state", "lost_each_week", "benefit_unit_id"]
    )
    op.create_index(
        op.f("ix_work_items_area"),
        "work_items",
        ["area", "state", "lost_each_week", "benefit_unit_id"],
    )
    op.create_index(op.f("ix_work_items_due"), "work_items", ["state", "due_at", "benefit_unit_id"])
    op.create_index(op.f("ix_work_items_household"), "work_items", ["household_id", "area"])
    op.create_table(
        "flags",
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("effective_on", DAY, nullable=False),
        sa.Column("pack_version", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("amount", WHOLE, nullable=True),
        sa.Column("amount_low", WHOLE, nullable=True),
        sa.Column("amount_high", WHOLE, nullable=True),
        sa.Column("per", TEXT, nullable=False),
        sa.Column("gain_year", WHOLE, nullable=True),
        sa.Column("lost_each_week", WHOLE, nullable=True),
        sa.Column("deadline", DAY, nullable=True),
        sa.Column("step", WHOLE, nullable=True),
        sa.Column("path_status", TEXT, nullable=True),
        sa.Column("confidence_per_mille", WHOLE, nullable=True),
        sa.Column("missing", WHOLE, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.CheckConstraint("outcome IN ('entitled', 'unknown')", name=op.f("ck_flags_outcome")),
        sa.CheckConstraint(
            "state IN ('open', 'waiting', 'second', 'confirmed', 'not_entitled', 'suppressed', "
            "'gone')",
            name=op.f("ck_flags_state"),
        ),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_flags_benefit_unit_id"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_flags_run_id")),
        sa.PrimaryKeyConstraint("benefit_unit_id", "scheme", name=op.f("pk_flags")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_flags_scheme"), "flags", ["state", "outcome", "scheme", "benefit_unit_id"]
    )
    op.create_table(
        "case_files",
        sa.Column("household_id", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("effective_on", DAY, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_case_files_run_id")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_case_files")),
        sqlite_strict=True,
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("condition", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("pack_version", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("is_override", YES_NO, nullable=False),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("until_on", DAY, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("second_by", TEXT, nullable=True),
        sa.Column("second_at", MOMENT, nullable=True),
        sa.Column("second_reason", TEXT, nullable=True),
        sa.CheckConstraint(
            "state IN ('final', 'awaiting', 'approved', 'refused')", name=op.f("ck_decisions_state")
        ),
        sa.CheckConstraint(
            "(second_by IS NULL) = (second_at IS NULL)", name=op.f("ck_decisions_second")
        ),
        sa.CheckConstraint(
            "kind IN ('confirm', 'not_entitled', 'ask_evidence', 'phone', 'suppress', "
            "'hand_over', 'reopen')",
            name=op.f("ck_decisions_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_decisions_benefit_unit_id"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_decisions_run_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_decisions_benefit_unit_id"), "decisions", ["benefit_unit_id", "at"])
    op.create_index(op.f("ix_decisions_scheme"), "decisions", ["scheme", "at"])
    op.create_index(op.f("ix_decisions_at"), "decisions", ["at"])
    op.create_index(
        op.f("ix_decisions_override"),
        "decisions",
        ["is_override", "scheme", "condition", "kind", "state"],
    )
    op.create_index(op.f("ix_decisions_state"), "decisions", ["state", "until_on"])
    op.create_table(
        "corrections",
        sa.Column("correction_id", TEXT, nullable=False),
        sa.Column("household_id", TEXT, nullable=False),
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("fact", TEXT, nullable=False),
        sa.Column("old_value", TEXT, nullable=True),
        sa.Column("old_source", TEXT, nullable=True),
        sa.Column("value", TEXT, nullable=True),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("as_of", DAY, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("undone_by", TEXT, nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "level IN ('person', 'benefit_unit', 'household')", name=op.f("ck_corrections_level")
        ),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_corrections_undone")
        ),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_corrections_benefit_unit_id"),
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_corrections")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_corrections_household_id"), "corrections", ["household_id", "at"])
    op.create_table(
        "case_notes",
        sa.Column("note_id", TEXT, nullable=False),
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_case_notes_benefit_unit_id"),
        ),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_case_notes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_case_notes_benefit_unit_id"), "case_notes", ["benefit_unit_id", "at"])
    op.create_table(
        "case_documents",
        sa.Column("document_id", TEXT, nullable=False),
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("content", BYTES, nullable=False),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_case_documents_benefit_unit_id"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_case_documents")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_case_documents_benefit_unit_id"), "case_documents", ["benefit_unit_id", "at"]
    )
    op.create_table(
        "saved_searches",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_saved_searches")),
        sqlite_strict=True,
    )
    op.create_table(
        "second_readings",
        sa.Column("benefit_unit_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("reader", TEXT, nullable=True),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("condition", TEXT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(reader IS NULL) = (read_at IS NULL)", name=op.f("ck_second_readings_read")
        ),
        sa.CheckConstraint(
            "verdict IN ('confirm', 'not_entitled', 'cannot_tell')",
            name=op.f("ck_second_readings_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name=op.f("fk_second_readings_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["benefit_unit_id"],
            ["work_items.benefit_unit_id"],
            name=op.f("fk_second_readings_benefit_unit_id"),
        ),
        sa.PrimaryKeyConstraint("benefit_unit_id", "scheme", name=op.f("pk_second_readings")),
        sqlite_strict=True,
    )
    op.create_table(
        "run_unknowns",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("fact", TEXT, nullable=False),
        sa.Column("flags", WHOLE, nullable=False),
        sa.Column("priced", WHOLE, nullable=False),
        sa.Column("gain_year", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_unknowns_run_id")),
        sa.PrimaryKeyConstraint("run_id", "scheme", "fact", name=op.f("pk_run_unknowns")),
        sqlite_strict=True,
    )
    op.create_table(
        "run_quarantine",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("rows", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_quarantine_run_id")),
        sa.PrimaryKeyConstraint(
            "run_id", "source", "field", "reason", name=op.f("pk_run_quarantine")
        ),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    op.drop_column("suppressions", "until_on")
    for table in reversed(_TABLES):
        op.drop_table(table)
