"""What a feed's contract is judged by: rows replaced, until when it is fresh, whose it is."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, WHOLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ASKED = ("people", "people_known")


def upgrade() -> None:
    """Add the columns: no feed of earlier runs came in files of changes, or was asked for these."""
    op.add_column(
        "feed_files", sa.Column("rows_replaced", WHOLE, nullable=False, server_default="0")
    )
    op.add_column("feed_files", sa.Column("fresh_until", DAY))
    for name in _ASKED:
        op.add_column("feed_files", sa.Column(name, WHOLE))


def downgrade() -> None:
    """Drop the columns."""
    for name in ("rows_replaced", "fresh_until", *_ASKED):
        op.drop_column("feed_files", name)
