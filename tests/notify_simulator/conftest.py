"""A simulator that runs, the official client of it, and its control surface."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest
from notifications_python_client import NotificationsAPIClient

from nostop.notify_simulator import WELL_KNOWN_KEYS, ApiKey, Settings, running

LIVE, TEAM, TEST = WELL_KNOWN_KEYS


def token(key: ApiKey = LIVE, **claims: object) -> str:
    said = {"iss": key.service_id, "iat": int(time.time()), **claims}
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        key.secret,
        algorithm="HS256",
    )


@dataclass(frozen=True)
class Running:
    """A simulator's address, and how to reach each side of it."""

    url: str
    http: httpx.Client
    clients: Callable[[ApiKey], NotificationsAPIClient]

    @property
    def client(self) -> NotificationsAPIClient:
        return self.clients(LIVE)

    def post(self, path: str, body: object, key: ApiKey = LIVE) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(key)}"}
        return self.http.post(f"/v2/{path}", json=body, headers=headers)

    def get(self, path: str, key: ApiKey = LIVE) -> httpx.Response:
        return self.http.get(f"/v2/{path}", headers={"Authorization": f"Bearer {token(key)}"})

    def control(self, path: str, body: object, status: int = 200) -> dict:
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def ledger(self) -> dict:
        return self.http.get("/_control/ledger").json()

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_seconds": seconds})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    with ExitStack() as open_until_the_end:

        def start(**settings: object) -> Running:
            settings.setdefault("ledger", tmp_path / "ledger.sqlite")
            url = open_until_the_end.enter_context(running(Settings(**settings)))
            http = open_until_the_end.enter_context(httpx.Client(base_url=url, timeout=30))

            def client(key: ApiKey) -> NotificationsAPIClient:
                made = NotificationsAPIClient(key.text, base_url=url)
                open_until_the_end.enter_context(closing(made.request_session))
                return made

            return Running(url, http, client)

        yield start


@pytest.fixture
def simulator(run: Callable[..., Running]) -> Running:
    return run()
