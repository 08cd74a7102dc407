"""Every page for everybody: axe finds nothing against WCAG 2.2 AA, the keyboard reaches all of it
in order and shows where it is, and at 400% nothing scrolls sideways. And the look at a page can
itself find what is wrong.

All in one file, so that one Chromium serves (`pytest --dist loadfile`).
"""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from nostop.web.headers import Headers
from nostop.web.static_files import static_dir
from tests.web.browser.audit import (
    breaches,
    faults_of,
    keyboard_faults,
    printed_too_much,
    too_wide_for_320,
)
from tests.web.browser.pages import PAGES, Seen
from tests.web.browser.serving import Walk, served, walk_in

#: In Welsh, every sixth page is looked at by day, and all of them at night.
_IN_WELSH = PAGES if os.environ.get("NOSTOP_NIGHTLY") else PAGES[::6]
_LOOKS = [(seen, "en") for seen in PAGES] + [(seen, "cy") for seen in _IN_WELSH]


@pytest.mark.parametrize(("seen", "language"), _LOOKS, ids=str)
def test_page_can_be_used_by_everybody(
    seen: Seen, language: str, walk: Callable[..., Walk]
) -> None:
    here = walk(seen.role, language)
    here.allowed = {seen.status}
    assert here.open(seen.path).status == seen.status
    for link in seen.follow:
        here.click(link)
    for field, text in seen.fill:
        place = here.page.locator(field).first
        place.fill(text) if text else place.check()
    if seen.press:
        here.allowed = {400, 409, 422}
        here.click(seen.press)
    assert here.page.locator("html").get_attribute("lang") == language
    if language == "cy":
        # What the keyboard reaches, how wide it is and what is printed is the same in every
        # language but for longer words, at which 320 pixels are looked at.
        assert [*breaches(here.page), *too_wide_for_320(here.page)] == []
        return
    assert faults_of(here.page) == []
    assert printed_too_much(here.page) == []
    assert keyboard_faults(here.page) == []


_BAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/bad.css"></head><body><main><h1>Bad</h1>
<script>document.title = "not allowed";</script>
<label for="good">Good</label> <input id="good"> <input class="unseen">
<a href="/" tabindex="2">First though it stands last</a>
<p class="wide">wide</p><img src="/nowhere.png" alt=""></main></body></html>"""
_BAD_CSS = ".unseen:focus { outline: none } .wide { width: 500px }"


def test_look_at_a_page_finds_what_is_wrong(chromium: Browser) -> None:
    async def bad(_: object) -> HTMLResponse:
        return HTMLResponse(_BAD)

    async def css(_: object) -> HTMLResponse:
        return HTMLResponse(_BAD_CSS, media_type="text/css")

    app = Starlette(routes=[Route("/", bad), Route("/bad.css", css)])
    with served(Headers(app, secure=False)) as address:
        context = chromium.new_context()
        here = walk_in(context, address)
        here.open("/")
        by_axe = breaches(here.page)
        wide = too_wide_for_320(here.page)
        by_keyboard = keyboard_faults(here.page)
        context.close()
    assert [breach.split(":")[0] for breach in by_axe] == ["label"]
    assert any('class="wide"' in element for element in wide)
    assert by_keyboard[0] == 'the focus is not seen: <input class="unseen">'
    assert by_keyboard[1].startswith('Tab reaches 3 of 3: <a href="/" tabindex="2">')
    assert [wrong.split(":")[0] for wrong in sorted(here.went_wrong)] == ["answer", "console"]
    assert any("Content Security Policy" in wrong for wrong in here.went_wrong)
    assert any(wrong == f"answer: 404 {address}/nowhere.png" for wrong in here.went_wrong)


_PLAIN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parts</title>
<meta name="htmx-config" content='{"includeIndicatorStyles": false, "allowEval": false}'>
<link rel="stylesheet" href="/static/vendor/govuk-frontend.min.css">
<link rel="stylesheet" href="/static/vendor/moj-frontend.min.css">
<link rel="stylesheet" href="/static/nostop.css"><link rel="icon" href="data:,">
<script src="/static/nostop.js" type="module"></script>
<script src="/static/vendor/htmx.min.js" defer></script></head>
<body class="govuk-template__body"><h1 class="govuk-heading-l">Parts</h1>
<form action="/part" method="post" hx-post="/part" hx-target="#part">
<button class="govuk-button">More</button></form><div id="part"></div></body></html>"""
_PART = """<div class="govuk-character-count" data-module="govuk-character-count"
data-maxlength="20"><label for="why">Why</label>
<textarea class="govuk-textarea govuk-js-character-count" id="why"></textarea>
<div id="why-info" class="govuk-hint govuk-character-count__message">Up to 20</div></div>"""


def test_part_that_htmx_brings_has_its_components_and_asks_for_nothing_else(
    chromium: Browser,
) -> None:
    async def plain(_: object) -> HTMLResponse:
        return HTMLResponse(_PLAIN)

    async def part(_: object) -> HTMLResponse:
        return HTMLResponse(_PART, 422)

    routes = [
        Route("/", plain),
        Route("/part", part, methods=["POST"]),
        Mount("/static", StaticFiles(directory=static_dir())),
    ]
    with served(Headers(Starlette(routes=routes), secure=False)) as address:
        context = chromium.new_context()
        here = walk_in(context, address)
        here.allowed = {422}
        asked: list[str] = []
        here.page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
        here.open("/")
        here.page.get_by_role("button", name="More").click()
        here.page.get_by_label("Why").fill("a reason")
        left = here.page.get_by_text("You have 12 characters remaining")
        left.first.wait_for()
        context.close()
    assert here.went_wrong == []
    assert sorted(asked) == [
        "/",
        "/part",
        "/static/nostop.css",
        "/static/nostop.js",
        "/static/vendor/govuk-frontend.min.css",
        "/static/vendor/govuk-frontend.min.js",
        "/static/vendor/htmx.min.js",
        "/static/vendor/moj-frontend.min.css",
    ]
