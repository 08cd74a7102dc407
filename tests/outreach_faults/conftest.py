"""The databases of the store's tests, and places where faults are tried."""

from collections.abc import Iterator

import pytest

from nostop.app.bench_faults.arena import Arena, arena
from tests.store.conftest import (
    both,
    empty,
    empty_postgresql,
    empty_sqlite,
    postgresql_url,
    store,
)

__all__ = ["both", "empty", "empty_postgresql", "empty_sqlite", "postgresql_url", "store"]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    """A store with people in it and a provider, each in a process of its own."""
    with arena(request.param, tmp_path_factory.mktemp(request.param), 2000, seed=20261122) as made:
        yield made
