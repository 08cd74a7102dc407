"""What follows from events, by the rules that ship with nostop."""

from datetime import date

import pytest

from nostop.events import event_key, load_event_book, signals_of, tick, undone, waiting_types
from nostop.model import EventError
from nostop.rulebook import default_rules_dir
from tests.events.build import NOW, book_of, event, key, log, rule

SENT = {"message_id": "M0123456789ab", "campaign": "spring", "scheme": "pension_credit", "step": 1}


@pytest.fixture(scope="module")
def shipped():
    rules = default_rules_dir()
    return load_event_book(rules, {file.parent.name for file in rules.glob("*/*/pack.yaml")})


def said(signals) -> list[tuple]:
    rows = signals.select("kind", "subject", "scheme", "reason", "due_on", "until_on").rows()
    return sorted(rows, key=str)


def test_inv_06_a_death_stops_all_outreach_at_once_and_closes_the_case(shipped):
    found = said(signals_of(log(event("death_recorded", "2026-06-01")), shipped))
    on = date(2026, 6, 1)
    assert found == [
        ("close_case", "P1", None, "deceased", on, None),
        ("stop", "P1", None, "deceased", on, None),
    ]


def test_nobody_is_reminded_before_four_weeks_are_over_by_the_log(shipped):
    sent = event("message_sent", "2026-03-01", **SENT)
    assert signals_of(log(sent), shipped).is_empty()
    assert signals_of(log(sent, ticks=("2026-03-29",)), shipped).is_empty()
    (found,) = signals_of(log(sent, ticks=("2026-03-29", "2026-03-30")), shipped).rows(named=True)
    assert (found["kind"], found["step"], found["message_id"], found["campaign"]) == (
        "follow_up", 2, "M0123456789ab", "spring",
    )  # fmt: skip
    assert found["due_on"] == date(2026, 3, 30)
    assert found["event_keys"] == [key("message_sent", "2026-03-01")]


@pytest.mark.parametrize(
    ("what", "day"),
    [
        (event("award_started", "2026-02-20", scheme="pension_credit"), "before"),
        (event("claim_made", "2026-03-29", scheme="pension_credit"), "on the last day"),
        (
            event("said_wrong", "2026-03-03", scheme="pension_credit", message_id="M0123456789ab"),
            "",
        ),
        (event("death_recorded", "2025-03-03"), "long before"),
        (event("objected", "2026-03-28"), ""),
    ],
)
def test_nobody_is_reminded_who_claimed_died_objected_or_said_it_is_wrong(shipped, what, day):
    sent = event("message_sent", "2026-03-01", **SENT)
    found = signals_of(log(sent, what, ticks=("2026-04-30",)), shipped)
    assert "follow_up" not in found["kind"].to_list(), day


def test_another_schemes_award_and_another_persons_change_nothing(shipped):
    others = [
        event("award_started", "2026-03-05", scheme="universal_credit"),
        event("award_started", "2026-03-05", "P2", scheme="pension_credit"),
        event("award_started", "2026-03-30", scheme="pension_credit"),
    ]
    sent = event("message_sent", "2026-03-01", **SENT)
    found = signals_of(log(sent, *others, ticks=("2026-03-30",)), shipped)
    assert found["kind"].to_list().count("follow_up") == 1


def test_a_reminder_that_was_sent_calls_for_no_other(shipped):
    second = event("message_sent", "2026-03-30", **{**SENT, "step": 2})
    found = signals_of(log(second, ticks=("2026-06-01",)), shipped)
    assert found.is_empty()


def test_a_hold_stands_until_the_event_that_ends_it(shipped):
    into = event("prison_entered", "2026-03-01")
    out = event("prison_left", "2026-05-01")
    assert said(signals_of(log(into), shipped)) == [
        ("hold", "P1", None, "in_prison", date(2026, 3, 1), None)
    ]
    assert signals_of(log(into, out), shipped).is_empty()
    (gone,) = undone(log(into, out), shipped).rows(named=True)
    assert gone["undone_by"] == key("prison_left", "2026-05-01")
    # A second time in prison is a hold of its own.
    again = event("prison_entered", "2026-06-01")
    assert said(signals_of(log(into, out, again), shipped))[0][4] == date(2026, 6, 1)


def test_a_new_child_reopens_what_hangs_on_it(shipped):
    found = signals_of(log(event("child_born", "2026-06-01", "B1")), shipped)
    assert set(found["subject_kind"]) == {"benefit_unit"}
    assert {"child_benefit", "universal_credit"} <= set(found["scheme"])
    assert set(found["kind"]) == {"reopen"}


def test_a_move_is_left_to_cool_off_before_anything_else(shipped):
    found = said(signals_of(log(event("moved_home", "2026-06-01")), shipped))
    assert ("hold", "P1", None, "moved_home", date(2026, 6, 1), date(2026, 6, 29)) in found
    assert {row[4] for row in found if row[0] == "reopen"} == {date(2026, 6, 29)}


def test_a_refusal_is_looked_at_where_we_had_written(shipped):
    refused = event("award_refused", "2026-05-01", scheme="pension_credit")
    assert signals_of(log(refused), shipped).is_empty()
    sent = event("message_sent", "2026-03-01", **SENT)
    found = signals_of(log(sent, refused), shipped)
    assert sorted(found["kind"]) == ["close_case", "open_case"]
    assert (
        found["event_keys"].to_list()
        == [[key("award_refused", "2026-05-01"), key("message_sent", "2026-03-01")]] * 2
    )


def test_only_what_happened_by_a_day_is_heard(shipped):
    sent = event("message_sent", "2026-03-01", **SENT)
    happened = log(sent, ticks=("2026-03-29", "2026-04-30"))
    assert signals_of(happened, shipped, on=date(2026, 3, 29)).is_empty()
    assert signals_of(happened, shipped, on=date(2026, 4, 30)).height == 1


def test_the_day_is_that_of_the_united_kingdom(tmp_path):
    book = book_of(tmp_path, rule("{event: ill, all: [{event: well, within: 1 day}]}"))
    # 23:00 UTC on 1 June is 2 June in London.
    late = event("ill", "2026-06-02")
    assert late["at"].isoformat() == "2026-06-01T23:00:00+00:00"
    (found,) = signals_of(log(late, event("well", "2026-06-03")), book).rows(named=True)
    assert found["due_on"] == date(2026, 6, 2)


def test_a_rule_hears_nothing_of_before_it_was_in_force(tmp_path):
    book = book_of(tmp_path, rule("{event: moved}"))
    found = signals_of(log(event("moved", "2025-12-31"), event("moved", "2026-01-01", "P2")), book)
    assert found["subject"].to_list() == ["P2"]


def test_a_day_that_has_not_come_is_no_tick():
    with pytest.raises(EventError, match="2026-11-23 has not come yet, it is 2026-11-22"):
        tick(date(2026, 11, 23), NOW)
    assert tick(date(2026, 11, 22), NOW).rows() == tick(date(2026, 11, 22), NOW).rows()


def test_ids_are_the_same_for_ever(tmp_path):
    # They stand in databases: a change here would act on every event a second time.
    book = book_of(tmp_path, rule("{event: moved}"))
    (found,) = signals_of(log(event("moved", "2026-06-01")), book).rows(named=True)
    assert found["event_key"] == "E815e776cbaa703d980b38e5bf010844d"
    assert found["signal_id"] == "S9e2a3f030842c9fddd1a301f50b93cfa"


def test_keys_are_of_source_and_id_and_not_of_both_run_together():
    assert event_key("a", "b:c") != event_key("a:b", "c")


def test_a_tick_asks_only_after_those_for_whom_a_rule_waits(shipped):
    assert waiting_types(shipped) == {"message_sent": 28, "award_ended": 28}
