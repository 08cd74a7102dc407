"""The web service, started once for each module that asks it, and fresh for each test."""

from collections.abc import Iterator

import pytest

from tests.transports import web
from tests.transports.weather import Line


@pytest.fixture(scope="module")
def web_server() -> Iterator[tuple[web.Service, Line]]:
    server, service = web.start()
    line = Line(("127.0.0.1", service.port))
    yield service, line
    line.close()
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(web_server: tuple[web.Service, Line]) -> web.Service:
    web_server[0].fresh()
    return web_server[0]


@pytest.fixture
def line(web_server: tuple[web.Service, Line]) -> Line:
    """The line to the service; fine weather at first."""
    web_server[1].fine()
    return web_server[1]
