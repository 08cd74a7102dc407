"""INV 41: the same calls leave the same rows in SQLite and in PostgreSQL."""

import os

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from nostop.store import claim_and_record, read_table, record_persons, record_plan, recover
from nostop.store.tables import Base, KnownPerson, OutreachMessage, OutreachReceipt, Run
from tests.store.frames import AT, messages, plan, run
from tests.store.test_sending import Provider

_ROW = st.fixed_dictionaries(
    {
        "recipient_id": st.sampled_from(["P1", "P2", "P3", "p1", "P:4", "P_5"]),
        "scheme": st.sampled_from(["pension_credit", "child_benefit"]),
        "suppression": st.sampled_from([None, None, "deceased", "weak_link"]),
    }
)
_PLAN = st.lists(_ROW, max_size=6, unique_by=lambda row: (row["recipient_id"], row["scheme"]))
_STEPS = st.lists(st.tuples(_PLAN, st.integers(0, 6), st.booleans()), min_size=1, max_size=3)


def play(engine: Engine, steps: list[tuple[list[dict[str, object]], int, bool]]) -> list[object]:
    """Plan, send and recover as `steps` say, from an empty database; return all that is seen."""
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            # The audit log takes nothing back.
            if not table.name.startswith("audit_"):
                connection.execute(table.delete())
    seen: list[object] = []
    for number, (rows, breaks_after, recovers) in enumerate(steps):
        whole = plan(*rows)
        run_id = run(engine, f"run-{number}")
        seen.append(record_persons(engine, run_id, whole["recipient_id"]))
        seen.append(record_plan(engine, run_id, whole))
        try:
            provider = Provider(breaks_after=breaks_after)
            seen.append(claim_and_record(engine, provider, messages(whole), at=AT, batch=2))
        except ConnectionResetError:
            seen.append("broke")
        if recovers:
            seen.append(recover(engine))
    models = (Run, KnownPerson, OutreachMessage, OutreachReceipt)
    return [*seen, *(read_table(engine, model).rows() for model in models)]


@settings(
    max_examples=2000 if os.environ.get("NOSTOP_NIGHTLY") else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=_STEPS)
def test_inv_41_both_databases_give_the_same_rows(both: tuple[Engine, Engine], steps):
    sqlite, postgresql = both
    assert play(sqlite, steps) == play(postgresql, steps)


def test_rows_come_back_in_the_same_order_whatever_the_case(both: tuple[Engine, Engine]):
    for engine in both:
        record_persons(engine, run(engine), pl.Series(["b", "B", "a", "A", "_", "1"]))
    orders = [read_table(engine, KnownPerson)["person_id"].to_list() for engine in both]
    assert orders[0] == orders[1]
