"""Messages that went before the links of their person changed: somebody looks at each."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import TEXT, WHOLE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "message_reviews",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("event_id", WHOLE, nullable=False),
        sa.Column("kinds", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outreach_messages.message_id"],
            name=op.f("fk_message_reviews_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.run_id"], name=op.f("fk_message_reviews_run_id")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_reviews")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("message_reviews")
