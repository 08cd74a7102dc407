"""Both databases, as the store's own tests have them; and one in a file in which a campaign to Ada
and Bo was planned and approved."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.store import open_store, upgrade
from tests.cli.conftest import nostop
from tests.outreach_news.campaigns import ADA, BO, planned
from tests.store.conftest import empty_postgresql, postgresql_url

__all__ = ["empty_postgresql", "nostop", "postgresql_url"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    engine = open_store(f"sqlite:///{folder / 'store.db'}")
    upgrade(engine)
    planned(engine, folder, ADA, BO)
    engine.dispose()
    return folder / "store.db"


@pytest.fixture
def engine(template: Path, tmp_path: Path) -> Iterator[Engine]:
    file = tmp_path / "store.db"
    shutil.copy(template, file)
    engine = open_store(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()
