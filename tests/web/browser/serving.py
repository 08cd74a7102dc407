"""A real server for a browser, and a page in it that keeps what went wrong."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)
from starlette.types import ASGIApp

REQUIRED = os.environ.get("NOSTOP_BROWSER_TESTS") == "required"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_STARTS_WITHIN = 20.0


def chromium_of_this_machine() -> str:
    """Return where Chromium is. Without one the test is left out, and says so by name; where
    browser tests are required (NOSTOP_BROWSER_TESTS=required, as in CI), it fails."""
    for name in ("chromium", "chromium-browser"):
        found = shutil.which(name)
        if found:
            return found
    said = "browser tests need Chromium, which is not on the path (Debian: apt install chromium)"
    if REQUIRED:
        pytest.fail(said)
    pytest.skip(f"LEFT OUT: {said}")


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium without a window."""
    program = chromium_of_this_machine()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port of this machine, and give its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, ws="none", timeout_graceful_shutdown=2
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + _STARTS_WITHIN
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_STARTS_WITHIN)
        assert not thread.is_alive(), "the server did not stop"


@dataclass
class Walk:
    """One page of a browser, and what went wrong in it: errors of scripts, what the content
    security policy refused, what did not load, and answers that say there was a mistake.

    allowed: statuses of pages, or of parts that htmx asks for, that are no mistake of this test.
    """

    context: BrowserContext
    page: Page
    site: str
    allowed: set[int] = field(default_factory=set)
    went_wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to keep what goes wrong."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.went_wrong.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def open(self, path: str) -> Response:
        """Go to an address of ours."""
        response = self.page.goto(self.site + path, wait_until="load")
        assert response is not None
        return response

    def click(self, selector: str) -> None:
        """Click the first thing that a CSS selector finds, and wait for the page it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.locator(selector).first.click()

    def _said(self, message: ConsoleMessage) -> None:
        # What did not load is kept with its address in `_answered`.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.went_wrong.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Somebody who goes on to another page, or loads a file, breaks off what was under way.
        if request.failure != "net::ERR_ABORTED":
            self.went_wrong.append(f"request: {request.failure} {request.url}")

    def _answered(self, response: Response) -> None:
        asked = response.request
        of_a_page = asked.is_navigation_request() or asked.resource_type in ("xhr", "fetch")
        if response.status >= 400 and not (of_a_page and response.status in self.allowed):
            self.went_wrong.append(f"answer: {response.status} {response.url}")


def walk_in(context: BrowserContext, site: str) -> Walk:
    """Return a new page in a context, watched."""
    walk = Walk(context, context.new_page(), site)
    walk.watch()
    return walk


def sign_in(walk: Walk, account_name: str) -> None:
    """Sign in as one of the made-up officials, as a person would."""
    walk.open("/sign-in?next=/accessibility")
    walk.page.get_by_label(account_name, exact=True).check()
    walk.page.get_by_role("button", name="Sign in").click()
    walk.page.wait_for_url("**/accessibility")
