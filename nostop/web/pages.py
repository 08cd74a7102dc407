"""Pages out of templates, and the answers that are not pages."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from nostop.model import pounds
from nostop.web.forms import CSRF, FORM_COOKIE, Problem
from nostop.web.guard import Visitor, cookie_name, house_of, language_of
from nostop.web.navigation import rooms_of
from nostop.web.words import translated

#: A word on what was just done, shown once, on the next page.
SAID = "nostop_said"
_SAID_SECONDS = 60
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@cache
def environment() -> Environment:
    """Return the templates, everything in them escaped."""
    made = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("nostop.web", "templates"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["pounds"] = pounds
    return made


def page(
    request: Request,
    visitor: Visitor | None,
    template: str,
    content: Mapping[str, Any],
    status: int = 200,
) -> Response:
    """Return a page.

    Args:
        visitor: who is signed in; None on the few pages where nobody is.
        template: under `nostop/web/templates`.
        content: what the template shows; `problems` become its error summary.
        status: of HTTP.
    """
    house = house_of(request)
    language = visitor.language if visitor else language_of(request)
    said = unquote(request.cookies.get(cookie_name(house, SAID), ""))
    csrf = visitor.csrf if visitor else content.get("csrf", "")
    shown = {
        "t": lambda text: translated(text, language),
        "day": lambda when: day(when, language),
        "language": language,
        "visitor": visitor,
        "service": house.settings.service,
        "path": request.url.path,
        "rooms": rooms_of(visitor) if visitor else (),
        "said": said,
        "problems": (),
        "csrf_field": lambda: _csrf_field(csrf),
        "is_fragment": "hx-request" in request.headers,
        "development": house.settings.development,
        **content,
    }
    response = HTMLResponse(environment().get_template(template).render(shown), status)
    if said:
        response.delete_cookie(cookie_name(house, SAID), path="/", secure=house.settings.secure)
    return response


def see_other(request: Request, url: str, said: str = "") -> Response:
    """Return the way to another page after a form; `said` is shown there, once.

    Args:
        url: of our own, a path.
        said: words that name nobody: they travel in a cookie.
    """
    response = RedirectResponse(url, status_code=303)
    if said:
        put_cookie(response, request, SAID, quote(said), seconds=_SAID_SECONDS)
    return response


def put_cookie(
    response: Response, request: Request, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Set a cookie that scripts cannot read and that other sites cannot send."""
    house = house_of(request)
    response.set_cookie(
        cookie_name(house, name),
        value,
        max_age=seconds,
        path="/",
        secure=house.settings.secure,
        httponly=True,
        # The way back from an identity provider is a link of another site: what it needs is lax.
        samesite="strict" if name in (SAID, FORM_COOKIE) else "lax",
    )


def download(
    content: str | bytes, name: str, media_type: str, *, policy: str | None = None
) -> Response:
    """Return a file to be saved and not shown.

    Args:
        name: what it is called, without anything personal.
        policy: a stricter content security policy than that of pages.
    """
    headers = {"Content-Disposition": f'attachment; filename="{quote(name, safe=" ")}"'}
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    return Response(content, media_type=media_type, headers=headers)


def no_page(request: Request, visitor: Visitor | None) -> Response:
    """Return the page for an address that is not there, or that somebody may not see."""
    return page(request, visitor, "kernel/not_here.html", {}, 404)


def problem_page(
    request: Request, visitor: Visitor | None, problems: Sequence[Problem], status: int
) -> Response:
    """Return a page that only says what went wrong."""
    return page(request, visitor, "kernel/problem.html", {"problems": problems}, status)


def day(when: Any, language: str) -> str:  # noqa: ANN401 - a date, a moment, or nothing
    """Return a date in words: 1 June 2026; of a moment too its time of day in UTC."""
    if when is None:
        return translated("not known", language)
    words = f"{when.day} {translated(_MONTHS[when.month - 1], language)} {when.year}"
    return f"{words}, {when:%H:%M}" if hasattr(when, "hour") else words


def _csrf_field(csrf: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF, csrf)
