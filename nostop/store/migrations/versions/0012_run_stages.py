"""How long stages of a run took, what it says of itself, and counts of a campaign by indexes."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import TEXT, WHOLE

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the indexes."""
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


def downgrade() -> None:
    """Drop them, with everything in them."""
    op.drop_table("run_notes")
    op.drop_table("run_stages")
    op.drop_index(op.f("ix_outreach_messages_taken_back"), "outreach_messages")
    op.drop_index(op.f("ix_outreach_messages_tally"), "outreach_messages")
