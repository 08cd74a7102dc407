"""Access: who may do what, who is signed in, and keys of the API."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = (
    "accounts",
    "account_ties",
    "case_people",
    "case_searches",
    "web_sessions",
    "api_keys",
    "api_answers",
    "export_requests",
)


def upgrade() -> None:
    """Make the tables."""
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


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
