"""The review app from end to end, as those who work in it walk it: with JavaScript and without.

Pictures of each step are taken where NOSTOP_SCREENSHOTS names a folder (docs/guides/review-app.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine

from nostop.app.casework.warm import WarmShelf
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.rulebook import default_rules_dir
from nostop.web.house import House
from tests.web.browser.album import Album
from tests.web.browser.serving import Walk
from tests.web.conftest import NOW, house_for
from tests.web.outreach_world import write_campaign


@pytest.fixture
def house(work_store: Engine, work_run: Path, shelf: WarmShelf, tmp_path: Path) -> House:
    """Not entitled needs a second person here, and a campaign can be planned."""
    made = house_for(work_store, work_run, shelf, tmp_path)
    campaigns = tmp_path / "campaigns"
    write_campaign(campaigns, "spring")
    settings = replace(made.settings, second_approval=frozenset({"not_entitled"}))
    jobs = Jobs(work_store, lambda: NOW, handlers(Places(default_rules_dir(), work_run, campaigns)))
    return replace(made, settings=settings, jobs=jobs)


@pytest.fixture(params=[True, False], ids=["javascript", "without"])
def enter(
    request: pytest.FixtureRequest, browser_as: Callable[..., Walk]
) -> Iterator[Callable[[str], Walk]]:
    """Return a function that opens a browser for a role, with scripts or without."""
    yield lambda role: browser_as(role, javascript=request.param)


@pytest.fixture
def album(request: pytest.FixtureRequest) -> Album:
    """Pictures of the walk with JavaScript; those of the other would look the same."""
    return Album(is_kept="[javascript]" in request.node.name)


def press(walk: Walk, name: str, within: Locator | None = None) -> None:
    """Press the first button or link of this name, and wait for the page it leads to."""
    place = within or walk.page.locator("body")
    named = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name))
    with walk.page.expect_navigation(wait_until="load"):
        named.first.click()


def filtered(walk: Walk, field: str, value: str) -> None:
    """Choose a filter of the queue: scripts ask at once, without them a button does."""
    walk.page.get_by_label(field, exact=True).select_option(value)
    if walk.page.locator("body.js-enabled").count() == 0:
        press(walk, "Apply filters")
    expect(walk.page.locator(".moj-filter__tag").first).to_be_visible()


def said(page: Page) -> str:
    """What a page says was just done."""
    return page.locator(".govuk-notification-banner--success").inner_text()


def test_a_case_from_the_queue_to_a_decision(enter: Callable[[str], Walk], album: Album) -> None:
    carys = enter("nobody")
    carys.open("/")
    carys.page.get_by_label("Carys Case", exact=True).check()
    album.keep(carys.page, "sign-in")
    press(carys, "Sign in")
    page = carys.page
    everything = page.locator("#found h2").first.inner_text()
    album.keep(page, "queue")
    filtered(carys, "What the rules say", "entitled")
    album.keep(page, "queue-filtered")
    assert everything == "34 cases"
    assert page.locator("#found h2", has_text="1 case").count() == 1

    press(carys, "Take the next case")
    why = page.get_by_role("table", name="Why")
    album.keep(page, "case")
    assert "may be entitled to Pension Credit" in page.locator("h1").inner_text()
    assert "You" in page.locator(".app-case-who").inner_text()
    expect(page.get_by_role("heading", name="What to do next")).to_be_visible()
    assert "SPCA 2002" in why.inner_text()
    press(carys, "Confirm", page.locator("section", has=page.locator("#next")))
    page.get_by_label("Why? (optional)").fill("Seen on the telephone list of the council")
    album.keep(page, "confirm")
    press(carys, "Save")
    assert "Your decision is saved" in said(page)
    assert "Nothing is left to do here" in page.locator("main").inner_text()
    album.keep(page, "confirmed")
    press(carys, "My work")
    page.get_by_text("Benefits", exact=True).click()
    page.get_by_label("Child Benefit").check()
    if page.locator("body.js-enabled").count() == 0:
        press(carys, "Apply filters")
    expect(page.locator("#found h2").nth(1)).to_have_text("2 cases")
    press(carys, "Child Benefit, Universal Credit", page.locator("#found tbody"))
    album.keep(page, "case-with-facts-missing")
    print(page.locator("main").inner_text()[:3000])
    press(carys, "Fill in")
    for _ in range(1):
        print(page.url, page.locator("h1").inner_text(), page.locator(".govuk-caption-l").inner_text())
        page.get_by_label("Yes", exact=True).check()
        page.get_by_role("button", name="See what this changes").click()
        page.locator("#changes table, #changes strong").first.wait_for()
        print(page.locator("#changes").inner_text())
        page.get_by_label("What they said on the telephone").check()
        album.keep(page, "fact")
        press(carys, "Save")
        print(page.locator("main").inner_text()[:3000])
    press(carys, "Fill in")
    print(page.url, page.locator("h1").inner_text(), page.locator(".govuk-caption-l").inner_text())
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="See what this changes").click()
    page.locator("#changes table, #changes strong").first.wait_for()
    print(page.locator("#changes").inner_text())
