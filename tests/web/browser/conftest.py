"""Chromium, the app on a port of this machine, and pages of it in which somebody is signed in.

`walk` and `browser_as` fail the test if anything went wrong in their pages, whatever it was about.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from nostop.app.casework.warm import WarmShelf
from nostop.store import open_store
from nostop.web.application import create_app
from nostop.web.demo_accounts import DEMO_ACCOUNTS
from nostop.web.guard import LANGUAGE
from nostop.web.house import House
from tests.web.browser.serving import Walk, launched, served, sign_in, walk_in
from tests.web.conftest import OFFICIALS, house_for


# Playwright's loop runs in this thread while it is open: it is closed before other tests begin.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def site(
    chromium: Browser,  # noqa: ARG001 - where there is none, nothing is served
    _loaded_store: Path,
    work_run: Path,
    shelf: WarmShelf,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The app, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(_loaded_store, folder / "work.db")
    engine = open_store(f"sqlite:///{folder / 'work.db'}")
    with served(create_app(house_for(engine, work_run, shelf, folder))) as address:
        yield address
    engine.dispose()


@pytest.fixture(scope="package")
def standing_context(chromium: Browser, site: str) -> Iterator[Callable[[str], BrowserContext]]:
    """Return a function that gives a browser in which a role is signed in, once for all tests."""
    opened: dict[str, BrowserContext] = {}

    def context_of(role: str) -> BrowserContext:
        if role not in opened:
            context = chromium.new_context()
            opened[role] = context
            if role != "nobody":
                walk = walk_in(context, site)
                sign_in(walk, DEMO_ACCOUNTS[OFFICIALS[role]].name)
                walk.page.close()
                assert walk.went_wrong == []
        return opened[role]

    yield context_of
    for context in opened.values():
        context.close()


@pytest.fixture
def walk(
    standing_context: Callable[[str], BrowserContext], site: str
) -> Iterator[Callable[..., Walk]]:
    """Return a function that gives a page for a role, for a test that changes nothing:
    `walk("caseworker")`, `walk("senior", "cy")` in Welsh."""
    opened: list[Walk] = []

    def page_for(role: str, language: str = "en") -> Walk:
        context = standing_context(role)
        context.add_cookies([{"name": LANGUAGE, "value": language, "url": site}])
        opened.append(walk_in(context, site))
        return opened[-1]

    yield page_for
    for each in opened:
        each.page.close()
    assert [wrong for each in opened for wrong in each.went_wrong] == []


@pytest.fixture
def browser_as(chromium: Browser, house: House) -> Iterator[Callable[..., Walk]]:
    """Return a function that signs a role in, to a store of the test's own that it may change.

    `browser_as("caseworker", javascript=False)` has no scripts; `nobody` is not signed in.
    """
    opened: list[Walk] = []
    with served(create_app(house)) as address:

        def signed_in(role: str, *, javascript: bool = True) -> Walk:
            context = chromium.new_context(java_script_enabled=javascript)
            opened.append(walk_in(context, address))
            if role != "nobody":
                sign_in(opened[-1], DEMO_ACCOUNTS[OFFICIALS[role]].name)
            return opened[-1]

        yield signed_in
        for each in opened:
            each.context.close()
    assert [wrong for each in opened for wrong in each.went_wrong] == []
