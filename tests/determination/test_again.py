"""Only what changed: the result is a full run's, byte for byte."""

import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination.again import changed_households, determine_again
from nostop.determination.determine import Determiner
from nostop.frames import Situation
from nostop.model import FrameError
from nostop.rulebook import load_rulebook
from tests.rulebook.random_packs import random_situation
from tests.rulebook.small import ON, RATES, pack_text, situation, write_rules
from tests.rulebook.worlds import world, worlds


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def mixed(before: Situation, other: Situation, homes: pl.DataFrame) -> Situation:
    """The first situation, with some households as the other has them (or gone, if it has not)."""

    def put(name: str) -> pl.DataFrame:
        kept = getattr(before, name).join(homes, on="household_id", how="anti")
        taken = getattr(other, name).join(homes, on="household_id", how="semi")
        return pl.concat([kept, taken], how="diagonal_relaxed")

    people = put("people")
    moved = people.join(homes, on="household_id", how="semi").select("person_id")
    awards = before.awards
    if awards is not None and other.awards is not None:
        awards = pl.concat(
            [
                awards.join(moved, on="person_id", how="anti"),
                other.awards.join(moved, on="person_id", how="semi"),
            ]
        )
    tables = {name: put(name) for name in ("benefit_units", "households")}
    return replace(before, people=people, awards=awards, **tables)


@worlds(12)
@given(seed=st.integers(0, 10**9))
def test_what_changed_worked_out_again_is_a_full_run(seed: int) -> None:
    made = world(seed, households=40)
    other = random_situation(made.random, made.book, households=45)
    homes = other.households.select("household_id").sample(9, seed=seed)
    now = mixed(made.situation, other, homes)
    changed = changed_households(made.situation, now)
    assert set(changed["household_id"]) <= set(homes["household_id"])

    warm = Determiner(made.book, ON)
    last = warm.determine(made.situation)
    again = determine_again(warm, last, now, changed)
    assert again.equals(warm.determine(now))
    assert parquet(again) == parquet(Determiner(made.book, ON).determine(now))


def rules(path: Path, amount: int) -> Path:
    alpha = pack_text({"poor": "total(pay) < week_a"}, {"part": "week_b"})
    beta = pack_text({"home": "rent > 0"}, {"part": "week_a"}, scheme="beta")
    write_rules(path, alpha=alpha, beta=beta)
    rates = RATES.replace("value: 333", f"value: {amount}")
    (path / "uk/alpha/rates.yaml").write_text(rates, encoding="utf-8")
    return path


def test_a_changed_rate_redoes_its_scheme_for_everybody_and_no_other(tmp_path: Path) -> None:
    old, new = (load_rulebook(rules(tmp_path / str(each), each)) for each in (333, 444))
    given = situation(old.catalogue, [{"pay": 0}], households=[{"nation": "england", "rent": 5}])
    last = Determiner(old, ON).determine(given)
    nobody = pl.DataFrame(schema={"household_id": pl.String})
    # A mark that only survives where nothing is worked out again.
    marked = last.with_columns(confidence=pl.lit(0.125))

    again = determine_again(Determiner(new, ON), marked, given, nobody)
    assert again.select("scheme", "amount", "confidence").rows() == [
        ("alpha", 444, None),
        ("beta", 10000, 0.125),
    ]


def test_a_household_that_is_gone_has_no_determination(tmp_path: Path) -> None:
    book = load_rulebook(rules(tmp_path, 333))
    two = [
        {"person_id": "p1", "benefit_unit_id": "b1", "household_id": "h1"},
        {"person_id": "p2", "benefit_unit_id": "b2", "household_id": "h2"},
    ]
    warm = Determiner(book, ON)
    last = warm.determine(situation(book.catalogue, two))
    now = situation(book.catalogue, two[1:])
    changed = pl.DataFrame({"household_id": ["h1"]})
    again = determine_again(warm, last, now, changed)
    assert again["benefit_unit_id"].to_list() == ["b2", "b2"]
    assert again.equals(warm.determine(now))


def test_changed_households_are_named_by_fact_award_and_member(tmp_path: Path) -> None:
    book = load_rulebook(rules(tmp_path, 333))
    homes = ("h1", "h2", "h3", "h4")

    def made(pay: int, rent: int, amount: int, *, moved: bool) -> Situation:
        where = ("h1", "h2", "h3", "h4" if moved else "h3")
        people = [
            {"person_id": f"p{index}", "benefit_unit_id": f"b{index}", "household_id": home}
            for index, home in enumerate(where)
        ]
        people[0]["pay"] = pay  # type: ignore[assignment] # a row of facts
        award = {
            "person_id": "p2", "scheme": "pension_credit", "status": "in_payment", "amount": amount,
            "per": "week", "starts_on": None, "ends_on": None,
        }  # fmt: skip
        rents = [
            {"household_id": home, "nation": "england", "rent": rent if home == "h2" else 0}
            for home in homes
        ]
        found = situation(book.catalogue, people, None, rents, [award])
        return replace(found, households=pl.DataFrame(rents))

    before = made(100, 5, 9, moved=False)
    for now, expected in (
        (made(100, 5, 9, moved=False), []),
        (made(101, 5, 9, moved=False), ["h1"]),
        (made(100, 6, 9, moved=False), ["h2"]),
        (made(100, 5, 8, moved=False), ["h3"]),
        (made(100, 5, 9, moved=True), ["h3", "h4"]),
    ):
        assert changed_households(before, now)["household_id"].to_list() == expected


def test_a_scheme_that_reads_none_of_the_changed_facts_is_left_as_it_was(tmp_path: Path) -> None:
    book = load_rulebook(rules(tmp_path, 333))
    now = situation(book.catalogue, [{"pay": 0}], households=[{"nation": "england", "rent": 5}])
    warm = Determiner(book, ON)
    marked = warm.determine(now).with_columns(confidence=pl.lit(0.125))
    for fact, expected in (("pay", [None, 0.125]), ("rent", [0.125, None]), (None, [None, None])):
        changed = pl.DataFrame(
            {"household_id": ["h"], "fact": [fact]}, schema_overrides={"fact": pl.String}
        )
        again = determine_again(warm, marked, now, changed)
        assert again["confidence"].to_list() == expected


def test_changed_without_household_ids_is_refused(tmp_path: Path) -> None:
    book = load_rulebook(rules(tmp_path, 333))
    given = situation(book.catalogue, [{}])
    warm = Determiner(book, ON)
    with pytest.raises(FrameError, match="changed: column 'household_id' is missing"):
        determine_again(warm, warm.determine(given), given, pl.DataFrame({"person_id": ["p0"]}))
