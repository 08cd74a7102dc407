"""Events out of a run as the engine holds it, with the rules that ship."""

from datetime import date

import polars as pl

from nostop.app.events import read_event_rules, receipts_of, run_tables
from nostop.events import events_of_run
from nostop.frames import Awards, Determinations, Situation, empty
from nostop.rulebook import Rulebook

PEOPLE = pl.DataFrame(
    {"person_id": ["P1"], "benefit_unit_id": ["B1"], "household_id": ["H1"], "role": ["adult"]}
)
UNITS = pl.DataFrame({"benefit_unit_id": ["B1"], "household_id": ["H1"]})
HOMES = pl.DataFrame({"household_id": ["H1"]})


def test_a_run_that_knows_few_facts_is_compared_all_the_same(book: Rulebook):
    before = Situation(PEOPLE, UNITS, HOMES, None)
    pip = ("P1", "pip", "in_payment", 7_500, "week", date(2026, 6, 1), None)
    now = Situation(PEOPLE, UNITS, HOMES, pl.DataFrame([pip], empty(Awards).schema, orient="row"))
    none = empty(Determinations)
    found = events_of_run(
        run_tables(date(2026, 6, 1), before, none),
        run_tables(date(2026, 6, 2), now, none),
        receipts_of(book),
        read_event_rules(),
    )
    assert found["event_id"].to_list() == [
        "award_started:2026-06-02:P1:personal_independence_payment"
    ]


def test_event_rules_know_the_schemes_of_the_packs(book: Rulebook):
    assert read_event_rules().schemes == frozenset(book.packs)
