"""What somebody posted: checked to come from our own page, then read field by field."""

import hmac
import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from nostop.web.guard import NotAllowed, cookie_name, house_of

#: The field of every form that shows that it is ours.
CSRF = "csrf"
#: Where nobody is signed in yet, a cookie holds what the form must say.
FORM_COOKIE = "nostop_form"
LONGEST_TEXT = 2000
MOST_FIELDS = 2000
_CHARSET = re.compile(r"""charset\*?[^;=]*=[\s"']*([^\s"';]*)""", re.IGNORECASE)


class Forged(Exception):  # noqa: N818 - no error of ours: the answer says that the page is too old
    """A form that is not of our own page, or of a session that has ended."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in words, and what to do."""

    field: str
    text: str


@dataclass(slots=True)
class Form:
    """What was posted. Whatever does not fit becomes one of `problems`, and reads as nothing."""

    data: FormData
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str, *, most: int = LONGEST_TEXT, wanted: str | None = None) -> str:
        """Return a text without spaces around it; `wanted` says what to do where there is none."""
        found = self.data.get(name, "")
        text = found.strip().replace("\r\n", "\n") if isinstance(found, str) else ""
        if "\x00" in text:
            # No database of ours can hold it, and no keyboard makes it.
            self.problems.append(Problem(name, "Take out what cannot be read"))
            return ""
        if not text and wanted:
            self.problems.append(Problem(name, wanted))
        if len(text) > most:
            self.problems.append(Problem(name, f"Use {most:,} characters or fewer"))
            return text[:most]
        return text

    def whole(self, name: str, wanted: str = "Enter a whole number") -> int | None:
        """Return a whole number."""
        text = self.text(name, most=18)
        try:
            return int(text)
        except ValueError:
            self.problems.append(Problem(name, wanted))
            return None

    def one_of(self, name: str, words: Collection[str], wanted: str = "Choose one") -> str | None:
        """Return one of some words."""
        text = self.text(name)
        if text in words:
            return text
        self.problems.append(Problem(name, wanted))
        return None

    def day(self, name: str, wanted: str = "Enter a real date") -> date | None:
        """Return the date of three fields `NAME-day`, `NAME-month`, `NAME-year`."""
        parts = [self.text(f"{name}-{part}", most=4) for part in ("year", "month", "day")]
        try:
            return date(*(int(part) for part in parts))
        except ValueError:
            self.problems.append(Problem(f"{name}-day", wanted))
            return None

    def all(self, name: str) -> list[str]:
        """Return every value of a field: ticked boxes."""
        return [each for each in self.data.getlist(name) if isinstance(each, str)]

    def file(self, name: str) -> UploadFile | None:
        """Return a file, if one was sent."""
        found = self.data.get(name)
        return found if isinstance(found, UploadFile) and found.filename else None


async def posted(request: Request) -> AsyncIterator[Form]:
    """Yield what was posted by one of our own pages, for somebody who is signed in; its files are
    closed afterwards.

    Raises:
        Forged: it is not of our own page.
    """
    refuse_foreign(request)
    visitor = getattr(request.state, "visitor", None)
    if visitor is None:
        raise NotAllowed
    async with request.form(max_fields=MOST_FIELDS, max_files=5) as data:
        _refuse_wrong(data, visitor.csrf)
        yield Form(data)


async def posted_by_anybody(request: Request) -> Form:
    """Return what was posted where nobody is signed in yet: its cookie says what the form must."""
    refuse_foreign(request)
    data = await request.form(max_fields=20, max_files=0)
    _refuse_wrong(data, request.cookies.get(cookie_name(house_of(request), FORM_COOKIE), ""))
    return Form(data)


def _refuse_wrong(data: FormData, wanted: str) -> None:
    said = data.get(CSRF, "")
    same = isinstance(said, str) and hmac.compare_digest(said.encode(), wanted.encode())
    if not wanted or not same:
        raise Forged


def refuse_foreign(request: Request) -> None:
    """Browsers say from which site a form comes; where they do, it must be this one. They send ours
    in UTF-8: whoever names another charset would have it decoded by any codec that Python has."""
    site = request.headers.get("sec-fetch-site")
    charset = _CHARSET.search(request.headers.get("content-type", ""))
    if site is not None and site not in ("same-origin", "none"):
        raise Forged
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8"):
        raise Forged


Posted = Annotated[Form, Depends(posted)]
PostedByAnybody = Annotated[Form, Depends(posted_by_anybody)]
