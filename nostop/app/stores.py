"""The store that a command works on: named by the environment, brought up to date, closed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from nostop import store
from nostop.model import SettingsError

#: The address of the store: `sqlite:///file.db` or `postgresql://user@host/name`.
DATABASE_URL = "NOSTOP_DATABASE_URL"


@contextmanager
def open_from_environment() -> Iterator[Engine]:
    """Open the store of `NOSTOP_DATABASE_URL`, with every table that this version needs.

    Raises:
        SettingsError: the variable is not set.
        StoreError: it cannot be opened, is not safe, or cannot be brought up to date.
    """
    url = os.environ.get(DATABASE_URL)
    if not url:
        raise SettingsError(
            f"set {DATABASE_URL} to the store, as sqlite:///nostop.db or postgresql://user@host/name"
        )
    engine = store.open_store(url)
    try:
        store.upgrade(engine)
        yield engine
    finally:
        engine.dispose()
