"""Backup of a store in a file, and what has to happen before a restored store may send again."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from nostop import store
from nostop.app.on_disk import sync
from nostop.app.outreach.asking import ASKED_AT_ONCE
from nostop.app.outreach.channels import channels_of
from nostop.model import SettingsError, StoreError
from nostop.outreach.campaign import parse_campaign
from nostop.ports import Asks, Channel
from nostop.store.restoring import (
    found_gone,
    planned_messages,
    put_in_doubt,
)

#: What says nothing of a message that nobody is known to have sent.
_SAYS_NOTHING = ("unknown", "not_found")


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What became of a campaign's planned messages: asked for, known to the provider, and in doubt
    because nobody can be asked."""

    campaign: str
    asked: int
    found: int
    in_doubt: int


def backup(engine: Engine, to: Path) -> None:
    """Copy a SQLite store while it is in use into a file that only its owner can read.

    Raises:
        SettingsError: the store is PostgreSQL, or the file is there already.
        StoreError: the copy is not whole.
    """
    if engine.dialect.name != "sqlite":
        raise SettingsError(
            "store: PostgreSQL is backed up by its own tools, such as pg_basebackup"
        )
    if to.exists():
        raise SettingsError(f"{to}: is there already; a backup is never written over")
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = engine.raw_connection()
    try:
        source = connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise StoreError("store: the database was closed meanwhile")
        with closing(sqlite3.connect(to)) as copy:
            source.backup(copy)
            # One file, and nothing beside it that could be forgotten.
            copy.execute("PRAGMA journal_mode = DELETE")
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if said != "ok":
        raise StoreError(f"{to}: the copy is not whole; look at the disk, and try again")
    sync(to)


def ask_for_planned(engine: Engine, by: str, clock: Callable[[], datetime]) -> list[AskedFor]:
    """Ask the providers of every campaign for what the store holds as planned. Nothing is sent.

    What a provider knows is moved to what it says. Where a channel cannot be asked, whatever is
    left is in doubt, and a person says what became of it.

    Raises:
        NostopError: a campaign's channel cannot be used.
    """
    return [_asked(engine, campaign, by, clock) for campaign in store.campaign_ids(engine)]


def _asked(engine: Engine, campaign: str, by: str, clock: Callable[[], datetime]) -> AskedFor:
    planned = planned_messages(engine, campaign).to_list()
    if not planned:
        return AskedFor(campaign, 0, 0, 0)
    row = store.read_campaign_row(engine, campaign)
    declared = parse_campaign(row["declaration"], f"campaign {campaign}")
    channels = channels_of(declared).by_name
    found = sum(
        _found(engine, (name, channel), planned, store.Act(by, clock()))
        for name, channel in channels.items()
        if isinstance(channel, Asks)
    )
    silent = [name for name, channel in channels.items() if not isinstance(channel, Asks)]
    in_doubt = 0
    if silent:
        left = planned_messages(engine, campaign).to_list()
        only = silent[0] if len(silent) == 1 else None
        in_doubt = put_in_doubt(engine, left, only, store.Act(by, clock()))
    return AskedFor(campaign, len(planned), found, in_doubt)


def _found(engine: Engine, named: tuple[str, Channel], planned: list[str], act: store.Act) -> int:
    name, channel = named
    if not isinstance(channel, Asks):
        return 0
    found = 0
    for start in range(0, len(planned), ASKED_AT_ONCE):
        some = planned[start : start + ASKED_AT_ONCE]
        known = [each for each in channel.ask(some) if each.status not in _SAYS_NOTHING]
        found += found_gone(engine, known, name, act) if known else 0
    return found
