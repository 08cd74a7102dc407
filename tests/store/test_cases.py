"""Cases: opened once, moved as allowed, and found by the reference that a person reads out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from nostop import store as store_module
from nostop.app.events import EventDesk, judging
from nostop.events import short_reference
from nostop.model import EventError, StoreError
from nostop.outreach.plan import message_id
from nostop.store import NewCase, NewState
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage, Run
from nostop.store.tables_audit import AuditEntry
from tests.events.build import book_of, event, log, rule

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
TOLD = NewCase("outreach", "message_sent", "P1", "B1", "pension_credit", "M1", None, "waiting")
WRONG = NewCase("wrong", "person_says_wrong", "P1", scheme="pension_credit", message_id="M1")


def opened(engine: Engine, *new: NewCase) -> list[str]:
    with engine.begin() as connection:
        return store_module.open_cases(connection, new, AT, "sender")


def states(engine: Engine) -> dict[str, str]:
    with engine.begin() as connection:
        found = store_module.open_cases_of(connection, ["P1", "P2"])
    return dict(found.select("kind", "state").rows())


def test_for_a_message_there_is_one_case_of_a_kind(store: Engine):
    first = opened(store, TOLD, WRONG)
    assert opened(store, WRONG, TOLD) == first[::-1]
    assert len(set(first)) == 2
    assert states(store) == {"outreach": "waiting", "wrong": "open"}


def test_without_a_message_the_same_call_opens_one_case(store: Engine):
    about = NewCase("link", "two_people", "P1")
    assert opened(store, about) == opened(store, about)
    assert opened(store, NewCase("link", "two_people", "P2")) != opened(store, about)


def test_what_a_person_says_again_is_open_again(store: Engine):
    wrong, told = opened(store, WRONG, TOLD)
    close(store, wrong)
    close(store, told)
    assert states(store) == {}
    opened(store, WRONG, TOLD)
    assert states(store) == {"wrong": "open"}
    history = case_history(store, wrong)
    assert history == [("open", "person_says_wrong"), ("closed", "done"), ("open", "said_again")]


def close(engine: Engine, case_id: str) -> None:
    store_module.move_case(engine, case_id, NewState("closed", "done"), AT, "clerk")


def case_history(engine: Engine, case_id: str) -> list[tuple]:
    return store_module.case_history(engine, case_id).select("state", "reason").rows()


def test_a_case_moves_only_as_allowed(store: Engine):
    (case,) = opened(store, WRONG)
    waits = NewState("waiting", "asked_department", date(2026, 12, 1))
    store_module.move_case(store, case, waits, AT, "clerk")
    with pytest.raises(StoreError, match="that is waiting may become open or closed, not waiting"):
        store_module.move_case(store, case, waits, AT, "clerk")
    close(store, case)
    with pytest.raises(StoreError, match="that is closed may become open, not waiting"):
        store_module.move_case(store, case, waits, AT, "clerk")
    with pytest.raises(StoreError, match="no case with this id"):
        close(store, "C0")
    (step, *_) = store_module.case_history(store, case).rows(named=True)[1:]
    assert (step["actor"], step["due_on"]) == ("clerk", date(2026, 12, 1))


def test_a_sender_sees_open_cases_without_those_that_follow_its_own_messages(store: Engine):
    opened(store, TOLD, NewCase("override", "asked_to_wait", "P2"))
    kinds = [kind for kind in store_module.CASE_KINDS if kind != store_module.FOLLOWS_A_MESSAGE]
    with store.begin() as connection:
        found = store_module.open_cases_of(connection, ["P1", "P2"], kinds)
        assert found["person_id"].to_list() == ["P2"]
        assert store_module.open_cases_of(connection, []).is_empty()


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (NewCase("complaint", "x", "P1"), "there is no kind 'complaint'"),
        (NewCase("wrong", "She called, angry", "P1"), "cases.reason"),
        (NewCase("wrong", "x", "Rhys Example"), "cases.person_id"),
    ],
)
def test_nothing_but_ids_and_words_goes_into_a_case(empty_sqlite, new, told):
    store_module.upgrade(empty_sqlite)
    with pytest.raises(StoreError, match=told):
        opened(empty_sqlite, new)


def test_who_opened_and_moved_a_case_is_in_the_audit_log(empty_sqlite):
    store_module.upgrade(empty_sqlite)
    (case,) = opened(empty_sqlite, WRONG)
    close(empty_sqlite, case)
    rows = store_module.read_table(empty_sqlite, AuditEntry).sort("seq")
    assert rows.select("actor", "action", "subject").rows()[-2:] == [
        ("sender", "case.opened", "P1"),
        ("clerk", "case.moved", "P1"),
    ]


def test_a_message_is_found_by_what_a_person_reads_out(store: Engine):
    sent = message_id("spring", "P1", "pension_credit", 1)
    put_messages(store, sent)
    spoken = short_reference(sent).lower().replace("-", " ")
    assert store_module.message_of(store, spoken) == sent
    with pytest.raises(StoreError, match="no message has this reference"):
        store_module.message_of(store, short_reference(message_id("spring", "P9", "x", 1)))
    with pytest.raises(EventError, match="nine characters"):
        store_module.message_of(store, "what?")
    put_messages(store, sent[:11] + "0" * 22)
    with pytest.raises(StoreError, match="two messages have this reference"):
        store_module.message_of(store, spoken)


def put_messages(engine: Engine, *ids: str) -> None:
    run = {"run_id": "r1", "effective_on": date(2026, 6, 1), "synthetic": True, "started_at": AT}
    blank = {"campaign": "spring", "scheme": "pension_credit", "step": 1, "kind": "email",
             "language": "en", "run_id": "r1", "state": "planned"}  # fmt: skip
    with engine.begin() as connection:
        if not connection.execute(table_of(Run).select()).first():
            connection.execute(table_of(Run).insert(), run)
        rows = [{**blank, "message_id": each, "recipient_id": each} for each in ids]
        connection.execute(table_of(OutreachMessage).insert(), rows)


RULES = (
    rule("{event: award}", "{signal: close_case, reason: claimed}", "a"),
    rule("{event: sent, where: {step: 1}, and_not: [{event: award, within: 28 days}]}",
         "{signal: follow_up, step: 2}", "b"),
    rule("{event: moved}", "{signal: open_case, case: review, reason: moved}", "c"),
)  # fmt: skip


@pytest.fixture
def desk(store: Engine, tmp_path) -> EventDesk:
    book = book_of(tmp_path, *RULES)
    return EventDesk(store, book, judging(book), "night")


def test_an_award_closes_the_outreach_case_of_its_scheme_only(desk):
    other = NewCase("outreach", "message_sent", "P1", "B1", "universal_credit", "M2")
    opened(desk.engine, TOLD, other, WRONG)
    desk.hear(log(event("award", "2026-06-01", scheme="pension_credit")), AT)
    assert desk.carry_out(LATER) == store_module.Carried(opened=0, moved=0, closed=1)
    with desk.engine.begin() as connection:
        left = store_module.open_cases_of(connection, ["P1"])
    assert sorted(left.select("kind", "scheme").rows()) == [
        ("outreach", "universal_credit"),
        ("wrong", "pension_credit"),
    ]
    assert desk.carry_out(LATER) == store_module.Carried(0, 0, 0)


def test_after_four_weeks_a_waiting_case_is_open_and_the_sender_still_has_its_signal(desk):
    opened(desk.engine, TOLD)
    sent = {"message_id": "M1", "campaign": "spring", "scheme": "pension_credit", "step": 1}
    desk.hear(log(event("sent", "2026-03-01", **sent)), AT)
    desk.tick(date(2026, 3, 30), AT)
    assert desk.carry_out(LATER).moved == 1
    assert states(desk.engine) == {"outreach": "open"}
    assert store_module.open_signals(desk.engine, "follow_up").height == 1
    assert desk.carry_out(LATER).moved == 0


def test_a_signal_opens_a_case_once(desk):
    desk.hear(log(event("moved", "2026-06-01"), event("moved", "2026-06-02", "P2")), AT)
    assert desk.carry_out(LATER).opened == 2
    assert desk.carry_out(LATER).opened == 0
    with desk.engine.begin() as connection:
        found = store_module.open_cases_of(connection, ["P1", "P2"], ["review"])
    assert found["reason"].to_list() == ["moved", "moved"]
