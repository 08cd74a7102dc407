"""The review app from end to end, as those who work in it walk it: with JavaScript and without.

Pictures of each step are taken where NOSTOP_SCREENSHOTS names a folder (docs/guides/review-app.md).
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
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
from tests.web.browser.audit import faults_of
from tests.web.browser.serving import Walk
from tests.web.conftest import NOW, house_for
from tests.web.outreach_world import write_campaign

#: A machine that does other things too answers within this time; what is not there then is a fault.
_SOON = 15_000.0


@pytest.fixture
def house(work_store: Engine, work_run: Path, shelf: WarmShelf, tmp_path: Path) -> House:
    """Not entitled needs a second person here, and a campaign can be planned."""
    made = house_for(work_store, work_run, shelf, tmp_path)
    campaigns = tmp_path / "campaigns"
    write_campaign(campaigns, "spring")
    write_campaign(campaigns, "summer")
    settings = replace(made.settings, second_approval=frozenset({"not_entitled"}))
    seconds = count()
    jobs = Jobs(
        work_store,
        lambda: NOW + timedelta(seconds=next(seconds)),
        handlers(Places(default_rules_dir(), work_run, campaigns)),
    )
    return replace(made, settings=settings, jobs=jobs)


@pytest.fixture(params=[True, False], ids=["javascript", "without"])
def enter(request: pytest.FixtureRequest, browser_as: Callable[..., Walk]) -> Callable[[str], Walk]:
    """Return a function that opens a browser for a role, with scripts or without."""

    def entered(role: str) -> Walk:
        walk = browser_as(role, javascript=request.param)
        walk.page.set_default_timeout(_SOON)
        return walk

    return entered


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
    if not has_scripts(walk):
        press(walk, "Apply filters")
    expect(walk.page.locator(".moj-filter__tag").first).to_be_visible()


def has_scripts(walk: Walk) -> bool:
    """Whether the page that is open runs scripts."""
    return walk.page.locator("body.js-enabled").count() == 1


def benefit(walk: Walk, name: str) -> None:
    """Look at one benefit of the queue only."""
    walk.page.get_by_text("Benefits", exact=True).click()
    walk.page.get_by_label(name, exact=True).check()
    if not has_scripts(walk):
        press(walk, "Apply filters")
    expect(walk.page.locator(".moj-filter__tag").first).to_contain_text(name)


def said(page: Page) -> str:
    """What a page says was just done."""
    return page.locator(".govuk-notification-banner--success").inner_text()


def correct(walk: Walk, fact: str, rests_on: str) -> str:
    """Say yes to a fact that is missing, look at what that changes, and return it; not saved."""
    press(walk, "Fill in", walk.page.locator("tr", has_text=fact))
    walk.page.get_by_label("Yes", exact=True).check()
    walk.page.get_by_label(rests_on).check()
    walk.page.get_by_role("button", name="See what this changes").click()
    changes = walk.page.get_by_role("table", name="What this would change")
    changes.wait_for()
    return changes.inner_text()


def note_and_hand_over(walk: Walk, album: Album) -> None:
    """Write a note to the case that is open, and hand it over to Kofi Case."""
    page = walk.page
    page.get_by_label("Add a note").fill("Rang them: they will claim on Monday.")
    press(walk, "Add note")
    assert "Your note is saved" in said(page)
    notes = page.locator("section", has=page.locator("#notes"))
    assert "Rang them: they will claim on Monday." in notes.inner_text()
    press(walk, "Hand over")
    page.get_by_label("Kofi Case", exact=True).check()
    page.locator("#reason").fill("I am away from tomorrow.")
    album.keep(page, "09-hand-over")
    press(walk, "Save")
    assert page.url.endswith("/queue")
    assert "Your decision is saved" in said(page)


def test_a_case_from_the_queue_to_a_decision(enter: Callable[[str], Walk], album: Album) -> None:
    # The case is handed to him: he has signed in here before.
    enter("caseworker 2").context.close()
    carys = enter("nobody")
    page = carys.page
    carys.open("/")
    page.get_by_label("Carys Case", exact=True).check()
    album.keep(page, "01-sign-in")
    press(carys, "Sign in")
    assert page.locator("#found h2").first.inner_text() == "34 cases"
    album.keep(page, "02-queue")
    filtered(carys, "What the rules say", "entitled")
    expect(page.locator("#found h2", has_text=re.compile("^1 case$"))).to_be_visible()
    album.keep(page, "03-queue-filtered")

    press(carys, "Take the next case")
    album.keep(page, "04-case")
    assert "may be entitled to Pension Credit" in page.locator("h1").inner_text()
    assert "You" in page.locator(".app-case-who").inner_text()
    assert "SPCA 2002" in page.get_by_role("table", name="Why").inner_text()
    press(carys, "Confirm", page.locator("section", has=page.locator("#next")))
    album.keep(page, "05-confirm")
    press(carys, "Save")
    assert "Your decision is saved" in said(page)
    assert "Nothing is left to do here" in page.locator("main").inner_text()

    press(carys, "My work")
    benefit(carys, "Child Benefit")
    press(carys, "Child Benefit, Universal Credit", page.locator("#found tbody"))
    album.keep(page, "06-case-with-facts-missing")
    assert "May be entitled: not everything is known" in page.locator("main").inner_text()
    correct(carys, "Immigration status", "What they said on the telephone")
    press(carys, "Save")
    assert "The fact is corrected on this case" in said(page)
    # The second fact settles it.
    settled = correct(carys, "Lives in the United Kingdom", "A document that I have seen")
    assert re.search(
        r"Child Benefit\s+not everything is known.*may be entitled, £44\.95", settled, re.S
    )
    assert not has_scripts(carys) or faults_of(page) == []
    album.keep(page, "07-fact")
    press(carys, "Save")
    assert "may be entitled to Child Benefit (£44.95 a week)" in page.locator("h1").inner_text()
    album.keep(page, "08-new-answer")
    note_and_hand_over(carys, album)
    press(carys, "Sign out")
    assert page.url.endswith("/sign-in")
    carys.open("/queue")
    assert "/sign-in" in page.url


def test_what_needs_a_second_person_waits_for_one_and_an_old_page_is_told(
    enter: Callable[[str], Walk], album: Album
) -> None:
    carys, kofi = enter("caseworker"), enter("caseworker 2")
    page = carys.page
    carys.open("/queue")
    benefit(carys, "Housing Benefit for people over State Pension age")
    press(carys, "Housing Benefit", page.locator("#found tbody"))
    case = page.url.removeprefix(carys.site)
    kofi.open(case)
    press(kofi, "Ask for evidence", kofi.page.locator(".govuk-summary-card"))
    press(carys, "Not entitled", page.locator(".govuk-summary-card"))
    carys.allowed = {422}
    press(carys, "Save")
    assert page.locator(".govuk-error-summary a").count() == 2
    page.get_by_label("Your home is rented", exact=True).check()
    page.locator("#reason").fill("They live with their daughter and pay no rent.")
    album.keep(page, "10-not-entitled")
    press(carys, "Save")
    assert "A second person has to approve it first" in said(page)

    kofi.allowed = {409}
    kofi.page.locator("input[name=about]").first.check()
    kofi.page.locator("#reason").fill("The tenancy is not there.")
    press(kofi, "Save")
    album.keep(kofi.page, "11-somebody-was-first")
    told = kofi.page.locator("main").inner_text()
    assert "Somebody changed this case while you were writing" in told
    assert "Carys Case" in told
    kept = kofi.page.locator("#reason").input_value()
    assert kept == "The tenancy is not there."

    sian = enter("senior")
    sian.open("/")
    press(sian, "Second approval")
    press(sian, "Not entitled")
    sian.page.get_by_label("Approve: it counts from now on").check()
    album.keep(sian.page, "12-second-approval")
    press(sian, "Save")
    assert "Your answer is saved" in said(sian.page)
    carys.open(case)
    assert "decided: not entitled" in page.locator(".govuk-summary-card").first.inner_text()


def plan(walk: Walk, campaign: str, house: House, album: Album) -> None:
    """Plan a campaign of the folder, wait for the job, and go to its page."""
    walk.open("/campaigns")
    press(walk, "Plan a campaign")
    walk.page.get_by_label(campaign).first.check()
    album.keep(walk.page, "13-plan-a-campaign")
    press(walk, "Plan it")
    assert house.jobs.work_one("worker")
    # With scripts the page looks again by itself every two seconds.
    if not has_scripts(walk):
        press(walk, "Refresh")
    expect(walk.page.get_by_text("It is done.")).to_be_visible(timeout=15_000)
    press(walk, "Go back to what it is for")


def test_a_campaign_is_approved_by_somebody_who_did_not_plan_it(
    enter: Callable[[str], Walk], album: Album, house: House
) -> None:
    anwen, sian = enter("campaign_approver"), enter("senior")
    plan(anwen, "spring", house, album)
    told = anwen.page.locator("main").inner_text()
    assert "You planned this campaign, so somebody else has to approve it." in told
    assert anwen.page.get_by_role("button", name="Look at it and approve").count() == 0
    anwen.open("/campaigns/spring/approve")
    assert anwen.page.get_by_role("button", name="Approve this plan").count() == 0
    album.keep(anwen.page, "14-not-by-its-planner")

    plan(sian, "summer", house, album)
    sian.allowed = {404}
    assert sian.open("/campaigns/summer/approve").status == 404

    anwen.open("/campaigns")
    press(anwen, "summer")
    assert "by Sian Senior" in anwen.page.locator("main").inner_text()
    press(anwen, "Messages as they look")
    album.keep(anwen.page, "15-messages")
    press(anwen, "Numbers")
    press(anwen, "Look at it and approve")
    anwen.page.get_by_label("I have read every message in both languages").check()
    album.keep(anwen.page, "16-approve-a-campaign")
    press(anwen, "Approve this plan")
    assert "You approved the campaign" in said(anwen.page)


def test_a_newcomer_finds_why_and_what_to_do_with_few_clicks(enter: Callable[[str], Walk]) -> None:
    # From the start page, signed in: one click to why and what to do, and three to have done it.
    here = enter("caseworker")
    here.open("/")
    clicks = ["Take the next case"]
    press(here, clicks[-1])
    page = here.page
    assert "may be entitled to Pension Credit (£20.76 to £106.81 a week)" in (
        page.locator("h1").inner_text()
    )
    for heading in ("What to do next", "What they may be entitled to"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    why = page.get_by_role("table", name="Why")
    expect(why).to_be_visible()
    lines = why.locator("tbody tr").all()
    assert 0 < len(lines) <= 10
    for words in ("Worked out for", "A claim can be backdated", "Lost each week without a claim"):
        expect(page.get_by_text(words)).to_be_visible()
    todo = page.locator("section", has=page.locator("#next"))
    for name in (todo.get_by_role("button").inner_text(), "Save"):
        clicks.append(name)
        press(here, name)
    assert clicks == ["Take the next case", "Confirm", "Save"]
    assert "Your decision is saved" in said(page)
