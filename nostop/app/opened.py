"""The store that `NOSTOP_DATABASE_URL` names, open for as long as a command needs it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from nostop import store
from nostop.model import SettingsError

VARIABLE = "NOSTOP_DATABASE_URL"


@contextmanager
def opened(url: str | None) -> Iterator[Engine]:
    """Open a store, brought up to date, and close it.

    Args:
        url: what `NOSTOP_DATABASE_URL` says.
    Raises:
        SettingsError: it says nothing.
        StoreError: the store cannot be opened or brought up to date.
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
    finally:
        engine.dispose()
