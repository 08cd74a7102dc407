"""Loading a run into the queue: what is new, what is gone, and what people did stays."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, event, insert, select, update

from nostop.model import StoreError
from nostop.store import read_table
from nostop.store.rows import table_of
from nostop.store.tables import Base
from nostop.store.tables_access import CasePerson
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_casework import CaseFile, CaseNote, Decision, Flag, WorkItem
from nostop.store.tables_outreach import Suppression
from nostop.store.work_loading import Loaded, Work, record_work
from tests.store.frames import run as a_run

DAY = date(2026, 6, 1)
AT = datetime(2026, 6, 2, 5, tzinfo=UTC)
LATER = AT + timedelta(days=1)
_ITEM = {"benefit_unit_id": pl.String, "household_id": pl.String, "area": pl.String,
         "nation": pl.String, "schemes": pl.Int64, "gain_year": pl.Int64,
         "lost_each_week": pl.Int64, "deadline": pl.Date, "confidence_per_mille": pl.Int64,
         "oldest_fact_on": pl.Date, "unknown_facts": pl.Int64, "in_conflict": pl.Boolean,
}  # fmt: skip
_FLAG = {"benefit_unit_id": pl.String, "scheme": pl.String, "subject_id": pl.String,
         "person_id": pl.String, "effective_on": pl.Date, "pack_version": pl.String,
         "outcome": pl.String, "amount": pl.Int64, "amount_low": pl.Int64,
         "amount_high": pl.Int64, "per": pl.String, "gain_year": pl.Int64,
         "lost_each_week": pl.Int64, "deadline": pl.Date, "step": pl.Int64,
         "path_status": pl.String, "confidence_per_mille": pl.Int64,
         "missing": pl.Int64}  # fmt: skip
_PERSON = {"person_id": pl.String, "household_id": pl.String, "benefit_unit_id": pl.String,
           "surname_key": pl.String, "born_on": pl.Date, "postcode": pl.String}  # fmt: skip


def flag(unit: str, scheme: str, **more: object) -> dict[str, object]:
    """A flag of £10 a week, sure and not claimed, as the newest rules say."""
    usual = {"effective_on": DAY, "pack_version": "2026.1+aa", "outcome": "entitled"}
    usual |= {"amount": 1000, "amount_low": 1000, "amount_high": 1000, "per": "week"}
    usual |= {"subject_id": unit, "missing": 0}
    return {**dict.fromkeys(_FLAG), **usual, "benefit_unit_id": unit, "scheme": scheme, **more}


def work(*flags: dict[str, Any], run_id: str = "run-1", on: date = DAY, document: str = "{}"):
    """What a run found: unit B1 is of household H1, and P1 lives there."""
    units = sorted({str(each["benefit_unit_id"]) for each in flags})
    usual = {**dict.fromkeys(_ITEM), "schemes": 1, "unknown_facts": 0, "in_conflict": False}
    items = [{**usual, "benefit_unit_id": unit, "household_id": f"H{unit[1:]}"} for unit in units]
    people = [
        {**dict.fromkeys(_PERSON), "person_id": f"P{unit[1:]}", "household_id": f"H{unit[1:]}",
         "benefit_unit_id": unit, "surname_key": "O'Hara"}
        for unit in units
    ]  # fmt: skip
    rows = [{**each, "effective_on": on} for each in flags]
    return Work(
        run_id=run_id,
        effective_on=on,
        items=pl.DataFrame(items, schema=_ITEM),
        flags=pl.DataFrame(rows, schema=_FLAG),
        files=pl.DataFrame(
            {"household_id": [f"H{unit[1:]}" for unit in units], "document": document},
            schema={"household_id": pl.String, "document": pl.String},
        ),
        people=pl.DataFrame(people, schema=_PERSON),
        service=timedelta(days=10),
    )


def load(
    engine: Engine, *flags: dict[str, Any], at: datetime = AT, run_id: str = "run-1"
) -> Loaded:
    """Load a run that found these flags."""
    return record_work(engine, work(*flags, run_id=run_id), at)


def states(engine: Engine) -> list[tuple[str, str, str]]:
    """Return unit, scheme and state of every flag."""
    return read_table(engine, Flag).select("benefit_unit_id", "scheme", "state").rows()


def items(engine: Engine, *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of every item, by unit."""
    return read_table(engine, WorkItem).select("benefit_unit_id", *names).rows()


def decide(engine: Engine, unit: str, scheme: str, state: str) -> None:
    """Do as a caseworker would: the flag and its case are in another state, a version on."""
    flags, cases = table_of(Flag), table_of(WorkItem)
    with engine.begin() as connection:
        mine = (flags.c.benefit_unit_id == unit) & (flags.c.scheme == scheme)
        connection.execute(update(flags).where(mine).values(state=state))
        done = {"state": "done", "assignee": "carys.case", "assigned_at": AT}
        changed = update(cases).where(cases.c.benefit_unit_id == unit)
        connection.execute(changed.values(version=cases.c.version + 1, **done))
        row = {"decision_id": f"D{unit}{scheme}", "benefit_unit_id": unit, "scheme": scheme}
        row |= {"kind": "confirm", "reason": "seen", "by": "carys.case", "at": AT}
        row |= {"run_id": "run-1", "is_override": False, "state": "final"}
        connection.execute(insert(table_of(Decision)), row)
        note = {"note_id": "N1", "benefit_unit_id": unit, "by": "carys.case", "at": AT, "text": "x"}
        connection.execute(insert(table_of(CaseNote)), note)


@pytest.fixture
def queue(store: Engine) -> Engine:
    """A store with two runs written down, and the first loaded: B1 and B2 have a flag each."""
    a_run(store, "run-1")
    a_run(store, "run-2")
    done = load(store, flag("B1", "pension_credit"), flag("B2", "child_benefit"))
    assert done == Loaded(2, 2, 2, 2, 0, 0, 0)
    return store


def test_a_first_load_puts_open_cases_with_their_clock_and_their_files(queue: Engine) -> None:
    assert states(queue) == [("B1", "pension_credit", "open"), ("B2", "child_benefit", "open")]
    due = AT + timedelta(days=10)
    assert items(queue, "household_id", "state", "version", "flagged_at", "due_at") == [
        ("B1", "H1", "open", 1, AT, due),
        ("B2", "H2", "open", 1, AT, due),
    ]
    assert read_table(queue, CaseFile)["household_id"].to_list() == ["H1", "H2"]
    assert read_table(queue, CasePerson)["surname_key"].to_list() == ["ohara", "ohara"]
    assert "work.loaded" in read_table(queue, AuditEntry)["action"].to_list()


def test_the_same_run_again_changes_nothing(queue: Engine) -> None:
    before = read_table(queue, WorkItem), read_table(queue, Flag)
    done = load(queue, flag("B1", "pension_credit"), flag("B2", "child_benefit"), at=LATER)
    assert (done.new_flags, done.reopened, done.gone) == (0, 0, 0)
    assert [each.equals(was) for each, was in zip(
        (read_table(queue, WorkItem), read_table(queue, Flag)), before, strict=True
    )] == [True, True]  # fmt: skip


def test_a_newer_run_changes_what_it_says_and_keeps_what_people_did(queue: Engine) -> None:
    decide(queue, "B1", "pension_credit", "confirmed")
    more = flag("B2", "child_benefit", amount=2000)
    done = load(queue, flag("B1", "pension_credit"), more, at=LATER, run_id="run-2")
    assert (done.reopened, done.gone) == (0, 0)
    assert states(queue)[0] == ("B1", "pension_credit", "confirmed")
    assert items(queue, "state", "assignee", "version", "run_id") == [
        ("B1", "done", "carys.case", 2, "run-2"),
        ("B2", "open", None, 2, "run-2"),
    ]
    assert read_table(queue, Flag)["amount"].to_list() == [1000, 2000]
    assert read_table(queue, Decision).height == read_table(queue, CaseNote).height == 1


@pytest.mark.parametrize("other", [{"amount": 999}, {"outcome": "unknown"}])
def test_a_decided_flag_is_open_again_where_the_rules_say_something_else(
    queue: Engine, other: dict[str, object]
) -> None:
    decide(queue, "B1", "pension_credit", "not_entitled")
    changed = flag("B1", "pension_credit", **other)
    done = load(queue, changed, flag("B2", "child_benefit"), at=LATER, run_id="run-2")
    assert done.reopened == 1
    assert states(queue)[0] == ("B1", "pension_credit", "open")
    # Its clock starts anew, and who had it has it.
    assert items(queue, "state", "assignee", "version", "flagged_at")[0] == (
        "B1", "open", "carys.case", 3, LATER,
    )  # fmt: skip
    assert read_table(queue, Decision).height == 1


@pytest.mark.parametrize("state", ["confirmed", "not_entitled", "suppressed"])
def test_a_new_version_of_the_rules_that_says_the_same_opens_nothing(
    queue: Engine, state: str
) -> None:
    decide(queue, "B1", "pension_credit", state)
    newer = flag("B1", "pension_credit", pack_version="2026.2+bb")
    done = load(queue, newer, flag("B2", "child_benefit"), at=LATER, run_id="run-2")
    assert done.reopened == 0
    assert states(queue)[0] == ("B1", "pension_credit", state)


def test_that_nobody_is_to_write_stands_whatever_the_rules_say(queue: Engine) -> None:
    decide(queue, "B1", "pension_credit", "suppressed")
    other = flag("B1", "pension_credit", amount=999, pack_version="2026.2+bb")
    load(queue, other, flag("B2", "child_benefit"), at=LATER, run_id="run-2")
    assert states(queue)[0] == ("B1", "pension_credit", "suppressed")


def test_a_flag_no_longer_found_is_gone_and_open_again_when_it_is_back(queue: Engine) -> None:
    done = load(queue, flag("B1", "pension_credit"), at=LATER, run_id="run-2")
    assert (done.items, done.gone) == (1, 1)
    assert states(queue)[1] == ("B2", "child_benefit", "gone")
    assert items(queue, "state", "version") == [("B1", "open", 1), ("B2", "gone", 2)]
    # Of a household in which nobody is left to look at, nothing is kept.
    assert read_table(queue, CaseFile)["household_id"].to_list() == ["H1"]
    assert read_table(queue, CasePerson)["person_id"].to_list() == ["P1"]
    back = load(queue, flag("B1", "pension_credit"), flag("B2", "child_benefit"), at=LATER)
    assert (back.reopened, back.new_flags) == (1, 0)
    assert items(queue, "state", "version", "flagged_at")[1] == ("B2", "open", 3, LATER)
    assert read_table(queue, CaseFile).height == 2


def test_a_decided_flag_no_longer_found_stays_decided_with_its_case_file(queue: Engine) -> None:
    decide(queue, "B2", "child_benefit", "confirmed")
    done = load(queue, flag("B1", "pension_credit"), at=LATER, run_id="run-2")
    assert done.gone == 0
    assert states(queue)[1] == ("B2", "child_benefit", "confirmed")
    assert items(queue, "state", "version", "run_id")[1] == ("B2", "done", 2, "run-1")
    files = read_table(queue, CaseFile).select("household_id", "run_id").rows()
    assert files == [("H1", "run-2"), ("H2", "run-1")]
    # Whoever may not open it may not open it now.
    assert read_table(queue, CasePerson)["person_id"].to_list() == ["P1", "P2"]


def test_a_case_with_one_scheme_decided_and_one_gone_is_done(queue: Engine) -> None:
    two = [flag("B1", "pension_credit"), flag("B1", "housing_benefit")]
    load(queue, *two, flag("B2", "child_benefit"), at=LATER)
    assert items(queue, "state")[0] == ("B1", "open")
    decide(queue, "B1", "pension_credit", "confirmed")
    with queue.begin() as connection:
        connection.execute(update(table_of(WorkItem)).values(state="open"))
    load(queue, flag("B1", "pension_credit"), flag("B2", "child_benefit"), at=LATER)
    assert items(queue, "state") == [("B1", "done"), ("B2", "open")]


def test_a_new_scheme_brings_a_finished_case_back(queue: Engine) -> None:
    decide(queue, "B1", "pension_credit", "confirmed")
    two = [flag("B1", "pension_credit"), flag("B1", "housing_benefit")]
    load(queue, *two, flag("B2", "child_benefit"), at=LATER)
    assert states(queue)[:2] == [
        ("B1", "housing_benefit", "open"),
        ("B1", "pension_credit", "confirmed"),
    ]
    assert items(queue, "state", "due_at")[0] == ("B1", "open", LATER + timedelta(days=10))


def test_an_older_run_is_refused(queue: Engine) -> None:
    older = work(flag("B1", "pension_credit"), on=date(2026, 5, 1))
    with pytest.raises(StoreError, match="of 2026-05-01, and one of 2026-06-01 is loaded"):
        record_work(queue, older, LATER)


def test_a_run_that_lost_almost_everything_is_refused_until_somebody_has_looked(
    queue: Engine,
) -> None:
    many = [flag(f"B{number}", "child_benefit") for number in range(1, 41)]
    load(queue, *many, flag("B1", "pension_credit"), at=LATER)
    few = work(flag("B1", "child_benefit"), run_id="run-2")
    with pytest.raises(StoreError, match="no longer finds 40 of the flags"):
        record_work(queue, few, LATER)
    assert {state for _, _, state in states(queue)} == {"open"}
    assert record_work(queue, few, LATER, accept_fewer=True).gone == 40


def test_inv_38_people_who_were_erased_do_not_come_back(queue: Engine) -> None:
    erased = {"person_id": "P3", "reason": "erased", "source": "erased", "since": AT}
    with queue.begin() as connection:
        connection.execute(insert(table_of(Suppression)), erased)
    found = [flag(unit, "child_benefit") for unit in ("B1", "B2", "B3")]
    done = load(queue, *found, at=LATER)
    assert done.erased == 1
    assert {unit for unit, _, _ in states(queue)} == {"B1", "B2"}
    assert "P3" not in read_table(queue, CasePerson)["person_id"].to_list()
    assert "H3" not in read_table(queue, CaseFile)["household_id"].to_list()


def test_a_value_that_is_no_id_is_refused_and_nothing_is_loaded(queue: Engine) -> None:
    with pytest.raises(StoreError, match=r"flags\.subject_id"):
        load(queue, flag("B1", "pension_credit", subject_id="Pat Example"), at=LATER)
    assert items(queue, "version") == [("B1", 1), ("B2", 1)]


@contextmanager
def _stopped_at(engine: Engine, number: int) -> Iterator[None]:
    """Let the statement of a number fail, as where the process is killed."""
    seen = 0

    def fail(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)


def test_a_load_that_is_killed_anywhere_changes_nothing(queue: Engine) -> None:
    decide(queue, "B1", "pension_credit", "confirmed")
    tables: Sequence[type[Base]] = (WorkItem, Flag, CaseFile, CasePerson, Decision)
    before = [read_table(queue, each) for each in tables]
    again = work(flag("B1", "pension_credit", amount=5), run_id="run-2", document="[]")
    for number in range(1, 60):
        try:
            with _stopped_at(queue, number):
                record_work(queue, again, LATER)
        except KeyboardInterrupt:
            found = [read_table(queue, each) for each in tables]
            assert all(each.equals(was) for each, was in zip(found, before, strict=True))
        else:
            break
    assert number > 15
    with queue.begin() as connection:
        assert connection.execute(select(table_of(Flag).c.amount)).scalars().all()
    assert items(queue, "state") == [("B1", "open"), ("B2", "gone")]
