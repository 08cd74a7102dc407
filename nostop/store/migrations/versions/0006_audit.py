"""The audit log and its head; the records of people who were erased."""

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
    "erased_records",
)
#: A guard against accidents: whoever owns the database can drop it, and the chain tells.
_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_entries_no_{verb} BEFORE {verb} ON audit_entries "
        "BEGIN SELECT RAISE(ABORT, 'audit entries stand as written'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_entries_stand() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit entries stand as written'; END $$",
        "CREATE TRIGGER audit_entries_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries "
        "EXECUTE FUNCTION audit_entries_stand()",
    ],
}


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
    head = op.create_table(
        "audit_head",
        sa.Column("only", WHOLE, nullable=False, autoincrement=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_audit_head")),
        sqlite_strict=True,
    )
    op.create_table(
        "erased_records",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("record_key", name=op.f("pk_erased_records")),
        sqlite_strict=True,
    )
    op.bulk_insert(head, [{"only": 1, "seq": 0, "hash": "0" * 64}])
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entries_stand()")
