"""What goes wrong, as `application/problem+json` (RFC 9457). What is not there and what is not for
a key look the same, and nothing that was sent is said again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from nostop.logs import logger
from nostop.model import MovedOn, NostopError, NotHere

_LOG = logger("api")
PREFIX = "/api/"
DOCS = "/api/v1/docs"
MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="nostop"'


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, a title that never changes, and what to do."""

    status: HTTPStatus
    title: str
    advice: str


KINDS: dict[str, Kind] = {
    "malformed": Kind(
        HTTPStatus.BAD_REQUEST,
        "The request cannot be read",
        "Send strict JSON in UTF-8: no key twice, no NaN, at most 64 levels deep, and the headers "
        "that the operation asks for.",
    ),
    "stale-cursor": Kind(
        HTTPStatus.BAD_REQUEST,
        "The cursor does not lead anywhere",
        "Begin again without a cursor, or use it with the very filters that it was given for.",
    ),
    "no-key": Kind(
        HTTPStatus.UNAUTHORIZED,
        "A key is needed",
        "Send Authorization: Bearer and a key that has neither ended nor been revoked.",
    ),
    "not-for-this-key": Kind(
        HTTPStatus.FORBIDDEN,
        "The key is not for this",
        "Ask an administrator for a key with the scope that the operation names.",
    ),
    "not-found": Kind(
        HTTPStatus.NOT_FOUND,
        "There is nothing here, or not for this key",
        "Check the address, and what the key is for: both look the same.",
    ),
    "wrong-method": Kind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The address does not take this method",
        "Use one of the methods of the Allow header.",
    ),
    "at-work": Kind(
        HTTPStatus.CONFLICT,
        "The same request is being worked on",
        "Wait a few seconds and send it again with the same idempotency key.",
    ),
    "moved-on": Kind(
        HTTPStatus.PRECONDITION_FAILED,
        "Somebody changed it meanwhile",
        "Nothing was written. Read it again, look at what changed, and decide anew.",
    ),
    "too-large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is too large",
        "Send it in parts.",
    ),
    "wrong-content-type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The content type does not fit",
        "Send the content type that the operation names.",
    ),
    "invalid": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request cannot be followed",
        "Put right what the errors name. Nothing was written.",
    ),
    "other-request": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another request",
        "Use a new idempotency key for each new request.",
    ),
    "version-needed": Kind(
        HTTPStatus.PRECONDITION_REQUIRED,
        "The version is needed",
        "Send If-Match with the ETag of the case as it was read.",
    ),
    "too-many": Kind(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait as many seconds as the Retry-After header says.",
    ),
    "broken": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here",
        "It has been noted. Try again with the same idempotency key.",
    ),
    "later": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service cannot be used for the moment",
        "Nothing was written. Try again in a minute with the same idempotency key.",
    ),
}
#: A place in what was sent (a JSON pointer, or `header:` or `query:` and a name), and its fault.
Errors = Sequence[tuple[str, str]]


class Refused(HTTPException):
    """A request that is not followed: one of `KINDS`."""

    def __init__(
        self, kind: str, errors: Errors = (), headers: Mapping[str, str] | None = None
    ) -> None:
        self.kind, self.errors = kind, errors
        super().__init__(KINDS[kind].status, KINDS[kind].title, dict(headers or {}))


def problem(request: Request, refused: Refused) -> Response:
    """Return the answer to a request that is not followed."""
    kind = KINDS[refused.kind]
    body: dict[str, Any] = {
        "type": f"{DOCS}#{refused.kind}",
        "title": kind.title,
        "status": int(kind.status),
        "detail": kind.advice,
    }
    operation = getattr(request.state, "operation", None)
    if operation is not None:
        # The address with its ids left open: it says which operation, and of nobody.
        body["instance"] = operation
    if refused.errors:
        body["errors"] = [_told(place, text) for place, text in refused.errors]
    headers = dict(refused.headers or {})
    if kind.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    headers |= getattr(request.state, "limits", {})
    return JSONResponse(body, int(kind.status), headers, media_type=MEDIA_TYPE)


def mistake(request: Request, error: Exception) -> Response:
    """Return the answer to anything that went wrong under `/api`."""
    return problem(request, _refused(error))


def _told(place: str, text: str) -> dict[str, str]:
    for word in ("header", "query"):
        if place.startswith(f"{word}:"):
            return {word: place.removeprefix(f"{word}:"), "detail": text}
    return {"pointer": place, "detail": text}


def _refused(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, RequestValidationError):
        return _unfit(error)
    if isinstance(error, HTTPException):
        return Refused(_OF_STATUS.get(error.status_code, "malformed"), (), error.headers)
    if isinstance(error, NotHere):
        return Refused("not-found")
    if isinstance(error, MovedOn):
        return Refused("moved-on")
    if isinstance(error, NostopError):
        # Its words are for people at a desk and may name what was sent.
        _LOG.warning("a call was refused", kind=type(error).__name__)
        return Refused("invalid")
    if isinstance(error, DBAPIError):
        _LOG.error("the database failed", kind=type(error).__name__)
        return Refused("later", (), {"Retry-After": "60"})
    _LOG.error("a call failed", exc_info=error)
    return Refused("broken")


_OF_STATUS = {404: "not-found", 405: "wrong-method", 413: "too-large", 415: "wrong-content-type"}
#: What a part of the body may be called to be said again: the name of a field of ours.
_FIELD = re.compile(r"[a-z_]{1,40}")


def _unfit(error: RequestValidationError) -> Refused:
    """Return what does not fit the description, without what was sent."""
    found = [(each["loc"], str(each["type"]), str(each["msg"])) for each in error.errors()]
    places = {str(loc[0]) for loc, _, _ in found}
    if "path" in places:
        # An id that none can be is of nobody, as one that is not there.
        return Refused("not-found")
    if any(_is_version(loc) and kind == "missing" for loc, kind, _ in found):
        return Refused("version-needed")
    errors = [(_place(loc, kind), text) for loc, kind, text in found]
    return Refused("malformed" if "header" in places else "invalid", errors[:20])


def _is_version(loc: Sequence[Any]) -> bool:
    return str(loc[0]) == "header" and str(loc[-1]).lower() == "if-match"


def _place(loc: Sequence[Any], kind: str) -> str:
    # A field that nobody knows is called as whoever wrote it liked: where it stands is enough.
    parts = loc[1:-1] if kind == "extra_forbidden" else loc[1:]
    if loc[0] in ("header", "query"):
        return f"{loc[0]}:{parts[0] if parts else ''}"
    plain = [str(part) for part in parts if isinstance(part, int) or _FIELD.fullmatch(str(part))]
    return "".join(f"/{part}" for part in plain)
