"""Who leads: of several processes on one store, one acts at a time.

A lease in the row of `leaders` says who; it is renewed every few seconds, and whoever finds it
over takes it. On PostgreSQL an advisory lock of a connection of our own says the same at once: the
server gives it up when the process dies. Neither is trusted alone: what a leader does, it does in a
transaction that reads the row (`still_leads`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from nostop.store.rows import table_of
from nostop.store.tables_schedule import Leader

#: How long a leader may be silent before another takes over.
LEASE = timedelta(seconds=6)
#: The work that the scheduler leads.
SCHEDULE = "schedule"
_LOCK = 7_660_180
_ENDED = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
_ENDED += " AND classid = 0 AND objid = :lock AND pid <> pg_backend_pid()"
_ENDED += " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


@contextmanager
def briefly(engine: Engine) -> Iterator[Connection]:
    """A transaction of a few statements, one right after the other.

    A process that is stopped in the middle of it (a frozen machine, a debugger) would keep its
    locks, and so hold everybody up; PostgreSQL ends such a session. SQLite cannot: there everybody
    waits until the process goes on or is killed, and nothing is done meanwhile.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '4s'"))
        yield connection


def now_of(connection: Connection, at: datetime) -> datetime:
    """Return the moment by the store's clock: PostgreSQL's own; `at` where the store is a file."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment
    return at


def still_leads(connection: Connection, holder: str, at: datetime) -> bool:
    """Whether `holder` leads the schedule; the row stays locked until the transaction ends."""
    leaders = table_of(Leader)
    query = select(leaders.c.holder, leaders.c.heard_at).where(leaders.c.name == SCHEDULE)
    found = connection.execute(query.with_for_update()).one_or_none()
    if found is None:
        return False
    return bool(found.holder == holder and now_of(connection, at) - found.heard_at < LEASE)


def heard_of_leader(connection: Connection) -> tuple[str, datetime] | None:
    """Return who leads the schedule and when it was last heard of; None where nobody ever did."""
    leaders = table_of(Leader)
    query = select(leaders.c.holder, leaders.c.heard_at).where(leaders.c.name == SCHEDULE)
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.holder, found.heard_at)


@dataclass
class Leadership:
    """One process' claim to lead the schedule. `holder` is its plain id, never used by another."""

    engine: Engine
    holder: str
    _lock: Connection | None = field(default=None, repr=False)

    def hold(self, at: datetime) -> bool:
        """Take the lead or keep it; return whether we lead.

        Raises:
            DBAPIError: the store does not answer.
        """
        if self.engine.dialect.name == "postgresql" and not self._has_lock(at):
            return False
        with briefly(self.engine) as connection:
            return self._renew(connection, at)

    def release(self) -> None:
        """Give the lead up, so that another takes it at once."""
        leaders = table_of(Leader)
        ours = (leaders.c.name == SCHEDULE) & (leaders.c.holder == self.holder)
        with briefly(self.engine) as connection:
            connection.execute(delete(leaders).where(ours))
        self._drop_lock()

    def _renew(self, connection: Connection, at: datetime) -> bool:
        leaders = table_of(Leader)
        moment = now_of(connection, at)
        query = select(leaders.c.holder, leaders.c.heard_at).where(leaders.c.name == SCHEDULE)
        found = connection.execute(query.with_for_update()).one_or_none()
        if found is None:
            values = {"name": SCHEDULE, "holder": self.holder, "since": moment, "heard_at": moment}
            connection.execute(insert(leaders).values(values))
            return True
        ours = found.holder == self.holder
        # On PostgreSQL we have the lock, so whoever had the row is gone or was put off.
        if not (ours or self._lock is not None or moment - found.heard_at >= LEASE):
            return False
        values = {"heard_at": moment} | ({} if ours else {"holder": self.holder, "since": moment})
        connection.execute(update(leaders).where(leaders.c.name == SCHEDULE).values(values))
        return True

    def _has_lock(self, at: datetime) -> bool:
        """Whether we hold the advisory lock, which lives as long as a connection of our own."""
        try:
            if self._lock is not None:
                self._lock.execute(text("SELECT 1"))
                return True
            self._lock = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._try_lock() or (self._lease_is_over(at) and self._put_off()):
                return True
        except DBAPIError:
            self._drop_lock()
            raise
        self._drop_lock()
        return False

    def _try_lock(self) -> bool:
        assert self._lock is not None  # noqa: S101 - for the type checker: `_has_lock` made it
        query = text("SELECT pg_try_advisory_lock(:lock)")
        return bool(self._lock.execute(query, {"lock": _LOCK}).scalar())

    def _lease_is_over(self, at: datetime) -> bool:
        with briefly(self.engine) as connection:
            found = heard_of_leader(connection)
            return found is not None and now_of(connection, at) - found[1] >= LEASE

    def _put_off(self) -> bool:
        """End the session of a leader that holds the lock and is silent: stopped, or cut off."""
        assert self._lock is not None  # noqa: S101 - for the type checker: `_has_lock` made it
        self._lock.execute(text(_ENDED), {"lock": _LOCK})
        for _ in range(10):
            if self._try_lock():
                return True
            sleep(0.1)
        return False

    def _drop_lock(self) -> None:
        if self._lock is not None:
            # Not back into the pool: its session would keep the lock.
            self._lock.invalidate()
            self._lock.close()
            self._lock = None
