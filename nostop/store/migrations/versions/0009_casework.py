"""Casework: what to look at, what was said of it; who may do so; and what takes longer."""

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
    "accounts",
    "account_ties",
    "case_people",
    "case_searches",
    "web_sessions",
    "api_keys",
    "api_answers",
    "export_requests",
    "jobs",
    "link_tasks",
    "link_task_people",
    "link_changes",
    "link_answers",
    "rule_proposals",
    "run_stages",
    "run_notes",
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
    op.create_index(op.f("ix_work_items_household"), "work_items", ["household_id"])
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
        sa.Column("receipt_known", YES_NO, nullable=False),
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
    op.create_table(
        "accounts",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("roles", TEXT, nullable=False),
        sa.Column("areas", TEXT, nullable=True),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("barred_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sqlite_strict=True,
    )
    op.create_table(
        "account_ties",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("said_by", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('own', 'relative', 'known')", name=op.f("ck_account_ties_kind")
        ),
        sa.PrimaryKeyConstraint("account_id", "person_id", name=op.f("pk_account_ties")),
        sqlite_strict=True,
    )
    op.create_table(
        "case_people",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("household_id", TEXT, nullable=False),
        sa.Column("benefit_unit_id", TEXT, nullable=True),
        sa.Column("surname_key", TEXT, nullable=True),
        sa.Column("born_on", DAY, nullable=True),
        sa.Column("postcode", TEXT, nullable=True),
        sa.Column("known_as", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("person_id", "household_id", name=op.f("pk_case_people")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_case_people_household_id"), "case_people", ["household_id"])
    op.create_index(op.f("ix_case_people_surname_key"), "case_people", ["surname_key", "born_on"])
    op.create_index(op.f("ix_case_people_postcode"), "case_people", ["postcode"])
    op.create_index(op.f("ix_case_people_known_as"), "case_people", ["known_as"])
    op.create_table(
        "case_searches",
        sa.Column("search_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.Column("found", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("search_id", name=op.f("pk_case_searches")),
        sqlite_strict=True,
    )
    op.create_table(
        "web_sessions",
        sa.Column("session_sha256", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("csrf", TEXT, nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_web_sessions_account_id")
        ),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_web_sessions")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_web_sessions_account_id"), "web_sessions", ["account_id"])
    op.create_table(
        "api_keys",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("key_sha256", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("areas", TEXT, nullable=True),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ends_on", DAY, nullable=False),
        sa.Column("revoked_by", TEXT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_api_keys_revoked")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sqlite_strict=True,
    )
    op.create_table(
        "api_answers",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("idempotency_key", TEXT, nullable=False),
        sa.Column("request_sha256", TEXT, nullable=False),
        sa.Column("status", WHOLE, nullable=True),
        sa.Column("body", TEXT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.key_id"], name=op.f("fk_api_answers_key_id")
        ),
        sa.PrimaryKeyConstraint("key_id", "idempotency_key", name=op.f("pk_api_answers")),
        sqlite_strict=True,
    )
    op.create_table(
        "export_requests",
        sa.Column("export_id", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("job_id", TEXT, nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'approved', 'refused', 'made', 'fetched')",
            name=op.f("ck_export_requests_state"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_export_requests_decided")
        ),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_requests")),
        sqlite_strict=True,
    )
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
    op.create_index(
        op.f("ix_outreach_messages_tally"),
        "outreach_messages",
        ["campaign", "state", "suppression", "scheme", "channel", "delivered_at"],
    )
    back = sa.text("state = 'suppressed' AND body_sha256 IS NOT NULL")
    op.create_index(
        op.f("ix_outreach_messages_taken_back"),
        "outreach_messages",
        ["campaign", "scheme"],
        sqlite_where=back,
        postgresql_where=back,
    )
    op.create_table(
        "run_stages",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("milliseconds", WHOLE, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("warnings", TEXT, nullable=False),
        sa.CheckConstraint("milliseconds >= 0", name=op.f("ck_run_stages_milliseconds")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_stages_run_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_run_stages")),
        sqlite_strict=True,
    )
    op.create_table(
        "run_notes",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("said", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_notes_run_id")),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_notes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_audit_entries_actor"), "audit_entries", ["actor", "seq"])
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"])


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    op.drop_index(op.f("ix_audit_entries_at"), "audit_entries")
    op.drop_index(op.f("ix_audit_entries_actor"), "audit_entries")
    op.drop_column("suppressions", "until_on")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_index(op.f("ix_outreach_messages_taken_back"), "outreach_messages")
    op.drop_index(op.f("ix_outreach_messages_tally"), "outreach_messages")
