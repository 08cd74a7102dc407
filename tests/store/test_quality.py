"""Counts for the quality page, second readings and pairs of records, on both databases."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, insert

from nostop.model import MovedOn, NotHere, StoreError
from nostop.store import link_changes, link_tasks, quality, reading
from nostop.store import second_readings as again
from nostop.store.access import Who
from nostop.store.erasure import Erasure, Secret, erase_rows
from nostop.store.link_tasks import LinkWords
from nostop.store.rows import put, read_table, table_of
from nostop.store.second_readings import ReadAgain, ToRead
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import Correction, Decision, WorkItem
from nostop.store.tables_events import Case
from nostop.store.tables_work import LinkAnswer, LinkChange, LinkTask, LinkTaskPerson
from tests.store.frames import run

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
CARYS, KOFI = Who("carys", None), Who("kofi", None)
LEEDS = Who("lena", frozenset({"E08000035"}))


@pytest.fixture
def desk(store: Engine) -> Engine:
    """B1 (P1) to B4 (P4), all in Cardiff."""
    run(store)
    numbers = ("1", "2", "3", "4")
    items = pl.DataFrame(
        {
            "benefit_unit_id": [f"B{n}" for n in numbers],
            "household_id": [f"H{n}" for n in numbers],
        }
    )
    whole = items.with_columns(
        area=pl.lit("W06000015"), run_id=pl.lit("run-1"), schemes=1, unknown_facts=0,
        in_conflict=pl.lit(value=False), flagged_at=AT, due_at=AT, state=pl.lit("open"),
    )  # fmt: skip
    people = items.with_columns(person_id=pl.Series([f"P{n}" for n in numbers]))
    with store.begin() as connection:
        put(connection, WorkItem, whole)
        put(connection, CasePerson, people)
    return store


def decided(
    engine: Engine, unit: str, kind: str = "confirm", by: str = "carys", **other: object
) -> str:
    row = {
        "decision_id": f"D{unit}{kind}{by}",
        "benefit_unit_id": unit,
        "scheme": "pension_credit",
        "kind": kind,
        "reason": "in their words",
        "by": by,
        "at": AT,
        "run_id": "run-1",
        "is_override": False,
        "state": "final",
        **other,
    }
    with engine.begin() as connection:
        connection.execute(insert(table_of(Decision)), row)
    return str(row["decision_id"])


def test_overrides_are_counted_by_condition_and_of_how_many(desk: Engine):
    decided(desk, "B1")
    decided(desk, "B2", "not_entitled", is_override=True, condition="age", outcome="entitled")
    decided(desk, "B3", "not_entitled", is_override=True, condition="age", outcome="entitled")
    decided(desk, "B4", "not_entitled", is_override=True, condition="age", state="awaiting")
    decided(desk, "B4", "phone")
    with reading(desk) as connection:
        found = quality.overrides(connection)
    assert found.rows() == [("pension_credit", "age", "not_entitled", 2, 3)]


def test_a_case_for_rule_authors_comes_with_what_was_decided(desk: Engine):
    decided(desk, "B2", "not_entitled", is_override=True, condition="age", outcome="entitled")
    opened(desk, "B2")
    (listed,) = quality.override_cases(desk, CARYS)
    assert (listed.scheme, listed.word, listed.reason) == (
        "pension_credit",
        "decided_otherwise",
        None,
    )
    assert quality.override_case(desk, CARYS, "C1") == "B2"
    shown = quality.read_override(desk, "C1")
    assert (shown.kind, shown.condition, shown.reason) == ("not_entitled", "age", "in their words")
    assert quality.override_cases(desk, LEEDS) == []
    with pytest.raises(NotHere):
        quality.override_case(desk, LEEDS, "C1")


def opened(engine: Engine, unit: str) -> None:
    row = {
        "case_id": "C1", "kind": "override", "benefit_unit_id": unit, "scheme": "pension_credit",
        "opened_at": AT, "opened_by": "carys", "state": "open", "reason": "decided_otherwise",
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(table_of(Case)), row)


def test_corrections_are_counted_by_who_had_said_it_and_only_those_that_stand(desk: Engine):
    rows = [
        ("F1", "hmrc_rti", None),
        ("F2", "hmrc_rti", None),
        ("F3", None, None),
        ("F4", "dwp", AT),
    ]
    for correction_id, source, undone_at in rows:
        row = {
            "correction_id": correction_id, "household_id": "H1", "benefit_unit_id": "B1",
            "level": "person", "subject_id": "P1", "fact": "earnings", "old_value": "1",
            "old_source": source, "value": "2", "evidence": "payslip", "as_of": date(2026, 6, 1),
            "by": "carys", "at": AT, "undone_at": undone_at,
            "undone_by": "carys" if undone_at else None,
        }  # fmt: skip
        with desk.begin() as connection:
            connection.execute(insert(table_of(Correction)), row)
    with reading(desk) as connection:
        found = quality.corrections(connection).sort("corrections")
    assert found.rows() == [("earnings", None, 1), ("earnings", "hmrc_rti", 2)]


def test_figures_of_a_run_replace_those_of_the_last(desk: Engine):
    unknown = pl.DataFrame(
        {"scheme": ["pc"], "fact": ["rent"], "flags": [2], "priced": [0], "gain_year": [None]},
        schema_overrides={"gain_year": pl.Int64},
    )
    aside = pl.DataFrame({"source": ["dwp"], "field": ["-"], "reason": ["no date"], "rows": [3]})
    for _ in range(2):
        with desk.begin() as connection:
            quality.put_figures(connection, "run-1", unknown, aside)
    with reading(desk) as connection:
        assert quality.unknowns(connection).rows() == [("pc", "rent", 2, 0, None)]
        assert quality.quarantine(connection).rows() == [("dwp", "-", "no date", 3, None, None)]
        assert quality.newest_run(connection) == "run-1"


# --- second reading ------------------------------------------------------------------------------


def drawn(engine: Engine) -> int:
    return again.draw(engine, 1000, AT - timedelta(days=1), AT)


def test_what_was_decided_is_drawn_once_and_read_by_somebody_else(desk: Engine):
    decided(desk, "B1")
    decided(desk, "B2", "phone")
    decided(desk, "B3", state="awaiting")
    assert drawn(desk) == 1
    assert drawn(desk) == 0
    assert again.next_reading(desk, CARYS) is None
    assert again.next_reading(desk, LEEDS) is None
    found = again.next_reading(desk, KOFI)
    assert found == ToRead("B1", "pension_credit")
    with pytest.raises(NotHere):
        again.reading_for(desk, CARYS, ToRead("B1", "pension_credit"))
    again.record_reading(desk, KOFI, ReadAgain(found, "not_entitled", "age"), AT)
    with pytest.raises(MovedOn):
        again.record_reading(desk, Who("sian", None), ReadAgain(found, "confirm"), AT)
    with reading(desk) as connection:
        assert quality.second_readings(connection) == [("confirm", "not_entitled", 1)]
        assert quality.second_readings_open(connection) == 0


def test_whoever_approved_a_decision_is_no_second_reader(desk: Engine):
    decided(desk, "B1", state="approved", second_by="kofi", second_at=AT)
    drawn(desk)
    assert again.next_reading(desk, KOFI) is None
    assert again.next_reading(desk, Who("sian", None)) is not None


def test_nobody_reads_about_somebody_they_know(desk: Engine):
    decided(desk, "B1")
    drawn(desk)
    tie = {"account_id": "kofi", "person_id": "P1", "kind": "known", "said_by": "kofi", "at": AT}
    with desk.begin() as connection:
        connection.execute(insert(table_of(AccountTie)), tie)
    assert again.next_reading(desk, KOFI) is None
    said = ReadAgain(ToRead("B1", "pension_credit"), "confirm")
    with pytest.raises(NotHere):
        again.record_reading(desk, KOFI, said, AT)


def test_the_same_share_is_drawn_whenever_it_is_asked(desk: Engine):
    assert again.draw(desk, 0, AT, AT) == 0
    drawn_ones = {f"D{n}" for n in range(2000) if again._is_drawn(b"key", f"D{n}", 100)}
    assert 150 < len(drawn_ones) < 250
    assert drawn_ones != {f"D{n}" for n in range(2000) if again._is_drawn(b"other", f"D{n}", 100)}
    with pytest.raises(StoreError):
        again.record_reading(desk, KOFI, ReadAgain(ToRead("B1", "pc"), "maybe"), AT)


# --- pairs of records ----------------------------------------------------------------------------


def put_pairs(engine: Engine, *units: str, **other: object) -> None:
    tasks = pl.DataFrame(
        [
            {
                "task_id": f"{n:016x}", "origin": "band", "source_l": "s", "record_id_l": f"l{n}",
                "source_r": "s", "record_id_r": f"r{n}", "left_record": '{"surname":"Amadi"}',
                "right_record": '{"surname":null}', "readings": 1, "made_at": AT, "state": "open",
                **other,
            }
            for n, _ in enumerate(units)
        ]
    )  # fmt: skip
    people = pl.DataFrame(
        [
            {
                "task_id": f"{n:016x}",
                "person_id": f"P{u}",
                "household_id": f"H{u}",
                "area": "W06000015",
            }
            for n, unit in enumerate(units)
            for u in unit
        ]
    )
    with engine.begin() as connection:
        link_tasks.put_tasks(connection, tasks, people)


def test_pairs_go_round_and_come_back_the_same_on_both_databases(desk: Engine):
    put_pairs(desk, "12", "34", "13")
    first = link_tasks.next_task(desk, CARYS)
    assert first is not None
    pair = link_tasks.read_pair(desk, CARYS, first.task_id)
    assert (pair.left, pair.right) == ({"surname": "Amadi"}, {"surname": None})
    second = link_tasks.next_task(desk, CARYS, first.task_id)
    third = link_tasks.next_task(desk, CARYS, second.task_id if second else None)
    assert second is not None
    assert third is not None
    assert len({first.task_id, second.task_id, third.task_id}) == 3
    assert link_tasks.next_task(desk, LEEDS) is None
    link_tasks.answer_task(desk, CARYS, LinkWords(first.task_id, "same", 'the "same"\nnumber'), AT)
    assert link_tasks.waiting_for(desk, CARYS) == 2
    ready = link_tasks.answers_ready(desk)
    assert ready.select("verdict", "actor", "why").rows() == [
        ("same", "carys", 'the "same"\nnumber')
    ]


def test_words_that_are_none_are_refused(desk: Engine):
    put_pairs(desk, "12")
    with pytest.raises(StoreError):
        link_tasks.answer_task(desk, CARYS, LinkWords("0" * 16, "perhaps", ""), AT)
    with pytest.raises(StoreError):
        link_tasks.answer_task(desk, CARYS, LinkWords("0" * 16, "same", "a\x00b"), AT)
    assert read_table(desk, LinkAnswer).is_empty()


def test_first_and_second_answers_are_counted_once_a_pair(desk: Engine):
    put_pairs(desk, "12", "34", readings=2)
    for task_id, later in (("0" * 16, "different"), (f"{1:016x}", "same")):
        link_tasks.answer_task(desk, CARYS, LinkWords(task_id, "same", ""), AT)
        link_tasks.answer_task(desk, KOFI, LinkWords(task_id, later, ""), AT + timedelta(hours=1))
    with reading(desk) as connection:
        assert sorted(link_tasks.answer_pairs(connection)) == [
            ("same", "different", 1),
            ("same", "same", 1),
        ]


def test_an_erased_person_leaves_no_pair_and_no_change_behind(desk: Engine):
    put_pairs(desk, "12", "34")
    link_tasks.answer_task(desk, CARYS, LinkWords("0" * 16, "same", "about them"), AT)
    change = pl.DataFrame(
        {
            "event_id": [7, 8], "at": [AT, AT], "kind": ["merged", "merged"],
            "person_id": ["P1", "P4"], "other_id": ["P9", "P1"], "records": [1, 1],
            "evidence": ["e", "e"], "actor": ["a", "a"],
        }
    )  # fmt: skip
    with desk.begin() as connection:
        assert link_changes.add_changes(connection, change, {}) == 2
    records = pl.DataFrame(schema={"source": pl.String, "record_id": pl.String})
    erase_rows(desk, Erasure(["P1"], records, "clerk", "request", AT), Secret("k" * 32))
    assert read_table(desk, LinkTask)["task_id"].to_list() == [f"{1:016x}"]
    assert read_table(desk, LinkAnswer).is_empty()
    assert set(read_table(desk, LinkTaskPerson)["person_id"]) == {"P3", "P4"}
    assert read_table(desk, LinkChange).is_empty()


def test_what_rests_on_a_link_is_counted_and_held(desk: Engine):
    found = link_changes.touched(desk, ["P1", "P2"])
    assert (found.flags, found.messages, found.cases) == ({}, {}, {})
    for _ in range(2):
        with desk.begin() as connection:
            link_changes.hold(connection, ["P1", "P2"], "undo_asked", "sian", AT)
    assert link_changes.touched(desk, ["P1"]).cases == {"link": 1}
    assert read_table(desk, Case).height == 2
    assert link_changes.held_cases(desk, LEEDS).is_empty()
    items = read_table(desk, WorkItem).filter("in_conflict")
    assert items.select("benefit_unit_id", "version").rows() == [("B1", 2), ("B2", 2)]
