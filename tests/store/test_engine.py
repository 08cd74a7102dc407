import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from nostop.model import StoreError
from nostop.store import open_store, reading, upgrade


def test_sqlite_is_opened_with_wal_full_sync_and_foreign_keys(empty_sqlite: Engine):
    with empty_sqlite.connect() as connection:
        values = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


def test_sqlite_transactions_take_the_write_lock_at_once(empty_sqlite: Engine):
    upgrade(empty_sqlite)
    other = sqlite3.connect(str(empty_sqlite.url.database), timeout=0, isolation_level=None)
    with (
        closing(other),
        empty_sqlite.begin(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_row_that_refers_to_nothing_is_refused(store: Engine):
    with pytest.raises(DBAPIError), store.begin() as connection:
        connection.execute(text("INSERT INTO persons VALUES ('P1', 'no-such-run')"))


def test_text_in_a_number_column_is_refused(store: Engine):
    with pytest.raises(DBAPIError), store.begin() as connection:
        connection.execute(text("INSERT INTO run_counts VALUES ('r', 'n', 'abc')"))


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/n", "postgresql+asyncpg://u:hunter2@h/n", "hunter2", "oracle://x"]
)
def test_another_kind_of_database_is_refused_without_its_password(url: str):
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert "hunter2" not in str(refused.value)
    assert "sqlite" in str(refused.value)


def test_a_database_that_cannot_be_reached_is_refused_without_its_password():
    with pytest.raises(StoreError, match="cannot open") as refused:
        open_store("postgresql://u:hunter2@127.0.0.1:1/n")
    assert "hunter2" not in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot open"):
        open_store(f"sqlite:///{tmp_path / 'none' / 'store.db'}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "store.db").write_text("not a database" * 100)
    with pytest.raises(StoreError, match="cannot open"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")


def test_postgresql_without_synchronous_commit_is_refused(postgresql_url: str):
    between = "&" if "?" in postgresql_url else "?"
    url = f"{postgresql_url}{between}options=-csynchronous_commit%3Doff"
    with pytest.raises(StoreError, match="synchronous_commit = off"):
        open_store(url)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_postgresql_that_may_lose_commits_is_refused(postgresql_url: str, setting: str):
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        try:
            set_and_reload(admin, f"ALTER SYSTEM SET {setting} = off")
            wait_for(postgresql_url, setting, "off")
            with pytest.raises(StoreError, match=f"{setting} = off"):
                open_store(postgresql_url)
        finally:
            set_and_reload(admin, f"ALTER SYSTEM RESET {setting}")
        wait_for(postgresql_url, setting, "on")


def set_and_reload(admin: psycopg.Connection, statement: str) -> None:
    admin.execute(statement)
    admin.execute("SELECT pg_reload_conf()")


def wait_for(url: str, setting: str, value: str) -> None:
    """The server reads its settings again in its own time."""
    for _ in range(100):
        with psycopg.connect(url) as connection:
            if connection.execute(f"SHOW {setting}").fetchone() == (value,):
                return
        time.sleep(0.05)
    pytest.fail(f"{setting} did not become {value}")


def test_a_reader_reads_while_a_writer_writes_and_sees_one_moment(store: Engine):
    row = text("INSERT INTO persons VALUES ('P1', 'r1')")
    with store.begin() as connection:
        connection.execute(
            text("INSERT INTO runs VALUES ('r1', '2026-06-01', :no, '2026-06-01 00:00:00', NULL)"),
            {"no": False},
        )
    count = text("SELECT count(*) FROM persons")
    with reading(store) as reader:
        with store.begin() as writer:
            writer.execute(row)
            # The writer holds its transaction: nobody waits for it.
            assert reader.execute(count).scalar() == 0
        assert reader.execute(count).scalar() == 0
    with reading(store) as reader:
        assert reader.execute(count).scalar() == 1


def test_a_reader_cannot_write_and_its_connection_can_again(store: Engine):
    row = text("DELETE FROM persons")
    with pytest.raises(DBAPIError), reading(store) as reader:
        reader.execute(row)
    with store.begin() as writer:
        writer.execute(row)
