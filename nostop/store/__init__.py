"""The store: what was run, who is known by which id, and what was sent. The only SQL."""

from nostop.store.engine import open_store
from nostop.store.messages import Recorded, count_states, record_failures, record_plan, recover
from nostop.store.migrate import upgrade
from nostop.store.reviews import record_reviews, told
from nostop.store.rows import read_table
from nostop.store.runs import (
    RunRecord,
    last_count,
    last_rows,
    record_counts,
    record_feeds,
    record_persons,
    record_run,
)
from nostop.store.sending import claim_and_record

__all__ = [
    "Recorded",
    "RunRecord",
    "claim_and_record",
    "count_states",
    "last_count",
    "last_rows",
    "open_store",
    "read_table",
    "record_counts",
    "record_failures",
    "record_feeds",
    "record_persons",
    "record_plan",
    "record_reviews",
    "record_run",
    "recover",
    "told",
    "upgrade",
]
