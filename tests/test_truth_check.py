"""The truth check, on people few enough to see what is right."""

from typing import Any

import polars as pl
import pytest

from nostop.app.results import withhold_claimed
from nostop.app.truth_check import (
    ENTITLED,
    WORTH_ASKING,
    Truth,
    TruthCheck,
    check,
    read_truth,
    with_unaskable,
)
from nostop.model import SettingsError

PC = "pension_credit"


def links(**people: list[str]) -> pl.DataFrame:
    """Return `Links`: for each of our people, the records that are said to be theirs."""
    rows = [("a", record, person, 1.0) for person, records in people.items() for record in records]
    columns = ["source", "record_id", "person_id", "confidence"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def units(**members: list[str]) -> pl.DataFrame:
    """Return our people: for each benefit unit, its adults."""
    rows = [(person, unit, "adult") for unit, people in members.items() for person in people]
    return pl.DataFrame(rows, schema=["person_id", "benefit_unit_id", "role"], orient="row")


def result(unit: str, **said: Any) -> dict[str, Any]:
    usual = {"outcome": "entitled", "claimed": False, "worth_asking": False, "missing": []}
    return {"benefit_unit_id": unit, "person_id": None, "scheme": PC, **usual, **said}


def results(*rows: dict[str, Any]) -> pl.DataFrame:
    kinds = {
        "outcome": pl.String,
        "claimed": pl.Boolean,
        "worth_asking": pl.Boolean,
        "missing": pl.List(pl.String),
    }
    frame = pl.DataFrame(list(rows), schema_overrides=kinds)
    return with_unaskable(frame, {PC: ["capital"]})


def truth(*, claimed: bool = False, entitled: bool = True) -> Truth:
    """Return Ann (records 1 and 2) in a unit of her own, and Bob and Cat (3, 4) in another."""
    records = [("a", "1", "ann"), ("a", "2", "ann"), ("a", "3", "bob"), ("a", "4", "cat")]
    people = [("ann", "u1", True), ("bob", "u2", True), ("cat", "u2", True)]
    due = [(PC, claimed, 5000, "u1", entitled), (PC, False, 0, "u2", False)]
    return Truth(
        pl.DataFrame(records, schema=["source", "record_id", "true_person_id"], orient="row"),
        pl.DataFrame(people, schema=["true_person_id", "true_unit_id", "is_adult"], orient="row"),
        pl.DataFrame(
            due,
            schema=["scheme", "claimed", "amount", "true_unit_id", "entitled"],
            orient="row",
        ),
    )


RIGHT_LINKS = links(P1=["1", "2"], P2=["3"], P3=["4"])
RIGHT_UNITS = units(B1=["P1"], B2=["P2", "P3"])
NO = result("B2", outcome="not_entitled")


def fate(checked: TruthCheck) -> str:
    (row,) = checked.unclaimed.rows(named=True)
    assert row["awards"] == 1
    return str(row["fate"])


def test_right_run_finds_the_award_and_nothing_else() -> None:
    checked = check(RIGHT_LINKS, RIGHT_UNITS, results(result("B1"), NO), truth())
    assert (checked.precision, checked.recall) == (1.0, 1.0)
    assert checked.unclaimed.rows() == [(PC, ENTITLED, 1)]
    assert checked.entitled_flags.rows() == [(PC, "right", 1)]
    assert checked.share_unclaimed(ENTITLED) == 1.0
    assert checked.share_entitled_wrong() == 0.0
    assert checked.share_worth_asking_right() is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"outcome": "unknown", "worth_asking": True, "missing": ["capital"]}, WORTH_ASKING),
        ({"claimed": True}, "receipt: somebody else's award is linked, or theirs is out of date"),
        ({"claimed": None}, "receipt is not known"),
        (
            {"outcome": "unknown", "missing": ["capital", "nation"]},
            "missing, and not to be asked for: nation",
        ),
        (
            {"outcome": "unknown", "missing": ["capital"]},
            "unknown, and a condition that records decide is not met",
        ),
        ({"outcome": "not_entitled"}, "a fact in the feeds differs from the truth"),
    ],
)
def test_award_that_is_not_found_has_its_reason(said: dict[str, Any], expected: str) -> None:
    checked = check(RIGHT_LINKS, RIGHT_UNITS, results(result("B1", **said), NO), truth())
    assert fate(checked) == expected


def test_person_in_no_feed_is_not_found() -> None:
    found = check(links(P2=["3"], P3=["4"]), units(B2=["P2", "P3"]), results(NO), truth())
    assert fate(found) == "no adult of the benefit unit is found in any feed"


def test_split_person_is_a_loss_of_linkage() -> None:
    split = links(P1=["1"], P9=["2"], P2=["3"], P3=["4"])
    rows = results(result("B1", outcome="unknown"), result("B9", outcome="unknown"), NO)
    checked = check(split, units(B1=["P1"], B9=["P9"], B2=["P2", "P3"]), rows, truth())
    assert fate(checked).startswith("linkage: ")
    assert checked.recall < 1.0


def test_wrong_company_is_a_loss_of_the_benefit_unit() -> None:
    rows = results(result("B1", outcome="not_entitled"), NO)
    checked = check(RIGHT_LINKS, units(B1=["P1", "P2"], B2=["P3"]), rows, truth())
    assert fate(checked) == "benefit unit put together wrongly"


def test_best_of_several_sightings_counts() -> None:
    split = links(P1=["1"], P9=["2"], P2=["3"], P3=["4"])
    rows = results(result("B1", outcome="not_entitled"), result("B9"), NO)
    checked = check(split, units(B1=["P1"], B9=["P9"], B2=["P2", "P3"]), rows, truth())
    assert fate(checked) == ENTITLED


@pytest.mark.parametrize(
    ("is_true", "verdict"),
    [
        ({"claimed": True}, "truly claimed: the award was not found"),
        (
            {"entitled": False},
            "truly not entitled: a fact differs, or the person would learn it when asked",
        ),
    ],
)
def test_wrong_flag_has_its_reason(is_true: dict[str, bool], verdict: str) -> None:
    checked = check(RIGHT_LINKS, RIGHT_UNITS, results(result("B1"), NO), truth(**is_true))
    assert checked.entitled_flags.rows() == [(PC, verdict, 1)]
    assert checked.share_entitled_wrong() == 1.0
    assert checked.unclaimed.is_empty()


def test_flag_for_nobody_is_wrong() -> None:
    found = check(links(P7=["9"]), units(B7=["P7"]), results(result("B7")), truth())
    assert found.entitled_flags.rows() == [(PC, "no true person behind it", 1)]


def test_worth_asking_is_right_where_the_award_is_truly_due() -> None:
    asking = {"outcome": "unknown", "worth_asking": True, "missing": ["capital"]}
    rows = results(result("B1", **asking), result("B2", **asking))
    checked = check(RIGHT_LINKS, RIGHT_UNITS, rows, truth())
    assert checked.share_worth_asking_right() == 0.5


def test_what_is_withheld_of_claimed_rows_changes_nothing() -> None:
    amounts = {"amount": 1, "amount_low": 1, "amount_high": 1, "because": []}
    rows = results(result("B1", claimed=True, **amounts), {**NO, **amounts})
    whole = check(RIGHT_LINKS, RIGHT_UNITS, rows, truth())
    stored = check(RIGHT_LINKS, RIGHT_UNITS, withhold_claimed(rows), truth())
    assert stored.unclaimed.equals(whole.unclaimed)
    assert stored.entitled_flags.equals(whole.entitled_flags)


def test_feeds_without_their_truth_cannot_be_checked(tmp_path: Any) -> None:
    with pytest.raises(SettingsError, match=r"record_map\.parquet: is missing"):
        read_truth(tmp_path)
