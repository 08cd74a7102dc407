"""The pages of one campaign for everybody: a campaign is planned here, that others do not need."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from nostop.app.run_overview import take_in
from nostop.store import open_store, upgrade
from nostop.web.application import create_app
from nostop.web.guard import LANGUAGE
from tests.web.browser.audit import faults_of, keyboard_faults
from tests.web.browser.serving import Walk, served, sign_in, walk_in
from tests.web.outreach_world import house_of, plan, small_run
from tests.web.test_campaigns import doubt
from tests.web.test_runs import Timetable, ran

PATHS = (
    "/campaigns/spring",
    "/campaigns/spring/messages",
    "/campaigns/spring/results",
    "/campaigns/spring/in-doubt",
    "/campaigns/spring/approve",
    "/campaigns/spring/stop",
    "/campaigns/spring/go-on",
    "/runs",
    "/runs/Stiny",
    "/schedule/nightly_run",
)


@pytest.fixture(scope="module")
def approver(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A page in which the campaign approver is signed in, on a store with one campaign."""
    folder = tmp_path_factory.mktemp("outreach")
    run = small_run(folder / "runs" / "june")
    engine = open_store(f"sqlite:///{folder / 'store.db'}")
    upgrade(engine)
    plan(engine, folder, run, "sian.senior")
    take_in(engine, run)
    doubt(engine, hours=3)
    ran(engine, "failed", "feeds: the folder is not there")
    house = replace(house_of(engine, None, folder, run), calendar=Timetable())
    with served(create_app(house)) as site:
        context = chromium.new_context()
        walk = walk_in(context, site)
        sign_in(walk, "Anwen Approver")
        yield walk
        context.close()
    engine.dispose()
    assert walk.went_wrong == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_campaign_or_a_run_is_for_everybody(approver: Walk, path: str) -> None:
    approver.context.add_cookies([{"name": LANGUAGE, "value": "en", "url": approver.site}])
    approver.open(path)
    faults = keyboard_faults(approver.page)
    assert [*faults, *faults_of(approver.page)] == []


@pytest.mark.parametrize("path", PATHS[1:5])
def test_in_welsh_it_is_too(approver: Walk, path: str) -> None:
    approver.context.add_cookies([{"name": LANGUAGE, "value": "cy", "url": approver.site}])
    approver.open(path)
    assert faults_of(approver.page) == []
