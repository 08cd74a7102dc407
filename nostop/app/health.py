"""Whether this machine can do its work: for load balancers, and for people who look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nostop.model import StoreError
from nostop.store import open_store
from nostop.store.migrate import is_current
from nostop.store.schedule import leader

#: A leader says every two seconds that it leads; one silent for so long is no leader.
SILENT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its name, whether it is well, and what was found."""

    name: str
    ok: bool
    found: str


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that was looked at; ready where all of it is well."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        return all(check.ok for check in self.checks)


def health_at(url: str, at: datetime) -> Health:
    """Return the health of the store at an address; see `health`. One that cannot be opened is a
    finding and no error."""
    try:
        engine = open_store(url)
    except StoreError as error:
        return Health((Check("store", ok=False, found=str(error)),))
    try:
        return health(engine, at)
    finally:
        engine.dispose()


def health(engine: Engine, at: datetime) -> Health:
    """Return whether the store answers, has this version's tables, and has a leader.

    Args:
        engine: an engine of `open_store`.
        at: the moment, with its zone.
    """
    try:
        with engine.begin() as connection:
            current = is_current(connection)
    except (DBAPIError, StoreError) as error:
        # The words of a driver's error may hold the address: those of ours do not.
        found = str(error) if isinstance(error, StoreError) else "does not answer"
        return Health((Check("store", ok=False, found=found),))
    answers = Check("store", ok=True, found="answers")
    if not current:
        found = "are not those of this version: bring them up to date with `nostop schedule serve`"
        return Health((answers, Check("tables", ok=False, found=found)))
    return Health((answers, Check("tables", ok=True, found="current"), _leader(engine, at)))


def _leader(engine: Engine, at: datetime) -> Check:
    found = leader(engine, at)
    if found is None:
        return Check("leader", ok=False, found="nobody leads: is `nostop schedule serve` running?")
    holder, silent = found
    said = f"{holder}, heard of {silent.total_seconds():.0f} s ago"
    return Check("leader", ok=silent < SILENT, found=said)
