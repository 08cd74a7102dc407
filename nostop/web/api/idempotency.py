"""Doing a thing once: a request that comes again with its key is answered as the first time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from fastapi import Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from nostop.app.api_answers import Asking, Begun, begin, keep, let_go
from nostop.web.api.keys import Call
from nostop.web.api.problems import Refused

_HEADER = "Idempotency-Key"
_PATTERN = r"^[A-Za-z0-9_.:-]{8,100}$"
_SAYS = "One for each new request: 8 to 100 letters, digits and _ . : -, such as a random UUID."
IdempotencyKey = Annotated[str, Header(alias=_HEADER, pattern=_PATTERN, description=_SAYS)]
MaybeIdempotencyKey = Annotated[
    str | None, Header(alias=_HEADER, pattern=_PATTERN, description=_SAYS)
]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, to be answered: now, and whenever the same request comes again."""

    status: int
    body: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


def once(
    request: Request, call: Call, key: str | None, raw: bytes, act: Callable[[], Done]
) -> Response:
    """Do something, unless a request with the same idempotency key has done it.

    What was refused did nothing: its key may be used again.

    Args:
        request: its method, address and If-Match are part of what it asks for.
        call: of which key.
        key: the idempotency key; None does it in any case.
        raw: the body.
        act: does it.
    Raises:
        Refused: the same is being done now, or the key was used for something else.
    """
    if key is None:
        return _answer(act())
    engine = call.house.engine
    asking = Asking(call.caller.key_id, key, _hashed(request, raw))
    standing = begin(engine, asking, call.at)
    if standing.begun is Begun.ANOTHER:
        raise Refused("other-request")
    if standing.begun is Begun.AT_WORK:
        raise Refused("at-work", (), {"Retry-After": "5"})
    if standing.begun is Begun.ANSWERED:
        return _again(standing.status or 200, standing.body or "{}")
    try:
        done = act()
    except BaseException:
        let_go(engine, asking)
        raise
    text = json.dumps({"headers": dict(done.headers), "body": done.body.model_dump_json()})
    keep(engine, asking, done.status, text)
    return _answer(done)


def _hashed(request: Request, raw: bytes) -> str:
    parts = (request.method, request.url.path, request.headers.get("if-match", ""))
    content_type = request.headers.get("content-type", "")
    return sha256("\n".join((*parts, content_type, "")).encode() + raw).hexdigest()


def _again(status: int, text: str) -> Response:
    kept = json.loads(text)
    headers = kept["headers"] | {"Idempotent-Replayed": "true"}
    return Response(kept["body"], status, headers, media_type="application/json")


def _answer(done: Done) -> Response:
    text = done.body.model_dump_json()
    return Response(text, done.status, dict(done.headers), media_type="application/json")
