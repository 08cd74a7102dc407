"""The audit log and its head."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import MOMENT, TEXT, WHOLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "audit_entries",
    "audit_head",
)


def upgrade() -> None:
    """Make the tables."""

    op.create_table(
        "audit_entries",
        sa.Column("seq", WHOLE, nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("previous", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entries")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject"])
    op.create_table(
        "audit_head",
        sa.Column("only", WHOLE, nullable=False, autoincrement=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_audit_head")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
