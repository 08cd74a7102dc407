"""The addresses that others call: GOV.UK Notify's callbacks, and links to unsubscribe.

    POST /callbacks/govuk-notify/<kind>    with Notify's token
    GET  /unsubscribe/<token>              a page with a button; changes nothing
    POST /unsubscribe/<token>              no more messages

Behind a web server that speaks HTTPS. Nothing of a request is logged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nostop.app.outreach.news import receive_callback, unsubscribe
from nostop.outreach.callbacks import LONGEST_CALLBACK

CALLBACKS = "/callbacks/govuk-notify"
UNSUBSCRIBE = "/unsubscribe"
_AGAIN_LATER = 503
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main>{content}</main></body></html>
"""
_BUTTON = """<h1>Stop messages like this</h1>
<p>This will not change any money you get.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Stop these messages</button></form>
<div lang="cy"><h2>Stopio negeseuon fel hyn</h2>
<p>Ni fydd hyn yn newid unrhyw arian rydych yn ei gael.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Stopio'r negeseuon hyn</button></form></div>"""
_DONE = """<h1>We will send you no more messages like this</h1>
<p>This does not change any money you get.</p>
<div lang="cy"><h2>Ni fyddwn yn anfon rhagor o negeseuon fel hyn atoch</h2>
<p>Nid yw hyn yn newid unrhyw arian rydych yn ei gael.</p></div>"""
_NOT_DONE = """<h1>This link does not work</h1>
<p>Please contact whoever sent you the message.</p>
<div lang="cy"><h2>Nid yw'r ddolen hon yn gweithio</h2>
<p>Cysylltwch â phwy bynnag a anfonodd y neges atoch.</p></div>"""


@dataclass(frozen=True, slots=True)
class Doors:
    """What the addresses work with.

    callback_token: what Notify was told to send; None closes its addresses (404).
    unsubscribe_secrets: of links; none at all closes theirs.
    clock: the time, with its zone.
    """

    engine: Engine
    clock: Callable[[], datetime]
    callback_token: str | None = field(default=None, repr=False)
    unsubscribe_secrets: Sequence[bytes] = field(default=(), repr=False)


def callbacks_app(doors: Doors) -> Starlette:
    """Return the application."""

    async def callback(request: Request) -> Response:
        token = doors.callback_token
        if token is None:
            return Response(status_code=404)
        said = (request.headers.get("authorization"), await _body(request))
        kind = request.path_params["kind"]
        status = await _acted(
            lambda: receive_callback(doors.engine, kind, said, token, doors.clock())
        )
        return Response(status_code=status)

    async def link(request: Request) -> Response:
        if not doors.unsubscribe_secrets:
            return Response(status_code=404)
        said = (request.method, request.path_params["token"], await _body(request))
        status = await _acted(
            lambda: unsubscribe(doors.engine, doors.unsubscribe_secrets, said, doors.clock())
        )
        return _page(request.method, status)

    return Starlette(
        routes=[
            Route(f"{CALLBACKS}/{{kind}}", callback, methods=["POST"]),
            Route(f"{UNSUBSCRIBE}/{{token}}", link, methods=["GET", "POST"]),
        ]
    )


def serve(doors: Doors, host: str, port: int) -> None:
    """Answer until the process is told to end."""
    config = uvicorn.Config(
        callbacks_app(doors),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
    )
    uvicorn.Server(config).run()


async def _acted(act: Callable[[], int]) -> int:
    """Return the status of something done, in a thread: a store waits. Where it does not answer,
    the caller is asked to come again."""
    try:
        return await run_in_threadpool(act)
    except DBAPIError:
        return _AGAIN_LATER


async def _body(request: Request) -> bytes:
    """Return a request's body, and no more of it than shows that it is too long."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_CALLBACK:
                break
    except ClientDisconnect:
        return b""
    return body


def _page(method: str, status: int) -> Response:
    looking = method in ("GET", "HEAD")
    done = _DONE if status == 200 else _NOT_DONE
    content = _BUTTON if looking and status == 200 else done
    title = "Stop messages" if looking else "Messages"
    page = _PAGE.format(title=title, content=content)
    return HTMLResponse(page, status, headers=_HEADERS)
