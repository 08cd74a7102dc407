"""The store that a command works on: named by the environment, brought up to date, closed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from nostop.app.opened import VARIABLE, opened


@contextmanager
def open_from_environment() -> Iterator[Engine]:
    """Open the store of `NOSTOP_DATABASE_URL`, with every table that this version needs.

    Raises:
        SettingsError: the variable is not set.
        StoreError: it cannot be opened, is not safe, or cannot be brought up to date.
    """
    with opened(os.environ.get(VARIABLE)) as engine:
        yield engine
