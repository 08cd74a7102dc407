from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from sqlalchemy import Engine

from nostop.model import StoreError
from nostop.store import (
    RunRecord,
    last_count,
    read_table,
    record_counts,
    record_feeds,
    record_persons,
    record_run,
)
from nostop.store.tables import FeedFile, KnownPerson, Run, RunCount, RunInput, RunPack
from tests.store.frames import AT, ON, SHA, run

FEEDS = pl.DataFrame(
    {
        "source": ["dwp_awards", "council_tax"],
        "state": ["ok", "held"],
        "reason": [None, "column 'band' is missing"],
        "file": ["dwp_awards.csv", "council_tax.txt"],
        "sha256": [SHA, None],
        "rows_read": [10, 0],
        "rows_good": [9, 0],
        "rows_quarantined": [1, 0],
        "as_of": [date(2026, 5, 1), None],
        "rows_later": [0, 4],
        "rows_replaced": [2, 0],
        "fresh_until": [date(2026, 6, 30), None],
        "people": [8, None],
        "people_known": [6, None],
    }
)


def test_a_run_is_kept_with_what_it_used_and_counted(store: Engine):
    run(store, people=5000)
    assert read_table(store, Run).row(0) == ("run-1", ON, True, AT, None)
    assert read_table(store, RunPack).row(0) == ("run-1", "pension_credit", "2026.1")
    assert read_table(store, RunInput).row(0) == ("run-1", "dwp_awards.csv", SHA)
    assert read_table(store, RunCount).row(0) == ("run-1", "people", 5000)


def test_a_run_is_kept_with_its_day_of_knowledge(store: Engine):
    run(store, known_on=date(2026, 5, 20))
    assert read_table(store, Run)["known_on"].to_list() == [date(2026, 5, 20)]


def test_a_run_is_recorded_once(store: Engine):
    run(store)
    with pytest.raises(StoreError, match="there is a run run-1 already"):
        run(store)


def test_a_time_in_another_zone_is_kept_as_the_same_moment(store: Engine):
    summer = timezone(timedelta(hours=1))
    started = datetime(2026, 6, 1, 10, 30, tzinfo=summer)
    run(store, started_at=started)
    assert read_table(store, Run)["started_at"].to_list() == [AT]


@pytest.mark.parametrize(
    "wrong",
    [
        {"run_id": "run 1"},
        {"started_at": datetime(2026, 6, 1)},  # noqa: DTZ001 - the mistake itself
        {"pack_versions": {"pension_credit": "one\x00"}},
        {"inputs": {"QQ123456C;": SHA}},
    ],
)
def test_a_run_with_an_unfit_value_is_refused(store: Engine, wrong: dict[str, object]):
    values = {
        "run_id": "run-1",
        "effective_on": ON,
        "synthetic": True,
        "started_at": datetime(2026, 6, 1, tzinfo=UTC),
        "pack_versions": {},
        "inputs": {},
        "counts": {},
    }
    with pytest.raises(StoreError):
        record_run(store, RunRecord(**(values | wrong)))
    assert read_table(store, Run).height == 0


def test_what_became_of_each_feed_is_kept(store: Engine):
    record_feeds(store, run(store), FEEDS)
    kept = read_table(store, FeedFile).drop("run_id")
    assert kept.equals(FEEDS.sort("source"))


def test_a_feed_reason_with_a_nul_is_refused(store: Engine):
    with pytest.raises(StoreError, match="2 values of feed_files"):
        record_feeds(store, run(store), FEEDS.with_columns(reason=pl.lit("a\x00b")))


def test_persons_are_remembered_with_the_run_that_first_saw_them(store: Engine):
    assert record_persons(store, run(store), pl.Series(["P2", "P1", "P2"])) == 2
    assert record_persons(store, run(store, "run-2"), pl.Series(["P2", "P3"])) == 1
    assert read_table(store, KnownPerson).rows() == [
        ("P1", "run-1"),
        ("P2", "run-1"),
        ("P3", "run-2"),
    ]


def test_a_person_id_that_is_a_name_is_refused(store: Engine):
    with pytest.raises(StoreError, match=r"persons\.person_id"):
        record_persons(store, run(store), pl.Series(["Ann Jones"]))


def test_last_count_is_of_the_latest_run_before(store: Engine):
    assert last_count(store, "flagged", before="run-1") is None
    for number, flagged in enumerate([40, 30, 20], start=1):
        started = AT + timedelta(days=number)
        run(store, f"run-{number}", started_at=started)
        record_counts(store, f"run-{number}", {"flagged": flagged})
    assert last_count(store, "flagged", before="run-3") == 30
    assert last_count(store, "flagged", before="run-4") == 20
    assert last_count(store, "else", before="run-4") is None
