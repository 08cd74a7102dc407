"""The day of knowledge of a run, and the rows of each feed that are later."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, WHOLE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: earlier runs knew all that there was, and left nothing out."""
    op.add_column("runs", sa.Column("known_on", DAY))
    op.add_column("feed_files", sa.Column("rows_later", WHOLE, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("feed_files", "rows_later")
    op.drop_column("runs", "known_on")
