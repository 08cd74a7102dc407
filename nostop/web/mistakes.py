"""An answer for everything that goes wrong. None of them repeats what was asked for."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from nostop.logs import logger
from nostop.model import MovedOn, NostopError, NotHere
from nostop.web.api.problems import PREFIX, mistake
from nostop.web.forms import MOST_FIELDS, Forged, Problem, refuse_foreign
from nostop.web.guard import NotAllowed, NotSignedIn, Visitor, house_of, to_sign_in, visitor_of
from nostop.web.headers import add_headers
from nostop.web.pages import no_page, page, problem_page

_LOG = logger("web")
Answer = Callable[[Request, Exception], Response | Awaitable[Response]]
_TOO_OLD = Problem("", "This page is too old. Go back, refresh it, and try again.")
_LATER = Problem(
    "", "The service cannot be used for the moment. Nothing was saved. Try again in a minute."
)
_BROKEN = Problem("", "Something went wrong here. Nothing was saved. It has been noted; try again.")
_NO_SUCH_PAGE = (404, 405, 422)


def answer_mistakes(app: FastAPI) -> None:
    """Give every kind of mistake its answer."""
    answers: dict[type[Exception], Answer] = {
        NotSignedIn: _not_signed_in,
        NotAllowed: _not_here,
        NotHere: _not_here,
        RequestValidationError: _not_here,
        HTTPException: _refused,
        Forged: _forged,
        MovedOn: _moved_on,
        NostopError: _mistake,
        DBAPIError: _later,
        Exception: _broken,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, _to_whom(answer))


def _to_whom(answer: Answer) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return an answer for people, or, under /api, one for services."""

    async def answered(request: Request, error: Exception) -> Response:
        if request.scope["path"].startswith(PREFIX):
            told = mistake(request, error)
            add_headers(told.headers, request.scope["path"], secure=_is_secure(request))
            return told
        said = await run_in_threadpool(answer, request, error)
        return await said if isawaitable(said) else said

    return answered


async def _not_signed_in(request: Request, _: Exception) -> Response:
    """Show the way to the sign-in; to whoever was writing, first what they wrote."""
    return await run_in_threadpool(_written_page, request, await _written(request))


def _written_page(request: Request, texts: list[str]) -> Response:
    if not texts:
        return to_sign_in(request)
    # Of a case, its page: no other address of a form is sure to be one that can be looked at.
    parts = request.url.path.split("/")[:3]
    back = "/".join(parts) if parts[1] == "cases" else "/"
    shown = {"texts": texts, "back": back}
    return page(request, None, "kernel/session_over.html", shown, 403)


async def _written(request: Request) -> list[str]:
    """Return the sentences that somebody sent from a form of ours after their session had ended."""
    if request.method != "POST" or "hx-request" in request.headers:
        return []
    try:
        refuse_foreign(request)
        async with request.form(max_fields=MOST_FIELDS, max_files=5) as data:
            texts = [each for _, each in data.multi_items() if isinstance(each, str)]
    except (Forged, HTTPException):
        return []
    return [each for each in texts if " " in each.strip()]


def _not_here(request: Request, error: Exception) -> Response:
    _LOG.warning("a page was not shown", kind=type(error).__name__)
    return no_page(request, _anybody(request))


def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in _NO_SUCH_PAGE:
        return no_page(request, _anybody(request))
    return problem_page(request, _visitor(request), [_BROKEN], status)


async def _forged(request: Request, _: Exception) -> Response:
    _LOG.warning("a form was refused")
    return problem_page(request, _visitor(request), [_TOO_OLD], 403)


async def _moved_on(request: Request, error: Exception) -> Response:
    return problem_page(request, _visitor(request), [Problem("", str(error))], 409)


async def _mistake(request: Request, error: Exception) -> Response:
    return problem_page(request, _visitor(request), [Problem("", str(error))], 400)


async def _later(request: Request, error: Exception) -> Response:
    _LOG.error("the database failed", kind=type(error).__name__)
    return problem_page(request, _visitor(request), [_LATER], 503)


async def _broken(request: Request, error: Exception) -> Response:
    _LOG.error("a page failed", exc_info=error)
    response = problem_page(request, _visitor(request), [_BROKEN], 500)
    # This one answer is made outside of everything else that adds headers.
    add_headers(response.headers, request.url.path, secure=_is_secure(request))
    return response


def _is_secure(request: Request) -> bool:
    return house_of(request).settings.secure


def _anybody(request: Request) -> Visitor | None:
    """Return who is signed in, also where no page has asked: what is not there looks the same to
    them as what they may not see."""
    return _visitor(request) or visitor_of(request)


def _visitor(request: Request) -> Visitor | None:
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor
