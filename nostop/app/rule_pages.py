"""The pages of `nostop rules docs` for the workbench: one at a time, as content to stand within
another page."""

from datetime import date
from threading import Lock

from nostop.model import NotHere
from nostop.rulebook import Rulebook
from nostop.rulebook.packs import Library, Pack
from nostop.rulebook_docs import build_site
from nostop.rulebook_docs.catalogue_pages import FACTS, GATEWAYS, facts_page, gateways_page
from nostop.rulebook_docs.layout import Frame, Within
from nostop.rulebook_docs.library_page import library_page
from nostop.rulebook_docs.rates import table_files
from nostop.rulebook_docs.scheme_page import scheme_page
from nostop.rulebook_docs.site import Site

#: So many pages are kept: making one reads all worked cases of its scheme.
_MOST_KEPT = 64


class RulePages:
    """The pages of one rule book after another; a page is made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: dict[tuple[int, str, date, str], tuple[Rulebook, str]] = {}

    def page(self, book: Rulebook, scheme: str, on: date, file: str) -> str:
        """Return the content of a page: of the scheme (`scheme-ID.html`), of a library that it
        rests on, of its facts or its gateways; or a table of it as CSV.

        Raises:
            NotHere: there is no such page.
            RuleError: a file of cases that cannot be read.
        """
        key = (id(book), scheme, on, file)
        with self._lock:
            found = self._pages.get(key)
        # The book is kept beside its page: as long as it is, no other has its id.
        if found is None:
            if scheme not in book.schemes:
                raise NotHere("rules: there is no such scheme")
            found = book, _made(build_site(book, [scheme], on, None), file)
            with self._lock:
                while len(self._pages) >= _MOST_KEPT:
                    del self._pages[next(iter(self._pages))]
                self._pages[key] = found
        return found[1]


def page_of(scheme: str) -> str:
    """Return the name of a scheme's page."""
    return f"scheme-{scheme}.html"


def _made(site: Site, file: str) -> str:
    frame: Frame = Within((), "")
    if file == FACTS:
        return facts_page(site, frame)
    if file == GATEWAYS:
        return gateways_page(site, frame)
    for source in site.sources.values():
        if source.page == file:
            match source.model:
                case Pack() as pack:
                    return scheme_page(source, pack, site, frame)
                case Library() as library:
                    return library_page(source, library, site, frame)
        tables = dict(table_files(source))
        if file in tables:
            return tables[file]
    raise NotHere("rules: there is no such page")
