"""What must hold of every determination, over random packs and random people with unknown facts.

`recorded_or(fact, formula)` is in none of these packs. The law has us work out deductions where no
record holds them, so that a later record may move a result that stood: it stands in for a fact, and
the properties here are about facts.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib import import_module
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination import engine, groups
from nostop.determination.determine import determine
from nostop.frames import Awards, Situation, empty
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS
from tests.rulebook.random_packs import random_value
from tests.rulebook.small import ON
from tests.rulebook.worlds import World, world, worlds

SEEDS = st.integers(0, 10**9)
QUICK = worlds(8)
AWARDS = (("carers_allowance", "week"), ("universal_credit", "month"), ("pension_credit", "week"))

#: Whether a fact of a household is to become known; receipt of awards is the fact `awards`.
Chosen = Callable[[str, str], bool]


def _everything(_household: str, _fact: str) -> bool:
    return True


def _known(full: Situation, situation: Situation, chosen: Chosen) -> Situation:
    """Return the situation with chosen unknown facts taken from the full one."""
    frames: dict[str, Any] = {
        name: _mixed(getattr(full, name), getattr(situation, name), chosen)
        for name in ("people", "benefit_units", "households")
    }
    told = frames["people"].select("person_id", "household_id").rows()
    asked = {person for person, household in told if chosen(household, "awards")}
    return replace(situation, **frames, awards=_awards_known(full, situation, asked))


def _mixed(full: pl.DataFrame, partly: pl.DataFrame, chosen: Chosen) -> pl.DataFrame:
    rows = [
        {
            name: whole[name]
            if _is_learnt(name, value) and chosen(row["household_id"], _fact(name))
            else value
            for name, value in row.items()
        }
        for row, whole in zip(partly.to_dicts(), full.to_dicts(), strict=True)
    ]
    return pl.DataFrame(rows, schema=partly.schema)


def _is_learnt(name: str, value: Any) -> bool:
    return value is None or (name == "awards_known" and value is False)


def _fact(column: str) -> str:
    return "awards" if column == "awards_known" else column


def _awards_known(full: Situation, situation: Situation, asked: set[str]) -> pl.DataFrame | None:
    learnt = full.awards if full.awards is not None else empty(Awards)
    before = situation.awards if situation.awards is not None else empty(Awards)
    if situation.awards is None and not asked:
        return None
    is_asked = pl.col("person_id").is_in(sorted(asked))
    return pl.concat([learnt.filter(is_asked), before.filter(~is_asked)])


def _full(random: Random, book: Rulebook, situation: Situation) -> Situation:
    """Return the situation with every unknown fact given some value it could have."""
    frames: dict[str, Any] = {}
    for name, level in (
        ("people", "person"),
        ("benefit_units", "benefit_unit"),
        ("households", "household"),
    ):
        facts = {fact: each for fact, each in book.catalogue.facts.items() if each.level == level}
        frame: pl.DataFrame = getattr(situation, name)
        rows = [
            {
                fact: random_value(random, facts[fact])
                if value is None and fact in facts
                else value
                for fact, value in row.items()
            }
            for row in frame.to_dicts()
        ]
        frames[name] = pl.DataFrame(rows, schema=frame.schema)
    frames["people"] = frames["people"].with_columns(awards_known=pl.lit(value=True))
    return replace(situation, **frames, awards=_full_awards(random, situation))


def _full_awards(random: Random, situation: Situation) -> pl.DataFrame:
    before = situation.awards if situation.awards is not None else empty(Awards)
    rows = [
        {**row, "amount": random.randrange(50_000)}
        if row["amount"] is None and row["status"] == "in_payment"
        else row
        for row in before.to_dicts()
    ]
    held = {(row["person_id"], row["scheme"]) for row in rows}
    known = dict.fromkeys(
        situation.people.filter(pl.col("awards_known").fill_null(value=False))[
            "person_id"
        ].to_list()
    )
    for person in situation.people["person_id"]:
        for scheme, per in AWARDS:
            is_open = situation.awards is None or person not in known
            if is_open and (person, scheme) not in held and random.random() < 0.4:
                status = random.choice(("in_payment", "pending"))
                given = {"person_id": person, "scheme": scheme, "status": status, "per": per}
                amount = random.randrange(50_000)
                days = {"starts_on": date(2025, 1, 1), "ends_on": None}
                rows.append({**given, "amount": amount, **days})
    return pl.DataFrame(rows, schema=before.schema)


def _rows(made: World, situation: Situation) -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for row in determine(situation, made.book, ON).iter_rows(named=True):
        level = made.book.scheme(row["scheme"]).pack.decides_for
        found[row["scheme"], row[KEYS[level]]] = row
    return found


def _lies_within(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    at_least = outer["amount_low"] is None or inner["amount_low"] >= outer["amount_low"]
    if outer["amount_high"] is None:
        return at_least
    return (
        at_least
        and inner["amount_high"] is not None
        and inner["amount_high"] <= outer["amount_high"]
    )


@QUICK
@given(seed=SEEDS)
def test_learning_facts_never_turns_a_known_outcome_and_only_narrows_bounds(seed: int) -> None:
    made = world(seed, households=60, unknown=0.35)
    full = _full(made.random, made.book, made.situation)
    share = made.random.random()
    some = {
        (household, fact): made.random.random() < share
        for household in made.situation.households["household_id"]
        for fact in (*made.book.catalogue.facts, "awards")
    }
    before = _rows(made, made.situation)
    partly = _rows(
        made,
        _known(full, made.situation, lambda household, fact: some.get((household, fact), False)),
    )
    wholly = _rows(made, _known(full, made.situation, _everything))

    for key, row in before.items():
        for learnt, known in ((row, partly[key]), (partly[key], wholly[key])):
            assert learnt["outcome"] in ("unknown", known["outcome"])
            assert _lies_within(known, learnt)
            assert learnt["claimed"] in (None, known["claimed"])


@QUICK
@given(seed=SEEDS)
def test_missing_facts_are_enough_to_settle_and_others_alone_are_not(seed: int) -> None:
    """Filling all that is `missing` gives the outcome that filling everything gives; filling all
    else leaves it unknown."""
    made = world(seed, households=80, unknown=0.3)
    full = _full(made.random, made.book, made.situation)
    before = _rows(made, made.situation)
    unknown = [key for key, row in before.items() if row["outcome"] == "unknown"]
    made.random.shuffle(unknown)
    # One subject a household is put to the question, and its own missing facts become known, or all
    # the others do.
    asked = {before[key]["household_id"]: key for key in unknown}
    missing = {
        household: {
            "awards" if fact.startswith("award_of_") else fact for fact in before[key]["missing"]
        }
        for household, key in asked.items()
    }
    named = _rows(
        made, _known(full, made.situation, lambda home, fact: fact in missing.get(home, ()))
    )
    others = _rows(
        made, _known(full, made.situation, lambda home, fact: fact not in missing.get(home, ()))
    )
    wholly = _rows(made, _known(full, made.situation, _everything))

    for key in asked.values():
        assert named[key]["outcome"] == wholly[key]["outcome"]
        assert others[key]["outcome"] == "unknown"


@QUICK
@given(seed=SEEDS)
def test_order_of_rows_size_of_pieces_groups_and_second_passes_never_matter(seed: int) -> None:
    made = world(seed, households=40)
    situation = made.situation
    order = made.random.randrange(10**6)
    shuffled = replace(
        situation,
        people=situation.people.sample(fraction=1, shuffle=True, seed=order),
        benefit_units=situation.benefit_units.sample(fraction=1, shuffle=True, seed=order),
        households=situation.households.sample(fraction=1, shuffle=True, seed=order),
        awards=None
        if situation.awards is None
        else situation.awards.sample(fraction=1, shuffle=True, seed=order),
    )
    whole = determine(situation, made.book, ON)
    with pytest.MonkeyPatch.context() as patch:
        # The package's own `determine` is the function, so its module is asked for by name.
        module = import_module("nostop.determination.determine")
        patch.setattr(module, "PEOPLE_AT_ONCE", 45)
        patch.setattr(groups, "DEFINITIONS_TOGETHER", 25)
        patch.setattr(engine, "ONE_PASS", 0)
        assert determine(shuffled, made.book, ON).equals(whole)


@QUICK
@given(seed=SEEDS)
def test_worth_asking_is_what_its_definition_says(seed: int) -> None:
    made = world(seed, households=60, unknown=0.12)
    for (scheme, _), row in _rows(made, made.situation).items():
        askable = set(made.book.scheme(scheme).pack.ask_person)
        can_pay = row["amount_high"] is None or row["amount_high"] > 0
        only_askable = bool(row["missing"]) and set(row["missing"]) <= askable
        assert row["worth_asking"] == (row["outcome"] == "unknown" and can_pay and only_askable)


@QUICK
@given(seed=SEEDS)
def test_results_hold_together(seed: int) -> None:
    made = world(seed, households=40)
    counted = dict.fromkeys(Level, 0) | {
        Level.PERSON: made.situation.people.height,
        Level.BENEFIT_UNIT: made.situation.benefit_units.height,
        Level.HOUSEHOLD: made.situation.households.height,
    }
    rows = determine(made.situation, made.book, ON)

    for name, scheme in made.book.schemes.items():
        of_scheme = rows.filter(scheme=name)
        assert of_scheme.height == counted[scheme.pack.decides_for]
        conditions = ["applies_in", *(each.id for each in scheme.pack.entitled_when)]
        for row in of_scheme.iter_rows(named=True):
            assert row["outcome"] != "entitled" or row["because"] == conditions
            if row["outcome"] == "not_entitled" and "applies_in" in row["because"]:
                assert row["because"] == ["applies_in"]
            assert row["outcome"] != "not_entitled" or (row["amount"], row["amount_high"]) == (0, 0)
            assert row["amount_low"] is not None
            assert row["amount_low"] >= 0
            assert row["outcome"] != "unknown" or row["amount_low"] == 0
            assert row["amount"] == (
                row["amount_low"] if row["amount_low"] == row["amount_high"] else None
            )
