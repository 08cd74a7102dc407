"""A web service: one file by its address, or a list that is given page by page."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from connectors.transports._client import Answer, Auth, Line
from connectors.transports._landing import Part
from connectors.transports._manners import (
    BrokenOffError,
    Patience,
    Watch,
    of,
    own,
    persist,
    place,
)
from connectors.transports._pages import Page, PagedList, Paging, Since, later
from connectors.transports._writing import JsonList
from nostop.model import FetchError
from nostop.ports import Bookmark, Fetched


@dataclass(frozen=True, slots=True)
class Http:
    """Fetches one file by GET, or the items of a paged list as one JSON file.

    Without `items` the answer is the file, byte for byte: it is asked for only if it changed (ETag,
    Last-Modified), and a download that broke off goes on where it was, if the service gives a
    strong ETag and ranges. With `items` the file is `{"<items>": [...]}`, each item as it was
    written, which the connector `json` reads; a fetch that breaks off begins again with page one,
    because pages of two days do not fit together.

    Attributes:
        url: where; https, or http on this machine.
        save_as: the file's name.
        items: the path of plain keys to the list in each answer, such as `data.people`.
        keep: topmost keys to take over from the answers, such as `resourceType` of FHIR bundles.
        may_lack_items: an answer without the list has none.
        parameters, headers, auth, paging, since, patience: see their classes.
        bytes_at_most: a larger file is not taken.
    """

    url: str
    save_as: str
    items: str = ""
    keep: Sequence[str] = ()
    may_lack_items: bool = False
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    paging: Paging = field(default_factory=Paging)
    since: Since | None = None
    patience: Patience = field(default_factory=Patience)
    bytes_at_most: int = 2 * 1024**3

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring the file, or what is new of the list; nothing where nothing is new.

        Raises:
            FetchError: the service cannot be reached, refuses, breaks off, or answers with
                something else than was declared.
        """
        if not self.items and (self.since or self.paging != Paging()):
            raise FetchError("paging and since need items: the path to the list in each answer")
        watch = Watch(place(self.url), self.patience)
        name = of(self.url, self.parameters, self.items, self.save_as)
        with (
            Line(self.url, self.auth, self.headers, watch) as line,
            Part(folder, self.save_as, self.bytes_at_most) as part,
        ):
            bring = self._list if self.items else self._file
            return bring(_Fetch(watch, line, part, name), own(bookmark, name))

    def _asked(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.parameters.items()}

    def _file(self, fetch: "_Fetch", bookmark: Bookmark) -> Fetched:
        once = partial(_download, fetch, self.url, self._asked(), bookmark)
        found = persist(once, fetch.watch, lambda: fetch.part.size)
        if found is None:
            fetch.part.discard()
            return Fetched((), bookmark)
        return Fetched((fetch.part.finish(),), {"of": fetch.name, **found})

    def _list(self, fetch: "_Fetch", bookmark: Bookmark) -> Fetched:
        asked, last = self._asked(), bookmark.get("since")
        if self.since and last is None and self.since.start is not None:
            last = str(self.since.start)
        if self.since and last is not None:
            asked[self.since.parameter] = last
        source = PagedList(
            fetch.watch, self.items, self.may_lack_items, self.paging, self.bytes_at_most
        )
        count = 0
        fetch.part.begin()
        with closing(source.pages(fetch.line, self.url, asked)) as pages:
            first = next(pages)
            written = JsonList(fetch.part, self.items.rpartition(".")[2], self._head(first, source))
            for page in chain([first], pages):
                if self._head(page, source) != written.head:
                    raise FetchError(
                        f"{fetch.watch.source}: page {page.number} differs in {self.keep}"
                    )
                for value, text in page.items:
                    written.add(text)
                    last = self._latest(source, page, value, last)
                count += len(page.items)
        if self.since and not count:
            fetch.part.discard()
            return Fetched((), bookmark)
        written.end()
        mark = {"since": last} if self.since and last is not None else {}
        return Fetched((fetch.part.finish(),), {"of": fetch.name, **mark})

    def _head(self, page: Page, source: PagedList) -> dict[str, str | None]:
        return {key: source.text_at(page, page.rest, key) for key in self.keep}

    def _latest(self, source: PagedList, page: Page, item: object, last: str | None) -> str | None:
        if self.since is None:
            return None
        where = f"{source.watch.source}: page {page.number}: {self.since.field}"
        found = source.text_at(page, item, self.since.field)
        if found is None:
            raise FetchError(f"{where}: an item has none, so that what changed later may be missed")
        try:
            return later(found, last or found)
        except ValueError:
            raise FetchError(
                f"{where}: is neither always a whole number nor always an ISO date or time"
            ) from None


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One fetch: its time, its line, the file on its way, and the name of what is asked."""

    watch: Watch
    line: Line
    part: Part
    name: str


def _download(
    fetch: _Fetch, url: str, parameters: Mapping[str, str], bookmark: Bookmark
) -> dict[str, str] | None:
    """Bring one file, or the rest of it, and return its bookmark; None where it is the same as
    last time."""
    part = fetch.part
    headers = {"Accept-Encoding": "identity"}
    if bookmark.get("etag"):
        headers["If-None-Match"] = bookmark["etag"]
    elif bookmark.get("modified"):
        headers["If-Modified-Since"] = bookmark["modified"]
    begun = part.begun()
    if part.size and begun.get("of") == fetch.name:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": begun["etag"]}
    with fetch.line.ask(url, parameters, headers) as answer:
        if answer.status == 304:
            return None
        _place(fetch, answer)
        for chunk in answer.raw():
            part.write(chunk)
        marks = {
            "etag": answer.headers.get("etag"),
            "modified": answer.headers.get("last-modified"),
        }
        return {key: value for key, value in marks.items() if value}


def _place(fetch: _Fetch, answer: Answer) -> None:
    """Make the part ready for an answer's first byte."""
    part, etag = fetch.part, answer.headers.get("etag", "")
    if answer.status == 206:
        span = answer.headers.get("content-range", "")
        if span.startswith(f"bytes {part.size}-") and etag in ("", part.begun().get("etag")):
            return
    if answer.status != 200:
        # 416, or another range than was asked for: the next try asks for the whole.
        part.discard()
        raise BrokenOffError(f"{fetch.watch.source}: does not go on with what it broke off")
    # A weak ETag does not promise the same bytes (RFC 9110, 8.8.1): it is no ground to go on from.
    strong = etag.startswith('"')
    part.begin({"of": fetch.name, "etag": etag} if strong else None)
