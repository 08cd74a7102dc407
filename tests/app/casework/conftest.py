"""A small run, made once, and the databases of the store's tests."""

from pathlib import Path

import pytest

from tests.store.conftest import (
    at_store,
    both,
    empty,
    empty_postgresql,
    empty_sqlite,
    postgresql_url,
    store,
)
from tests.web.population import shared_run

__all__ = [
    "at_store",
    "both",
    "empty",
    "empty_postgresql",
    "empty_sqlite",
    "postgresql_url",
    "store",
]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of few people."""
    return shared_run(tmp_path_factory)
