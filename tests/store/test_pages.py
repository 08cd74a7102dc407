"""What pages of campaigns and runs read, the same on both databases."""

from datetime import date, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, text

from nostop import store as stored
from nostop.frames import FeedStatus, empty
from nostop.model import NotHere
from nostop.outreach.plan import message_id
from nostop.ports import Receipt
from nostop.store import RunRecord, RunTold, complete_run
from nostop.store.campaign_pages import (
    campaign_row,
    campaign_rows,
    counts_by_state,
    doubtful,
    names_of,
    stops,
    tallies,
    texts_named,
)
from nostop.store.ledger import News
from nostop.store.outcomes import trial_counts
from nostop.store.run_pages import last_runs, read_run_shown
from tests.store.campaigns import APPROVER, AT, asked, campaign, ready

STAGES = pl.DataFrame(
    {
        "position": [1, 2],
        "stage": ["Reading the feeds", "Linking the records"],
        "milliseconds": [1200, 800],
        "detail": ["1 of 1 feeds", ""],
        "warnings": ["", "LOOK AT 3 MESSAGES"],
    }
)
RUN = RunRecord(
    run_id="S1",
    effective_on=date(2026, 6, 1),
    synthetic=True,
    started_at=AT,
    pack_versions={"pension_credit": "v1"},
    inputs={},
    counts={"people": 5},
)


ADAS = message_id("spring", "ada", "pension_credit", 1)


def told(stages: pl.DataFrame = STAGES, **notes: str) -> RunTold:
    return RunTold(empty(FeedStatus), stages, notes)


def test_a_campaigns_messages_are_counted_by_what_they_are(store: Engine):
    campaign(store, "ada", "bo", "cy")
    first, second, _ = ready(store)
    stored.claim(store, asked(), [first, second])
    sent = [Receipt(first.message_id, "sent", None, None)]
    arrived = [Receipt(second.message_id, "delivered", None, None)]
    stored.learn(store, News([*sent, *arrived], "channel", "x", AT))
    rows = tallies(store, "spring").select("state", "messages", "delivered").sort("state").rows()
    assert rows == [("planned", 1, 0), ("sent", 2, 1)]
    assert counts_by_state(store).rows() == [("spring", "planned", 1), ("spring", "sent", 2)]
    assert trial_counts(store, "spring").rows() == [("pension_credit", False, 3, 0, 0)]


def test_a_campaign_stands_with_its_stop_and_its_approval(store: Engine):
    campaign(store, "ada", approved=False)
    assert not campaign_row(store, "spring").is_approved
    stored.approve(store, "spring", campaign_row(store, "spring").plan_sha256, APPROVER)
    assert campaign_row(store, "spring").is_approved
    stored.stop(store, "spring", APPROVER)
    assert [(stop.name, stop.by, stop.at) for stop in stops(store).values()] == [
        ("spring", "Bo", AT)
    ]
    assert [row.campaign for row in campaign_rows(store)] == ["spring"]
    assert texts_named(store, "a.txt") == {"spring": "words"}
    assert names_of(store, {"Bo"}) == {}
    with pytest.raises(NotHere):
        campaign_row(store, "autumn")


def test_only_what_was_tried_long_enough_ago_is_in_doubt(store: Engine):
    campaign(store, "ada", "bo")
    stored.claim(store, asked(), ready(store))
    hour = timedelta(hours=1)
    assert doubtful(store, "spring", AT, most=10).height == 0
    assert doubtful(store, "spring", AT + hour, most=10).height == 2
    assert doubtful(store, "spring", AT + hour, most=1).height == 1


def test_a_run_is_completed_once_and_what_is_there_stays(store: Engine):
    complete_run(store, RUN, told(may_write_to_people="yes", release=""))
    complete_run(store, RUN, told(STAGES.head(1), may_write_to_people="no"))
    found = read_run_shown(store, "S1")
    assert found is not None
    assert found.stages.rows() == STAGES.rows()
    assert found.notes == {"may_write_to_people": "yes"}
    assert (found.counts, found.packs) == ({"people": 5}, {"pension_credit": "v1"})
    assert read_run_shown(store, "S2") is None
    assert read_run_shown(store) is None, "of none are feeds known"
    (row,) = last_runs(store, most=5).to_dicts()
    assert (row["run_id"], row["milliseconds"], row["ok"]) == ("S1", 2000, None)


def test_how_somebody_knows_is_audited_with_the_settling(store: Engine):
    campaign(store, "ada")
    stored.claim(store, asked(), ready(store))
    mine = Receipt(ADAS, "sent", None, "said_by_a_person")
    assert stored.learn(store, News([mine], "person", "Bo", AT), "provider_says") == 1
    assert stored.learn(store, News([mine], "person", "Bo", AT), "provider_says") == 0
    query = text("SELECT subject, detail FROM audit_entries WHERE action = 'message.settled'")
    with store.begin() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    assert found == [(ADAS, '{"how":"provider_says"}')]
