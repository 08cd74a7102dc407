"""Later awards and refusals, matched to the messages before them."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert

from nostop.app.outreach.outcomes import note_outcomes, results
from nostop.frames import Awards, LinkEvents
from nostop.model import OutreachError
from nostop.outreach.plan import message_id
from nostop.store import Act, read_table, upgrade
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_events import LifeEvent
from nostop.store.tables_outreach import MessageOutcome
from tests.app.outreach.small import ON, write_run
from tests.outreach_news.campaigns import AT, BY, RULES, cases, id_of, send, sent

CLAIMED = {"claimed": True, "outcome": None}
LATER = ON + timedelta(days=60)
SHOWN = ("message_id", "outcome", "seen_on", "days", "pence", "per")


def newer(folder: Path, *people: dict[str, object], on: date = LATER, **awards: dict) -> Path:
    """Write a newer run, with an award of Pension Credit for each name."""
    said = {"effective_date": on.isoformat(), "snapshot": f"S{on:%Y%m%d}"}
    run = write_run(folder / f"run-{on}", *people, **said)
    usual = {"scheme": "pension_credit", "status": "in_payment", "amount": 4321, "per": "week"}
    usual |= {"starts_on": ON + timedelta(days=12), "ends_on": None}
    rows = [{"person_id": who} | usual | award for who, award in awards.items()]
    schema = Awards.create_empty().schema
    pl.DataFrame(rows, schema=schema).write_parquet(run / "awards.parquet")
    return run


def seen(engine: Engine) -> list[tuple[object, ...]]:
    return read_table(engine, MessageOutcome).select(SHOWN).sort("message_id").rows()


def test_an_award_in_a_newer_run_is_matched_to_the_message(engine: Engine, tmp_path: Path):
    send(engine)
    run = newer(tmp_path, {"who": "ada"} | CLAIMED, {"who": "bo"}, ada={})
    assert note_outcomes(engine, run, RULES, BY) == {"claimed": 1, "refused": 0}
    assert seen(engine) == [(id_of("ada"), "claimed", LATER, 12, 4321, "week")]


def test_the_first_word_stays_and_is_only_completed(engine: Engine, tmp_path: Path):
    send(engine)
    nothing_known = {"status": "pending", "amount": None, "per": None, "starts_on": None}
    first = newer(tmp_path, {"who": "ada"} | CLAIMED, ada=nothing_known)
    note_outcomes(engine, first, RULES, BY)
    assert seen(engine) == [(id_of("ada"), "claimed", LATER, None, None, None)]
    for weeks, amount in ((1, 4321), (2, 9999)):
        on = LATER + timedelta(weeks=weeks)
        run = newer(tmp_path, {"who": "ada"} | CLAIMED, on=on, ada={"amount": amount})
        assert note_outcomes(engine, run, RULES, BY) == {"claimed": 0, "refused": 0}
    assert seen(engine) == [(id_of("ada"), "claimed", LATER, 12, 4321, "week")]


@pytest.mark.parametrize(
    ("award", "expected"),
    [
        # A claim that is backdated begins before the message.
        ({"starts_on": ON - timedelta(days=30)}, (-30, 4321, "week")),
        # Nothing in payment: what the authority says of the amount is not kept.
        ({"status": "nil_award", "amount": 0}, (12, None, None)),
        # An old award that ended is no claim of today's; the scheme is claimed all the same.
        ({"status": "ended"}, (None, None, None)),
    ],
)
def test_what_an_award_says_of_when_and_how_much(
    engine: Engine, tmp_path: Path, award: dict, expected: tuple[object, ...]
):
    send(engine)
    note_outcomes(engine, newer(tmp_path, {"who": "ada"} | CLAIMED, ada=award), RULES, BY)
    assert seen(engine) == [(id_of("ada"), "claimed", LATER, *expected)]


def test_an_award_of_the_partner_counts_where_the_scheme_is_decided_for_the_unit(
    engine: Engine, tmp_path: Path
):
    send(engine)
    partner = {"who": "pat", "benefit_unit_id": "B-ada", "household_id": "H-ada", **CLAIMED}
    run = newer(tmp_path, {"who": "ada"} | CLAIMED, partner, pat={})
    rows = pl.read_parquet(run / "determinations.parquet").unique("benefit_unit_id")
    rows.write_parquet(run / "determinations.parquet")
    note_outcomes(engine, run, RULES, BY)
    assert seen(engine) == [(id_of("ada"), "claimed", LATER, 12, 4321, "week")]


def test_who_has_another_id_by_now_is_found(engine: Engine, tmp_path: Path):
    send(engine)
    run = newer(tmp_path, {"who": "adeline"} | CLAIMED, adeline={})
    of_her = {"source": "council_tax", "record_id": "R1"}
    merged = {"event_id": 2, "kind": "merged", "person_id": "adeline", "other_id": "ada"}
    events = [
        {"event_id": 1, "kind": "created", "person_id": "ada"},
        {"event_id": 1, "kind": "created", "person_id": "ada"} | of_her,
        {"event_id": 1, "kind": "created", "person_id": "adeline"},
        merged,
        merged | of_her,
    ]
    usual = {"at": AT, "model_version": "m", "evidence": "x", "actor": "tests"}
    schema = LinkEvents.create_empty().schema
    pl.DataFrame([usual | row for row in events], schema=schema).write_parquet(
        run / "link_events.parquet"
    )
    note_outcomes(engine, run, RULES, BY)
    assert [row[0] for row in seen(engine)] == [id_of("ada")]


def test_a_run_without_awards_or_the_run_of_the_plan_says_nothing(engine: Engine, tmp_path: Path):
    send(engine)
    bare = write_run(tmp_path / "bare", {"who": "ada"} | CLAIMED, snapshot="Sother")
    with pytest.raises(OutreachError, match=r"awards\.parquet: is missing"):
        note_outcomes(engine, bare, RULES, BY)
    early = newer(tmp_path, {"who": "ada"} | CLAIMED, on=ON - timedelta(days=1), ada={})
    note_outcomes(engine, early, RULES, BY)
    assert seen(engine) == []


def refusal(engine: Engine, who: str, at: datetime, scheme: str = "pension_credit") -> None:
    row = {
        "event_key": f"K{who}{scheme}",
        "source": "dwp/decisions",
        "event_id": f"{who}{scheme}",
        "type": "award_refused",
        "subject": who,
        "person_id": who,
        "at": at,
        "data": json.dumps({"scheme": scheme}),
        "received_at": at,
    }
    with engine.begin() as connection:
        connection.execute(insert(table_of(LifeEvent)), row)


def test_a_refusal_is_kept_as_the_authoritys_word_and_stops_nothing(engine: Engine, tmp_path: Path):
    send(engine)
    refusal(engine, "ada", AT + timedelta(days=20))
    refusal(engine, "bo", AT + timedelta(days=20), "universal_credit")
    run = newer(tmp_path, {"who": "ada"}, {"who": "bo"})
    assert note_outcomes(engine, run, RULES, BY) == {"claimed": 0, "refused": 1}
    (row,) = read_table(engine, MessageOutcome).rows(named=True)
    assert (row["message_id"], row["source"]) == (id_of("ada"), "dwp/decisions")
    assert row["seen_on"] == (AT + timedelta(days=20)).date()
    assert cases(engine) == []


def test_outcomes_on_both_databases_are_the_same(
    engine: Engine, empty_postgresql: Engine, tmp_path: Path
):
    upgrade(empty_postgresql)
    sent(empty_postgresql, tmp_path, {"who": "ada", "phone": "07700 900123"}, {"who": "bo"})
    send(engine)
    run = newer(tmp_path, {"who": "ada"} | CLAIMED, {"who": "bo"}, ada={})
    for store in (engine, empty_postgresql):
        note_outcomes(store, run, RULES, BY)
        note_outcomes(store, run, RULES, BY)
    assert seen(engine) == seen(empty_postgresql) != []


def arm(engine: Engine, letter: str, state: str, people: int, claimed: int) -> None:
    rows = [
        {
            "message_id": message_id("spring", f"{letter}{n}", "pension_credit", 1),
            "campaign": "spring",
            "recipient_id": f"{letter}{n}",
            "scheme": "pension_credit",
            "step": 1,
            "kind": "entitled",
            "language": "en",
            "run_id": "Stiny",
            "state": state,
            "body_sha256": None if state == "held_out" else "0" * 64,
        }
        for n in range(people)
    ]
    outcomes = [
        {"message_id": row["message_id"], "outcome": "claimed", "seen_on": LATER}
        for row in rows[:claimed]
    ]
    with engine.begin() as connection:
        connection.execute(insert(table_of(OutreachMessage)), rows)
        if outcomes:
            connection.execute(insert(table_of(MessageOutcome)), outcomes)


def test_results_show_masked_counts_and_what_a_holdout_says(engine: Engine):
    arm(engine, "t", "sent", 199, 83)
    arm(engine, "h", "held_out", 98, 7)
    found = results(engine, "spring")
    # 201 to be told, with Ada and Bo.
    assert found.arms.rows() == [
        ("pension_credit", False, 200, 85, None),
        ("pension_credit", True, 100, None, None),
    ]
    low, high = found.differences["pension_credit"] or (0, 0)
    assert 0.20 < low < high < 0.52
    assert found.last_looked is None


def test_results_without_a_holdout_say_nothing_of_what_messages_did(engine: Engine, tmp_path: Path):
    send(engine)
    act = Act("Bo", AT + timedelta(days=61))
    note_outcomes(engine, newer(tmp_path, {"who": "ada"}), RULES, act)
    found = results(engine, "spring")
    assert found.arms.rows() == [("pension_credit", False, None, None, None)]
    assert found.differences == {}
    assert found.last_looked == act.at
