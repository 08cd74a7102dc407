"""Pairs of records in the web app: from a run, to caseworkers, to the verdicts of the next run."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert, update

from nostop.app.casework import link_undoing, linking
from nostop.app.link_history import read_history, read_verdicts, write_whole
from nostop.app.running.checkpoints import Checkpoints
from nostop.linkage.history import placed
from nostop.linkage.review import Wanted
from nostop.model import LinkageError, MovedOn, NotHere, StoreError
from nostop.store import link_tasks, open_store, upgrade
from nostop.store.access import Who
from nostop.store.audit import entries_of
from nostop.store.link_tasks import LinkWords
from nostop.store.rows import put, read_table, table_of
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_events import Case
from nostop.store.tables_work import LinkAnswer, LinkTask
from tests.linkage.histories import days
from tests.linkage.people import AWAY, HOME, frame, record
from tests.store.frames import run as known_run

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
CARYS, KOFI, SIAN = (Who(name, None) for name in ("carys", "kofi", "sian"))
CARDIFF = "W06000015"
#: Grace's three records are one person since yesterday, and Peter's two.
RECORDS = frame(
    record("s:a", "Grace Amadi", "1950-04-30", nino="QQ000001A", **HOME),
    record("s:b", "Grace Amadi", "1950-04-30", **HOME),
    record("s:c", "Gracie Amadi", "1950-03-04", **AWAY),
    record("s:d", "Peter Amadi", "1951-01-01", nino="QQ000002A", **AWAY),
    record("s:e", "Peter Amadi", "1951-01-01", **AWAY),
)
FOUND = days(("ab", "c", "de"), ("abc", "de"))
IDS = dict(FOUND.links.select("record_id", "person_id").rows())
GRACE, PETER = IDS["a"], IDS["d"]
SAMPLE = Wanted(low=0.9999, high=1.0, sample=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run, as far as linking is concerned."""
    run = tmp_path / "run"
    kept = Checkpoints(run)
    kept.keep("links", "0" * 32, {"links": FOUND.links, "mentions": RECORDS})
    kept.finish()
    write_whole(FOUND.links, run / "links.parquet")
    write_whole(FOUND.log, run / "link_events.parquet")
    people = pl.DataFrame({"person_id": [GRACE, PETER], "household_id": ["H1", "H2"]})
    area = pl.lit(CARDIFF).alias("local_authority")
    write_whole(people.with_columns(area), run / "recipients.parquet")
    shields = {"protected_address": [False, True], "safeguarding_hold": [False, False]}
    write_whole(people.select("person_id").with_columns(**shields_of(shields)), contacts(run))
    return run


def shields_of(shields: dict[str, list[bool]]) -> dict[str, pl.Series]:
    return {name: pl.Series(name, values) for name, values in shields.items()}


def contacts(run: Path) -> Path:
    return run / "contacts.parquet"


@pytest.fixture(scope="module")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which Grace's case B1 and Peter's case B2 are in the queue."""
    file = tmp_path_factory.mktemp("store") / "store.db"
    opened = open_store(f"sqlite:///{file}")
    upgrade(opened)
    known_run(opened)
    items = pl.DataFrame({"benefit_unit_id": ["B1", "B2"], "household_id": ["H1", "H2"]})
    whole = items.with_columns(
        area=pl.lit(CARDIFF),
        run_id=pl.lit("run-1"),
        schemes=1,
        unknown_facts=0,
        in_conflict=pl.lit(value=False),
        flagged_at=pl.lit(AT),
        due_at=pl.lit(AT),
        state=pl.lit("open"),
    )
    people = items.with_columns(person_id=pl.Series([GRACE, PETER]))
    with opened.begin() as connection:
        put(connection, WorkItem, whole)
        put(connection, CasePerson, people)
    opened.dispose()
    return file


@pytest.fixture
def engine(store_file: Path, tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{shutil.copy(store_file, tmp_path / 'store.db')}")
    yield opened
    opened.dispose()


def load(engine: Engine, folder: Path, wanted: Wanted = SAMPLE) -> linking.LinksLoaded:
    return linking.load_links(engine, folder, wanted, AT)


def answer(engine: Engine, who: Who, task_id: str, verdict: str, why: str = "") -> str:
    return linking.answer_pair(engine, who, LinkWords(task_id, verdict, why), AT)


def tasks(engine: Engine) -> dict[str, dict[str, object]]:
    return {row["task_id"]: row for row in read_table(engine, LinkTask).to_dicts()}


def read_once(engine: Engine) -> None:
    """Let one answer do for every pair."""
    with engine.begin() as connection:
        connection.execute(update(table_of(LinkTask)).values(readings=1))


def test_a_pair_says_what_both_records_say_and_nothing_of_how_sure_anybody_is(engine, folder):
    assert load(engine, folder) == linking.LinksLoaded(pairs=4, questions=0, changes=1)
    seen = []
    pair = linking.next_pair(engine, CARYS, AT)
    while pair is not None and pair.task_id not in seen:
        seen.append(pair.task_id)
        for side in (pair.left, pair.right):
            assert set(side) == {*RECORDS.columns, "withheld"}
        rows = {row.field: (row.left, row.right, row.says) for row in linking.side_by_side(pair)}
        assert "sex" not in rows
        assert rows["surname"] == ("Amadi", "Amadi", "same")
        pair = linking.next_pair(engine, CARYS, AT, after=pair.task_id)
    assert len(seen) == 4


def test_differences_are_told_in_words():
    left = {"first_name": "GRACE ", "surname": "Amadi", "nino": None, "town": None}
    right = {"first_name": "grace", "surname": "Amado", "nino": "QQ000001A", "town": None}
    rows = linking.side_by_side(link_tasks.LinkPair("t", left, right))
    assert [(row.field, row.says) for row in rows] == [
        ("first_name", "same"),
        ("surname", "different"),
        ("nino", "only_one"),
    ]


def test_nobody_sees_where_somebody_lives_whose_address_is_protected(engine, folder):
    load(engine, folder)
    for row in tasks(engine).values():
        for side in ("left_record", "right_record"):
            said = json.loads(str(row[side]))
            is_peter = said["record_id"] in "de"
            assert (said["address_line_1"] is None) == is_peter
            assert said["withheld"] == ("address" if is_peter else None)


def test_it_is_written_down_whose_records_somebody_reads_before_they_do(engine, folder):
    load(engine, folder)
    linking.next_pair(engine, CARYS, AT)
    entries = entries_of(engine, None, most=10).filter(action="person.read")
    assert entries["actor"].unique().to_list() == ["carys"]
    assert set(entries["subject"]) <= {GRACE, PETER}
    assert entries["detail"].unique().to_list() == ['{"purpose":"link_review"}']


def test_nobody_gets_a_pair_of_another_area_of_their_own_or_that_they_asked_for(engine, folder):
    load(engine, folder)
    assert linking.waiting(engine, CARYS) == 4
    assert linking.waiting(engine, Who("carys", frozenset({CARDIFF}))) == 4
    elsewhere = Who("carys", frozenset({"E08000035"}))
    assert linking.waiting(engine, elsewhere) == 0
    assert linking.next_pair(engine, elsewhere, AT) is None
    with pytest.raises(NotHere):
        linking.pair_again(engine, elsewhere, next(iter(tasks(engine))), AT)
    tied = {"account_id": "carys", "person_id": GRACE, "kind": "own", "said_by": "a", "at": AT}
    with engine.begin() as connection:
        connection.execute(insert(table_of(AccountTie)), tied)
    mine = [row for row in tasks(engine).values() if row["record_id_l"] in ("d", "e")]
    assert linking.waiting(engine, CARYS) == len(mine) == 1
    theirs = next(row for row in tasks(engine).values() if row["record_id_l"] in ("a", "b"))
    with pytest.raises(NotHere):
        answer(engine, CARYS, str(theirs["task_id"]), "same")


def test_two_agree_or_a_third_is_asked_and_nobody_answers_twice(engine, folder):
    load(engine, folder)
    with engine.begin() as connection:
        connection.execute(update(table_of(LinkTask)).values(readings=2))
    one, other = list(tasks(engine))[:2]
    assert answer(engine, CARYS, one, "same") == "open"
    with pytest.raises(MovedOn):
        answer(engine, CARYS, one, "different")
    assert answer(engine, KOFI, one, "same") == "answered"
    with pytest.raises(MovedOn):
        answer(engine, SIAN, one, "different")
    answer(engine, CARYS, other, "same")
    assert answer(engine, KOFI, other, "different") == "open"
    assert answer(engine, SIAN, other, "different") == "answered"
    ready = link_tasks.answers_ready(engine)
    verdicts = dict(ready.select("task_id", "verdict").rows())
    assert verdicts == {one: "same", other: "different"}
    assert set(ready["actor"]) == {"carys+kofi", "carys+kofi+sian"}


@pytest.mark.parametrize(
    ("said", "readings", "needed"),
    [
        (["same"], 1, 1),
        (["same"], 2, 2),
        (["same", "same"], 2, 2),
        (["same", "different"], 2, 3),
        (["same", "different", "cannot_tell"], 3, 3),
    ],
)
def test_a_third_is_asked_where_two_differ_and_no_fourth(said, readings, needed):
    assert link_tasks.readings_needed(said, readings) == needed


def test_what_was_said_binds_the_next_run_and_is_taken_once(engine, folder):
    load(engine, folder)
    read_once(engine)
    verdicts = folder / "verdicts.parquet"
    for task_id, row in tasks(engine).items():
        differ = "c" in (row["record_id_l"], row["record_id_r"])
        answer(engine, CARYS, task_id, "different" if differ else "same", "looked")
    taken = linking.take_answers(engine, verdicts, AT)
    assert taken.contradictions == {}
    assert read_verdicts(verdicts).height == 4
    told = read_verdicts(verdicts).select("record_id_l", "record_id_r", "verdict", "actor", "why")
    pairs = {frozenset(row[:2]): row[2] for row in told.rows()}
    assert pairs[frozenset("ac")] == pairs[frozenset("bc")] == "different"
    assert pairs[frozenset("ab")] == pairs[frozenset("de")] == "same"
    assert set(told.select("actor", "why").rows()) == {("carys", "looked")}
    assert linking.take_answers(engine, verdicts, AT).verdicts.is_empty()
    assert read_verdicts(verdicts).height == 4


def test_taken_again_after_it_was_stopped_half_way_nothing_comes_twice(engine, folder):
    load(engine, folder)
    read_once(engine)
    answer(engine, CARYS, next(iter(tasks(engine))), "same")
    verdicts = folder / "verdicts.parquet"
    linking.take_answers(engine, verdicts, AT)
    with engine.begin() as connection:
        taken = table_of(LinkTask).c.state == "taken"
        connection.execute(update(table_of(LinkTask)).where(taken).values(state="answered"))
    assert linking.take_answers(engine, verdicts, AT).verdicts.is_empty()
    assert read_verdicts(verdicts).height == 1
    assert "answered" not in {row["state"] for row in tasks(engine).values()}


def test_what_contradicts_is_told_and_asked_again_and_the_rest_is_taken(engine, folder):
    load(engine, folder)
    read_once(engine)
    for task_id, row in tasks(engine).items():
        pair = {row["record_id_l"], row["record_id_r"]}
        answer(engine, CARYS, task_id, "different" if pair == {"b", "c"} else "same")
    taken = linking.take_answers(engine, folder / "verdicts.parquet", AT)
    assert taken.verdicts.height == 3
    ((task_id, why),) = taken.contradictions.items()
    assert "contradict each other" in why
    row = tasks(engine)[task_id]
    assert (row["state"], row["readings"]) == ("open", 2)
    assert linking.waiting(engine, KOFI) == 1


def test_a_newer_run_replaces_only_what_nobody_has_answered(engine, folder):
    load(engine, folder)
    kept = next(iter(tasks(engine)))
    answer(engine, CARYS, kept, "same")
    later = Wanted(low=0.9999, high=1.0, sample=1, seed=9)
    load(engine, folder, later)
    assert kept in tasks(engine)
    assert len(tasks(engine)) == 2
    assert read_table(engine, LinkAnswer).height == 1


def test_a_doubted_link_stops_letters_at_once_and_two_others_look(engine, folder):
    load(engine, folder, Wanted(low=0.9999, high=1.0))
    assert linking.question_link(engine, CARYS, "B1", AT) == [GRACE]
    cases = read_table(engine, Case)
    assert cases.select("kind", "person_id", "state").rows() == [("link", GRACE, "open")]
    assert linking.load_questions(engine, folder, AT) == 2
    assert linking.load_questions(engine, folder, AT) == 0
    assert linking.next_pair(engine, CARYS, AT) is None
    read_once(engine)
    for task_id in tasks(engine):
        answer(engine, KOFI, task_id, "same")
    linking.take_answers(engine, folder / "verdicts.parquet", AT)
    assert read_table(engine, Case)["state"].to_list() == ["closed"]


def test_a_case_that_is_not_theirs_cannot_be_doubted(engine):
    with pytest.raises(NotHere):
        linking.question_link(engine, Who("carys", frozenset({"E08000035"})), "B1", AT)
    with pytest.raises(NotHere):
        linking.question_link(engine, CARYS, "B9", AT)


def test_a_run_whose_records_are_gone_is_told(engine, folder):
    (folder / ".checkpoints" / "last.json").unlink()
    with pytest.raises(LinkageError, match="run again into this folder"):
        load(engine, folder)


# --- undo ----------------------------------------------------------------------------------------


def merge(engine: Engine) -> int:
    (row,) = link_undoing.changes_shown(engine, SIAN, GRACE, AT)
    assert (row["kind"], row["person_id"], row["records"]) == ("merged", GRACE, 1)
    return int(row["event_id"])


def test_an_undo_holds_everybody_first_then_gives_each_record_its_id_back(engine, folder):
    load(engine, folder)
    event_id = merge(engine)
    before = dict(placed(days(("ab", "c", "de")).log).select("record_id", "person_id").rows())
    shown = link_undoing.change_shown(engine, SIAN, event_id, AT)
    assert shown.touched.cases == {}
    link_undoing.ask_undo(engine, SIAN, event_id, "two people: passports seen", AT)
    other = before["c"]
    assert set(read_table(engine, Case)["person_id"]) == {GRACE, other}
    done = link_undoing.undo(engine, folder, event_id, AT)
    now = dict(pl.read_parquet(folder / "links.parquet").select("record_id", "person_id").rows())
    assert now["c"] == other
    assert {now["a"], now["b"]} == {GRACE}
    assert (done.records, set(done.person_ids)) == (1, {GRACE, other})
    said = read_verdicts(folder / "verdicts.parquet")
    assert set(said["verdict"]) == {"different"}
    assert set(said["why"]) == {"two people: passports seen"}
    assert set(said["actor"]) == {"sian"}
    rows = link_undoing.changes_shown(engine, SIAN, GRACE, AT)
    assert [row["kind"] for row in rows] == ["undone", "merged"]
    assert rows[1]["undone_by"] == rows[0]["event_id"]
    assert set(read_table(engine, WorkItem).filter(in_conflict=True)["benefit_unit_id"]) <= {"B1"}


def test_an_undo_stopped_half_way_goes_on(engine, folder):
    load(engine, folder)
    event_id = merge(engine)
    link_undoing.ask_undo(engine, SIAN, event_id, "two people", AT)
    first = link_undoing.undo(engine, folder, event_id, AT)
    log = read_history(folder / "link_events.parquet")
    assert link_undoing.undo(engine, folder, event_id, AT) == first
    assert read_history(folder / "link_events.parquet").equals(log)


def test_an_undo_is_asked_for_once_and_only_of_what_can_be_undone(engine, folder):
    load(engine, folder)
    event_id = merge(engine)
    with pytest.raises(NotHere):
        link_undoing.ask_undo(engine, SIAN, 4711, "why", AT)
    elsewhere = Who("sian", frozenset({"E08000035"}))
    with pytest.raises(NotHere):
        link_undoing.ask_undo(engine, elsewhere, event_id, "why", AT)
    with pytest.raises(StoreError, match="nobody has asked"):
        link_undoing.undo(engine, folder, event_id, AT)
    link_undoing.ask_undo(engine, SIAN, event_id, "why", AT)
    with pytest.raises(MovedOn):
        link_undoing.ask_undo(engine, KOFI, event_id, "why", AT)


def test_an_undo_that_cannot_be_done_can_be_asked_for_again(engine, folder):
    load(engine, folder)
    event_id = merge(engine)
    link_undoing.ask_undo(engine, SIAN, event_id, "why", AT)
    write_whole(FOUND.links.with_columns(person_id=pl.lit("P9")), folder / "links.parquet")
    with pytest.raises(LinkageError, match="not of one run"):
        link_undoing.undo(engine, folder, event_id, AT)
    write_whole(FOUND.links, folder / "links.parquet")
    link_undoing.ask_undo(engine, SIAN, event_id, "why", AT + timedelta(hours=1))
    assert link_undoing.undo(engine, folder, event_id, AT).records == 1


def test_whoever_holds_the_case_can_let_letters_go_again(engine, folder):
    load(engine, folder)
    link_undoing.ask_undo(engine, SIAN, merge(engine), "why", AT)
    (case,) = link_undoing.held(engine, SIAN)
    elsewhere = Who("sian", frozenset({"E08000035"}))
    with pytest.raises(NotHere):
        link_undoing.close_held(engine, elsewhere, str(case["case_id"]), AT)
    link_undoing.close_held(engine, SIAN, str(case["case_id"]), AT)
    assert link_undoing.held(engine, SIAN) == []


def test_what_somebody_may_not_open_has_no_history_for_them(engine, folder):
    load(engine, folder)
    elsewhere = Who("sian", frozenset({"E08000035"}))
    assert link_undoing.changes_shown(engine, elsewhere, GRACE, AT) == []
    with pytest.raises(NotHere):
        link_undoing.change_shown(engine, elsewhere, merge(engine), AT)
