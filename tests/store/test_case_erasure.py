"""Erasure and retention of casework: nothing of a person is left in any case, and others keep
theirs."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, insert, update

from nostop.store import Act, read_table
from nostop.store.case_erasure import TABLES
from nostop.store.erasure import Erasure, Secret, begin_erasure, erase_rows, rows_of, scrub
from nostop.store.retention import delete_over, over
from nostop.store.rows import table_of
from nostop.store.tables import Base
from nostop.store.tables_access import ApiAnswer, ApiKey
from nostop.store.tables_casework import (
    CaseDocument,
    CaseFile,
    CaseNote,
    Correction,
    Decision,
    Flag,
    SecondReading,
    WorkItem,
)
from nostop.store.tables_work import Job
from nostop.store.work_loading import record_work
from tests.canaries import CANARIES
from tests.store.frames import run as a_run
from tests.store.test_work_loading import AT, flag, work

MARK = CANARIES["surname"]
ERASURE = Erasure(
    ["P1"], pl.DataFrame(schema={"source": pl.String, "record_id": pl.String}), "jo", "request", AT
)
SECRET = Secret("0123456789abcdef0123456789abcdef")
PDF = "application/pdf"


@pytest.fixture
def cases(store: Engine) -> Engine:
    """Two cases, of P1 and of P2, and everything that can be said in the first."""
    a_run(store, "run-1")
    document = json.dumps({"people": [{"person_id": "P1", "benefit_unit_id": "B1", "name": MARK}]})
    found = work(flag("B1", "pension_credit", person_id="P1"), flag("B2", "child_benefit"))
    files = pl.DataFrame({"household_id": ["H1", "H2"], "document": [document, "{}"]})
    given = {name: getattr(found, name) for name in found.__slots__}
    record_work(store, type(found)(**{**given, "files": files}), AT)
    unit: dict[str, Any] = {"benefit_unit_id": "B1", "by": "carys.case", "at": AT}
    decided = {"kind": "confirm", "reason": MARK, "run_id": "run-1", "is_override": False}
    fact = {"level": "person", "subject_id": "P1", "fact": "capital", "value": MARK}
    key = {"key_sha256": "k", "name": "n", "scopes": "s", "made_by": "a", "made_at": AT}
    answered = {"key_id": "K1", "request_sha256": "r", "status": 200, "at": AT}
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (Decision, {**unit, **decided, "decision_id": "D1", "scheme": "pension_credit",
                    "state": "final"}),
        (SecondReading, {"benefit_unit_id": "B1", "scheme": "pension_credit", "decision_id": "D1",
                         "drawn_at": AT}),
        (CaseNote, {**unit, "note_id": "N1", "text": MARK}),
        (CaseDocument, {**unit, "document_id": "F1", "name": MARK, "media_type": PDF, "size": 1,
                        "sha256": "s", "content": MARK.encode()}),
        (Correction, {**unit, **fact, "correction_id": "C1", "household_id": "H1",
                      "evidence": MARK, "as_of": date(2026, 6, 1)}),
        (Correction, {**unit, **fact, "correction_id": "C2", "household_id": "H1", "evidence": MARK,
                      "benefit_unit_id": "B2", "as_of": date(2026, 6, 1)}),
        (ApiKey, {**key, "key_id": "K1", "ends_on": date(2027, 1, 1)}),
        (ApiAnswer, {**answered, "idempotency_key": "1", "body": '{"person": "P1"}'}),
        (ApiAnswer, {**answered, "idempotency_key": "2", "body": '{"person": "P12"}'}),
        (Job, {"job_id": "J1", "kind": "pdf", "arguments": "{}", "asked_by": "a", "asked_at": AT,
               "ended_at": AT, "state": "done", "result": MARK.encode()}),
    ]  # fmt: skip
    with store.begin() as connection:
        for model, row in rows:
            connection.execute(insert(table_of(model)), row)
    return store


def test_inv_38_erasure_takes_a_person_out_of_every_case(cases: Engine) -> None:
    shown = rows_of(cases, "P1")
    assert {"case_notes", "corrections", "decisions", "flags"} <= set(shown)
    begin_erasure(cases, ERASURE, SECRET)
    counts = erase_rows(cases, ERASURE, SECRET)
    assert {name: counts[name] for name in TABLES} == {
        "second_readings": 1,
        "decisions": 1,
        "case_notes": 1,
        "case_documents": 1,
        "corrections": 2,
        "flags": 1,
        "work_items": 1,
        "case_files": 1,
        "api_answers": 1,
        "jobs": 1,
    }
    # Whoever else has a case keeps it.
    assert read_table(cases, WorkItem)["benefit_unit_id"].to_list() == ["B2"]
    assert read_table(cases, Flag)["benefit_unit_id"].to_list() == ["B2"]
    assert read_table(cases, CaseFile)["household_id"].to_list() == ["H2"]
    assert read_table(cases, ApiAnswer)["idempotency_key"].to_list() == ["2"]
    assert read_table(cases, Job)["result"].to_list() == [None]
    assert set(rows_of(cases, "P1")) == {"suppressions"}
    scrub(cases)
    if cases.dialect.name == "sqlite":
        assert MARK.encode() not in Path(str(cases.url.database)).read_bytes()
    # Done again, as after a power cut, it changes nothing.
    begin_erasure(cases, ERASURE, SECRET)
    assert sum(erase_rows(cases, ERASURE, SECRET)[name] for name in TABLES) == 0


def test_the_next_run_does_not_bring_an_erased_person_back(cases: Engine) -> None:
    begin_erasure(cases, ERASURE, SECRET)
    erase_rows(cases, ERASURE, SECRET)
    done = record_work(cases, work(flag("B1", "pension_credit"), flag("B2", "child_benefit")), AT)
    assert (done.erased, done.items) == (1, 1)


def test_cases_whose_time_is_over_go_whole_and_others_stay(cases: Engine) -> None:
    day, act = date(2027, 1, 1), Act("jo", datetime(2027, 1, 1, tzinfo=UTC))
    with cases.begin() as connection:
        item = table_of(WorkItem)
        connection.execute(update(item).where(item.c.benefit_unit_id == "B1").values(state="done"))
    days = {"casework": 100, "job_files": 100}
    due = {each.table: each.rows for each in over(cases, days, day)}
    assert due == {
        "case_files": 1,
        "second_readings": 1,
        "flags": 1,
        "decisions": 1,
        "case_notes": 1,
        "case_documents": 1,
        "corrections": 1,
        "work_items": 1,
        "jobs": 1,
    }
    assert {each.table: each.rows for each in delete_over(cases, days, day, act)} == due
    assert read_table(cases, WorkItem)["benefit_unit_id"].to_list() == ["B2"]
    assert read_table(cases, CaseFile)["household_id"].to_list() == ["H2"]


def test_a_case_in_which_something_was_said_lately_is_kept(cases: Engine) -> None:
    with cases.begin() as connection:
        connection.execute(update(table_of(WorkItem)).values(state="done"))
        connection.execute(update(table_of(CaseNote)).values(at=AT + timedelta(days=200)))
        connection.execute(update(table_of(Correction)).values(at=AT + timedelta(days=200)))
    due = over(cases, {"casework": 100}, date(2027, 1, 1))
    assert {each.table: each.rows for each in due if each.rows} == {}
