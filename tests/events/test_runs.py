"""What is different between two runs, as events."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl

from nostop.events import RunTables, events_of_messages, events_of_run, load_event_book
from nostop.frames import Awards, Determinations, empty
from nostop.model import NEVER
from nostop.rulebook import default_rules_dir
from nostop.strict_yaml import read_yaml

RULES = default_rules_dir()
BOOK = load_event_book(RULES, {file.parent.name for file in RULES.glob("*/*/pack.yaml")})
BEFORE, NOW = date(2026, 6, 1), date(2026, 6, 2)
RECEIPTS = pl.DataFrame(
    {
        "scheme": ["pension_credit", "universal_credit", "personal_independence_payment"],
        "award": ["pension_credit", "universal_credit", "pip"],
    }
)


def people(*rows: tuple) -> pl.DataFrame:
    """person_id, benefit_unit_id, household_id, role, died_on, born_on."""
    schema = {
        "person_id": pl.String,
        "benefit_unit_id": pl.String,
        "household_id": pl.String,
        "role": pl.String,
        "died_on": pl.Date,
        "born_on": pl.Date,
    }
    return pl.DataFrame(rows, schema, orient="row")


def awards(*rows: tuple) -> pl.DataFrame:
    """person_id, scheme, status, amount."""
    full = [(*row, "week", date(2026, 5, 4), None) for row in rows]
    return pl.DataFrame(full, empty(Awards).schema, orient="row")


def results(*rows: tuple) -> pl.DataFrame:
    """benefit_unit_id, outcome, claimed: of Pension Credit."""
    names = ["benefit_unit_id", "outcome", "claimed"]
    given = pl.DataFrame(rows, names, orient="row") if rows else None
    blank = empty(Determinations)
    if given is None:
        return blank
    told = given.with_columns(scheme=pl.lit("pension_credit")).cast({"claimed": pl.Boolean})
    return pl.concat([blank, told], how="diagonal_relaxed")


ANN = ("P1", "B1", "H1", "adult", NEVER, date(1950, 1, 1))
BOB = ("P2", "B1", "H1", "adult", None, date(1951, 1, 1))
HOMES = pl.DataFrame({"household_id": ["H1", "H2", "H3"], "uprn": ["1", "2", None]})
QUIET = RunTables(BEFORE, people(ANN, BOB), HOMES, awards(), results())


def happened(now: RunTables, previous: RunTables = QUIET) -> list[tuple]:
    found = events_of_run(previous, replace(now, on=NOW), RECEIPTS, BOOK)
    assert set(found["source"]) <= {"nostop/runs"}
    return [
        (row["type"], row["subject"], json.loads(row["data"]), row["event_id"])
        for row in found.sort("event_id").iter_rows(named=True)
    ]


def test_nothing_different_is_no_event():
    assert happened(QUIET) == []


def test_a_death_is_an_event_of_the_dead_and_of_the_one_who_is_left():
    dead = people((*ANN[:4], date(2026, 5, 30), ANN[5]), BOB)
    assert happened(replace(QUIET, people=dead)) == [
        ("death_recorded", "P1", {}, "death_recorded:2026-06-02:P1"),
        ("partner_died", "P2", {"benefit_unit_id": "B1"}, "partner_died:2026-06-02:P2"),
    ]


def test_a_death_that_takes_the_dead_out_of_the_unit_is_still_a_partners_death():
    dead = people(("P1", None, None, "adult", date(2026, 5, 30), None), BOB)
    assert [row[:2] for row in happened(replace(QUIET, people=dead))] == [
        ("death_recorded", "P1"),
        ("partner_died", "P2"),
    ]


def test_inv_20_a_death_that_nobody_knows_of_is_no_event():
    unknown = people((*ANN[:4], None, ANN[5]), BOB)
    assert happened(replace(QUIET, people=unknown)) == []


def test_a_move_is_another_property_and_not_another_number_of_a_household():
    moved = people((*ANN[:2], "H2", *ANN[3:]), BOB)
    assert [row[:2] for row in happened(replace(QUIET, people=moved))] == [("moved_home", "P1")]
    nowhere_known = people((*ANN[:2], "H3", *ANN[3:]), BOB)
    assert happened(replace(QUIET, people=nowhere_known)) == []
    renumbered = HOMES.with_columns(household_id=pl.Series(["H9", "H2", "H3"]))
    same_home = people((*ANN[:2], "H9", *ANN[3:]), (*BOB[:2], "H9", *BOB[3:]))
    assert happened(replace(QUIET, people=same_home, households=renumbered)) == []


def test_a_baby_in_a_unit_we_knew_is_a_birth():
    baby = ("P3", "B1", "H1", "child", None, date(2026, 5, 20))
    grown = ("P4", "B1", "H1", "child", None, date(2020, 5, 20))
    elsewhere = ("P5", "B9", "H1", "child", None, date(2026, 5, 20))
    undated = ("P6", "B1", "H1", "child", None, None)
    now = replace(QUIET, people=people(ANN, BOB, baby, grown, elsewhere, undated))
    assert happened(now) == [("child_born", "B1", {}, "child_born:2026-06-02:B1")]


def pensions(outcome: str, *because: str) -> pl.DataFrame:
    told = {"person_id": ["P1"], "scheme": ["state_pension"], "outcome": [outcome]}
    row = pl.DataFrame(told).with_columns(because=pl.lit(list(because), pl.List(pl.String)))
    return pl.concat([empty(Determinations), row], how="diagonal_relaxed")


def test_pension_age_is_reached_when_the_law_no_longer_says_that_it_is_not():
    young = replace(QUIET, determinations=pensions("not_entitled", "reached_pension_age"))
    for outcome, because in (
        ("unknown", ()),
        ("entitled", ()),
        ("not_entitled", ("enough_years",)),
    ):
        old = replace(QUIET, determinations=pensions(outcome, *because))
        assert [row[:2] for row in happened(old, young)] == [("pension_age_reached", "P1")]
        assert happened(old, old) == []
        assert happened(young, old) == []
    open_now = replace(QUIET, determinations=pensions("unknown", "reached_pension_age"))
    assert happened(open_now, young) == []
    # Nobody worked it out this time: nothing is known to have been reached.
    assert happened(QUIET, young) == []


def test_conditions_that_make_events_are_those_of_the_packs():
    for each in BOOK.types.values():
        if each.when_met:
            (pack,) = RULES.glob(f"*/{each.when_met.scheme}/pack.yaml")
            assert each.when_met.condition in [
                condition["id"] for condition in read_yaml(pack).data["entitled_when"]
            ]


def test_awards_that_began_and_ended_and_silence_that_says_neither():
    before = replace(
        QUIET,
        awards=awards(
            ("P1", "pip", "in_payment", 100), ("P2", "universal_credit", "in_payment", 1)
        ),
    )
    now = replace(
        QUIET,
        awards=awards(
            ("P1", "pip", "ended", None),
            ("P1", "pension_credit", "in_payment", 21810),
            ("P1", "council_thing", "in_payment", 1),
        ),
    )
    assert happened(now, before) == [
        (
            "award_ended",
            "P1",
            {"scheme": "personal_independence_payment"},
            "award_ended:2026-06-02:P1:personal_independence_payment",
        ),
        (
            "award_started",
            "P1",
            {"scheme": "pension_credit", "starts_on": "2026-05-04", "amount": 21810, "per": "week"},
            "award_started:2026-06-02:P1:pension_credit",
        ),
    ]


def test_inv_26_of_a_scheme_that_is_claimed_or_may_be_nothing_is_said():
    was = results(("B1", "entitled", False), ("B2", "not_entitled", False))
    before = replace(QUIET, determinations=was)
    now = results(("B1", "not_entitled", False), ("B2", "entitled", False))
    kinds = [row[:2] for row in happened(replace(QUIET, determinations=now), before)]
    assert kinds == [("became_entitled", "B2"), ("no_longer_entitled", "B1")]
    for claimed in (True, None):
        now = results(("B1", "not_entitled", claimed), ("B2", "entitled", claimed))
        assert happened(replace(QUIET, determinations=now), before) == []
    now = results(("B1", "unknown", False), ("B2", "unknown", False))
    assert happened(replace(QUIET, determinations=now), before) == []


def test_the_same_two_runs_give_the_same_events():
    now = replace(QUIET, on=NOW, awards=awards(("P1", "pension_credit", "in_payment", 1)))
    first = events_of_run(QUIET, now, RECEIPTS, BOOK)
    assert first.rows() == events_of_run(QUIET, now, RECEIPTS, BOOK).rows()
    assert first["at"].to_list() == [datetime(2026, 6, 1, 23, tzinfo=UTC)]


def test_a_message_that_went_is_an_event_with_its_own_id():
    sent = pl.DataFrame(
        {
            "message_id": ["M1"],
            "campaign": ["spring"],
            "recipient_id": ["P1"],
            "scheme": ["pension_credit"],
            "step": [1],
            "sent_at": [datetime(2026, 6, 2, 9, tzinfo=UTC)],
        }
    )
    (row,) = events_of_messages(sent).rows(named=True)
    assert (row["type"], row["subject"], row["event_id"]) == ("message_sent", "P1", "sent:M1")
    assert json.loads(row["data"]) == {
        "campaign": "spring", "message_id": "M1", "scheme": "pension_credit", "step": 1,
    }  # fmt: skip
