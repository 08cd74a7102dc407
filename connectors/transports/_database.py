"""One reading of a database: one transaction that cannot write, and never waits for ever."""

import math
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    ExceptionContext,
    NullPool,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import DBAPIError

from connectors.transports._manners import BrokenOffError, Watch, is_loopback
from nostop.model import FetchError

#: What libpq takes for the least.
_LEAST_CONNECT_SECONDS = 2
_REFUSED = {
    "28": "refuses our user or password",
    "3D": "has no such database",
    "42": "cannot run the statement, or does not let us: look at its tables and columns",
    "0A": "the statement would change something: only reading is allowed",
    "25": "the statement would change something: only reading is allowed",
    "22": "the statement meets a value that it cannot work with",
}

#: What may be over by the next try: lost lines, want of resources, shutdowns, conflicts.
_PASSING = ("08", "40", "53", "55", "57", "58")

T = TypeVar("T")


class Reading:
    """Runs one statement. Use it in a `with` statement.

    All work is done in a thread of its own, so that a database that falls silent can be left.
    """

    def __init__(self, url: URL, watch: Watch) -> None:
        self._watch = watch
        self._engine = _engine(url, watch)
        event.listen(self._engine, "handle_error", _close_cursor)
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._connection: Connection | None = None
        self._result: CursorResult[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(DBAPIError, FetchError):
            self._soon(self._end)
        self._worker.shutdown()
        self._engine.dispose()

    def begin(self, statement: str, values: Mapping[str, object]) -> list[str]:
        """Run a statement, and return the names of its columns.

        Raises:
            BrokenOffError: the database cannot be reached or does not answer.
            FetchError: it refuses.
        """
        with self._told():
            self._soon(self._connect)
            return self._soon(lambda: self._run(statement, values))

    def some(self, count: int) -> list[tuple[Any, ...]]:
        """Return the next rows, at most `count`; none at the end. Raises like `begin`."""
        with self._told():
            return self._soon(lambda: self._rows(count))

    def _connect(self) -> None:
        read_only = self._engine.dialect.name == "postgresql"
        options: dict[str, Any] = {"postgresql_readonly": True} if read_only else {}
        self._connection = self._engine.connect().execution_options(**options)

    def _run(self, statement: str, values: Mapping[str, object]) -> list[str]:
        connection = self._open()
        if self._engine.dialect.name == "postgresql":
            limit = math.ceil(self._watch.patience.answer_seconds * 1000)
            connection.execute(text(f"SET LOCAL statement_timeout = {limit}"))
            connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
        else:
            connection.execute(text("PRAGMA query_only = ON"))
            # SQLite has no type for dates: it compares the text that they are written as.
            values = {key: v if isinstance(v, int) else str(v) for key, v in values.items()}
        streamed = text(statement).execution_options(stream_results=True)
        self._result = connection.execute(streamed, dict(values))
        return list(self._result.keys())

    def _rows(self, count: int) -> list[tuple[Any, ...]]:
        assert self._result is not None  # noqa: S101 - begin comes before some
        return [tuple(row) for row in self._result.fetchmany(count)]

    def _open(self) -> Connection:
        assert self._connection is not None  # noqa: S101 - connected comes before run
        return self._connection

    def _end(self) -> None:
        if self._result is not None:
            self._result.close()
        if self._connection is not None:
            self._connection.close()

    def _soon(self, work: Callable[[], T]) -> T:
        patience = self._watch.patience
        seconds = min(patience.connect_seconds + patience.answer_seconds, self._watch.left())
        if self._connection is not None:
            seconds = min(patience.answer_seconds, seconds)
        coming = self._worker.submit(work)
        try:
            return coming.result(timeout=seconds)
        except TimeoutError:
            self._cut()
            raise self._watch.silent() from None

    def _cut(self) -> None:
        """Let the thread's wait end: nothing else ends one for a server that has fallen silent."""
        if self._connection is None:
            return
        driver = self._connection.connection.dbapi_connection
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()
        elif driver is not None:
            with suppress(OSError), socket.socket(fileno=os.dup(driver.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's errors into ours. Their words are dropped: they hold values."""
        try:
            yield
        except DBAPIError as error:
            raise _refusal(error, self._watch) from None


def _close_cursor(context: ExceptionContext) -> None:
    """Close a cursor that an error leaves open; SQLAlchemy does not where the line is lost."""
    cursor: Any = getattr(context.execution_context, "cursor", None)
    # The first try may find out that the line is lost, and only the second then close the cursor.
    for _ in range(2):
        with suppress(Exception):
            cursor.close()


def _engine(url: URL, watch: Watch) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _sqlite(url, watch), poolclass=NullPool)
    asked: dict[str, object] = {
        "connect_timeout": max(math.ceil(watch.patience.connect_seconds), _LEAST_CONNECT_SECONDS),
        "application_name": "nostop",
    }
    # libpq goes on in the clear where a server offers no TLS, unless it is told not to.
    host = url.host or str(url.query.get("host", ""))
    if not (host == "" or host.startswith("/") or is_loopback(host)) and "sslmode" not in url.query:
        asked |= {"sslmode": "verify-full", "sslrootcert": "system"}
    return create_engine(url, connect_args=asked, poolclass=NullPool)


def _sqlite(url: URL, watch: Watch) -> sqlite3.Connection:
    path = Path(url.database or "").absolute()
    return sqlite3.connect(
        f"{path.as_uri()}?mode=ro",
        uri=True,
        timeout=watch.patience.answer_seconds / 2,
        check_same_thread=False,
    )


def _refusal(error: DBAPIError, watch: Watch) -> FetchError:
    source, state = watch.source, str(getattr(error.orig, "sqlstate", None) or "")
    said = str(error.orig)
    if state == "57014" or "locked" in said:
        return watch.silent()
    if not state and ("password" in said or "authentication" in said or "pg_hba" in said):
        state = "28000"
    if not state and isinstance(error.orig, sqlite3.Error):
        return FetchError(f"{source}: {_sqlite_says(said)}")
    if state and state[:2] not in _PASSING:
        told = _REFUSED.get(state[:2], "does not do what the statement asks")
        return FetchError(f"{source}: {told} (SQLSTATE {state})")
    return BrokenOffError(f"{source}: cannot be reached, or the line broke off")


def _sqlite_says(said: str) -> str:
    if "readonly" in said or "read-only" in said:
        return _REFUSED["25"]
    if "unable to open" in said or "not a database" in said:
        return "there is no SQLite file there that can be read"
    return _REFUSED["42"]
