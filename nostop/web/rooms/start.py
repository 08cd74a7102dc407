"""The start page, signing in and out, and the choice of language."""

import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from nostop.app.web_sessions import sign_in, sign_out
from nostop.web.demo_accounts import DEMO_ACCOUNTS
from nostop.web.forms import FORM_COOKIE, Posted, PostedByAnybody
from nostop.web.guard import (
    LANGUAGE,
    SESSION,
    SIGN_IN,
    NotAllowed,
    Visitor,
    cookie_name,
    house_of,
    visiting,
    visitor_of,
)
from nostop.web.navigation import rooms_of
from nostop.web.pages import page, put_cookie, see_other
from nostop.web.permissions import Permission
from nostop.web.words import LANGUAGES

router = APIRouter()
_A_YEAR = 365 * 24 * 3600
Anybody = Annotated[Visitor, Depends(visiting(Permission.SIGNED_IN))]


@router.get("/")
def start(visitor: Anybody) -> Response:
    """Send everybody to their first room."""
    return RedirectResponse(rooms_of(visitor)[0].path, status_code=303)


@router.get(SIGN_IN)
def sign_in_page(request: Request) -> Response:
    """Show how to sign in."""
    house = house_of(request)
    back = own_path(request.query_params.get("next", "/"))
    if visitor_of(request) is not None:
        return RedirectResponse(back, status_code=303)
    if not house.settings.development:
        return RedirectResponse(f"/oidc/sign-in?next={quote(back)}", status_code=303)
    csrf = request.cookies.get(cookie_name(house, FORM_COOKIE)) or secrets.token_urlsafe(32)
    shown = {"accounts": DEMO_ACCOUNTS, "next": back, "csrf": csrf}
    response = page(request, None, "kernel/sign_in.html", shown)
    put_cookie(response, request, FORM_COOKIE, csrf)
    return response


@router.post(SIGN_IN)
def sign_in_as(request: Request, form: PostedByAnybody) -> Response:
    """Sign somebody in as one of the made-up officials; only where that is switched on."""
    house = house_of(request)
    if not house.settings.development:
        raise NotAllowed
    official = DEMO_ACCOUNTS.get(form.text("account"))
    if official is None:
        return see_other(request, SIGN_IN)
    response = RedirectResponse(own_path(form.text("next")), status_code=303)
    end_session(request)
    begin_session(
        request, response, sign_in(house.engine, official, house.now(), house.settings.longest)
    )
    return response


@router.post("/sign-out")
def leave(request: Request, visitor: Anybody, form: Posted) -> Response:  # noqa: ARG001 - both check
    """Sign somebody out."""
    end_session(request)
    house = house_of(request)
    away = SIGN_IN if house.provider is None else "/oidc/signed-out"
    response = see_other(request, away, said="You have signed out")
    response.delete_cookie(cookie_name(house, SESSION), path="/", secure=house.settings.secure)
    return response


@router.get("/language/{code}")
def language(request: Request, code: str) -> Response:
    """Choose the language of the pages, and go back to where somebody was."""
    if code not in LANGUAGES:
        raise NotAllowed
    response = see_other(request, own_path(request.query_params.get("back", "/")))
    put_cookie(response, request, LANGUAGE, code, seconds=_A_YEAR)
    return response


@router.get("/accessibility")
def accessibility(request: Request) -> Response:
    """Say how accessible the pages are, and whom to tell what is not."""
    return page(request, visitor_of(request), "kernel/accessibility.html", {})


def begin_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its new session, and a new form cookie."""
    put_cookie(response, request, SESSION, token)
    house = house_of(request)
    name = cookie_name(house, FORM_COOKIE)
    response.delete_cookie(name, path="/", secure=house.settings.secure, httponly=True)


def end_session(request: Request) -> None:
    """End the session that the browser comes with, if there is one: at each sign-in it is new."""
    house = house_of(request)
    token = request.cookies.get(cookie_name(house, SESSION))
    if token:
        sign_out(house.engine, token, house.now())


def own_path(text: str) -> str:
    """Return an address of our own; anything that could lead elsewhere becomes the start page."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if plain and "\\" not in text and text.isprintable() else "/"
