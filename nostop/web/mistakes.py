"""An answer for everything that goes wrong. None of them repeats what was asked for."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from nostop.logs import logger
from nostop.model import MovedOn, NostopError, NotHere
from nostop.web.forms import Forged, Problem
from nostop.web.guard import NotAllowed, NotSignedIn, Visitor, to_sign_in
from nostop.web.pages import no_page, problem_page

_LOG = logger("web")
_TOO_OLD = Problem("", "This page is too old. Go back, refresh it, and try again.")
_LATER = Problem(
    "", "The service cannot be used for the moment. Nothing was saved. Try again in a minute."
)
_BROKEN = Problem("", "Something went wrong here. Nothing was saved. It has been noted; try again.")
_NO_SUCH_PAGE = (404, 405, 422)


def answer_mistakes(app: FastAPI) -> None:
    """Give every kind of mistake its answer."""
    answers = {
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
        app.add_exception_handler(kind, answer)


async def _not_signed_in(request: Request, _: Exception) -> Response:
    return to_sign_in(request)


async def _not_here(request: Request, _: Exception) -> Response:
    return no_page(request, _visitor(request))


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in _NO_SUCH_PAGE:
        return no_page(request, _visitor(request))
    return problem_page(request, _visitor(request), [_BROKEN], status)


async def _forged(request: Request, _: Exception) -> Response:
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
    return problem_page(request, _visitor(request), [_BROKEN], 500)


def _visitor(request: Request) -> Visitor | None:
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor
