"""Opens a database, and refuses one that could lose or soften what we write."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from nostop.model import StoreError

#: STRICT tables came with this version.
OLDEST_SQLITE = (3, 37, 0)
WAIT_SECONDS = 30
#: How long PostgreSQL lets a transaction idle, or wait for a lock that somebody holds.
LONGEST_WAIT_SECONDS = 60
CACHE_KIB = 64 * 1024
#: With any of these off, PostgreSQL can lose work it has acknowledged: a message could go twice.
_MUST_BE_ON = ("synchronous_commit", "fsync", "full_page_writes")
#: A reader's queries see the same moment, on PostgreSQL as on SQLite.
_ONE_MOMENT = "REPEATABLE READ"
#: The execution option of a connection that only reads.
_READING = "nostop_reading"
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


class _Dbapi(Protocol):
    """What we use of a database driver's own connection."""

    def cursor(self) -> Any: ...  # noqa: ANN401 - each driver has its own cursor class
    def rollback(self) -> None: ...
    def commit(self) -> None: ...


def open_store(url: str) -> Engine:
    """Return an engine for `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://...`.

    Raises:
        StoreError: the address is not one of these, the driver is missing, the database cannot be
            reached, or its settings are not safe.
    """
    address = _address(url)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgresql(address)
    try:
        with engine.connect():
            return engine
    except (DBAPIError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise StoreError(f"store: cannot open {address.render_as_string()}: {reason}") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that only reads: all of it what was committed at its first query.

    It waits for no writer, and no writer waits for it. What would write fails, and changes nothing.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(postgresql_readonly=True, isolation_level=_ONE_MOMENT)
            yield connection
            return
        connection.execution_options(**{_READING: True})
        connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield connection
        finally:
            _let_write(connection)


def _let_write(connection: Connection) -> None:
    """Give a connection back to SQLite's pool as it was taken from it."""
    connection.rollback()
    if not connection.invalidated:
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - it is neither detached nor invalid
        driver.execute("PRAGMA query_only = OFF")


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        driver = _DRIVERS.get(address.get_backend_name())
    except (ArgumentError, NoSuchModuleError):
        # The text itself may hold a password: it is not repeated.
        raise StoreError(
            "store: the database address cannot be read; write sqlite:///file.db or "
            "postgresql://user@host/name"
        ) from None
    if driver is None or address.drivername not in (address.get_backend_name(), driver):
        raise StoreError(
            f"store: '{address.drivername}' is not supported; use one of {sorted(_DRIVERS)}"
        )
    return address.set(drivername=driver)


def _sqlite(address: URL) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"store: SQLite {sqlite3.sqlite_version} is too old, 3.37 or later is needed"
        )
    in_memory = address.database in (None, "", ":memory:")
    # The pool hands a connection to one thread at a time, though not always to the same one.
    arguments = {"timeout": WAIT_SECONDS, "check_same_thread": False}
    pool = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(address, connect_args=arguments, hide_parameters=True, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would open transactions at its own moments; we begin them ourselves.
    connection.isolation_level = None
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode not in ("wal", "memory"):
        raise StoreError(f"store: SQLite cannot use WAL here (journal mode '{mode}')")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # A plan of a million messages goes into indexes that two megabytes do not hold.
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    # What is deleted is written over with zeros, so that an erased person is not left in the file.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads first fails at once when it then wants to write.
    only_reads = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _postgresql(address: URL) -> Engine:
    try:
        engine = create_engine(address, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            "store: PostgreSQL needs the psycopg driver: pip install 'nostop[postgresql]'"
        ) from error
    event.listen(engine, "connect", _refuse_unsafe)
    event.listen(engine, "connect", _refuse_replica)
    event.listen(engine, "connect", _bound_waits)
    return engine


def _refuse_unsafe(connection: _Dbapi, _record: object) -> None:
    """Refuse a connection whose commits could be lost; each is asked, as a role can differ."""
    cursor = connection.cursor()
    for setting in _MUST_BE_ON:
        cursor.execute(f"SHOW {setting}")
        (value,) = cursor.fetchone()
        if value == "off":
            raise StoreError(
                f"store: PostgreSQL has {setting} = off and could lose a message it has sent; "
                f"set it to on"
            )
    cursor.close()
    connection.rollback()


def _bound_waits(connection: _Dbapi, _record: object) -> None:
    """Let nobody wait for ever: a sender that froze in a transaction would hold up every other, and
    whoever wants to stop them."""
    cursor = connection.cursor()
    for setting in ("idle_in_transaction_session_timeout", "lock_timeout"):
        cursor.execute(f"SET {setting} = '{LONGEST_WAIT_SECONDS}s'")
    cursor.close()
    connection.commit()


def _refuse_replica(connection: _Dbapi, _record: object) -> None:
    """Refuse a copy of the database: whether a person may be written to is decided on the one that
    takes the writes. A copy lags behind, and would not know of a stop or of an earlier message."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'"
    )
    copies, reads_only = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if copies or reads_only:
        found = "is a replica" if copies else "has default_transaction_read_only = on"
        raise StoreError(
            f"store: PostgreSQL here {found}, and what may be sent is never decided from a copy; "
            "give the address of the server that takes writes"
        )
