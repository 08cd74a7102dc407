import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from nostop.model import StoreError
from nostop.store import migrations, open_store, read_table, record_feeds, upgrade
from nostop.store.tables import Base, FeedFile, Run
from tests.store.frames import run
from tests.store.test_runs import FEEDS


def test_upgrade_makes_exactly_the_tables_of_the_models(empty: Engine):
    upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    made = set(inspect(empty).get_table_names()) - {"alembic_version"}
    assert made == set(Base.metadata.tables)


def test_upgrade_makes_the_checks_of_the_models(store: Engine):
    # Autogenerate does not compare these.
    inspector = inspect(store)
    for name, table in Base.metadata.tables.items():
        made = {check["name"] for check in inspector.get_check_constraints(name)}
        wanted = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert made == wanted, name


def test_upgrade_makes_the_very_tables_that_the_models_describe(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    described = open_store("sqlite://")
    Base.metadata.create_all(described)
    assert ddl(empty_sqlite) == ddl(described)
    described.dispose()


def ddl(engine: Engine) -> dict[str, list[str]]:
    """What each of our tables was made with, piece by piece, whatever the order."""
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    with engine.connect() as connection:
        tables = dict(tuple(row) for row in connection.execute(query))
    tables.pop("alembic_version", None)
    return {
        name: sorted(filter(None, (piece.strip() for piece in re.split(r"[,\n]", sql))))
        for name, sql in tables.items()
    }


def test_upgrade_twice_changes_nothing(store: Engine):
    with store.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO runs (run_id, effective_on, synthetic, started_at) "
                "VALUES ('r1', '2026-06-01', :yes, '2026-06-01 00:00:00.000000')"
            ),
            {"yes": True},
        )
    upgrade(store)
    with store.connect() as connection:
        assert connection.execute(text("SELECT run_id FROM runs")).scalars().all() == ["r1"]


def test_a_database_of_before_days_of_knowledge_keeps_its_rows(store: Engine):
    record_feeds(store, run(store), FEEDS)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with store.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        left = [column["name"] for column in inspect(connection).get_columns("feed_files")]
        assert "rows_later" not in left
    upgrade(store)
    assert read_table(store, Run).select("run_id", "known_on").rows() == [("run-1", None)]
    kept = read_table(store, FeedFile)
    assert kept["rows_read"].to_list() == [0, 10]
    assert kept["rows_later"].to_list() == [0, 0]


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine):
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE outreach_messages (something_else TEXT)"))
    with pytest.raises(DBAPIError):
        upgrade(empty)
    assert inspect(empty).get_table_names() == ["outreach_messages"]


def test_a_database_of_a_later_version_is_refused(store: Engine):
    with store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="cannot be brought up to date"):
        upgrade(store)


def test_sqlite_tables_are_strict(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    with empty_sqlite.connect() as connection:
        query = text("SELECT name FROM pragma_table_list WHERE strict = 0 AND schema = 'main'")
        loose = set(connection.execute(query).scalars()) - {"alembic_version"}
    assert not [name for name in loose if not name.startswith("sqlite_")]


def test_upgrade_works_in_memory():
    engine = open_store("sqlite://")
    upgrade(engine)
    assert "runs" in inspect(engine).get_table_names()
    engine.dispose()
