"""Brings a database to this version's tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from nostop.model import StoreError
from nostop.store import (
    tables_access,
    tables_audit,
    tables_casework,
    tables_outreach,
    tables_schedule,
    tables_work,
)

#: Every module that holds tables: a table that nobody imports would not be in the metadata.
TABLES = (
    tables_access,
    tables_audit,
    tables_casework,
    tables_outreach,
    tables_schedule,
    tables_work,
)

#: Any number will do, as long as every nostop uses the same one.
_LOCK = 7_660_178


def upgrade(engine: Engine) -> None:
    """Make or bring up to date all tables, in one transaction: all of it, or nothing.

    Two at once are safe: the second waits, and finds nothing to do.

    Raises:
        StoreError: the database was made by a later version, or cannot be brought up to date.
    """
    config = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(f"store: the tables cannot be brought up to date: {error}") from error


def is_current(connection: Connection) -> bool:
    """Whether the database has this version's tables: no migration is missing, and none is new."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
