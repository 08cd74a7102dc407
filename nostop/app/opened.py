"""The store that `NOSTOP_DATABASE_URL` names, open for as long as a command needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nostop import store
from nostop.model import SettingsError, StoreError

VARIABLE = "NOSTOP_DATABASE_URL"
#: What databases say of themselves that helps whoever runs them.
_SAID = (
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "read-only transaction",
    "No space left on device",
    "deadlock detected",
    "Connection refused",
    "No such file or directory",
)


@contextmanager
def opened(url: str | None) -> Iterator[Engine]:
    """Open a store, brought up to date, and close it.

    Args:
        url: what `NOSTOP_DATABASE_URL` says.
    Raises:
        SettingsError: it says nothing.
        StoreError: the store cannot be opened or brought up to date, or fails while it is in use.
    """
    if not url:
        raise SettingsError(
            f"store: set {VARIABLE}, for example sqlite:////srv/nostop/nostop.db or "
            "postgresql://nostop@localhost/nostop"
        )
    engine = store.open_store(url)
    try:
        store.upgrade(engine)
        yield engine
    except DBAPIError as error:
        raise StoreError(_failed(error)) from None
    finally:
        engine.dispose()


@contextmanager
def open_from_environment() -> Iterator[Engine]:
    """Open the store of `NOSTOP_DATABASE_URL`; raises like `opened`."""
    with opened(os.environ.get(VARIABLE)) as engine:
        yield engine


def _failed(error: DBAPIError) -> str:
    """Return what to say of a database that fails: nothing that it quotes, for it quotes values."""
    if error.connection_invalidated:
        return "store: the connection to the database broke off; what was not committed is undone"
    said = str(error.orig).partition("\n")[0]
    known = next((words for words in _SAID if words in said), type(error.orig).__name__)
    return f"store: the database failed ({known}); what was not committed is undone"
