"""May these messages go, now? Whatever has changed since they were planned is asked again."""

from datetime import date, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, text

from nostop import store
from nostop.model import StoreError
from nostop.ports import Receipt
from nostop.store import EVERYTHING, Act, News, Ready
from tests.store.campaigns import APPROVER, AT, asked, campaign, loaded, ready

LATER = AT + timedelta(hours=1)


def claimed(engine: Engine, **limits: int | None) -> int:
    return len(store.claim(engine, asked(**limits), ready(engine)).message_ids)


def stops(engine: Engine) -> str | None:
    found = store.claim(engine, asked(), ready(engine))
    assert found.message_ids == () or found.stops is None
    return found.stops


def reasons(engine: Engine) -> list[str | None]:
    return store.messages_of(engine, "spring").sort("recipient_id")["suppression"].to_list()


def test_what_is_claimed_once_is_never_claimed_again(at_store: Engine):
    campaign(at_store, "ada", "bo")
    wanted = ready(at_store)
    assert len(store.claim(at_store, asked(), wanted).message_ids) == 2
    assert store.claim(at_store, asked(), wanted).message_ids == ()


def test_a_claim_is_on_disk_with_who_made_it_and_an_audit_entry(at_store: Engine):
    campaign(at_store, "ada")
    claimed(at_store)
    with at_store.begin() as connection:
        row = connection.execute(text("SELECT state, claimed_by FROM outreach_messages")).one()
        entry = text("SELECT actor FROM audit_entries WHERE action = 'message.claimed'")
        assert tuple(row) == ("claimed", "sender:1:1")
        assert connection.execute(entry).scalars().all() == ["sender:1:1"]


def test_nothing_goes_that_nobody_approved(at_store: Engine):
    campaign(at_store, "ada", approved=False)
    assert stops(at_store) == "nobody has approved this plan"


def test_an_approval_is_of_one_plan_and_of_no_later_one(at_store: Engine):
    campaign(at_store, "ada")
    with at_store.begin() as connection:
        connection.execute(text(f"UPDATE campaigns SET plan_sha256 = '{'b' * 64}'"))  # noqa: S608
    assert stops(at_store) == "nobody has approved this plan"


def test_who_planned_it_may_not_approve_it_however_the_name_is_written(at_store: Engine):
    campaign(at_store, "ada", approved=False)
    with pytest.raises(StoreError, match="somebody else has to approve"):
        store.approve(at_store, "spring", "a" * 64, Act(" ADA ", AT))


@pytest.mark.parametrize(
    ("switch", "told"),
    [(EVERYTHING, "all sending has been stopped"), ("spring", "the campaign was stopped")],
)
def test_inv_14_a_stop_ends_it_at_the_next_claim_and_can_be_lifted(
    at_store: Engine, switch: str, told: str
):
    campaign(at_store, "ada")
    store.stop(at_store, switch, APPROVER)
    assert stops(at_store) == told
    assert store.go_on(at_store, switch, APPROVER)
    assert claimed(at_store) == 1


@pytest.mark.parametrize(
    "reason", ["deceased", "opted_out", "protected_address", "safeguarding_hold", "under_age"]
)
def test_inv_06_inv_07_a_flag_that_came_after_the_plan_stops_the_message(
    at_store: Engine, reason: str
):
    campaign(at_store, "ada", "bo")
    wanted = ready(at_store)
    store.suppress(at_store, ["ada"], reason, "a caseworker", LATER)
    assert len(store.claim(at_store, asked(), wanted).message_ids) == 1
    assert reasons(at_store) == [reason, None]


def test_an_opt_out_outlives_the_next_list(at_store: Engine):
    campaign(at_store, "ada")
    store.suppress(at_store, ["ada"], "opted_out", "ada", AT)
    store.load_register(at_store, loaded("ada"), LATER)
    assert claimed(at_store) == 0


@pytest.mark.parametrize(
    ("load", "at", "told"),
    [
        ({}, AT + timedelta(hours=49), "older than 48 hours"),
        ({}, AT - timedelta(hours=1), "from the future"),
        ({"as_of": date(2026, 5, 1), "synthetic": False}, AT, "older than 48 hours"),
    ],
)
def test_inv_08_a_late_list_stops_everything(
    at_store: Engine, load: dict[str, object], at, told: str
):
    campaign(at_store, "ada")
    if load:
        store.load_register(at_store, loaded("ada", **load), AT + timedelta(minutes=1))
    found = store.claim(at_store, asked(at=at), ready(at_store))
    assert found.message_ids == ()
    assert told in str(found.stops)


def test_inv_08_an_empty_list_stops_everything(at_store: Engine):
    campaign(at_store, "ada")
    nothing = loaded("ada")
    empty = pl.DataFrame(schema=nothing.suppressions.schema)
    none = type(nothing)(nothing.recipients, nothing.points, empty, None, synthetic=True)
    store.load_register(at_store, none, LATER, accept_fewer=True)
    found = store.claim(at_store, asked(at=LATER), ready(at_store))
    assert "is empty" in str(found.stops)


def test_inv_08_a_list_that_lost_nine_in_ten_is_not_loaded_and_the_old_one_ages(at_store: Engine):
    campaign(at_store, "ada")
    many = {f"P{number}": "opted_out" for number in range(20)}
    store.load_register(at_store, loaded("ada", stops=many), AT + timedelta(minutes=1))
    fewer = loaded("ada", stops={"P1": "opted_out", "P2": "opted_out"})
    for minutes in (2, 3):  # trying again does not make it right
        with pytest.raises(StoreError, match="has 2 rows, and had 20"):
            store.load_register(at_store, fewer, AT + timedelta(minutes=minutes))
    late = asked(at=AT + timedelta(hours=49))
    assert "older" in str(store.claim(at_store, late, ready(at_store)).stops)


def test_inv_08_nothing_is_sent_before_a_list_was_ever_loaded(at_store: Engine):
    campaign(at_store, "ada")
    with at_store.begin() as connection:
        connection.execute(text("DELETE FROM suppression_lists"))
    assert "no list" in str(stops(at_store))


def test_an_address_that_is_another_by_now_is_not_written_to(at_store: Engine):
    campaign(at_store, "ada")
    wanted = ready(at_store)
    with at_store.begin() as connection:
        connection.execute(text("UPDATE contact_points SET value = 'new@example.org'"))
    assert store.claim(at_store, asked(), wanted).message_ids == ()
    assert reasons(at_store) == [None]  # it is rendered again and goes to the new one
    assert claimed(at_store) == 1


def test_an_address_that_is_gone_or_does_not_work_suppresses(at_store: Engine):
    campaign(at_store, "ada", "bo")
    wanted = ready(at_store)
    with at_store.begin() as connection:
        connection.execute(text("DELETE FROM contact_points WHERE person_id = 'ada'"))
        connection.execute(text("UPDATE contact_points SET bad_since = '2026-06-01 00:00:00'"))
    assert store.claim(at_store, asked(), wanted).message_ids == ()
    assert reasons(at_store) == ["no_contact_details", "bad_contact_details"]


def test_inv_12_a_campaign_has_at_most_so_many_a_minute(at_store: Engine):
    campaign(at_store, "ada", "bo", "cy")
    found = store.claim(at_store, asked(per_minute=2), ready(at_store))
    assert len(found.message_ids) == 2
    assert found.waits == "the campaign's messages a minute"
    assert claimed(at_store, per_minute=2) == 0
    later = asked(per_minute=2, at=AT + timedelta(seconds=61))
    assert len(store.claim(at_store, later, ready(at_store)).message_ids) == 1


def test_inv_12_a_campaign_has_at_most_so_many_messages(at_store: Engine):
    campaign(at_store, "ada", "bo", "cy")
    found = store.claim(at_store, asked(messages=2), ready(at_store))
    assert (len(found.message_ids), found.waits) == (
        2,
        "the campaign has sent as many messages as it may",
    )
    assert claimed(at_store, messages=2) == 0


def test_inv_12_a_budget_is_never_passed_and_what_was_not_taken_costs_nothing(at_store: Engine):
    campaign(at_store, "ada", "bo", "cy")
    wanted = ready(at_store, pence=60)
    found = store.claim(at_store, asked(budget_pence=130), wanted)
    assert (len(found.message_ids), found.waits) == (2, "the budget is spent")
    released = [Receipt(found.message_ids[0], "not_taken", None, None)]
    news = News(released, "channel", "sender:1:1", AT)
    again = store.claim(at_store, asked(budget_pence=130), wanted, [news])
    assert len(again.message_ids) == 1


def test_inv_12_two_messages_of_one_batch_to_one_person_count_against_the_cap(at_store: Engine):
    campaign(at_store, "ada")
    one = ready(at_store)[0]
    other = Ready("Mother", "ada", "email", one.contact, one.body_sha256, 0)
    with at_store.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outreach_messages (message_id, campaign, recipient_id, scheme, step, "
                "kind, language, run_id, state, contact_kind) VALUES ('Mother', 'spring', 'ada', "
                "'child_benefit', 1, 'entitled', 'en', 'run-spring', 'planned', 'email')"
            )
        )
    assert len(store.claim(at_store, asked(), [one, other]).message_ids) == 1


def test_inv_35_without_an_audit_log_nothing_is_claimed(at_store: Engine):
    campaign(at_store, "ada")
    with at_store.begin() as connection:
        connection.execute(text("DELETE FROM audit_head"))
    with pytest.raises(StoreError, match="lost its head"):
        claimed(at_store)
    with at_store.begin() as connection:
        states = connection.execute(text("SELECT state FROM outreach_messages")).scalars().all()
    assert states == ["planned"]


def test_planned_anew_a_campaign_sends_nothing_twice(at_store: Engine):
    campaign(at_store, "ada", "bo")
    claimed(at_store)
    again = AT + timedelta(hours=1)
    store.load_register(at_store, loaded("ada", "bo"), again)
    rows = store.messages_of(at_store, "spring")
    assert rows["status"].to_list() == ["sending", "sending"]
    assert store.waiting(at_store, "spring", "", 10).is_empty()
