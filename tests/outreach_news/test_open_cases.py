"""Whom a case, a life event or an earlier id stops, and for how long."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert

from nostop import store
from nostop.app.events import EventDesk, judging, read_event_rules
from nostop.app.outreach.acting import act_on_signals
from nostop.app.outreach.news import say_wrong
from nostop.events import LifeEvents, event_key, short_reference
from nostop.frames import check
from nostop.model import EventError, StoreError
from nostop.store import Act, NewCase, open_case, read_table, upgrade
from nostop.store.contacts import reasons_not_to
from nostop.store.rows import table_of
from nostop.store.tables_events import Case, EventSignal
from nostop.store.tables_outreach import PersonHeir, Recipient
from tests.outreach_news.campaigns import (
    AT,
    BY,
    RULES,
    cases,
    id_of,
    planned,
    send,
    status,
    why,
)


def reasons(engine: Engine, *people: str) -> dict[str, str]:
    with engine.begin() as connection:
        return reasons_not_to(connection, people, AT.date())


@pytest.mark.parametrize("reference", [short_reference(id_of("ada")), id_of("ada")])
def test_this_is_wrong_opens_a_case_until_which_is_closed_nothing_goes(
    engine: Engine, reference: str
):
    assert say_wrong(engine, f" {reference.lower() if '-' in reference else reference} ", BY)
    (row,) = cases(engine)
    assert row == ("wrong", "person_says_wrong", "ada", "open")
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": "open_case", "bo": None}
    case_id = read_table(engine, Case)["case_id"].item()
    assert store.close_case(engine, case_id, "looked_at", BY) == 1
    assert send(engine).sent.words == {"sent": 1}
    assert status(engine) == {"ada": "sent", "bo": "sent"}


def test_a_reference_of_nothing_is_refused(engine: Engine):
    with pytest.raises(EventError, match="nine characters"):
        say_wrong(engine, "4F7K", BY)
    with pytest.raises(StoreError, match="no message has"):
        say_wrong(engine, short_reference("M" + "0" * 32), BY)
    assert cases(engine) == []


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("wrong", "person_says_wrong", {"ada": "open_case"}),
        ("review", "reply", {"ada": "open_case"}),
        ("link", "uncertain", {"ada": "open_case"}),
        ("override", "caseworker", {"ada": "open_case"}),
        # A follow-up may not stop itself; what came back stops an address; and that a claim was
        # refused says nothing of other schemes.
        ("outreach", "follow_up_due", {}),
        ("returned", "did_not_arrive", {}),
        ("wrong", "refused_after_message", {}),
    ],
)
def test_which_cases_stop_messages(
    engine: Engine, kind: str, reason: str, expected: dict[str, str]
):
    open_case(engine, NewCase(kind, reason, person_id="ada"), AT, "Bo")
    assert reasons(engine, "ada", "bo") == expected


def test_a_case_of_the_benefit_unit_stops_its_members(engine: Engine):
    open_case(engine, NewCase("review", "look", benefit_unit_id="B-bo"), AT, "Bo")
    assert reasons(engine, "ada", "bo") == {"bo": "open_case"}


def test_inv_15_who_said_no_under_an_earlier_id_said_no(engine: Engine):
    store.suppress(engine, ["before-ada"], "opted_out", "Bo", AT)
    assert reasons(engine, "ada") == {}
    with engine.begin() as connection:
        row = {"was": "before-ada", "person_id": "ada"}
        connection.execute(insert(table_of(PersonHeir)), row)
    assert reasons(engine, "ada", "bo") == {"ada": "opted_out"}


def test_both_databases_stop_the_same_people(engine: Engine, empty_postgresql: Engine, desk_of):
    upgrade(empty_postgresql)
    bo = {"person_id": "bo", "language": "en", "benefit_unit_id": "B-bo"}
    with empty_postgresql.begin() as connection:
        connection.execute(insert(table_of(Recipient)), bo)
    told = []
    for each in (engine, empty_postgresql):
        with each.begin() as connection:
            row = {"was": "before-cy", "person_id": "cy"}
            connection.execute(insert(table_of(PersonHeir)), row)
        store.suppress(each, ["before-cy", "dee"], "opted_out", "Bo", AT)
        open_case(each, NewCase("review", "look", benefit_unit_id="B-bo"), AT, "Bo")
        open_case(each, NewCase("wrong", "refused_after_message", person_id="eve"), AT, "Bo")
        desk_of(each).hear(happened("prison_entered", "fay", AT), AT)
        told.append(reasons(each, "bo", "cy", "dee", "eve", "fay"))
    assert told[0] == told[1]
    assert told[0] == {
        "bo": "open_case",
        "cy": "opted_out",
        "dee": "opted_out",
        "fay": "in_prison",
    }


def happened(kind: str, subject: str, at: datetime) -> pl.DataFrame:
    row = (event_key("test", f"{kind}-{subject}"), "test", f"{kind}-{subject}", kind, subject)
    schema = LifeEvents.create_empty().schema
    return check(LifeEvents, pl.DataFrame([(*row, at, "{}")], schema=schema, orient="row"))


@pytest.fixture(scope="module")
def desk_of():
    book = read_event_rules(RULES)
    return lambda engine: EventDesk(engine, book, judging(book), "tests")


def test_inv_06_a_death_stops_the_next_message_before_anybody_acts_on_it(engine: Engine, desk_of):
    desk_of(engine).hear(happened("death_recorded", "ada", AT), AT)
    assert reasons(engine, "ada") == {"ada": "deceased"}
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": "deceased", "bo": None}


def test_a_hold_ends_and_the_message_goes(engine: Engine, desk_of):
    desk_of(engine).hear(happened("moved_home", "ada", AT), AT)
    done = act_on_signals(engine, RULES, BY)
    assert (done.taken_back, done.released) == (1, 0)
    assert why(engine) == {"ada": "moved_home", "bo": None}
    later = Act("Bo", AT + timedelta(days=40))
    assert act_on_signals(engine, RULES, later).released == 1
    assert status(engine)["ada"] == "planned"


def test_nothing_heard_of_a_message_opens_a_case_to_call_about(fresh: Engine, tmp_path: Path):
    people = ({"who": "ada"}, {"who": "bo"}, {"who": "cy"})
    planned(fresh, tmp_path, *people, more="follow_up: {after_days: 35}\n")
    assert send(fresh).sent.words == {"sent": 3}
    assert act_on_signals(fresh, RULES, BY).told == 3
    assert act_on_signals(fresh, RULES, BY).told == 0
    say_wrong(fresh, id_of("bo"), BY)
    for days, opened in ((29, 0), (36, 2), (37, 0)):
        done = act_on_signals(fresh, RULES, Act("Bo", AT + timedelta(days=days)))
        assert done.followed_up.opened == opened, days
    follow = [row for row in cases(fresh) if row[0] == "outreach"]
    assert [row[2] for row in follow] == ["ada", "cy"]
    assert read_table(fresh, EventSignal).filter(kind="follow_up")["handled_at"].null_count() == 0
    # No second message: nobody has written words for one.
    assert send(fresh, AT + timedelta(days=1)).sent.words == {}


def test_a_campaign_without_follow_ups_has_none(engine: Engine):
    send(engine)
    act_on_signals(engine, RULES, BY)
    done = act_on_signals(engine, RULES, Act("Bo", AT + timedelta(days=60)))
    assert (done.followed_up.opened, done.followed_up.passed_over) == (0, 2)
    assert cases(engine) == []
