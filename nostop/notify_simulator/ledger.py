"""The ledger: every message that was accepted, in a SQLite file of the simulator's own.

A message is committed, and on disk, before anybody is told that it was accepted: what is in here is
the truth of what a provider that does not de-duplicate was given. What comes in at the same time
goes into one commit together.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from nostop.model import StoreError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

#: Says in the file's head that it is one of ours: no other database is ever written to.
_APPLICATION_ID = 0x6E73_6C67
_LONGEST_GATHER = 0.005
_TABLES = """
CREATE TABLE IF NOT EXISTS notifications (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    service_id TEXT NOT NULL,
    key_name TEXT NOT NULL,
    key_kind TEXT NOT NULL,
    reference TEXT,
    type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    normalised_recipient TEXT NOT NULL,
    template_id TEXT,
    template_version INTEGER,
    personalisation TEXT NOT NULL,
    subject TEXT,
    body TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    international INTEGER NOT NULL,
    postage TEXT,
    unsubscribe_url TEXT,
    content BLOB,
    kept INTEGER NOT NULL,
    settled_status TEXT,
    settled_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS notifications_reference ON notifications (reference);
CREATE TABLE IF NOT EXISTS received_texts (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    service_id TEXT NOT NULL,
    user_number TEXT NOT NULL,
    notify_number TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS templates (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT,
    postage TEXT,
    archived INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;
CREATE TABLE IF NOT EXISTS api_keys (
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret TEXT NOT NULL,
    service_id TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    PRIMARY KEY (service_id, secret)
) STRICT;
CREATE TABLE IF NOT EXISTS callbacks (
    kind TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    bearer_token TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting',
    answer TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS calls_waiting ON calls (due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Ledger:
    """The file: a connection that writes, and one that reads on the server's own thread.

    Raises:
        StoreError: the file cannot be used, or is another program's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._gather = 0.0
        self._writing = _open(path)
        self.reading = self.reader()

    def reader(self) -> sqlite3.Connection:
        """Return a new connection that only reads; whoever asks for it closes it."""
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only = ON")
        return connection

    def write_at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write, and return once it is on disk. Where it fails, nothing of it is kept."""
        return self._commit([work])[0]  # type: ignore[no-any-return]

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write together with all others that ask now, and return once it is on disk."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_later(self._gather, self._commit_waiting, loop)
        self._waiting.append((work, written))
        return await written

    def close(self) -> None:
        """Close the file."""
        self._writing.close()
        self.reading.close()

    def _commit_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting, []
        began = loop.time()
        try:
            answers = self._commit([work for work, _ in batch])
        except Exception:  # noqa: BLE001 - what cannot be written fails by itself, below
            for work, written in batch:
                self._commit_one(work, written)
            return
        # Where several send at once, waiting as long as the disk takes lets more of them share it.
        self._gather = min(loop.time() - began, _LONGEST_GATHER) if len(batch) > 1 else 0.0
        for (_, written), answer in zip(batch, answers, strict=True):
            if not written.done():
                written.set_result(answer)

    def _commit_one(self, work: Work, written: asyncio.Future[Any]) -> None:
        try:
            (answer,) = self._commit([work])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            if not written.done():
                written.set_exception(error)
            return
        if not written.done():
            written.set_result(answer)

    def _commit(self, batch: list[Work]) -> list[Any]:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            answers = [work(self._writing) for work in batch]
            self._writing.execute("COMMIT")
        except BaseException:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            raise
        return answers


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=30, check_same_thread=False, isolation_level=None
        )
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the ledger cannot be opened ({error})") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path}: is no ledger that can be written ({error})") from error
    except StoreError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and owner != _APPLICATION_ID:
        raise StoreError(
            f"{path}: is a database of another program; give --ledger a file of its own"
        )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.executescript(_TABLES)
