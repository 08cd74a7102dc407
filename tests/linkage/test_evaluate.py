"""Precision and recall over pairs of records."""

import polars as pl
import pytest

from nostop.linkage import evaluate


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
