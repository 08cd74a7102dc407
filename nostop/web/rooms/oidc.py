"""Signing in by the identity provider: out to it, back from it, and away again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from nostop.app.accounts import end_sessions
from nostop.app.web_sessions import sign_in
from nostop.logs import logger
from nostop.model import NoRoleError, SignInError, StoreError
from nostop.web.forms import Problem
from nostop.web.guard import SIGN_IN, NotAllowed, cookie_name, house_of
from nostop.web.official_claims import account_of
from nostop.web.oidc import ATTEMPT_SECONDS, Provider, attempt_of
from nostop.web.pages import page, problem_page, put_cookie
from nostop.web.rooms.start import begin_session, end_session, own_path

router = APIRouter(prefix="/oidc")
_LOG = logger("web.sign_in")
#: What goes with somebody to the provider and back, and where they wanted to go.
_ATTEMPT, _NEXT = "nostop_attempt", "nostop_next"
_LONGEST_TOKEN = 20_000


@router.get("/sign-in")
def begin(request: Request) -> Response:
    """Send somebody to the identity provider."""
    house = house_of(request)
    try:
        url, attempt = _provider(request).begin(house.now())
    except SignInError as error:
        return _refused(request, error)
    response = RedirectResponse(url, status_code=303)
    put_cookie(response, request, _ATTEMPT, attempt.written(), seconds=ATTEMPT_SECONDS)
    back = own_path(request.query_params.get("next", "/"))
    put_cookie(response, request, _NEXT, back, seconds=ATTEMPT_SECONDS)
    return response


@router.get("/back")
def back(request: Request) -> Response:
    """Sign in somebody who comes back from the identity provider; their attempt is used up."""
    house = house_of(request)
    attempt = attempt_of(request.cookies.get(cookie_name(house, _ATTEMPT), ""))
    try:
        official = _provider(request).finish(attempt, request.query_params, house.now())
        token = sign_in(house.engine, official, house.now(), house.settings.longest)
    except (SignInError, StoreError) as error:
        response = _refused(request, error)
    else:
        where = own_path(request.cookies.get(cookie_name(house, _NEXT), "/"))
        response = RedirectResponse(where, status_code=303)
        end_session(request)
        begin_session(request, response, token)
    for name in (_ATTEMPT, _NEXT):
        whole = cookie_name(house, name)
        response.delete_cookie(whole, path="/", secure=house.settings.secure, httponly=True)
    return response


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Say that somebody has signed out here, and take them to the identity provider's own sign-out.

    A page, and no redirect: a form that is sent may not lead to another site.
    """
    house = house_of(request)
    provider = _provider(request)
    here = provider.settings.callback.removesuffix("/oidc/back") + SIGN_IN
    try:
        where = provider.way_out(here, house.now())
    except SignInError:
        where = None
    response = page(request, None, "access/signed_out.html", {"where": where})
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    if where is not None:
        response.headers["Refresh"] = f"0; url={where}"
    return response


@router.post("/ended")
def ended(
    request: Request, logout_token: Annotated[str, Form(max_length=_LONGEST_TOKEN)]
) -> Response:
    """End every session of somebody who has signed out at the provider: it calls this itself, and
    proves by its signature who it is."""
    house = house_of(request)
    try:
        subject = _provider(request).signed_out(logout_token, house.now())
    except SignInError as error:
        _LOG.warning("a sign-out was refused", kind=type(error).__name__)
        return Response(status_code=400)
    end_sessions(house.engine, account_of(subject), "identity-provider", house.now())
    return Response(status_code=204)


def _provider(request: Request) -> Provider:
    provider = house_of(request).provider
    if provider is None:
        raise NotAllowed
    return provider


def _refused(request: Request, error: SignInError | StoreError) -> Response:
    """Say why somebody is not signed in: the same to everybody, and nothing of what was sent."""
    _LOG.warning("a sign-in was refused", kind=type(error).__name__)
    if isinstance(error, NoRoleError):
        return page(request, None, "access/no_role.html", {}, 403)
    said = str(error).removeprefix("sign-in: ")
    return problem_page(request, None, [Problem("", said[:1].upper() + said[1:])], 403)
