"""Who belongs to a benefit unit or household may be unknown: then what hangs on it is."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination.determine import determine
from nostop.determination.one import Decider
from nostop.determination.prepare import prepared
from nostop.determination.rows import SituationRows
from nostop.frames import Situation
from nostop.model import Level
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.one.household import household_rows
from nostop.rulebook.plan import KEYS, compile_plan
from tests.rulebook.small import ON, pack_text, situation, write_rules
from tests.rulebook.worlds import world, worlds

Row = dict[str, Any]
FLAGS = ("children_known", "partner_known")


def book_of(folder: Path, condition: str, part: str = "week_a") -> Rulebook:
    return load_rulebook(write_rules(folder, alpha=pack_text({"holds": condition}, {"part": part})))


def family(book: Rulebook, *people: Row, **flags: bool | None) -> Situation:
    given = [{"awards_known": True, **each} for each in people]
    made = situation(book.catalogue, given, awards=[])
    of_unit = {name: value for name, value in flags.items() if name in FLAGS}
    of_home = {name: value for name, value in flags.items() if name not in FLAGS}
    return replace(
        made,
        benefit_units=made.benefit_units.with_columns(
            pl.lit(value, dtype=pl.Boolean).alias(name) for name, value in of_unit.items()
        ),
        households=made.households.with_columns(
            pl.lit(value, dtype=pl.Boolean).alias(name) for name, value in of_home.items()
        ),
    )


def decided(book: Rulebook, given: Situation) -> Row:
    """Return the one determination: the plan's, which all ways to the interpreter agree with."""
    (row,) = determine(given, book, ON).to_dicts()
    assert interpreted(book, given) == [row]
    assert Decider(book, ON).decide(as_rows(given)) == [row]
    return row


def interpreted(book: Rulebook, given: Situation) -> list[Row]:
    plan, decider = compile_plan(book, ON), Decider(book, ON)
    homes = household_rows(prepared(given, book, plan))
    rows = [row for home in homes for row in decider.decide_household(home)]
    return sorted(rows, key=_subject)


def as_rows(given: Situation) -> SituationRows:
    awards = [] if given.awards is None else given.awards.to_dicts()
    return SituationRows(
        given.people.to_dicts(),
        given.benefit_units.to_dicts(),
        given.households.to_dicts(),
        awards,
    )


def _subject(row: Row) -> tuple[str, str]:
    lowest = (row[KEYS[level]] for level in (Level.PERSON, Level.BENEFIT_UNIT, Level.HOUSEHOLD))
    return row["scheme"], next(key for key in lowest if key is not None)


ADULT: Row = {"role": "adult", "ill": False, "savings": 0, "pay": 100}
WELL: Row = {"role": "child", "ill": False}
ILL: Row = {"role": "child", "ill": True}


@pytest.mark.parametrize(
    ("condition", "people", "flags", "outcome"),
    [
        pytest.param(
            "any_child(ill)", [ADULT, WELL], {}, "not_entitled", id="nobody said so: known"
        ),
        pytest.param(
            "any_child(ill)", [ADULT, WELL], {"children_known": True}, "not_entitled", id="known"
        ),
        pytest.param(
            "any_child(ill)",
            [ADULT, WELL],
            {"children_known": False},
            "unknown",
            id="another may be ill",
        ),
        pytest.param(
            "any_child(ill)",
            [ADULT, WELL],
            {"children_known": None},
            "unknown",
            id="null is not known",
        ),
        pytest.param(
            "any_child(ill)",
            [ADULT, ILL],
            {"children_known": False},
            "entitled",
            id="a known child settles it",
        ),
        pytest.param(
            "any_child(ill)",
            [ADULT, WELL],
            {"partner_known": False},
            "not_entitled",
            id="a partner is no child",
        ),
        pytest.param(
            "any_adult(ill)",
            [ADULT, WELL],
            {"children_known": False},
            "not_entitled",
            id="a child is no adult",
        ),
        pytest.param(
            "any_adult(ill)",
            [ADULT],
            {"partner_known": False},
            "unknown",
            id="a partner may be ill",
        ),
        pytest.param(
            "all_adults(not ill)",
            [{**ADULT, "ill": True}],
            {"partner_known": False},
            "not_entitled",
            id="a known adult fails it",
        ),
        pytest.param(
            "count(role == 'child') >= two",
            [ADULT, WELL, WELL],
            {"children_known": False},
            "entitled",
            id="at least the known",
        ),
        pytest.param(
            "count(role == 'child') < two",
            [ADULT, WELL],
            {"children_known": False},
            "unknown",
            id="there may be more",
        ),
        pytest.param(
            "total(savings) <= stock_a",
            [ADULT],
            {"partner_known": False},
            "unknown",
            id="a partner's savings",
        ),
        pytest.param(
            "total(savings) <= stock_a",
            [ADULT],
            {"children_known": False},
            "entitled",
            id="savings are of adults",
        ),
        pytest.param(
            "total(savings) <= stock_a",
            [{**ADULT, "savings": 10**9}],
            {"partner_known": False},
            "not_entitled",
            id="never below what is known",
        ),
    ],
)
def test_inv_30_what_hangs_on_unknown_members_is_unknown_and_nothing_else(
    tmp_path: Path, condition: str, people: list[Row], flags: Row, outcome: str
) -> None:
    book = book_of(tmp_path, condition)
    row = decided(book, family(book, *people, **flags))
    assert row["outcome"] == outcome
    assert row["missing"] == (["role"] if outcome == "unknown" else [])
    assert not row["worth_asking"]


def test_nobody_is_decided_for_who_may_not_be_there(tmp_path: Path) -> None:
    book = book_of(tmp_path, "any_child(ill)")
    given = family(book, ADULT, children_known=False, partner_known=False, members_known=False)
    assert determine(given, book, ON).height == 1


# --- over random packs and people -----------------------------------------------------------------


def _some_lost(random: Random, given: Situation) -> Situation:
    """Take away some children, partners and benefit units, and say where."""
    people = given.people.with_columns(
        lost=pl.Series([random.random() < 0.3 for _ in range(given.people.height)]),
        first=pl.int_range(pl.len()).over("benefit_unit_id") == 0,
    )
    lost_units = [each for each in given.benefit_units["benefit_unit_id"] if random.random() < 0.2]
    gone = pl.col("benefit_unit_id").is_in(lost_units)
    homes = given.benefit_units.filter(gone)["household_id"].implode()
    left = people.filter(~gone & (pl.col("first") | ~pl.col("lost")))
    went = people.filter(~pl.col("first") & pl.col("lost"))
    flags = {
        flag: ~pl.col("benefit_unit_id").is_in(went.filter(role=role)["benefit_unit_id"].implode())
        for flag, role in zip(FLAGS, ("child", "adult"), strict=True)
    }
    return replace(
        given,
        people=left.drop("lost", "first"),
        benefit_units=given.benefit_units.filter(~gone).with_columns(**flags),
        households=given.households.with_columns(
            members_known=~pl.col("household_id").is_in(homes)
        ),
    )


@worlds(10)
@given(seed=st.integers(0, 10**9))
def test_inv_19_people_nobody_told_of_turn_no_outcome_into_another(seed: int) -> None:
    made = world(seed, households=40, unknown=0.1)
    whole = {_subject(row): row for row in determine(made.situation, made.book, ON).to_dicts()}
    left = _some_lost(made.random, made.situation)
    rows = determine(left, made.book, ON).to_dicts()
    assert interpreted(made.book, left) == sorted(rows, key=_subject)
    for row in rows:
        true = whole[_subject(row)]
        assert row["outcome"] in (true["outcome"], "unknown")
        if true["amount"] is not None:
            assert row["amount_low"] is None or row["amount_low"] <= true["amount"]
            assert row["amount_high"] is None or true["amount"] <= row["amount_high"]
