"""The two executors give the same signals, whatever happened and in whatever order it came."""

import os
import random
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostop.events import Online, is_installed, signals_of
from nostop.events import online as online_module
from nostop.model import EventError
from tests.events.build import SCHEMES, book_of, event, log, rule

pytestmark = pytest.mark.skipif(not is_installed(), reason="durable-rules is not installed here")
#: Each has the histories of eight people; far more in the nightly run than beside every change.
EXAMPLES = 2_000 if os.environ.get("NOSTOP_NIGHTLY") else 40
PEOPLE = [f"P{number}" for number in range(8)]
FIRST = date(2026, 3, 1)

RULES = (
    rule("{event: sent, where: {step: 1}, and_not: ["
         "{event: award, same: [scheme], within: 28 days, before: 10 days}, "
         "{event: moved, within: 2 weeks}]}", "{signal: follow_up, step: 2}", "a"),
    rule("{event: born, all: [{event: moved, within: 4 weeks}, {event: award, within: 3 days}]}",
         "{signal: reopen, schemes: [child_benefit, pension_credit]}", "b"),
    rule("{event: moved, followed_by: [{event: moved, within: 9 days}]}", name="c"),
    rule("{event: ill, until: [{event: well}]}", "{signal: hold, reason: ill}", "d"),
    rule("{event: refused, where: {final: true, "
         "scheme: {one_of: [pension_credit, child_benefit]}}}", "{signal: reopen}", "e"),
    rule("{event: award, where: {amount: {at_least: 100}, per: {is_not: month}}}", name="f"),
    rule("{event: award, where: {amount: {at_most: 99}}, all: [{event: award, same: [scheme], "
         "within: 5 days}], until: [{event: refused, where: {final: false}, same: [scheme]}]}",
         "{signal: close_case, reason: claimed}", "g"),
    rule("{event: moved, where: {since: {at_least: 2026-03-05}, region: {is_not: north}}, "
         "and_not: [{event: moved, within: 1 week, before: 1 week}, {event: ill, within: 3 days}, "
         "{event: award, where: {scheme: {is_not: pension_credit}}, within: 2 days}]}", name="h"),
)  # fmt: skip


def _data(draw: st.DrawFn, kind: str) -> dict[str, object]:
    scheme = draw(st.sampled_from(SCHEMES))
    may: dict[str, dict[str, st.SearchStrategy[object]]] = {
        "award": {"amount": st.integers(98, 101), "per": st.sampled_from(["week", "month"])},
        "moved": {"region": st.sampled_from(["north", "south"]),
                  "since": st.dates(date(2026, 3, 4), date(2026, 3, 6)).map(str)},
    }  # fmt: skip
    must: dict[str, dict[str, object]] = {
        "award": {"scheme": scheme},
        "refused": {"scheme": scheme, "final": draw(st.booleans())},
        "sent": {"scheme": scheme, "step": draw(st.integers(1, 2)), "campaign": "c",
                 "message_id": "M1"},
    }  # fmt: skip
    said = {name: draw(one) for name, one in may.get(kind, {}).items() if draw(st.booleans())}
    return {**must.get(kind, {}), **said}


@st.composite
def histories(draw: st.DrawFn) -> pl.DataFrame:
    kinds = draw(
        st.lists(
            st.sampled_from(["born", "moved", "sent", "award", "refused", "ill", "well"]),
            max_size=40,
        )
    )
    happened = [
        event(
            kind,
            str(FIRST + timedelta(days=draw(st.integers(0, 12)))),
            draw(st.sampled_from(PEOPLE)),
            name=f"{number}",
            **_data(draw, kind),
        )
        for number, kind in enumerate(kinds)
    ]
    days = draw(st.lists(st.integers(0, 45), max_size=2, unique=True))
    return log(*happened, ticks=tuple(str(FIRST + timedelta(days=day)) for day in days))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    book = book_of(tmp_path_factory.mktemp("rules"), *RULES)
    return book, Online(book)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(happened=histories(), seed=st.integers(0, 9), cut=st.integers(0, 20))
def test_both_executors_give_the_same_signals_in_any_order_of_arrival(both, happened, seed, cut):
    book, online = both
    arrived = happened.sample(fraction=1.0, shuffle=True, seed=seed)
    # A restart in the middle: what was heard before it is in the log, and nowhere else.
    online.signals_of(arrived.head(cut))
    assert online.signals_of(arrived).rows() == signals_of(happened, book).rows()


def test_a_subject_with_hundreds_of_events_is_the_same_in_both(both):
    book, online = both
    draw = random.Random(5)  # noqa: S311 - the same on every machine
    happened = [
        event("award", str(FIRST + timedelta(days=draw.randint(0, 300) // 7)), name=f"{number}",
              scheme=draw.choice(SCHEMES), amount=draw.choice([99, 100]))
        for number in range(120)
    ]  # fmt: skip
    found = signals_of(log(*happened), book)
    assert found.height > 50
    assert online.signals_of(log(*happened)).rows() == found.rows()


def test_more_people_than_the_library_has_sessions_for(both):
    book, online = both
    happened = [event("moved", "2026-03-01", f"P{number}") for number in range(1_100)]
    expected = signals_of(log(*happened, ticks=("2026-04-01",)), book)
    assert expected.is_empty()
    more = [event("ill", "2026-03-02", f"P{number}") for number in range(1_100)]
    found = online.signals_of(log(*happened, *more))
    assert found.height == 1_100
    assert found.rows() == signals_of(log(*happened, *more), book).rows()


def test_an_action_that_fails_is_told_and_not_swallowed(both, monkeypatch):
    _, online = both

    def fails(*_values: object) -> None:
        raise KeyError("P1")

    monkeypatch.setattr(online_module, "min", fails, raising=False)
    with pytest.raises(EventError, match="durable_rules failed on an event") as told:
        online.signals_of(log(event("ill", "2026-03-01")))
    assert "P1" not in str(told.value)
    monkeypatch.undo()
    assert online.signals_of(log(event("ill", "2026-03-01"))).height == 1
