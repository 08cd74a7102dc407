"""Precision and recall over pairs of records."""

import polars as pl
import pytest

from nostop.linkage import evaluate
from nostop.linkage.evaluate import by_group, calibration, evaluate_clusters


def who(people: dict[str, str]) -> pl.DataFrame:
    rows = [("s", record, person) for record, person in people.items()]
    return pl.DataFrame(rows, schema=["source", "record_id", "person_id"], orient="row")


def test_pairs_are_counted_by_who_is_who() -> None:
    truth = who({"a": "x", "b": "x", "c": "x", "d": "y"})
    found = evaluate(who({"a": "1", "b": "1", "c": "2", "d": "2"}), truth)
    assert (found.pairs_right, found.pairs_linked, found.pairs_true) == (1, 2, 3)
    assert found.precision == pytest.approx(1 / 2)
    assert found.recall == pytest.approx(1 / 3)
    assert found.f1 == pytest.approx(0.4)


def test_perfect_links_are_perfect() -> None:
    truth = who({"a": "x", "b": "x", "c": "y"})
    found = evaluate(truth, truth)
    assert (found.precision, found.recall, found.f1) == (1.0, 1.0, 1.0)


def test_records_that_only_one_side_holds_do_not_count() -> None:
    found = evaluate(who({"a": "1", "b": "1"}), who({"a": "x", "z": "x"}))
    assert (found.pairs_linked, found.pairs_true) == (0, 0)


def test_people_are_counted_as_wholes() -> None:
    truth = who({"a": "x", "b": "x", "c": "x", "d": "y"})
    found = evaluate_clusters(who({"a": "1", "b": "1", "c": "2", "d": "2"}), truth)
    assert found.people == 2
    assert found.exact == 0
    # a and b are with one another of two, c with itself of two, d likewise.
    assert found.precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert found.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)


def test_a_group_has_the_pairs_that_one_of_its_records_is_in() -> None:
    truth = who({"a": "x", "b": "x", "c": "y", "d": "y"}).with_columns(
        sex=pl.Series(["f", "m", "f", "f"])
    )
    links = who({"a": "1", "b": "2", "c": "3", "d": "3"})
    found = {row["group"]: row for row in by_group(links, truth, "sex").to_dicts()}
    assert (found["f"]["recall"], found["f"]["pairs_true"]) == (1 / 2, 2)
    assert (found["m"]["recall"], found["m"]["pairs_true"]) == (0, 1)
    assert found["f"]["recall_low"] < 1 / 2 < found["f"]["recall_high"]


def test_confidence_is_held_against_how_often_people_are_one() -> None:
    truth = who({"a": "x", "b": "x", "c": "y", "d": "z", "e": "w"})
    links = who({"a": "1", "b": "1", "c": "2", "d": "2", "e": "3"}).with_columns(
        confidence=pl.Series([0.97, 0.97, 0.96, 0.96, 1.0])
    )
    (band,) = calibration(links, truth).to_dicts()
    assert (band["band"], band["people"], band["right"]) == (0.95, 2, 0.5)
    assert band["said"] == pytest.approx(0.965)


def test_pairs_have_wilson_intervals() -> None:
    truth = who({"a": "x", "b": "x", "c": "y"})
    low, high = evaluate(truth, truth).precision_interval
    assert (round(low, 4), high) == (0.2065, 1.0)
