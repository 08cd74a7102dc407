"""What was sent before the links of its person changed is put before somebody, and nothing else."""

import polars as pl
from sqlalchemy import Engine

from nostop.ports import Receipt
from nostop.store import (
    claim_and_record,
    count_states,
    read_table,
    record_plan,
    record_reviews,
    told,
)
from nostop.store.tables import MessageReview
from tests.store.frames import AT, messages, planned, run


class Post:
    """A channel that takes every message, but for one recipient of whom it says nothing."""

    def send(self, wanted):
        for each in wanted:
            if each.recipient_id != "P3":
                yield Receipt(each.message_id, "sent", "ref", None)


def changed(**events: list[int]) -> pl.DataFrame:
    rows = [
        {"person_id": person, "kinds": ["merged", "split"][: len(ids)], "event_ids": ids}
        for person, ids in events.items()
    ]
    return pl.DataFrame(
        rows,
        schema={
            "person_id": pl.String,
            "kinds": pl.List(pl.String),
            "event_ids": pl.List(pl.Int64),
        },
    )


def test_inv_31_what_went_before_a_link_changed_is_put_before_a_person(store: Engine):
    rows = planned("P1", "P2", "P3", "P4")
    record_plan(store, run(store), rows)
    sent = messages(rows.filter(pl.col("recipient_id") != "P4"))
    claim_and_record(store, Post(), sent, at=AT)
    assert told(store, "spring", 1)["recipient_id"].to_list() == ["P1", "P2", "P3"]
    assert told(store, "spring", 2).is_empty()

    # P3 may have been told; P4 was not yet, and P9 never was in a campaign.
    assert record_reviews(store, "run-1", changed(P1=[7, 9], P3=[8], P4=[8], P9=[8])) == 2
    found = read_table(store, MessageReview).sort("event_id")
    assert found.select("event_id", "kinds", "run_id").rows() == [
        (7, "merged, split", "run-1"),
        (8, "merged", "run-1"),
    ]
    assert count_states(store, "spring") == {"planned": 1, "sent": 2, "unknown": 1}


def test_message_is_put_before_a_person_once(store: Engine):
    rows = planned("P1")
    record_plan(store, run(store), rows)
    claim_and_record(store, Post(), messages(rows), at=AT)
    assert record_reviews(store, "run-1", changed(P1=[3])) == 1
    assert record_reviews(store, run(store, "run-2"), changed(P1=[5])) == 0
    assert read_table(store, MessageReview)["event_id"].to_list() == [3]


def test_nothing_changed_puts_nothing_before_anybody(store: Engine):
    record_plan(store, run(store), planned("P1"))
    assert record_reviews(store, "run-1", changed()) == 0
