"""The site of the rules that ship with nostop, built once."""

from datetime import date

import pytest

from nostop.rulebook import Rulebook
from nostop.rulebook_docs import build_pages, build_site
from nostop.rulebook_docs.site import Site
from tests.rulebook_docs.reader import Element, read_page


@pytest.fixture(scope="session")
def site(book: Rulebook) -> Site:
    return build_site(book, book.schemes, date(2026, 6, 1), None)


@pytest.fixture(scope="session")
def files(site: Site) -> dict[str, str]:
    return build_pages(site)


@pytest.fixture(scope="session")
def pages(files: dict[str, str]) -> dict[str, Element]:
    return {name: read_page(text) for name, text in files.items() if name.endswith(".html")}
