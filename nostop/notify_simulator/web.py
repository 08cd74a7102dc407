"""The service's addresses: who asks, what goes wrong on purpose, and the answer."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nostop.notify_simulator import control, outbox, reading, sending
from nostop.notify_simulator.callbacks import Caller
from nostop.notify_simulator.errors import Refusal, not_found, server_error
from nostop.notify_simulator.faults import Fault, FaultKind
from nostop.notify_simulator.incoming import raw_body, simulator_of
from nostop.notify_simulator.reading import Asking
from nostop.notify_simulator.simulator import Simulator

Handler = Callable[[Request], Awaitable[Response]]
_log = logging.getLogger(__name__)


def build(simulator: Simulator, started: Callable[[], None]) -> Starlette:
    """Return the whole of what a simulator answers; `started` is called once it does."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with Caller(simulator).calling():
            started()
            yield

    app = Starlette(
        routes=[
            *(Route(path, answering(handler), methods=[verb]) for verb, path, handler in _PATHS),
            *(
                Route(path, answering(handler), methods=[verb])
                for verb, path, handler in control.PATHS
            ),
            Route("/", answering(outbox.page), methods=["GET"]),
        ],
        exception_handlers={404: _unknown_path, 405: _unknown_verb},
        lifespan=lifespan,
    )
    app.state.simulator = simulator
    return app


def answering(handler: Handler) -> Handler:
    """Return a handler whose refusals and failures are answers. Nothing of a request is logged but
    the name of what failed."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status)
        except Exception as error:  # noqa: BLE001 - as the service: 500 and the exception's name
            name = type(error).__name__
            _log.error("a request failed: %s", name)
            return JSONResponse(server_error(name).body(), 500)

    return answered


async def _unknown_path(_request: Request, _error: Exception) -> Response:
    return JSONResponse(not_found().body(), 404)


async def _unknown_verb(_request: Request, _error: Exception) -> Response:
    message = "The method is not allowed for the requested URL."
    return JSONResponse({"result": "error", "message": message}, 405)


async def _send(request: Request) -> Response:
    simulator = simulator_of(request)
    asking = _asking(request)
    raw = await raw_body(request)
    fault = simulator.faults.draw()
    if fault is not None and (answer := await _before(fault, asking)) is not None:
        return answer
    kind = request.path_params["kind"]
    if kind not in ("email", "sms", "letter"):
        raise not_found()
    send = sending.Send(
        simulator, asking.key, kind, asking.base, simulator.clock.now(), simulator.new_id()
    )
    taken = await sending.take(send, raw)
    if fault is not None and (answer := await _after(fault)) is not None:
        return answer
    return JSONResponse(taken, 201)


async def _before(fault: Fault, asking: Asking) -> Response | None:
    if fault.kind == FaultKind.LATENCY_BEFORE:
        await asyncio.sleep(fault.seconds)
    elif fault.kind == FaultKind.ERROR_429:
        rate = asking.simulator.meter.limits.per_minute or 3000
        message = (
            f"Exceeded rate limit for key type {asking.key.kind.upper()} of {rate} requests"
            " per 60 seconds"
        )
        raise Refusal(429, ("RateLimitError", message))
    elif fault.kind == FaultKind.ERROR_500_BEFORE:
        raise server_error()
    elif fault.kind == FaultKind.RESET_BEFORE:
        return _NoAnswer(reset=True)
    elif fault.kind == FaultKind.HANG_BEFORE:
        return _NoAnswer(reset=False)
    return None


async def _after(fault: Fault) -> Response | None:
    if fault.kind == FaultKind.LATENCY_AFTER:
        await asyncio.sleep(fault.seconds)
    elif fault.kind == FaultKind.ERROR_500_AFTER:
        raise server_error()
    elif fault.kind == FaultKind.RESET_AFTER:
        return _NoAnswer(reset=True)
    elif fault.kind == FaultKind.HANG_AFTER:
        return _NoAnswer(reset=False)
    elif fault.kind == FaultKind.BAD_JSON:
        return Response('{"id": "', 201, media_type="application/json")
    return None


class _NoAnswer(Response):
    """Nothing: the connection is reset, or left until the other side gives up."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send nothing; return once the connection is gone."""
        if self._reset:
            transport: asyncio.Transport = scope["state"]["transport"]
            connection: socket.socket = transport.get_extra_info("socket")
            # Gone at once, without a goodbye: the other side sees a reset, not an end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _asking(request: Request) -> Asking:
    simulator = simulator_of(request)
    key = simulator.doors.authenticate(
        request.headers.get("authorization"), simulator.service, simulator.clock.machine()
    )
    base = f"{request.scope['scheme']}://{request.headers.get('host', '')}/"
    return Asking(simulator, key, base, simulator.clock.now())


async def _one(request: Request) -> Response:
    return JSONResponse(reading.one(_asking(request), request.path_params["id"]))


async def _several(request: Request) -> Response:
    return JSONResponse(reading.several(_asking(request), request.url.query))


async def _pdf(request: Request) -> Response:
    content = reading.pdf(_asking(request), request.path_params["id"])
    return Response(content, media_type="application/pdf")


async def _template(request: Request) -> Response:
    version = request.path_params.get("version")
    return JSONResponse(reading.template(_asking(request), request.path_params["id"], version))


async def _preview(request: Request) -> Response:
    asking = _asking(request)
    raw = await raw_body(request)
    return JSONResponse(reading.preview(asking, request.path_params["id"], raw))


async def _templates(request: Request) -> Response:
    return JSONResponse(reading.templates(_asking(request), request.url.query))


async def _received(request: Request) -> Response:
    return JSONResponse(reading.received_texts(_asking(request), request.url.query))


async def _document(request: Request) -> Response:
    """A file of an e-mail: whoever has the link may have it. Never shown in a browser as a page."""
    name, content = reading.document(
        simulator_of(request), request.path_params["id"], request.path_params["name"]
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


_PATHS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v2/notifications/{kind}", _send),
    ("GET", "/v2/notifications", _several),
    ("GET", "/v2/notifications/{id}", _one),
    ("GET", "/v2/notifications/{id}/pdf", _pdf),
    ("GET", "/v2/template/{id}", _template),
    ("GET", "/v2/template/{id}/version/{version:int}", _template),
    ("POST", "/v2/template/{id}/preview", _preview),
    ("GET", "/v2/templates", _templates),
    ("GET", "/v2/received-text-messages", _received),
    ("GET", "/documents/{id}/{name}", _document),
)
