"""First tables: runs, feeds, persons, messages and receipts."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE, YES_NO

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MESSAGE_STATES = "'planned', 'suppressed', 'held_out', 'claimed', 'sent', 'failed', 'unknown'"


def upgrade() -> None:
    """Make the tables."""
    _runs()
    _feeds_and_persons()
    _outreach()


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in (
        "outreach_receipts",
        "outreach_messages",
        "persons",
        "feed_files",
        "run_counts",
        "run_inputs",
        "run_packs",
        "runs",
    ):
        op.drop_table(table)


def _run_id(table: str, column: str = "run_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["runs.run_id"], name=f"fk_{table}_{column}")


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("effective_on", DAY, nullable=False),
        sa.Column("synthetic", YES_NO, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
        sqlite_strict=True,
    )
    for table, key, value, kind in (
        ("run_packs", "scheme", "pack_version", TEXT),
        ("run_inputs", "name", "sha256", TEXT),
        ("run_counts", "name", "number", WHOLE),
    ):
        op.create_table(
            table,
            sa.Column("run_id", TEXT, nullable=False),
            sa.Column(key, TEXT, nullable=False),
            sa.Column(value, kind, nullable=False),
            _run_id(table),
            sa.PrimaryKeyConstraint("run_id", key, name=f"pk_{table}"),
            sqlite_strict=True,
        )


def _feeds_and_persons() -> None:
    op.create_table(
        "feed_files",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT),
        sa.Column("file", TEXT),
        sa.Column("sha256", TEXT),
        sa.Column("rows_read", WHOLE, nullable=False),
        sa.Column("rows_good", WHOLE, nullable=False),
        sa.Column("rows_quarantined", WHOLE, nullable=False),
        sa.Column("as_of", DAY),
        sa.CheckConstraint("state IN ('ok', 'held', 'missing')", name=op.f("ck_feed_files_state")),
        _run_id("feed_files"),
        sa.PrimaryKeyConstraint("run_id", "source", name="pk_feed_files"),
        sqlite_strict=True,
    )
    op.create_table(
        "persons",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("first_run_id", TEXT, nullable=False),
        _run_id("persons", "first_run_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_persons"),
        sqlite_strict=True,
    )


def _outreach() -> None:
    op.create_table(
        "outreach_messages",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("recipient_id", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("step", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("suppression", TEXT),
        sa.Column("template_sha256", TEXT),
        sa.Column("body_sha256", TEXT),
        sa.Column("claimed_at", MOMENT),
        sa.CheckConstraint(f"state IN ({MESSAGE_STATES})", name=op.f("ck_outreach_messages_state")),
        sa.CheckConstraint("step >= 1", name=op.f("ck_outreach_messages_step")),
        sa.CheckConstraint(
            "(state = 'suppressed') = (suppression IS NOT NULL)",
            name=op.f("ck_outreach_messages_suppression"),
        ),
        _run_id("outreach_messages"),
        sa.PrimaryKeyConstraint("message_id", name="pk_outreach_messages"),
        sa.UniqueConstraint(
            "campaign", "recipient_id", "scheme", "step", name="uq_outreach_messages"
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "outreach_receipts",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("reference", TEXT),
        sa.Column("reason", TEXT),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('sent', 'failed')", name=op.f("ck_outreach_receipts_status")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outreach_messages.message_id"],
            name="fk_outreach_receipts_message_id",
        ),
        sa.PrimaryKeyConstraint("message_id", name="pk_outreach_receipts"),
        sqlite_strict=True,
    )
