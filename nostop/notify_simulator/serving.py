"""Runs a simulator: in a thread of this process for tests and benches, or as a process of its
own."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from nostop.model import SettingsError
from nostop.notify_simulator.settings import Settings
from nostop.notify_simulator.simulator import Simulator
from nostop.notify_simulator.web import build


class _Protocol(H11Protocol):
    """HTTP whose requests know their connection, so that a fault can reset it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Run a simulator in a thread for as long as the context is open; yield its base URL.

    Raises:
        SettingsError: the host or port cannot be listened on.
        StoreError: the ledger's file cannot be used.
    """
    with _listening(settings) as (listener, base_url), closing(Simulator(settings)) as simulator:
        started = Event()
        server = _server(simulator, started.set)
        thread = Thread(
            target=server.run,
            kwargs={"sockets": [listener]},
            name="notify-simulator",
            daemon=True,
        )
        thread.start()
        try:
            while not started.wait(0.05):
                if not thread.is_alive():
                    raise SettingsError("the simulator stopped before it had started")
            yield base_url
        finally:
            server.should_exit = True
            thread.join()


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run a simulator until it is told to stop (SIGINT, SIGTERM); `announce` gets its base URL
    once it answers.

    Raises:
        SettingsError: the host or port cannot be listened on.
        StoreError: the ledger's file cannot be used.
    """
    with (
        _listening(settings) as (listener, base_url),
        closing(Simulator(settings)) as simulator,
        _stopped_by_signals(),
    ):
        _server(simulator, lambda: announce(base_url)).run(sockets=[listener])


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The server raises again the signal that it stopped for: here it has nothing left to do."""
    before = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise SettingsError(
            f"{settings.host} port {settings.port} cannot be listened on ({error.strerror});"
            " --port 0 takes a free port"
        ) from error
    with listener:
        host = f"[{settings.host}]" if family == socket.AF_INET6 else settings.host
        yield listener, f"http://{host}:{listener.getsockname()[1]}"


def _server(simulator: Simulator, started: Callable[[], None]) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            build(simulator, started),
            http=_Protocol,
            ws="none",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            timeout_keep_alive=75,
            # Those that hang on purpose are not waited for.
            timeout_graceful_shutdown=1,
        )
    )
