"""Life events, what follows from them, and cases."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = ("life_events", "event_signals", "cases", "case_events")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "life_events",
        sa.Column("event_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("event_key", name=op.f("pk_life_events")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_life_events")),
        sqlite_strict=True,
    )
    op.create_index("ix_life_events_subject", "life_events", ["subject"])
    op.create_index("ix_life_events_type_at", "life_events", ["type", "at"])
    op.create_table(
        "event_signals",
        sa.Column("signal_id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("scheme", TEXT, nullable=True),
        sa.Column("campaign", TEXT, nullable=True),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("step", WHOLE, nullable=True),
        sa.Column("case_kind", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("due_on", DAY, nullable=False),
        sa.Column("until_on", DAY, nullable=True),
        sa.Column("event_key", TEXT, nullable=False),
        sa.Column("event_keys", TEXT, nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.Column("handled_by", TEXT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", TEXT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('reopen', 'follow_up', 'stop', 'hold', 'close_case', 'open_case')",
            name=op.f("ck_event_signals_kind"),
        ),
        sa.CheckConstraint(
            "(handled_at IS NULL) = (handled_by IS NULL)", name=op.f("ck_event_signals_handled")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)",
            name=op.f("ck_event_signals_withdrawn"),
        ),
        sa.ForeignKeyConstraint(
            ["event_key"],
            ["life_events.event_key"],
            name=op.f("fk_event_signals_event_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("signal_id", name=op.f("pk_event_signals")),
        sqlite_strict=True,
    )
    op.create_index("ix_event_signals_subject", "event_signals", ["subject"])
    op.create_index("ix_event_signals_kind", "event_signals", ["kind", "handled_at"])
    op.create_table(
        "cases",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("benefit_unit_id", TEXT, nullable=True),
        sa.Column("scheme", TEXT, nullable=True),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due_on", DAY, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('outreach', 'wrong', 'link', 'returned', 'override', 'review')",
            name=op.f("ck_cases_kind"),
        ),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name=op.f("ck_cases_state")),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_cases_closed")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("kind", "message_id", name=op.f("uq_cases")),
        sqlite_strict=True,
    )
    op.create_index("ix_cases_person_id", "cases", ["person_id"])
    op.create_table(
        "case_events",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("due_on", DAY, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id"], name=op.f("fk_case_events_case_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_events")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
