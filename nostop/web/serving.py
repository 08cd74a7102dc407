"""Serves the pages over HTTP until the process is told to end: here, or in several processes that
share one address, for one Python process works on one page at a time."""

import atexit
import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import uvicorn
from fastapi import FastAPI
from sqlalchemy import make_url
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from nostop.logs import set_up_from
from nostop.model import NostopError, SettingsError
from nostop.web.application import create_app
from nostop.web.oidc_settings import Served, check_sign_in
from nostop.web.service import Service, open_house

#: nginx keeps a connection to us for 60 seconds, unless it is told otherwise.
KEPT_ALIVE_SECONDS = 75
#: A process that does not say for so long that it is there is replaced by another; so long it can
#: also take until one that died is missed.
_SILENT_SECONDS = 10
#: More processes than these would each hold the rules, and wait for one database.
MOST_PROCESSES = 4


def usual_processes() -> int:
    """Return in how many processes to serve: as many as there are processors, and not too many."""
    there = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(MOST_PROCESSES, there)


def serve(service: Service, at: tuple[str, int], processes: int, ready: Callable[[], None]) -> None:
    """Answer requests; returns when the process is told to end.

    Args:
        service: what is served.
        at: host and port.
        processes: in how many.
        ready: called once whoever asks will be answered.
    Raises:
        SettingsError: somebody could get in who should not (`check_sign_in`), or a process could
            not begin; it has said why.
        NostopError: as `service.open_house`.
    """
    settings = service.settings
    database = make_url(service.store).get_backend_name()
    served = Served(at[0], database, settings.secure, settings.development)
    check_sign_in(served, service.provider)
    answer(service, at, processes, ready)


def answer(
    service: Service,
    at: tuple[str, int],
    processes: int,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests without looking who could sign in; returns as `serve` does."""
    with _listening(*at) as listening:
        if processes == 1:
            with open_house(service) as house:
                _settle()
                ready()
                uvicorn.Server(_config(create_app(house), 1)).run([listening])
            return
        # Who asks before a process has read the rules is kept waiting, and not refused.
        ready()
        config = _config(partial(_app_of, service), processes)
        supervisor = Multiprocess(config, sockets=[listening])
        supervisor.run()
    if any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes):
        raise SettingsError("serve: a process could not begin; it has said why above")


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that whoever asks can reach, and that processes of ours may share.

    Raises:
        SettingsError: the address is not ours, or another program has it.
    """
    plain = host.strip("[]")
    made = socket.socket(socket.AF_INET6 if ":" in plain else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((plain, port))
        made.listen()
    except (OSError, OverflowError) as error:
        made.close()
        why = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"serve: cannot answer at {host}:{port}: {why}; choose another with --host or --port"
        ) from None
    made.set_inheritable(True)
    return made


def _config(app: "FastAPI | partial[FastAPI]", processes: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, partial),
        workers=processes,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        # Longer than a web server in front keeps an idle connection: it, not we, closes it. Else a
        # form that is just being sent on it is lost.
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
        timeout_worker_healthcheck=_SILENT_SECONDS,
        ws="none",
    )


def _app_of(service: Service) -> FastAPI:
    """Return the application of one process of several; what it opens stays open until it ends."""
    stack = ExitStack()
    try:
        set_up_from(os.environ)
        house = stack.enter_context(open_house(service))
    except NostopError as error:
        sys.stderr.write(f"nostop serve: {error}\n")
        sys.exit(STARTUP_FAILURE)
    atexit.register(stack.close)
    _settle()
    return create_app(house)


def _settle() -> None:
    """Leave the compiled rules out of the collector's rounds: they stay as long as we do, and a
    walk through them takes longer than a page."""
    gc.collect()
    gc.freeze()
