"""Campaigns: whom they may reach and how, what came back, who stopped what."""

import sqlalchemy as sa
from alembic import op

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE, YES_NO

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    "campaigns",
    "campaign_texts",
    "recipients",
    "contact_points",
    "suppressions",
    "suppression_lists",
    "stop_switches",
    "holdout_arms",
    "message_news",
    "seen_news",
    "person_heirs",
    "message_outcomes",
)

_COLUMNS = (
    ("channel", TEXT),
    ("contact_kind", TEXT),
    ("benefit_unit_id", TEXT),
    ("claimed_by", TEXT),
    ("settled_at", MOMENT),
    ("delivered_at", MOMENT),
    ("reference", TEXT),
    ("reason", TEXT),
    ("cost_pence", WHOLE),
)
_INDEXES = {
    "ix_outreach_messages_campaign_state": ["campaign", "state", "message_id"],
    "ix_outreach_messages_campaign_claimed": ["campaign", "claimed_at"],
    "ix_outreach_messages_recipient_claimed": ["recipient_id", "claimed_at"],
}


def upgrade() -> None:
    """Make the tables."""
    for name, kind in _COLUMNS:
        op.add_column("outreach_messages", sa.Column(name, kind))
    for name, columns in _INDEXES.items():
        where = sa.text("claimed_at IS NOT NULL") if "claimed_at" in columns else None
        op.create_index(
            name, "outreach_messages", columns, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "campaigns",
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("declaration", TEXT, nullable=False),
        sa.Column("declaration_sha256", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("plan_sha256", TEXT, nullable=False),
        sa.Column("planned_by", TEXT, nullable=False),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("approved_by", TEXT, nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approved_sha256", TEXT, nullable=True),
        sa.Column("claimed", WHOLE, nullable=False, server_default="0"),
        sa.Column("spent_pence", WHOLE, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_campaigns_run_id")),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_campaigns")),
        sqlite_strict=True,
    )
    op.create_table(
        "campaign_texts",
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.campaign"], name=op.f("fk_campaign_texts_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign", "name", name=op.f("pk_campaign_texts")),
        sqlite_strict=True,
    )
    op.create_table(
        "recipients",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("first_name", TEXT, nullable=True),
        sa.Column("surname", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("nation", TEXT, nullable=True),
        sa.Column("benefit_unit_id", TEXT, nullable=True),
        sa.Column("household_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_recipients")),
        sqlite_strict=True,
    )
    op.create_table(
        "contact_points",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("as_of", DAY, nullable=True),
        sa.Column("bad_since", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'post')", name=op.f("ck_contact_points_kind")
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_contact_points")),
        sqlite_strict=True,
    )
    op.create_table(
        "suppressions",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "reason", "source", name=op.f("pk_suppressions")),
        sqlite_strict=True,
    )
    op.create_table(
        "suppression_lists",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.Column("rows", WHOLE, nullable=False),
        sa.Column("people", WHOLE, nullable=False),
        sa.Column("as_of", DAY, nullable=True),
        sa.Column("synthetic", YES_NO, nullable=False),
        sa.PrimaryKeyConstraint("source", "loaded_at", name=op.f("pk_suppression_lists")),
        sqlite_strict=True,
    )
    op.create_table(
        "stop_switches",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("stopped_by", TEXT, nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stop_switches")),
        sqlite_strict=True,
    )
    op.create_table(
        "holdout_arms",
        sa.Column("trial", TEXT, nullable=False),
        sa.Column("unit_id", TEXT, nullable=False),
        sa.Column("held", YES_NO, nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("until", DAY, nullable=True),
        sa.PrimaryKeyConstraint("trial", "unit_id", name=op.f("pk_holdout_arms")),
        sqlite_strict=True,
    )
    op.create_table(
        "message_news",
        sa.Column("news_id", WHOLE, nullable=False, autoincrement=True),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("moved", YES_NO, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "source IN ('channel', 'callback', 'asked', 'person', 'sender')",
            name=op.f("ck_message_news_source"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outreach_messages.message_id"],
            name=op.f("fk_message_news_message_id"),
        ),
        sa.PrimaryKeyConstraint("news_id", name=op.f("pk_message_news")),
        sqlite_strict=True,
    )
    op.create_index("ix_message_news_message_id", "message_news", ["message_id"])
    op.create_table(
        "seen_news",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_seen_news")),
        sqlite_strict=True,
    )
    op.create_table(
        "person_heirs",
        sa.Column("was", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("was", "person_id", name=op.f("pk_person_heirs")),
        sqlite_strict=True,
    )
    op.create_table(
        "message_outcomes",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False, server_default="run"),
        sa.Column("seen_on", DAY, nullable=False),
        sa.Column("days", WHOLE, nullable=True),
        sa.Column("pence", WHOLE, nullable=True),
        sa.Column("per", TEXT, nullable=True),
        sa.Column("run_id", TEXT, nullable=True),
        sa.CheckConstraint("pence >= 0", name=op.f("ck_message_outcomes_pence")),
        sa.CheckConstraint(
            "outcome IN ('claimed', 'refused')", name=op.f("ck_message_outcomes_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outreach_messages.message_id"],
            name=op.f("fk_message_outcomes_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.run_id"], name=op.f("fk_message_outcomes_run_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "outcome", name=op.f("pk_message_outcomes")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables, with everything in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    for name in _INDEXES:
        op.drop_index(name, "outreach_messages")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("outreach_messages", name)
