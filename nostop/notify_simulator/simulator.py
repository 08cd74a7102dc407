"""The simulated service as a whole: what it knows, and what of that is kept in its file."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from nostop.notify_simulator.auth import Doors
from nostop.notify_simulator.clock import Clock, from_stamp, stamp
from nostop.notify_simulator.faults import Faults
from nostop.notify_simulator.ledger import Ledger
from nostop.notify_simulator.limits import Meter
from nostop.notify_simulator.settings import ApiKey, KeyKind, Service, Settings
from nostop.notify_simulator.wording import Template, preloaded

_KEPT = ("notifications", "received_texts", "templates", "api_keys", "callbacks", "calls", "state")


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a service is called back, and the token that shows that it is we who call."""

    kind: str
    url: str
    bearer_token: str


class Simulator:
    """Everything a running simulator holds.

    Messages, templates, keys, callbacks and the clock are in the file, and there again after a
    SIGKILL. Limits, faults and what the service may do are as they were set at the start.

    Raises:
        StoreError: the file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ledger = Ledger(settings.ledger)
        # Asking the machine for chance is slow, and an id need not be a secret.
        self._ids = Random()  # noqa: S311
        self.ledger.write_at_once(self._seed)
        self._load()

    def _load(self) -> None:
        """Take everything from the file, and the rest from the settings."""
        reading = self.ledger.reading
        self.service: Service = self.settings.service
        self.faults = Faults()
        self.clock = _clock(self.settings, reading)
        self.doors = Doors(_keys(reading))
        self.templates: dict[str, list[Template]] = _templates(reading)
        self.callbacks = {
            kind: Callback(kind, url, token)
            for kind, url, token in reading.execute("SELECT kind, url, bearer_token FROM callbacks")
        }
        self.meter = Meter(self.settings.limits, live=self.service.live)
        _count_today(reading, self.meter, self.clock.now())

    async def reset(self) -> None:
        """Forget everything, messages too, and begin again from the settings."""

        def forget(connection: sqlite3.Connection) -> None:
            for table in _KEPT:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            self._seed(connection)

        await self.ledger.write(forget)
        self._load()

    def _seed(self, connection: sqlite3.Connection) -> None:
        for template in preloaded(stamp(self.settings.clock())):
            add_template(connection, template)
        add_keys(connection, self.settings.keys)

    async def keep_clock(self) -> None:
        """Write down how the clock is set."""
        clock = self.clock
        frozen = stamp(clock.frozen_at) if clock.frozen_at else None
        text = json.dumps({"ahead": clock.ahead.total_seconds(), "frozen_at": frozen})
        await self.ledger.write(lambda connection: keep(connection, "clock", text))

    async def add_key(self, key: ApiKey) -> None:
        """Take another key, or one that is there in another state."""
        await self.ledger.write(lambda connection: add_keys(connection, [key], replacing=True))
        self.doors = Doors(_keys(self.ledger.reading))

    async def add_template(self, template: Template) -> None:
        """Take another template, or another version of one."""
        await self.ledger.write(
            lambda connection: add_template(connection, template, replacing=True)
        )
        self.templates = _templates(self.ledger.reading)

    def new_id(self) -> str:
        """Return an id for a message."""
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def template(self, template_id: str) -> Template | None:
        """Return the newest version of a template."""
        versions = self.templates.get(template_id)
        return versions[-1] if versions else None

    def close(self) -> None:
        """Close the file."""
        self.ledger.close()


def keep(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep one value under a name."""
    connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))


def kept(connection: sqlite3.Connection, name: str) -> str | None:
    """Return what is kept under a name."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def add_keys(
    connection: sqlite3.Connection, keys: Iterable[ApiKey], *, replacing: bool = False
) -> None:
    """Add keys; one that is there already stays as it is, unless it is to be replaced."""
    connection.executemany(
        f"INSERT OR {'REPLACE' if replacing else 'IGNORE'} INTO api_keys"  # noqa: S608 - our words
        " (name, kind, secret, service_id, revoked) VALUES (?, ?, ?, ?, ?)",
        [astuple(key) for key in keys],
    )


def add_template(
    connection: sqlite3.Connection, template: Template, *, replacing: bool = False
) -> None:
    """Add a version of a template; one that is there stays as it is, unless it is to be
    replaced."""
    connection.execute(
        f"INSERT OR {'REPLACE' if replacing else 'IGNORE'} INTO templates"  # noqa: S608 - our words
        " (id, version, kind, name, subject, body, created_at, updated_at, postage, archived)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        astuple(template),
    )


def _clock(settings: Settings, reading: sqlite3.Connection) -> Clock:
    clock = Clock(settings.clock)
    if (text := kept(reading, "clock")) is not None:
        set_to: Mapping[str, object] = json.loads(text)
        clock.ahead = timedelta(seconds=float(str(set_to["ahead"])))
        frozen = set_to["frozen_at"]
        clock.frozen_at = from_stamp(str(frozen)) if frozen else None
    return clock


def _keys(reading: sqlite3.Connection) -> list[ApiKey]:
    rows = reading.execute(
        "SELECT name, kind, secret, service_id, revoked FROM api_keys ORDER BY rowid"
    )
    return [
        ApiKey(name, KeyKind(kind), secret, service_id, bool(revoked))
        for name, kind, secret, service_id, revoked in rows
    ]


def _templates(reading: sqlite3.Connection) -> dict[str, list[Template]]:
    found: dict[str, list[Template]] = {}
    for row in reading.execute("SELECT * FROM templates ORDER BY id, version"):
        values = dict(row)
        values["archived"] = bool(values["archived"])
        found.setdefault(values["id"], []).append(Template(**values))
    return found


def _count_today(reading: sqlite3.Connection, meter: Meter, now: datetime) -> None:
    rows = reading.execute(
        "SELECT service_id, key_kind, type, international, count(*) FROM notifications"
        " WHERE kept AND accepted_at >= ? GROUP BY 1, 2, 3, 4",
        (stamp(now.replace(hour=0, minute=0, second=0, microsecond=0)),),
    )
    for service_id, kind, message_type, international, count in rows:
        key = ApiKey("", KeyKind(kind), "", service_id)
        meter.count(key, message_type, now, count)
        if message_type == "sms" and international:
            meter.count(key, "international_sms", now, count)
