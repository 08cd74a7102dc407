"""Campaigns in the pages: looked at, approved by another person, stopped, settled, planned."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from nostop import store
from nostop.app.outreach import overview
from nostop.app.outreach.plan_pages import flaws_of
from nostop.ports import Receipt
from nostop.store import Act, open_store, upgrade
from nostop.store.campaign_pages import campaign_row
from nostop.store.ledger import News
from nostop.web.guard import Visitor
from nostop.web.house import House
from nostop.web.permissions import Role
from nostop.web.rooms import campaign_words as words
from nostop.web.words import welsh
from tests.web.conftest import NOW, OFFICIALS
from tests.web.outreach_world import (
    CAMPAIGN,
    house_of,
    plan,
    small_run,
    write_campaign,
)

SIAN, ANWEN = "sian.senior", "anwen.approver"


@dataclass(frozen=True, slots=True)
class World:
    """A folder with the run, the campaigns, the rules, and the store in which one is planned."""

    folder: Path
    run: Path
    store: Path
    plan_sha256: str


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("outreach")
    run = small_run(folder / "runs" / "june")
    engine = open_store(f"sqlite:///{folder / 'store.db'}")
    upgrade(engine)
    sha256 = plan(engine, folder, run, SIAN)
    engine.dispose()
    return World(folder, run, folder / "store.db", sha256)


@pytest.fixture
def world(planned: World, tmp_path: Path) -> World:
    folder = tmp_path / "world"
    shutil.copytree(planned.folder, folder)
    return World(folder, folder / "runs" / "june", folder / "store.db", planned.plan_sha256)


@pytest.fixture
def work_store(world: World) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{world.store}")
    yield engine
    engine.dispose()


@pytest.fixture
def house(work_store: Engine, world: World) -> House:
    return house_of(work_store, None, world.folder, world.run)


def approved(client, plan_sha256: str, looked: str = "yes"):
    form = {"plan": plan_sha256, "looked": looked}
    return client.form("/campaigns/spring/approve", form, at="/campaigns/spring/stop")


def approved_by(engine: Engine) -> str | None:
    row = campaign_row(engine, "spring")
    return row.approved_by if row.is_approved else None


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# --- looking ------------------------------------------------------------------------------------


def test_the_list_says_in_a_word_where_each_campaign_is(client_as):
    page = client_as("senior").get("/campaigns")
    assert page.status_code == 200
    assert "Waiting for approval" in page.text
    assert "by Sian Senior on 1 June 2026" in page.text
    assert "A test scheme" in page.text


def test_a_campaign_shows_its_numbers_and_who_is_not_told(client_as):
    page = plain(client_as("senior").get("/campaigns/spring").text)
    assert "Progress of 3 messages" in page
    assert "Somebody in the benefit unit has a protected address 1" in page
    assert "£0.00 of £500.00 at most" in page
    assert "costs about £0.03" in page, "one text message at 3 pence"


def test_a_campaign_that_is_not_there_is_no_page(client_as):
    assert client_as("senior").get("/campaigns/autumn").status_code == 404


def test_the_messages_are_shown_in_both_languages_and_every_form_to_nobody_real(client_as):
    page = client_as("campaign_approver").get("/campaigns/spring/messages").text
    shown = plain(page)
    for form in ("Letter, English", "Letter, Welsh", "E-mail, Welsh", "Text message, Welsh"):
        assert form in shown
    assert 'lang="cy"' in page
    assert "Sam Sample" in shown
    assert "1 Example Street" in shown
    assert "It goes as " in shown
    for real in ("Ada", "ada@", "Bo Sample", "Cai", "cai@"):
        assert real not in shown


def test_results_say_that_nothing_can_be_said_without_a_holdout(client_as):
    page = plain(client_as("senior").get("/campaigns/spring/results").text)
    assert "Nobody has looked yet for what followed" in page
    assert "No holdout: nothing can be said of what the messages did" in page
    assert "under 10" in page


@pytest.mark.parametrize("role", list(OFFICIALS))
def test_each_role_sees_only_what_it_may(client_as, role: str):
    client = client_as(role)
    sees = role in ("senior", "campaign_approver", "administrator")
    approves = role == "campaign_approver"
    for path in ("/campaigns", "/campaigns/spring", "/plan-campaign", "/sending/stop"):
        assert client.get(path).status_code == (200 if sees else 404), path
    found = client.get("/campaigns/spring/approve").status_code
    assert found == (200 if approves else 404)


# --- approving ----------------------------------------------------------------------------------


def test_another_person_approves_the_plan_that_was_shown(client_as, work_store: Engine):
    client = client_as("campaign_approver")
    shown = client.get("/campaigns/spring/approve").text
    sha256 = re.search(r'name="plan" value="([0-9a-f]{64})"', shown)
    assert sha256
    answer = approved(client, sha256.group(1))
    assert answer.status_code == 303
    assert approved_by(work_store) == ANWEN
    assert "by Anwen Approver" in plain(client.get("/campaigns/spring").text)


def test_nobody_approves_without_saying_that_they_looked(client_as, world: World, work_store):
    answer = approved(client_as("campaign_approver"), world.plan_sha256, looked="")
    assert answer.status_code == 422
    assert "Tick the box when you have read every message" in answer.text
    assert approved_by(work_store) is None


@pytest.mark.parametrize("planner", [ANWEN, "Anwen Approver", "anwen  approver"])
def test_whoever_planned_it_is_told_why_they_cannot_approve(
    client_as, work_store: Engine, world: World, planner: str
):
    with work_store.begin() as connection:
        connection.execute(text("UPDATE campaigns SET planned_by = :by"), {"by": planner})
    client = client_as("campaign_approver")
    page = client.get("/campaigns/spring/approve").text
    assert "You planned this campaign, so somebody else has to approve it." in page
    assert 'name="plan"' not in page
    answer = approved(client, world.plan_sha256)
    assert answer.status_code == 409
    assert "You planned this campaign, so somebody else has to approve it." in answer.text
    assert approved_by(work_store) is None


def test_an_approval_of_an_older_plan_is_refused_and_told(client_as, work_store: Engine, world):
    with work_store.begin() as connection:
        connection.execute(text("UPDATE campaigns SET plan_sha256 = :new"), {"new": "b" * 64})
    answer = approved(client_as("campaign_approver"), world.plan_sha256)
    assert answer.status_code == 409
    assert "The plan was changed while you looked at it" in answer.text
    assert approved_by(work_store) is None


def test_a_plan_made_anew_has_lost_its_approval(client_as, work_store: Engine, world: World):
    client = client_as("campaign_approver")
    approved(client, world.plan_sha256)
    with work_store.begin() as connection:
        connection.execute(text("UPDATE campaigns SET plan_sha256 = :new"), {"new": "b" * 64})
    assert "Waiting for approval" in client.get("/campaigns/spring").text


# --- stopping -----------------------------------------------------------------------------------


def test_stop_stops_one_campaign_at_once_and_it_can_go_on(client_as, work_store: Engine):
    client = client_as("administrator")
    assert client.form("/campaigns/spring/stop").status_code == 303
    assert store.read_stops(work_store) == {"spring": "adam.admin"}
    page = plain(client.get("/campaigns/spring").text)
    assert "This campaign is stopped, by Adam Admin since 2 June 2026, 10:00" in page
    assert client.form("/campaigns/spring/go-on").status_code == 303
    assert store.read_stops(work_store) == {}


def test_all_sending_is_stopped_and_every_page_of_it_says_so(client_as, work_store: Engine):
    client = client_as("senior")
    assert client.form("/sending/stop").status_code == 303
    assert store.read_stops(work_store) == {"all": SIAN}
    for path in ("/campaigns", "/campaigns/spring", "/runs", "/sending/stop"):
        assert "All sending is stopped, by Sian Senior" in client.get(path).text
    assert client.form("/sending/go-on", at="/sending/stop").status_code == 303
    assert store.read_stops(work_store) == {}


def test_what_is_stopped_is_not_claimed(client_as, work_store: Engine, world: World):
    approved(client_as("campaign_approver"), world.plan_sha256)
    client_as("senior").form("/campaigns/spring/stop")
    asked = store.Asked(
        "spring",
        world.plan_sha256,
        store.Limits(1, 28, 100, None, None, 1000),
        "sender:1:1",
        NOW,
    )
    assert store.claim(work_store, asked, []).stops == "the campaign was stopped"


# --- messages in doubt --------------------------------------------------------------------------


def doubt(engine: Engine, hours: int) -> str:
    """Leave one message in doubt, that was claimed so many hours ago."""
    rows = store.messages_of(engine, "spring")
    message_id = str(rows.filter(status="planned")["message_id"][0])
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE outreach_messages SET state = 'claimed', claimed_at = :at, "
                "claimed_by = 'x:1:1' WHERE message_id = :id"
            ),
            {"at": f"{NOW - timedelta(hours=hours):%Y-%m-%d %H:%M:%S.%f}", "id": message_id},
        )
    unknown = Receipt(message_id, "unknown", None, "timeout")
    assert store.learn(engine, News([unknown], "channel", "x:1:1", NOW)) == 1
    return message_id


def test_somebody_says_what_became_of_a_message_in_doubt_and_how_they_know(client_as, work_store):
    message_id = doubt(work_store, hours=3)
    client = client_as("senior")
    path = "/campaigns/spring/in-doubt"
    assert message_id in client.get(path).text
    form = {"message": message_id, "became": "sent", "how": "provider_says"}
    assert client.form(path, form).status_code == 303
    assert store.count_statuses(work_store, "spring")["sent"] == 1
    assert message_id not in client.get(path).text
    with work_store.begin() as connection:
        found = connection.execute(
            text("SELECT actor, detail FROM audit_entries WHERE action = 'message.settled'")
        ).all()
    assert [tuple(row) for row in found] == [(SIAN, '{"how":"provider_says"}')]


def test_a_settling_without_how_says_what_is_missing_and_keeps_what_was_chosen(
    client_as, work_store
):
    message_id = doubt(work_store, hours=3)
    form = {"message": message_id, "became": "failed"}
    answer = client_as("senior").form("/campaigns/spring/in-doubt", form)
    assert answer.status_code == 422
    assert 'href="#how"' in answer.text
    assert re.search(r'value="failed"\s+checked', answer.text)
    assert store.count_statuses(work_store, "spring")["unknown"] == 1


def test_what_a_provider_may_still_tell_is_left_to_it(client_as, work_store: Engine):
    message_id = doubt(work_store, hours=0)
    client = client_as("senior")
    assert message_id not in client.get("/campaigns/spring/in-doubt").text
    form = {"message": message_id, "became": "failed", "how": "provider_says"}
    answer = client.form("/campaigns/spring/in-doubt", form, at="/campaigns/spring/stop")
    assert answer.status_code == 404
    assert store.count_statuses(work_store, "spring")["unknown"] == 1


# --- planning -----------------------------------------------------------------------------------


def test_a_campaign_of_the_folder_is_planned_by_a_job(client_as, house: House, world: World):
    write_campaign(world.folder / "campaigns", "summer")
    client = client_as("campaign_approver")
    page = client.get("/plan-campaign").text
    assert "summer.yaml" in page
    form = {"file": "summer.yaml", "run": "june"}
    answer = client.form("/plan-campaign", form)
    assert answer.status_code == 303, answer.text
    assert house.jobs.work_one("worker-1")
    assert "It is done." in client.get(answer.headers["location"]).text
    assert campaign_row(house.engine, "summer").planned_by == ANWEN
    assert "You planned this campaign" in client.get("/campaigns/summer").text


def test_a_pasted_campaign_that_cannot_stand_is_told_line_by_line_and_not_lost(client_as):
    wrong = CAMPAIGN.format(id="summer", outbox="x").replace("hours: any_time", "hourz: any_time")
    answer = client_as("senior").form("/plan-campaign", {"text": wrong, "run": "june"})
    assert answer.status_code == 422
    shown = plain(answer.text)
    assert "7 hourz: any_time key &#39;hourz&#39; is not known; did you mean" in shown
    assert "hourz: any_time" in re.search(r"<textarea.*?</textarea>", answer.text, re.S).group(0)  # type: ignore[union-attr]  # there is one


def test_a_pasted_campaign_becomes_a_file_and_its_text_is_in_no_job(
    client_as, house: House, world: World
):
    folder = world.folder / "campaigns"
    write_campaign(folder, "autumn")
    pasted = CAMPAIGN.format(id="summer", outbox=folder / "outbox")
    answer = client_as("senior").form("/plan-campaign", {"text": pasted, "run": "june"})
    assert answer.status_code == 303, answer.text
    job = house.jobs.look(answer.headers["location"].rsplit("/", 1)[1])
    assert job is not None
    name = job.arguments["file"]
    assert (folder / str(name)).read_text(encoding="utf-8").strip() == pasted.strip()
    assert set(job.arguments) == {"file", "run", "campaign"}


def test_a_pasted_campaign_brings_no_channel_settings_of_its_own(world: World):
    folder = world.folder / "campaigns"
    elsewhere = CAMPAIGN.format(id="summer", outbox="/somewhere/else")
    assert [flaw.text for flaw in flaws_of(elsewhere, folder)] == [
        "channels: outbox: its settings are in no file of the campaigns folder; leave them out, "
        "or ask an operator to put a campaign with them there"
    ]


def test_a_form_without_a_run_or_a_file_says_so(client_as):
    answer = client_as("senior").form("/plan-campaign", {"file": "", "text": ""})
    assert answer.status_code == 422
    assert "Choose a campaign file, or paste a campaign" in answer.text
    assert "Choose the run that it is planned from" in answer.text


# --- states and words ---------------------------------------------------------------------------


def state_of(engine: Engine) -> overview.State:
    (line,) = overview.campaign_lines(engine, NOW.date())
    return line.state


def test_a_campaign_goes_from_waiting_to_approved_to_sending_to_ended(work_store, world: World):
    assert state_of(work_store) == "waiting for approval"
    who = overview.Who(ANWEN, "Anwen Approver")
    overview.approve_shown(work_store, "spring", world.plan_sha256, who, NOW)
    assert state_of(work_store) == "approved"
    with work_store.begin() as connection:
        connection.execute(text("UPDATE campaigns SET claimed = 1"))
    assert state_of(work_store) == "sending"
    overview.stop_sending(work_store, "spring", Act(ANWEN, NOW))
    assert state_of(work_store) == "stopped"
    overview.allow_sending(work_store, "spring", Act(ANWEN, NOW))
    with work_store.begin() as connection:
        connection.execute(
            text("UPDATE outreach_messages SET state = 'sent' WHERE state = 'planned'")
        )
    assert state_of(work_store) == "ended"


def test_every_word_for_a_campaign_has_its_welsh():
    known = welsh()
    said = {word for word, _ in words.STATES.values()}
    for texts in (words.STATUSES, words.REASONS, words.CHANNELS, words.FORMS, words.KINDS,
                  words.LANGUAGES, words.HOW, words.WHY_NOT_APPROVE):  # fmt: skip
        said |= set(texts.values())
    assert sorted(said - known.keys()) == []


def test_a_visitor_who_may_approve_is_a_campaign_approver_and_nobody_else():
    def visitor(role: Role) -> Visitor:
        return Visitor("x", "X", frozenset({role.value}), None, "", "en", "")

    assert [role for role in Role if visitor(role).may("approve")] == [Role.CAMPAIGN_APPROVER]
