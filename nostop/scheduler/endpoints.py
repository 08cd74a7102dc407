"""Health, readiness and metrics of a scheduler over HTTP, for this machine alone."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

import uvicorn
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nostop.app.health import Health
from nostop.model import ScheduleError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """What answers are made from: whether the scheduler still looks, its health, its figures."""

    live: Callable[[], bool]
    health: Callable[[], Health]
    metrics: Callable[[], bytes]


def application(asked: Asked) -> Starlette:
    """Return the application: `/health/live`, `/health/ready` and `/metrics`."""

    def live(_: Request) -> Response:
        well = asked.live()
        return PlainTextResponse("live\n" if well else "stuck\n", 200 if well else 503)

    def ready(_: Request) -> Response:
        health = asked.health()
        checks = {check.name: {"ok": check.ok, "found": check.found} for check in health.checks}
        return JSONResponse({"ready": health.ready, "checks": checks}, 200 if health.ready else 503)

    def metrics(_: Request) -> Response:
        try:
            return Response(asked.metrics(), media_type="text/plain; version=0.0.4")
        except DBAPIError:
            return PlainTextResponse("the store does not answer\n", 503)

    routes = [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]
    return Starlette(routes=routes)


class Endpoints:
    """The application on a port of the loopback address, in a thread of its own."""

    def __init__(self, asked: Asked, port: int) -> None:
        """Listen.

        Args:
            asked: what answers are made from.
            port: 0 takes any that is free.
        Raises:
            ScheduleError: the port cannot be had.
        """
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
            self._socket.listen()
        except OSError as error:
            self._socket.close()
            raise ScheduleError(f"schedule: port {port} cannot be had: {error.strerror}") from error
        config = uvicorn.Config(
            application(asked), log_config=None, access_log=False, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="endpoints")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
