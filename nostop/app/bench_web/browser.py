"""Somebody's browser, without a window: it keeps their session, fills in the forms of our own pages
and writes down how long each answer took."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import unescape
from random import Random
from time import perf_counter

import httpx

#: How the pages of a server that is not reached by HTTPS name the cookie of a session.
SESSION_COOKIE = "nostop_session"
#: Whoever waits for longer has given up.
PATIENCE_SECONDS = 60.0
#: A browser gives up an idle connection before the server does.
KEPT_ALIVE_SECONDS = 30.0
_TAG = re.compile(r"<(input|textarea|select|option)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_TICKED = re.compile(r"\s(?:checked|selected)\b")
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
#: How many answers that should not have been are kept, to be told.
_MOST_WRONG = 20

Fields = dict[str, str | list[str]]


class OverError(Exception):
    """The time of the bench is over."""


@dataclass(slots=True)
class Notes:
    """What came of every request: seconds by route, how many were told that somebody was first,
    and what went wrong. `acknowledged` are the writes that the server said it had kept."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)

    def took(self, route: str, seconds: float) -> None:
        """Write down an answer."""
        self.seconds.setdefault(route, []).append(seconds)

    def failed(self, route: str, why: str) -> None:
        """Write down what should not have been."""
        self.errors[route] = self.errors.get(route, 0) + 1
        if len(self.wrong) < _MOST_WRONG:
            self.wrong.append(f"{route}: {why}")

    def kept(self, what: str) -> None:
        """Write down that the server said it had kept something."""
        self.acknowledged[what] = self.acknowledged.get(what, 0) + 1

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: its status, its page, and where it leads to."""

    status: int
    text: str
    leads_to: str

    @property
    def is_page(self) -> bool:
        """Whether it is a page to go on from."""
        return self.status == 200


@dataclass(slots=True)
class Browser:
    """One person at their screen.

    client: keeps their cookies. notes: shared by all. chance: from a seed. mean: of the seconds
    that they think before each click. until: by the clock of `perf_counter`.
    """

    client: httpx.AsyncClient
    notes: Notes
    chance: Random
    mean: float
    until: float

    async def think(self) -> None:
        """Look at the page for a while.

        Raises:
            OverError: the time of the bench is over.
        """
        seconds = self.chance.expovariate(1 / self.mean) if self.mean else 0.0
        left = self.until - perf_counter()
        await asyncio.sleep(min(seconds, max(left, 0.0)))
        if seconds >= left:
            raise OverError

    async def get(self, route: str, path: str) -> Answer:
        """Ask for a page; anything but a page is written down as an error."""
        answer = await self._send("GET", route, path, None)
        if answer.status != 200:
            self._wrong(f"GET {route}", answer)
        return answer

    async def post(self, route: str, path: str, data: Mapping[str, object]) -> Answer:
        """Send a form and stay where it was answered: 303 leads on, 409 tells that somebody was
        first; anything else is written down as an error."""
        answer = await self._send("POST", route, path, data)
        if answer.status == 409:
            self.notes.told[f"POST {route}"] = self.notes.told.get(f"POST {route}", 0) + 1
        elif answer.status != 303:
            self._wrong(f"POST {route}", answer)
        return answer

    async def show(self, route: str, path: str, data: Mapping[str, object]) -> Answer:
        """Send a form that a page answers, such as a search."""
        answer = await self._send("POST", route, path, data)
        if answer.status != 200:
            self._wrong(f"POST {route}", answer)
        return answer

    def _wrong(self, route: str, answer: Answer) -> None:
        if answer.status:
            said = re.findall(r'govuk-error-message">(?:<span.*?</span>)?([^<]+)', answer.text)
            self.notes.failed(route, f"{answer.status} {'; '.join(said)[:200]}")

    async def _send(
        self, method: str, route: str, path: str, data: Mapping[str, object] | None
    ) -> Answer:
        name, begun = f"{method} {route}", perf_counter()
        try:
            answer = await self.client.request(method, path, data=data)
        except httpx.HTTPError as error:
            self.notes.failed(name, type(error).__name__)
            return Answer(0, "", "")
        self.notes.took(name, perf_counter() - begun)
        return Answer(answer.status_code, answer.text, answer.headers.get("location", ""))


def browser_of(
    base_url: str, token: str, notes: Notes, chance: Random, pace: tuple[float, float]
) -> Browser:
    """Return a browser in which somebody is signed in already.

    Args:
        base_url: of the server.
        token: of their session.
        notes: to write down in.
        chance: of what they do.
        pace: mean seconds to think, and until when.
    """
    client = httpx.AsyncClient(
        base_url=base_url,
        cookies={SESSION_COOKIE: token},
        timeout=PATIENCE_SECONDS,
        limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE_SECONDS),
        trust_env=False,
        follow_redirects=False,
    )
    return Browser(client, notes, chance, *pace)


def csrf_of(page: str) -> str:
    """Return what the forms of a page have to say; nothing where it has none."""
    found = _CSRF.search(page)
    return found.group(1) if found else ""


def links_of(page: str, pattern: str) -> list[str]:
    """Return the addresses on a page that fit a pattern."""
    return [unescape(each) for each in re.findall(rf'href="({pattern})"', page)]


def form_of(page: str, action: str) -> tuple[Fields, dict[str, list[str]]]:
    """Return what a form of a page holds as it is shown, and the choices of its boxes, radio
    buttons and lists: by name, values.

    Args:
        page: its HTML, our own: attributes are in double quotes.
        action: how the form's address begins.
    """
    _, _, rest = page.partition(f'action="{action}')
    body = rest.partition("</form>")[0]
    fields: Fields = {}
    choices: dict[str, list[str]] = {}
    listed = ""
    for tag, inside in _TAG.findall(body):
        said = {name: unescape(value) for name, value in _ATTRIBUTE.findall(inside)}
        if tag == "select":
            listed = said.get("name", "")
            continue
        name = listed if tag == "option" else said.get("name", "")
        value = said.get("value", "")
        if tag == "option" or said.get("type") in ("radio", "checkbox"):
            choices.setdefault(name, []).append(value)
            if _TICKED.search(inside):
                fields[name] = value
        elif name and said.get("type") != "submit":
            fields.setdefault(name, value)
    return fields, choices
