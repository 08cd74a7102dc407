"""The log of life events in the database, and what follows from it, on both databases."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from nostop import store
from nostop.app.events import EventDesk, judging
from nostop.events import EventBook
from nostop.model import EventError, StoreError
from nostop.store.erasure import Erasure, Secret, erase_rows
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_events import Case, CaseEvent, EventSignal, LifeEvent
from tests.events.build import book_of, event, log, rule

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENT = {"message_id": "M1", "campaign": "spring", "scheme": "pension_credit", "step": 1}
RULES = (
    rule("{event: sent, where: {step: 1}, "
         "and_not: [{event: award, same: [scheme], within: 28 days}]}",
         "{signal: follow_up, step: 2}", "remind"),
    rule("{event: moved}", "{signal: hold, reason: moved, for: 28 days}", "cool_off"),
    rule("{event: ill, until: [{event: well}]}", "{signal: hold, reason: ill}", "in_hospital"),
    rule("{event: unit_grew}", "{signal: reopen, schemes: [child_benefit]}", "child"),
    rule("{event: refused}", "{signal: stop, reason: refused}", "stopped"),
)  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> EventBook:
    return book_of(tmp_path_factory.mktemp("rules"), *RULES)


@pytest.fixture
def desk(store: Engine, book: EventBook) -> EventDesk:
    return EventDesk(store, book, judging(book), "night.feed")


def signals(engine: Engine, kind: str | None = None) -> list[tuple]:
    return store.open_signals(engine, kind).select("kind", "subject", "due_on").rows()


def test_events_are_kept_and_what_follows_is_raised_in_the_same_step(desk):
    heard = desk.hear(log(event("moved", "2026-06-01"), event("born", "2026-06-01")), AT)
    assert heard == store.Heard(added=2, known=0, raised=1, withdrawn=0)
    kept = store.read_events(desk.engine)
    assert sorted(kept["type"]) == ["born", "moved"]
    assert set(kept["received_at"]) == {AT}
    assert set(kept["person_id"]) == {"P1"}
    assert signals(desk.engine) == [("hold", "P1", date(2026, 6, 1))]


def test_an_event_that_came_before_is_ignored(desk):
    desk.hear(log(event("moved", "2026-06-01")), AT)
    again = log(event("moved", "2026-06-01"), event("ill", "2026-06-02"))
    assert desk.hear(again, AT + timedelta(days=1)).known == 1
    assert store.read_events(desk.engine)["received_at"].to_list()[0] == AT
    assert len(signals(desk.engine)) == 2


def test_the_same_id_with_other_content_is_refused_and_nothing_is_taken(desk):
    desk.hear(log(event("moved", "2026-06-01", name="a")), AT)
    changed = log(event("moved", "2026-06-02", name="a"), event("ill", "2026-06-02"))
    with pytest.raises(EventError, match=r"1 are in the log with other content \(test a\)"):
        desk.hear(changed, AT)
    assert (
        store.read_events(desk.engine)["at"].to_list()
        == log(event("moved", "2026-06-01"))["at"].to_list()
    )
    assert len(signals(desk.engine)) == 1


def test_ticks_settle_what_nobody_did(desk):
    desk.hear(
        log(event("sent", "2026-03-01", **SENT), event("sent", "2026-03-01", "P2", **SENT)), AT
    )
    desk.hear(log(event("award", "2026-03-02", "P2", scheme="pension_credit")), AT)
    assert desk.tick(date(2026, 3, 29), AT).raised == 0
    assert desk.tick(date(2026, 3, 30), AT).raised == 1
    assert signals(desk.engine) == [("follow_up", "P1", date(2026, 3, 30))]
    assert desk.tick(date(2026, 3, 30), AT) == store.Heard(0, 1, 0, 0)
    assert desk.tick(date(2026, 6, 30), AT).raised == 0
    assert store.last_tick(desk.engine) == date(2026, 6, 30)


def test_days_that_were_missed_are_made_up_for_by_the_next_tick(desk):
    desk.tick(date(2026, 2, 1), AT)
    desk.hear(log(event("sent", "2026-03-01", **SENT)), AT)
    assert desk.tick(date(2026, 9, 1), AT).raised == 1


def test_a_late_event_withdraws_the_signal_that_it_undoes(desk):
    desk.hear(log(event("sent", "2026-03-01", **SENT)), AT)
    desk.tick(date(2026, 4, 30), AT)
    (raised,) = store.open_signals(desk.engine)["signal_id"]
    late = event("award", "2026-03-05", scheme="pension_credit")
    heard = desk.hear(log(late), AT + timedelta(hours=1))
    assert (heard.raised, heard.withdrawn) == (0, 1)
    assert store.open_signals(desk.engine).is_empty()
    (row,) = store.read_table(desk.engine, EventSignal).rows(named=True)
    assert (row["withdrawn_by"], row["withdrawn_at"]) == (
        late["event_key"],
        AT + timedelta(hours=1),
    )
    assert store.settle_signals(desk.engine, [raised], AT, "sender") == []
    # What is gone stays gone, however often it is looked at.
    assert desk.tick(date(2026, 6, 1), AT).raised == 0


def test_what_is_undone_after_it_was_acted_on_is_put_before_somebody(desk):
    desk.hear(log(event("sent", "2026-03-01", **SENT)), AT)
    desk.tick(date(2026, 4, 30), AT)
    (raised,) = store.open_signals(desk.engine)["signal_id"]
    assert store.settle_signals(desk.engine, [raised], AT, "sender") == [raised]
    assert store.undone_too_late(desk.engine).is_empty()
    late = event("award", "2026-03-05", scheme="pension_credit")
    desk.hear(log(late), AT + timedelta(hours=1))
    assert store.undone_too_late(desk.engine)["signal_id"].to_list() == [raised]


def test_a_signal_is_acted_on_once(desk):
    desk.hear(log(event("moved", "2026-06-01"), event("moved", "2026-06-01", "P2")), AT)
    ids = store.open_signals(desk.engine, "hold")["signal_id"].to_list()
    assert store.settle_signals(desk.engine, ids[:1], AT, "one") == ids[:1]
    assert store.settle_signals(desk.engine, ids, AT, "two") == ids[1:]
    by = store.read_table(desk.engine, EventSignal)["handled_by"].to_list()
    assert sorted(by) == ["one", "two"]


def test_only_what_is_due_is_given(desk):
    desk.hear(log(event("moved", "2026-06-01"), event("moved", "2026-06-03", "P2")), AT)
    due = store.open_signals(desk.engine, due_by=date(2026, 6, 2))
    assert due["subject"].to_list() == ["P1"]
    with pytest.raises(StoreError, match=r"'holds' is no kind of .*; did you mean 'hold'"):
        store.open_signals(desk.engine, "holds")


def test_inv_07_stops_and_holds_stand_whether_anybody_acted_on_them_or_not(desk):
    happened = log(
        event("moved", "2026-06-01"),
        event("ill", "2026-06-01", "P2"),
        event("refused", "2026-06-01", "P3", scheme="pension_credit", final=True),
    )
    desk.hear(happened, AT)
    ids = store.open_signals(desk.engine)["signal_id"].to_list()
    store.settle_signals(desk.engine, ids, AT, "sender")
    assert whom(desk, date(2026, 6, 29)) == ["P1", "P2", "P3"]
    assert whom(desk, date(2026, 6, 30)) == ["P2", "P3"]
    desk.hear(log(event("well", "2026-06-05", "P2")), AT)
    assert whom(desk, date(2026, 6, 30)) == ["P3"]


def whom(desk: EventDesk, on: date) -> list[str]:
    with desk.engine.begin() as connection:
        return store.stopped(connection, on)["subject"].to_list()


def test_a_changed_rule_withdraws_what_nobody_acted_on(desk, book):
    happened = log(event("moved", "2026-06-01"), event("ill", "2026-06-01", "P2"))
    desk.hear(happened, AT)
    acted = store.open_signals(desk.engine).filter(subject="P2")["signal_id"].to_list()
    store.settle_signals(desk.engine, acted, AT, "sender")
    fewer = judging(EventBook(book.types, book.rules[3:], book.schemes))
    assert store.judge_again(desk.engine, fewer, AT, "policy") == store.Heard(0, 0, 0, 1)
    rows = store.read_table(desk.engine, EventSignal).select("subject", "withdrawn_by").rows()
    assert sorted(rows) == [("P1", "rules"), ("P2", None)]


def test_state_is_rebuilt_from_the_log_after_a_restart(store: Engine, book):
    happened = [
        event("sent", "2026-03-01", **SENT),
        event("ill", "2026-03-02"),
        event("moved", "2026-03-03"),
        event("well", "2026-03-04"),
    ]
    for one in happened:
        # A new desk for each event: nothing is kept in memory from one to the next.
        EventDesk(store, book, judging(book), "feed").hear(log(one), AT)
    EventDesk(store, book, judging(book), "clock").tick(date(2026, 6, 1), AT)
    from_log = judging(book).signals(log(*happened, ticks=("2026-06-01",)))
    stored = signals_standing(store)
    assert stored == sorted(from_log["signal_id"])


def signals_standing(engine: Engine) -> list[str]:
    rows = store.read_table(engine, EventSignal).filter(pl.col("withdrawn_at").is_null())
    return sorted(rows["signal_id"])


def test_a_crash_between_the_event_and_its_signals_leaves_neither(desk):
    def fails(_events: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("the machine went away")

    broken = store.Judging(fails, fails, {}, frozenset())
    with pytest.raises(RuntimeError):
        store.hear_events(desk.engine, log(event("moved", "2026-06-01")), broken, AT, "feed")
    assert store.read_events(desk.engine).is_empty()
    assert desk.hear(log(event("moved", "2026-06-01")), AT).raised == 1


def test_inv_35_what_cannot_be_audited_is_not_taken(store: Engine, book):
    nameless = EventDesk(store, book, judging(book), "a\nb")
    with pytest.raises(StoreError, match="actor"):
        nameless.hear(log(event("moved", "2026-06-01")), AT)
    assert store_is_empty(store)


def store_is_empty(engine: Engine) -> bool:
    return store.read_events(engine).is_empty()


def test_a_value_that_is_no_plain_id_is_refused_by_the_store_too(desk):
    row = event("moved", "2026-06-01") | {"subject": "Rhys Example"}
    with pytest.raises(StoreError, match=r"1 values of life_events\.subject"):
        desk.hear(log(row), AT)


def test_inv_41_both_databases_keep_and_say_the_same(both, book):
    happened = log(
        event("sent", "2026-03-01", **SENT), event("moved", "2026-06-01"),
        event("unit_grew", "2026-06-01", "B1"), ticks=("2026-06-01",),
    )  # fmt: skip
    for engine in both:
        EventDesk(engine, book, judging(book), "feed").hear(happened, AT)
    first, second = both
    for model in (LifeEvent, EventSignal):
        assert store.read_table(first, model).rows() == store.read_table(second, model).rows()
    assert store.read_table(first, EventSignal)["person_id"].null_count() == 1


def test_inv_38_erasure_takes_a_persons_events_signals_and_cases(desk):
    desk.hear(log(event("moved", "2026-06-01"), event("moved", "2026-06-01", "P2")), AT)
    for person in ("P1", "P2"):
        store.open_case(desk.engine, store.NewCase("link", "two_people", person), AT, "clerk")
    none = pl.DataFrame(schema={"source": pl.String, "record_id": pl.String})
    erase_rows(desk.engine, Erasure(["P1"], none, "clerk", "request", AT), Secret("x" * 32))
    for model in (LifeEvent, EventSignal, Case):
        assert store.read_table(desk.engine, model)["person_id"].to_list() == ["P2"]
    assert store.read_table(desk.engine, CaseEvent).height == 1


def test_the_log_says_who_brought_events(desk):
    desk.hear(log(event("moved", "2026-06-01")), AT)
    last = store.read_table(desk.engine, AuditEntry).sort("seq").rows(named=True)[-1]
    assert (last["actor"], last["action"]) == ("night.feed", "events.appended")
    assert "P1" not in str(last)
