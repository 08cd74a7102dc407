"""The databases of the store's tests."""

from tests.store.conftest import (
    both,
    empty,
    empty_postgresql,
    empty_sqlite,
    postgresql_url,
    store,
)

__all__ = ["both", "empty", "empty_postgresql", "empty_sqlite", "postgresql_url", "store"]
