import time

import polars as pl
import pytest
from sqlalchemy import Engine, text

from nostop.model import StoreError
from nostop.ports import Receipt
from nostop.store import (
    Recorded,
    count_states,
    read_table,
    record_failures,
    record_plan,
    recover,
)
from nostop.store.tables import OutreachMessage, OutreachReceipt
from tests.store.frames import AT, plan, planned, run


def states(engine: Engine) -> dict[str, str]:
    rows = read_table(engine, OutreachMessage)
    return dict(rows.select("recipient_id", "state").sort("recipient_id").iter_rows())


def test_a_second_plan_adds_nothing(store: Engine):
    rows = planned("P1", "P2")
    assert record_plan(store, run(store), rows) == Recorded(added=2, changed=0, withdrawn=0)
    before = read_table(store, OutreachMessage)
    assert record_plan(store, run(store, "run-2"), rows) == Recorded(0, 0, 0)
    assert read_table(store, OutreachMessage).equals(before)


def test_each_state_is_stored(store: Engine):
    rows = plan(
        {"recipient_id": "P1"},
        {"recipient_id": "P2", "suppression": "deceased"},
        {"recipient_id": "P3", "state": "held_out"},
    )
    record_plan(store, run(store), rows)
    assert states(store) == {"P1": "planned", "P2": "suppressed", "P3": "held_out"}
    assert count_states(store, "spring") == {"held_out": 1, "planned": 1, "suppressed": 1}
    assert count_states(store, "autumn") == {}


def test_a_flag_that_comes_later_stops_a_planned_message(store: Engine):
    record_plan(store, run(store), planned("P1"))
    flagged = plan({"recipient_id": "P1", "suppression": "deceased"})
    assert record_plan(store, run(store, "run-2"), flagged) == Recorded(0, 1, 0)
    row = read_table(store, OutreachMessage).row(0, named=True)
    assert (row["state"], row["suppression"], row["run_id"]) == ("suppressed", "deceased", "run-2")


def test_a_suppression_that_is_lifted_lets_the_message_be_planned(store: Engine):
    record_plan(store, run(store), plan({"recipient_id": "P1", "suppression": "weak_link"}))
    record_plan(store, run(store, "run-2"), planned("P1"))
    assert states(store) == {"P1": "planned"}


def test_a_held_out_message_stays_held_out(store: Engine):
    record_plan(store, run(store), plan({"recipient_id": "P1", "state": "held_out"}))
    assert record_plan(store, run(store, "run-2"), planned("P1")) == Recorded(0, 0, 0)
    assert states(store) == {"P1": "held_out"}


def test_a_planned_message_that_is_in_the_plan_no_more_is_withdrawn(store: Engine):
    record_plan(store, run(store), planned("P1", "P2"))
    record_plan(store, run(store, "run-2"), planned("P9", campaign="autumn"))
    assert states(store) == {"P1": "planned", "P2": "planned", "P9": "planned"}
    assert record_plan(store, run(store, "run-3"), planned("P1")).withdrawn == 1
    assert states(store) == {"P1": "planned", "P2": "suppressed", "P9": "planned"}
    reasons = read_table(store, OutreachMessage)["suppression"].to_list()
    assert sorted(map(str, reasons)) == ["None", "None", "withdrawn"]


def test_another_id_for_the_same_message_is_refused_and_nothing_is_stored(store: Engine):
    record_plan(store, run(store), planned("P1"))
    other = pl.concat([planned("P1").with_columns(message_id=pl.lit("Mother")), planned("P2")])
    with pytest.raises(StoreError, match="nothing of it was stored"):
        record_plan(store, run(store, "run-2"), other)
    assert states(store) == {"P1": "planned"}


def test_a_plan_of_a_run_that_is_not_recorded_is_refused(store: Engine):
    with pytest.raises(StoreError, match="a run that is not recorded"):
        record_plan(store, "run-9", planned("P1"))


@pytest.mark.parametrize("recipient", ["Ann Jones", "ann@example.org", "P\x001", "", "P1\n"])
def test_a_recipient_that_is_no_opaque_id_is_refused_without_being_named(store, recipient):
    with pytest.raises(StoreError, match="1 values of outreach_messages") as refused:
        record_plan(store, run(store), planned(recipient))
    assert recipient == "" or recipient not in str(refused.value)


def test_recover_makes_claimed_unknown_and_nothing_else(store: Engine):
    record_plan(store, run(store), planned("P1", "P2"))
    with store.begin() as connection:
        connection.execute(
            text("UPDATE outreach_messages SET state = 'claimed' WHERE recipient_id = 'P1'")
        )
    assert recover(store) == 1
    assert states(store) == {"P1": "unknown", "P2": "planned"}
    assert recover(store) == 0


def test_a_message_that_cannot_be_rendered_fails_with_its_reason(store: Engine):
    rows = planned("P1", "P2")
    record_plan(store, run(store), rows)
    ids = dict(rows.select("recipient_id", "message_id").iter_rows())
    failed = [Receipt(ids["P1"], "failed", None, "unsafe_value: surname")]
    assert record_failures(store, failed, AT) == 1
    assert record_failures(store, failed, AT) == 0
    assert states(store) == {"P1": "failed", "P2": "planned"}
    receipts = read_table(store, OutreachReceipt)
    assert receipts["reason"].to_list() == ["unsafe_value: surname"]
    assert receipts["recorded_at"].to_list() == [AT]


def test_fifty_thousand_messages_are_stored_in_seconds(store: Engine):
    rows = (
        planned("P0")
        .drop("recipient_id", "message_id")
        .join(pl.DataFrame({"number": range(50_000)}), how="cross")
    )
    rows = rows.with_columns(
        pl.format("P{}", "number").alias("recipient_id"),
        pl.format("M{}", "number").alias("message_id"),
    )
    run_id = run(store)
    started = time.monotonic()
    assert record_plan(store, run_id, rows).added == 50_000
    assert record_plan(store, run_id, rows) == Recorded(0, 0, 0)
    # 2 to 5 seconds on two cores; room for a machine that does other work.
    assert time.monotonic() - started < 30
