"""Who is asking, and whether they may: every page but the sign-in goes through `visiting`."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from nostop.app.casework.access import Who
from nostop.app.web_sessions import session_of
from nostop.web.house import House
from nostop.web.permissions import Permission, permissions_of
from nostop.web.words import LANGUAGES, translated

#: Where the cookies' values are kept. `__Host-` binds a cookie to this very server.
SESSION, LANGUAGE = "nostop_session", "nostop_language"
SIGN_IN = "/sign-in"


class NotSignedIn(Exception):  # noqa: N818 - no error: the answer is the way to sign in
    """Nobody is signed in, or not any more."""


class NotAllowed(Exception):  # noqa: N818 - no error either: it looks like an address that is not
    """Somebody asks for what their roles do not open: answered like what is not there."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """An official who is signed in. `areas`: local authorities they may see; None is all."""

    account_id: str
    name: str
    roles: frozenset[str]
    areas: frozenset[str] | None
    csrf: str
    language: str
    session: str

    @property
    def who(self) -> Who:
        """They, as far as it matters to what they may open."""
        return Who(self.account_id, self.areas)

    def may(self, permission: str) -> bool:
        """Whether their roles let them."""
        return permission in permissions_of(self.roles)

    def t(self, text: str) -> str:
        """Return a text in their language."""
        return translated(text, self.language)


def house_of(request: Request) -> House:
    """Return what the server's pages share."""
    house: House = request.app.state.house
    return house


def cookie_name(house: House, name: str) -> str:
    """Return under which name a cookie is kept: by HTTPS, one that no other server can set."""
    return f"__Host-{name}" if house.settings.secure else name


def language_of(request: Request) -> str:
    """Return the language that somebody chose: en unless they chose another."""
    chosen = request.cookies.get(cookie_name(house_of(request), LANGUAGE), "en")
    return chosen if chosen in LANGUAGES else "en"


def visitor_of(request: Request) -> Visitor | None:
    """Return who is signed in, and note that they are still there."""
    house = house_of(request)
    token = request.cookies.get(cookie_name(house, SESSION))
    if not token:
        return None
    found = session_of(house.engine, token, house.now(), house.settings.idle)
    if found is None:
        return None
    return Visitor(
        account_id=found.account_id,
        name=found.name,
        roles=found.roles,
        areas=found.areas,
        csrf=found.csrf,
        language=language_of(request),
        session=token,
    )


def visiting(permission: Permission) -> Callable[[Request], Visitor]:
    """Return a dependency that lets in whoever may, and nobody else.

    `require.permission` says which: a test holds every address to it.
    """

    def require(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if visitor is None:
            raise NotSignedIn
        request.state.visitor = visitor
        if not visitor.may(permission):
            raise NotAllowed
        return visitor

    require.permission = permission  # type: ignore[attr-defined]  # what a test reads
    return require


def to_sign_in(request: Request) -> Response:
    """Return the way to the sign-in page, and from there back to what was asked for."""
    back = request.url.path if request.method == "GET" else "/"
    where = f"{SIGN_IN}?next={quote(back, safe='/')}"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": where})
    return RedirectResponse(where, status_code=303)
