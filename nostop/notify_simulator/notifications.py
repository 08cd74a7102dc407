"""One message that was accepted, as the ledger keeps it, and how it is found again."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from nostop.notify_simulator.clock import from_stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message. `recipient` is as it was given; `outcome` is where it will end by itself;
    `settled_status` is what a control said of it, at `settled_at`."""

    id: str
    service_id: str
    key_name: str
    key_kind: str
    reference: str | None
    type: str
    recipient: str
    normalised_recipient: str
    template_id: str | None
    template_version: int | None
    personalisation: str
    subject: str | None
    body: str
    accepted_at: str
    outcome: str
    international: bool = False
    postage: str | None = None
    unsubscribe_url: str | None = None
    content: bytes | None = None
    kept: bool = True
    settled_status: str | None = None
    settled_at: str | None = None

    @property
    def accepted(self) -> datetime:
        """When it was accepted."""
        return from_stamp(self.accepted_at)

    @property
    def values(self) -> Mapping[str, Any]:
        """What was put into its template."""
        loaded: Mapping[str, Any] = json.loads(self.personalisation)
        return loaded

    @property
    def precompiled(self) -> bool:
        """Whether it is a letter that came as a whole PDF."""
        return self.type == "letter" and self.template_id is None


COLUMNS = tuple(field.name for field in fields(Notification))
#: Without the PDFs, which are large.
_SELECTED = ", ".join(COLUMNS).replace("content", "NULL AS content")
_INSERT = (
    f"INSERT INTO notifications ({', '.join(COLUMNS)})"  # noqa: S608 - names of our own
    f" VALUES ({', '.join('?' * len(COLUMNS))})"
)
_PLACED = "(SELECT position FROM notifications WHERE id = ?)"


def insert(connection: sqlite3.Connection, notification: Notification) -> None:
    """Add one message."""
    connection.execute(_INSERT, tuple(getattr(notification, name) for name in COLUMNS))


def by_id(
    connection: sqlite3.Connection, notification_id: str, *, content: bool = False
) -> Notification | None:
    """Return the message with this id, if it was kept; its PDF only where it is asked for."""
    columns = ", ".join(COLUMNS) if content else _SELECTED
    row = connection.execute(
        f"SELECT {columns} FROM notifications WHERE id = ? AND kept",  # noqa: S608 - our own names
        (notification_id,),
    ).fetchone()
    return _notification(row) if row else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages a list is of; None asks for all."""

    service_id: str | None = None
    key_kind: str | None = None
    since: str | None = None
    types: Sequence[str] = ()
    reference: str | None = None
    older_than: str | None = None


def newest_first(connection: sqlite3.Connection, wanted: Wanted) -> Iterator[Notification]:
    """Yield messages that were kept, the newest first."""
    conditions: list[tuple[str, Sequence[object]]] = [("kept", ())]
    if wanted.service_id is not None:
        conditions.append(("service_id = ?", (wanted.service_id,)))
    if wanted.key_kind is not None:
        conditions.append(("key_kind = ?", (wanted.key_kind,)))
    if wanted.since is not None:
        conditions.append(("accepted_at >= ?", (wanted.since,)))
    if wanted.types:
        conditions.append((f"type IN ({', '.join('?' * len(wanted.types))})", wanted.types))
    if wanted.reference is not None:
        conditions.append(("reference = ?", (wanted.reference,)))
    if wanted.older_than is not None:
        # Older than one that is not there is nothing.
        conditions.append((f"position < {_PLACED}", (wanted.older_than,)))
    where = " AND ".join(condition for condition, _ in conditions)
    rows = connection.execute(
        f"SELECT {_SELECTED} FROM notifications"  # noqa: S608 - our own names
        f" WHERE {where} ORDER BY position DESC",
        [value for _, values in conditions for value in values],
    )
    for row in rows:
        yield _notification(row)


def accepted_after(
    connection: sqlite3.Connection, position: int, most: int
) -> list[tuple[int, Notification]]:
    """Return the next messages after a position, oldest first, whether kept or not."""
    rows = connection.execute(
        f"SELECT position, {_SELECTED} FROM notifications"  # noqa: S608 - our own names
        " WHERE position > ? ORDER BY position LIMIT ?",
        (position, most),
    ).fetchall()
    return [(row["position"], _notification(row)) for row in rows]


def settle(connection: sqlite3.Connection, notification_id: str, status: str, at: str) -> None:
    """Say what became of a message."""
    connection.execute(
        "UPDATE notifications SET settled_status = ?, settled_at = ? WHERE id = ?",
        (status, at, notification_id),
    )


def _notification(row: sqlite3.Row) -> Notification:
    values = {name: row[name] for name in COLUMNS}
    values["international"] = bool(values["international"])
    values["kept"] = bool(values["kept"])
    return Notification(**values)
