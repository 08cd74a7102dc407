"""What was answered to a request with an idempotency key: asked again, it is answered again.

A row without an answer is a request that is being worked on. One that has been so for `ABANDONED`
was left behind by a process that died: whoever comes next takes it over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nostop.store.rows import table_of
from nostop.store.tables_access import ApiAnswer

#: For how long an answer is given again.
KEPT = timedelta(days=7)
ABANDONED = timedelta(minutes=10)
_DIALECTS: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}


class Begun(StrEnum):
    """How a request stands: it is new and the caller's to do; it was answered; it is being worked
    on; or the key was used for another one."""

    NEW = "new"
    ANSWERED = "answered"
    AT_WORK = "at_work"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class Asking:
    """A request with an idempotency key. `request_sha256` is of everything that it asks for."""

    key_id: str
    idempotency_key: str
    request_sha256: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands, and what was answered to it: a status of HTTP and a text."""

    begun: Begun
    status: int | None = None
    body: str | None = None


def begin(engine: Engine, asking: Asking, at: datetime) -> Standing:
    """Take a request on, or say how it stands. Of two at once, one is told that it is `NEW`."""
    with engine.begin() as connection:
        _forget_old(connection, asking.key_id, at)
        if _insert(connection, asking, at):
            return Standing(Begun.NEW)
        row = connection.execute(select(table_of(ApiAnswer)).where(_mine(asking))).one()
        if row.request_sha256 != asking.request_sha256:
            return Standing(Begun.ANOTHER)
        if row.status is not None:
            return Standing(Begun.ANSWERED, row.status, row.body)
        if at - row.at >= ABANDONED and _take_over(connection, asking, row.at, at):
            return Standing(Begun.NEW)
    return Standing(Begun.AT_WORK)


def keep(engine: Engine, asking: Asking, status: int, body: str) -> None:
    """Keep what was answered."""
    query = update(table_of(ApiAnswer)).where(_mine(asking))
    with engine.begin() as connection:
        connection.execute(query.values(status=status, body=body))


def let_go(engine: Engine, asking: Asking) -> None:
    """Let a request go of which nothing was done: its key may be used again."""
    table = table_of(ApiAnswer)
    with engine.begin() as connection:
        connection.execute(delete(table).where(_mine(asking), table.c.status.is_(None)))


def _mine(asking: Asking) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy's
    table = table_of(ApiAnswer)
    return (table.c.key_id == asking.key_id) & (table.c.idempotency_key == asking.idempotency_key)


def _insert(connection: Connection, asking: Asking, at: datetime) -> bool:
    """Put a row down, if there is none. On PostgreSQL two at once wait for each other here."""
    table = table_of(ApiAnswer)
    row = {
        "key_id": asking.key_id,
        "idempotency_key": asking.idempotency_key,
        "request_sha256": asking.request_sha256,
        "at": at,
    }
    query = _DIALECTS[connection.dialect.name].insert(table).values(row)
    returned = query.on_conflict_do_nothing().returning(table.c.key_id)
    return connection.execute(returned).first() is not None


def _take_over(connection: Connection, asking: Asking, left_at: datetime, at: datetime) -> bool:
    table = table_of(ApiAnswer)
    query = update(table).where(_mine(asking), table.c.at == left_at, table.c.status.is_(None))
    return connection.execute(query.values(at=at)).rowcount == 1


def _forget_old(connection: Connection, key_id: str, at: datetime) -> None:
    table = table_of(ApiAnswer)
    connection.execute(delete(table).where(table.c.key_id == key_id, table.c.at < at - KEPT))
