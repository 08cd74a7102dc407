"""What became of a campaign's messages: counts, and a file of every one."""

import os
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.results import formula_safe
from nostop.model import OutreachError

COLUMNS = {
    "message_id": "reference",
    "recipient_id": "recipient",
    "channel": "channel",
    "status": "status",
}


def statuses(engine: Engine, campaign: str) -> dict[str, int]:
    """Return how many messages of a campaign have each status, none left out.

    Raises:
        StoreError: there is no such campaign.
    """
    store.read_campaign_row(engine, campaign)
    return store.count_statuses(engine, campaign)


def export(engine: Engine, campaign: str, file: Path, act: store.Act) -> int:
    """Write every message of a campaign into a CSV file, whole or not at all; return how many.

    The columns are reference (what the provider knows it by), recipient (an opaque id), channel and
    status. That somebody took the file is in the audit log before there is one.

    Raises:
        StoreError: there is no such campaign.
        OutreachError: there is no such folder.
        OSError: the file cannot be written.
    """
    store.read_campaign_row(engine, campaign)
    if not file.parent.is_dir():
        raise OutreachError(f"{file}: there is no folder {file.parent}")
    rows = store.messages_of(engine, campaign).select(COLUMNS.keys()).rename(COLUMNS)
    store.record_export(engine, campaign, rows.height, act)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    formula_safe(rows.with_columns(pl.col("channel").fill_null(""))).write_csv(part)
    part.replace(file)
    return rows.height
