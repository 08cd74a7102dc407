"""The review app as tests use it: few made-up people, loaded once, and somebody signed in."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from starlette.testclient import TestClient

from nostop.app.casework.warm import WarmShelf
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.rulebook import default_rules_dir
from nostop.store import open_store, upgrade
from nostop.web.api import router
from nostop.web.api.description import describe
from nostop.web.application import create_app
from nostop.web.house import House, WebSettings
from tests.web.population import load, shared_run

NOW = datetime(2026, 6, 2, 10, 0, tzinfo=UTC)
#: The made-up official of each role.
OFFICIALS = {
    "caseworker": "carys.case",
    "caseworker 2": "kofi.case",
    "senior": "sian.senior",
    "campaign_approver": "anwen.approver",
    "rule_author": "rhys.rules",
    "rule_author 2": "aled.author",
    "policy_analyst": "pat.policy",
    "auditor": "audrey.audit",
    "administrator": "adam.admin",
}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Client(TestClient):
    """A browser without JavaScript: it follows redirects when told to, and fills forms in."""

    def form(self, path: str, data: dict[str, object] | None = None, *, at: str | None = None):
        """Post a form as our own page does: with the token of the page at `at` (or of `path`)."""
        shown = self.get(at or path, follow_redirects=True)
        token = _CSRF.search(shown.text)
        assert token, f"{at or path} ({shown.status_code}) holds no form"
        return self.post(
            path, data={"csrf": token.group(1), **(data or {})}, follow_redirects=False
        )


@pytest.fixture(scope="session", autouse=True)
def _described_once() -> Iterator[None]:
    """The API's description, the dearest part of an application, worked out once for all tests."""
    known: dict[tuple[int, ...], dict[str, Any]] = {}

    def described(routes: Sequence[APIRoute]) -> dict[str, Any]:
        # The routes of the API are made once, when it is imported.
        these = tuple(id(route) for route in routes)
        if these not in known:
            known[these] = describe(routes)
        return deepcopy(known[these])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(router, "describe", described)
        yield


@pytest.fixture(scope="session")
def work_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of few people, made once."""
    return shared_run(tmp_path_factory)


@pytest.fixture(scope="session")
def _loaded_store(tmp_path_factory: pytest.TempPathFactory, work_run: Path) -> Path:
    file = tmp_path_factory.mktemp("work_store") / "store.db"
    engine = open_store(f"sqlite:///{file}")
    upgrade(engine)
    load(engine, work_run)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def shelf() -> WarmShelf:
    """Compiled rules, made once for all tests."""
    return WarmShelf()


@pytest.fixture
def work_store(_loaded_store: Path, tmp_path: Path) -> Iterator[Engine]:
    """A store of its own for each test, with the small population in it."""
    file = tmp_path / "work.db"
    shutil.copy(_loaded_store, file)
    engine = open_store(f"sqlite:///{file}")
    yield engine
    engine.dispose()


def house_for(engine: Engine, run: Path, shelf: WarmShelf, folder: Path) -> House:
    """Return what the pages of a test share; its clock stands still."""
    campaigns = folder / "campaigns"
    campaigns.mkdir()
    settings = WebSettings(
        rules=default_rules_dir(), run=run, campaigns=campaigns, development=True
    )
    jobs = Jobs(engine, lambda: NOW, handlers(Places(default_rules_dir(), run)))
    return House(engine, settings, shelf, jobs, clock=lambda: NOW)


@pytest.fixture
def house(work_store: Engine, work_run: Path, shelf: WarmShelf, tmp_path: Path) -> House:
    """What the pages of a test share."""
    return house_for(work_store, work_run, shelf, tmp_path)


@pytest.fixture
def app(house: House) -> FastAPI:
    """The application."""
    return create_app(house)


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[Client]:
    """A browser in which nobody is signed in."""
    with Client(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client_as(app: FastAPI) -> Iterator[Callable[[str], Client]]:
    """Return a function that gives a browser with an official of a role signed in."""
    opened: list[Client] = []

    def signed_in(role: str) -> Client:
        client = Client(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        answer = client.form("/sign-in", {"account": OFFICIALS[role], "next": "/accessibility"})
        assert answer.status_code == 303, answer.text
        return client

    yield signed_in
    for client in opened:
        client.__exit__(None, None, None)
