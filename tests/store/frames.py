"""Rows for the tests of the store."""

from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Engine

from nostop.outreach import Messages, Plan
from nostop.outreach.plan import message_id
from nostop.store import RunRecord, record_run

ON = date(2026, 6, 1)
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
SHA = "a" * 64


def run(
    engine: Engine,
    run_id: str = "run-1",
    started_at: datetime = AT,
    known_on: date | None = None,
    **counts: int,
) -> str:
    record = RunRecord(
        run_id=run_id,
        effective_on=ON,
        synthetic=True,
        started_at=started_at,
        pack_versions={"pension_credit": "2026.1"},
        inputs={"dwp_awards.csv": SHA},
        counts=counts,
        known_on=known_on,
    )
    record_run(engine, record)
    return run_id


def plan(*rows: dict[str, object], campaign: str = "spring") -> pl.DataFrame:
    filled = []
    for row in rows:
        usual = {"scheme": "pension_credit", "step": 1, "kind": "entitled", "language": "en"}
        whole = {"suppression": None, **usual, **row, "campaign": campaign}
        whole["message_id"] = message_id(
            campaign, str(whole["recipient_id"]), str(whole["scheme"]), int(str(whole["step"]))
        )
        reason = whole["suppression"]
        whole.setdefault("state", "suppressed" if reason else "planned")
        whole["suppressions"] = [reason] if reason else []
        whole["holdout"] = whole["state"] == "held_out"
        filled.append(whole)
    schema = {name: column.dtype for name, column in Plan.columns().items()}
    return pl.DataFrame(filled, schema=schema)


def planned(*recipients: str, campaign: str = "spring") -> pl.DataFrame:
    return plan(*({"recipient_id": recipient} for recipient in recipients), campaign=campaign)


def messages(rows: pl.DataFrame) -> pl.DataFrame:
    """A message for each row of a plan, whatever its state: the store must sort them out."""
    return (
        rows.select("message_id", "recipient_id", "scheme", "language")
        .with_columns(
            pl.format("{}@example.org", pl.col("recipient_id").str.to_lowercase()).alias("to"),
            pl.lit("Subject").alias("subject"),
            pl.lit("Body\n").alias("body"),
            pl.lit(SHA).alias("template_sha256"),
            pl.lit("b" * 64).alias("body_sha256"),
        )
        .select(*Messages.columns())
    )
