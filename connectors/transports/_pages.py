"""Lists that a service gives page by page: how the next is asked for, and what a page holds."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

from connectors._json_path import MisfitError, parse_path, value_at
from connectors._strict_json import deep_list
from connectors.transports._client import Line
from connectors.transports._manners import STRICT, Watch, persist
from nostop.model import FeedError, FetchError


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is asked for: one of four ways, or none where one answer has everything.

    Attributes:
        next_in: the path in the answer that leads to the next page's address, such as
            `links.next` or `link[relation=next].url`; no such value, no next page.
        link_header: the address stands in the header `Link` with `rel="next"` (RFC 8288).
        page_parameter, first_page: pages have numbers, and the first empty one is the last.
        cursor_parameter, cursor_in: each answer says at a path what the next is asked with.
        at_most: more pages than these are an error.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    next_in: str = ""
    link_header: bool = False
    page_parameter: str = ""
    first_page: int = 1
    cursor_parameter: str = ""
    cursor_in: str = ""
    at_most: int = 10_000

    def __post_init__(self) -> None:
        ways = (self.next_in, self.link_header, self.page_parameter, self.cursor_parameter)
        if sum(map(bool, ways)) > 1 or bool(self.cursor_parameter) != bool(self.cursor_in):
            raise FetchError(
                "paging: write one of next_in; link_header; page_parameter; cursor_parameter with "
                "cursor_in"
            )


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its items, each as its value and as the text it was written in, and the rest."""

    number: int
    items: list[tuple[object, str]]
    rest: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PagedList:
    """A list in the answers of one service.

    Attributes:
        items: the path of plain keys that leads to the list.
        may_lack_items: an answer without the list has none, as FHIR's do.
    """

    watch: Watch
    items: str
    may_lack_items: bool
    paging: Paging
    bytes_at_most: int

    def pages(
        self, line: Line, url: str, parameters: Mapping[str, str]
    ) -> Generator[Page, None, None]:
        """Yield every page, in order; each is asked for again where its answer breaks off.

        Raises:
            FetchError: there are too many, they go in a circle, or one is not what was declared.
        """
        paging, asked = self.paging, dict(parameters)
        if paging.page_parameter:
            asked[paging.page_parameter] = str(paging.first_page)
        seen = set[str]()
        place: tuple[str, Mapping[str, str]] = (url, asked)
        for number in range(1, paging.at_most + 1):
            page, link = self._page(line, number, *place)
            yield page
            following = self._following(page, link)
            if not following:
                return
            if following in seen:
                raise FetchError(f"{self.watch.source}: page {number} leads back to an earlier one")
            seen.add(following)
            place = self._place(url, asked, following)
        raise FetchError(
            f"{self.watch.source}: has more than {paging.at_most:,} pages (paging.at_most)"
        )

    def _page(
        self, line: Line, number: int, url: str, parameters: Mapping[str, str]
    ) -> tuple[Page, str]:
        def once() -> tuple[str, str]:
            with line.ask(url, parameters, {}) as answer:
                if answer.status != 200:
                    raise FetchError(
                        f"{self.watch.source}: page {number} has status {answer.status}, not 200"
                    )
                return answer.text(self.bytes_at_most), answer.next_link

        text, link = persist(once, self.watch)
        where = f"{self.watch.source}: page {number}"
        try:
            items, rest = deep_list(where, text, self.items.split("."))
        except FeedError as error:
            raise FetchError(str(error)) from None
        if items is None and not self.may_lack_items:
            raise FetchError(f"{where}: has no list '{self.items}'")
        return Page(number, items or [], rest), link

    def _following(self, page: Page, link: str) -> str:
        paging = self.paging
        if paging.link_header:
            return link
        if paging.page_parameter:
            return str(paging.first_page + page.number) if page.items else ""
        path = paging.next_in or paging.cursor_in
        return (self.text_at(page, page.rest, path) or "") if path else ""

    def _place(
        self, url: str, asked: Mapping[str, str], following: str
    ) -> tuple[str, Mapping[str, str]]:
        parameter = self.paging.page_parameter or self.paging.cursor_parameter
        # The address of a next page has all its parameters already.
        return (url, {**asked, parameter: following}) if parameter else (following, {})

    def text_at(self, page: Page, node: object, path: str) -> str | None:
        """Return the text that a path leads to; None where there is nothing.

        Raises:
            FetchError: the page does not fit the path.
        """
        try:
            return value_at(node, parse_path(path))
        except (MisfitError, FeedError) as error:
            raise FetchError(f"{self.watch.source}: page {page.number}: {path}: {error}") from None


@dataclass(frozen=True, slots=True)
class Since:
    """Asks only for what changed since the last fetch.

    Attributes:
        parameter: what the service is asked with.
        field: the path in each item to when it changed, or to its number in the order of changes.
        start: what the first fetch asks with; left out, it asks for everything.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    parameter: str
    field: str
    start: str | int | date | None = None


def later(first: str, second: str) -> str:
    """Return the later of two watermarks: whole numbers, or ISO dates and times.

    Raises:
        ValueError: they are neither, or not both of one kind.
    """
    a, b = _order(first), _order(second)
    if type(a) is not type(b):
        raise ValueError
    return first if a >= b else second  # type: ignore[operator]


def _order(text: str) -> int | datetime:
    if re.fullmatch(r"[0-9]{1,40}", text):
        return int(text)
    moment = datetime.fromisoformat(text)
    # Without a zone, all of one source's are taken to be of one.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
