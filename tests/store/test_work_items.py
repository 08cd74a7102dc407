"""The queue: found by any filter on both databases, walked by an index, taken by one at a time."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, select, update

from nostop.model import StoreError
from nostop.store import work_items
from nostop.store.access import Who
from nostop.store.audit import entries_of
from nostop.store.engine import reading
from nostop.store.rows import put, table_of
from nostop.store.saved_searches import (
    MOST_SAVED,
    delete_search,
    save_search,
    saved_searches,
)
from nostop.store.tables import Run, RunCount, RunInput, RunPack
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import Flag, WorkItem
from nostop.store.work_items import Count, Filters, Page, areas_of, find, flags_of, ids_of
from nostop.store.work_taking import Given, assign_many, claim_next, put_back
from tests.store.frames import AT, ON, run

ANYBODY = Who("official-1", None)
OTHER = Who("official-2", None)
ALL = Filters()
ITEM = table_of(WorkItem)


def item(ident: str, **values: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "household_id": f"H{ident}",
        "run_id": "run-1",
        "area": "leeds",
        "nation": "england",
        "schemes": 1,
        "gain_year": 52_00,
        "lost_each_week": 1_00,
        "deadline": None,
        "confidence_per_mille": 990,
        "oldest_fact_on": ON,
        "unknown_facts": 0,
        "in_conflict": False,
        "flagged_at": AT,
        "due_at": AT + timedelta(days=14),
        "state": "open",
        "assignee": None,
        "assigned_at": None,
        "version": 1,
    }
    return {"benefit_unit_id": ident, **usual, **values}


def flag(ident: str, scheme: str = "pension_credit", **values: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "subject_id": ident,
        "run_id": "run-1",
        "effective_on": ON,
        "pack_version": "2026.1",
        "outcome": "entitled",
        "per": "week",
        "missing": 0,
        "state": "open",
    }
    return {"benefit_unit_id": ident, "scheme": scheme, **usual, **values}


def fill(engine: Engine, items: list[dict], flags: list[dict] | None = None) -> None:
    run(engine)
    schema = work_items_schema()
    with engine.begin() as connection:
        put(connection, WorkItem, pl.DataFrame(items, schema=schema))
        put(connection, Flag, pl.DataFrame(flags or []))


def work_items_schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    kinds: dict[str, pl.DataType | type[pl.DataType]] = {
        "schemes": pl.Int64,
        "gain_year": pl.Int64,
        "lost_each_week": pl.Int64,
        "deadline": pl.Date,
        "confidence_per_mille": pl.Int64,
        "oldest_fact_on": pl.Date,
        "unknown_facts": pl.Int64,
        "in_conflict": pl.Boolean,
        "flagged_at": pl.Datetime("us", "UTC"),
        "due_at": pl.Datetime("us", "UTC"),
        "assigned_at": pl.Datetime("us", "UTC"),
        "version": pl.Int64,
    }
    return {column.name: kinds.get(column.name, pl.String) for column in ITEM.columns}


def found(engine: Engine, filters: Filters = ALL, who: Who = ANYBODY, **page: object):
    with reading(engine) as connection:
        return find(connection, who, filters, Page(int(str(page.pop("most", 10))), **page))


def ids(engine: Engine, filters: Filters = ALL, who: Who = ANYBODY) -> list[str]:
    return found(engine, filters, who).rows["benefit_unit_id"].to_list()


def test_what_loses_most_comes_first_and_what_is_not_known_last(store: Engine):
    fill(
        store,
        [
            item("A", lost_each_week=5),
            item("B", lost_each_week=None),
            item("C", lost_each_week=900),
            item("D", lost_each_week=5),
            item("E", lost_each_week=None),
            item("F", lost_each_week=999, state="done"),
            item("G", lost_each_week=999, state="gone"),
        ],
    )
    assert ids(store) == ["C", "D", "A", "E", "B"]
    assert ids(store, Filters(state="done")) == ["F"]
    first = found(store, most=2)
    assert (first.count, first.has_previous, first.has_next) == (Count(5, exact=True), False, True)


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [("lost", "ABC"), ("gain", "BAC"), ("deadline", "CAB"), ("due", "BCA"), ("age", "CBA")],
)
def test_every_sort_has_its_order(store: Engine, sort: str, wanted: str):
    day = timedelta(days=1)
    rows = [
        item("A", lost_each_week=3, gain_year=2, deadline=ON + day, due_at=AT + 3 * day),
        item("B", lost_each_week=2, gain_year=3, deadline=None, due_at=AT + day),
        item("C", lost_each_week=1, gain_year=None, deadline=ON, due_at=AT + 2 * day),
    ]
    ages = {"A": None, "B": ON, "C": ON - day}
    fill(store, [row | {"oldest_fact_on": ages[str(row["benefit_unit_id"])]} for row in rows])
    assert "".join(ids(store, Filters(sort=sort))) == wanted


FILTERS = [
    (Filters(least_gain=60_00), {"rich"}),
    (Filters(deadline_before=ON + timedelta(days=1)), {"soon"}),
    (Filters(sure=False), {"unsure", "unlinked"}),
    (Filters(sure=True, areas=frozenset({"york"})), {"york"}),
    (Filters(facts_before=ON), {"old"}),
    (Filters(unknown="none", areas=frozenset({"york", "hull"})), {"york"}),
    (Filters(unknown="few"), {"few"}),
    (Filters(unknown="many"), {"many"}),
    (Filters(assignee="official-2"), {"theirs"}),
    (Filters(unassigned=True, in_conflict=True), {"torn"}),
    (Filters(due_before=AT), {"late"}),
    (Filters(due_from=AT, due_before=AT + timedelta(days=7)), {"week"}),
    (Filters(schemes=("child_benefit",)), {"two"}),
    (Filters(schemes=("child_benefit", "carers_allowance")), {"two", "asks"}),
    (Filters(outcome="unknown"), {"asks"}),
    (Filters(schemes=("child_benefit",), outcome="unknown"), set()),
    (Filters(least_gain=60_00, sure=False), set()),
]


@pytest.mark.parametrize(
    ("examined", "few"),
    [(30_000, 1000), (0, 0), (30_000, 0)],
    ids=["few are fetched", "the index is walked", "it is begun, then few are fetched"],
)
def test_every_filter_finds_what_it_says(
    store: Engine, monkeypatch: pytest.MonkeyPatch, examined: int, few: int
):
    fill(
        store,
        [
            item("rich", gain_year=60_00),
            item("soon", deadline=ON),
            item("unsure", confidence_per_mille=949),
            item("unlinked", confidence_per_mille=None),
            item("york", area="york"),
            item("old", oldest_fact_on=ON - timedelta(days=1)),
            item("few", unknown_facts=3),
            item("many", unknown_facts=4),
            item("theirs", assignee="official-2", assigned_at=AT),
            item("torn", in_conflict=True),
            item("late", due_at=AT - timedelta(seconds=1)),
            item("week", due_at=AT + timedelta(days=6)),
            item("two", schemes=2),
            item("asks"),
            item("ended"),
        ],
        [
            flag("two"),
            flag("two", "child_benefit"),
            flag("asks", "carers_allowance", outcome="unknown"),
            flag("ended", "child_benefit", state="gone"),
        ],
    )
    for name in ("EXAMINED", "FETCHED"):
        monkeypatch.setattr(work_items, name, examined)
    monkeypatch.setattr(work_items, "_FEW", few)
    monkeypatch.setattr(work_items, "WALKED", 4)
    for filters, wanted in FILTERS:
        for sort in ("lost", "gain", "deadline", "due", "age"):
            assert set(ids(store, replace(filters, sort=sort))) == wanted, filters
        if examined:
            assert found(store, filters).count == Count(len(wanted), exact=True)
    # A scheme is looked for among the flags that are in the state of the case.
    with store.begin() as connection:
        connection.execute(update(table_of(Flag)).values(state="confirmed"))
    assert ids(store, Filters(schemes=("child_benefit",))) == []


def test_more_than_are_counted_is_said(store: Engine, monkeypatch: pytest.MonkeyPatch):
    fill(store, [item(f"U{n:02}", unknown_facts=n % 3, gain_year=n) for n in range(30)])
    monkeypatch.setattr(work_items, "MOST_COUNTED", 12)
    assert found(store).count == Count(12, exact=False)
    assert found(store, Filters(unknown="none")).count == Count(10, exact=True)
    monkeypatch.setattr(work_items, "EXAMINED", 15)
    # Of 20 cases with facts missing 15 were looked at.
    some = found(store, Filters(unknown="few", least_gain=3)).count
    assert not some.exact
    assert 0 < some.number <= 12


def pages(engine: Engine, filters: Filters, who: Who, most: int) -> list[list[str]]:
    """Every page, forwards; and the way back gives the same."""
    there, after = [], None
    while True:
        page = found(engine, filters, who, most=most, after=after)
        rows = page.rows["benefit_unit_id"].to_list()
        if rows:
            there.append(rows)
        if not page.has_next:
            break
        after = rows[-1]
    back, before = there[-1:], there[-1][0] if there else None
    while before is not None:
        page = found(engine, filters, who, most=most, before=before)
        rows = page.rows["benefit_unit_id"].to_list()
        if rows:
            back.insert(0, rows)
        before = rows[0] if page.has_previous and rows else None
    assert [each for rows in back for each in rows] == [each for rows in there for each in rows]
    return there


AMOUNTS = st.none() | st.integers(0, 5)


@settings(
    max_examples=100 if os.environ.get("NOSTOP_NIGHTLY") else 12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    rows=st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans()), max_size=12),
    most=st.integers(1, 5),
    sort=st.sampled_from(["lost", "gain"]),
    conflict=st.none() | st.booleans(),
)
def test_inv_41_pages_hold_every_case_once_and_alike_on_both(both, rows, most, sort, conflict):
    answers = []
    for engine in both:
        with engine.begin() as connection:
            for model in (WorkItem, RunPack, RunInput, RunCount, Run):
                connection.execute(delete(table_of(model)))
        fill(
            engine,
            [
                item(f"U{n:02}", lost_each_week=lost, gain_year=gain, in_conflict=torn)
                for n, (lost, gain, torn) in enumerate(rows)
            ],
        )
        answers.append(pages(engine, Filters(sort=sort, in_conflict=conflict), ANYBODY, most))
    wanted = [
        ((lost if sort == "lost" else gain), f"U{n:02}")
        for n, (lost, gain, torn) in enumerate(rows)
        if conflict in (None, torn)
    ]
    known = sorted([each for each in wanted if each[0] is not None], reverse=True)
    unknown = sorted([each for each in wanted if each[0] is None], key=lambda e: e[1], reverse=True)
    assert answers[0] == answers[1]
    assert [each for page in answers[0] for each in page] == [each[1] for each in known + unknown]


def test_inv_44_a_visitor_sees_their_areas_and_nobody_they_are_tied_to(store: Engine):
    fill(store, [item("A"), item("B", area="york"), item("C", area=None), item("D")])
    with store.begin() as connection:
        person = {"person_id": "P1", "household_id": "HD", "benefit_unit_id": "D"}
        connection.execute(table_of(CasePerson).insert().values(person))
        tie = {"account_id": "official-1", "person_id": "P1", "kind": "relative"}
        tie |= {"said_by": "official-1", "at": AT}
        connection.execute(table_of(AccountTie).insert().values(tie))
    leeds = Who("official-1", frozenset({"leeds"}))
    assert ids(store) == ["C", "B", "A"]
    assert ids(store, who=leeds) == ["A"]
    assert ids(store, who=replace(leeds, account_id="official-2")) == ["D", "A"]
    # A filter asks for less, never for more.
    assert ids(store, Filters(areas=frozenset({"york"})), leeds) == []
    assert ids(store, who=Who("official-1", frozenset())) == []
    assert found(store, who=leeds).count == Count(1, exact=True)
    # Nor does a place in the list say what a case that is not theirs is worth.
    assert found(store, who=leeds, after="D").rows["benefit_unit_id"].to_list() == ["A"]
    assert found(store, who=leeds, before="B").has_next is False
    assert claim_next(store, leeds, Filters(), AT) == "A"
    assert claim_next(store, leeds, Filters(), AT) is None


def test_areas_are_told_once_each(store: Engine):
    assert told_areas(store) == []
    fill(store, [item("A", area="york"), item("B"), item("C"), item("D", area=None)])
    assert told_areas(store) == ["leeds", "york"]


def told_areas(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return areas_of(connection)


def test_flags_of_cases_are_those_that_stand(store: Engine):
    fill(store, [item("A"), item("B")], [flag("A"), flag("A", "x", state="gone"), flag("B")])
    with reading(store) as connection:
        rows = flags_of(connection, ["A"])
    assert rows.rows() == [("A", "pension_credit", "entitled", "open")]


def test_the_next_case_is_the_first_that_nobody_has(store: Engine):
    fill(
        store,
        [
            item("A", lost_each_week=9, assignee="official-2", assigned_at=AT),
            item("B", lost_each_week=8, state="waiting"),
            item("C", lost_each_week=7, area="york"),
            item("D", lost_each_week=6),
        ],
    )
    # Whatever the search says of state and assignee, what is taken is free and to do.
    wanted = Filters(areas=frozenset({"leeds"}), state="done", assignee="official-2")
    assert claim_next(store, ANYBODY, wanted, AT) == "D"
    assert claim_next(store, ANYBODY, wanted, AT) is None
    assert claim_next(store, ANYBODY, Filters(), AT) == "C"
    row = item_of(store, "C")
    assert (row["assignee"], row["assigned_at"], row["version"]) == ("official-1", AT, 2)
    assert [(e["actor"], e["action"], e["subject"]) for e in entries(store)] == [
        ("official-1", "work.claimed", "D"),
        ("official-1", "work.claimed", "C"),
    ]


def item_of(engine: Engine, ident: str):
    with engine.begin() as connection:
        return connection.execute(select(ITEM).filter_by(benefit_unit_id=ident)).one()._mapping


def entries(engine: Engine) -> list[dict]:
    return entries_of(engine, None, most=100).to_dicts()


def test_two_who_take_at_once_never_get_the_same_case(store: Engine):
    fill(store, [item(f"U{n:02}", lost_each_week=n % 4) for n in range(24)])

    def taken_by(who: Who) -> list[str]:
        got = []
        while (ident := claim_next(store, who, Filters(), AT)) is not None:
            got.append(ident)
        return got

    with ThreadPoolExecutor(2) as pool:
        mine, theirs = pool.map(taken_by, (ANYBODY, OTHER))
    assert len(mine) + len(theirs) == 24
    assert set(mine) | set(theirs) == {f"U{n:02}" for n in range(24)}
    assert {item_of(store, ident)["assignee"] for ident in mine} <= {"official-1"}


def test_more_people_than_cases_looked_at_once_still_get_one_each(
    store: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("nostop.store.work_taking._AT_ONCE", 1)
    fill(store, [item(f"U{n}") for n in range(6)])
    with ThreadPoolExecutor(6) as pool:
        officials = [Who(f"official-{n}", None) for n in range(6)]
        got = list(pool.map(lambda who: claim_next(store, who, Filters(), AT), officials))
    assert sorted(map(str, got)) == [f"U{n}" for n in range(6)]


def test_cases_are_given_by_number_and_what_cannot_be_is_left_alone(store: Engine):
    fill(
        store,
        [
            item("free"),
            item("changed", version=2),
            item("theirs", assignee="official-2", assigned_at=AT),
            item("mine", assignee="official-1", assigned_at=AT),
            item("done", state="done"),
            item("york", area="york"),
        ],
    )
    leeds = Who("official-1", frozenset({"leeds"}))
    seen = dict.fromkeys(("free", "changed", "theirs", "mine", "done", "york", "none"), 1)
    assert assign_many(store, leeds, leeds, seen, AT) == Given(("free",), 1, 1, 3)
    assert item_of(store, "free")["version"] == 2
    assert item_of(store, "theirs")["assignee"] == "official-2"
    # A senior gives to whoever may open it, and takes from whoever has it.
    senior = Who("senior", None)
    assert assign_many(store, senior, leeds, {"theirs": 1, "york": 1}, AT) == Given(
        ("theirs",), 0, 0, 1
    )
    last = entries(store)[-1]
    assert (last["actor"], last["action"], last["subject"], last["detail"]) == (
        "senior",
        "work.assigned",
        "theirs",
        '{"to":"official-1"}',
    )


def test_what_cannot_be_audited_is_not_done(store: Engine):
    fill(store, [item("A")])
    nobody = Who("no official\n", None)
    with pytest.raises(StoreError):
        claim_next(store, nobody, Filters(), AT)
    with pytest.raises(StoreError):
        assign_many(store, nobody, ANYBODY, {"A": 1}, AT)
    assert item_of(store, "A")["assignee"] is None


def test_a_case_is_put_back_by_whoever_has_it(store: Engine):
    fill(store, [item("A", assignee="official-1", assigned_at=AT), item("B")])
    assert not put_back(store, OTHER, ("A", 1), AT)
    assert not put_back(store, ANYBODY, ("A", 7), AT)
    assert not put_back(store, OTHER, ("B", 1), AT, anybodys=True)
    assert put_back(store, OTHER, ("A", 1), AT, anybodys=True)
    row = item_of(store, "A")
    assert (row["assignee"], row["assigned_at"], row["version"]) == (None, None, 2)
    assert [each["action"] for each in entries(store)] == ["work.put_back"]


#: What a plan says where the whole table is sorted, or read from one end to the other.
WHOLE = {"sqlite": ("TEMP B-TREE", "SCAN work_items"), "postgresql": ("Sort", "Seq Scan")}


@pytest.mark.parametrize("sort", ["lost", "gain", "deadline", "due", "age"])
def test_no_page_sorts_the_whole_table(store: Engine, sort: str):
    many = [item(f"U{n:05}", lost_each_week=n, gain_year=n, due_at=AT) for n in range(1500)]
    fill(store, many)
    with store.begin() as connection:
        work_items.refresh_statistics(connection)
    said: list[tuple[str, object]] = []

    @event.listens_for(store, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, *_):
        said.append((statement, parameters))

    with monkeypatched_examined(10), reading(store) as connection:
        ids_of(connection, ANYBODY, Filters(sort=sort), Page(25, after="U00700"))
    event.remove(store, "before_cursor_execute", keep)
    walks = [each for each in said if "ORDER BY" in each[0]]
    assert walks
    for statement, parameters in walks:
        plan = plan_of(store, statement, parameters)
        assert not any(word in plan for word in WHOLE[store.dialect.name]), plan


class monkeypatched_examined:  # noqa: N801 - read as a sentence
    def __init__(self, number: int) -> None:
        self.patch, self.number = pytest.MonkeyPatch(), number

    def __enter__(self) -> None:
        for name in ("EXAMINED", "FETCHED"):
            self.patch.setattr(work_items, name, self.number)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def plan_of(engine: Engine, statement: str, parameters: object) -> str:
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def test_searches_are_kept_by_name_for_an_account(store: Engine):
    save_search(store, "official-1", "  Big  ones ", "gain=500", AT)
    save_search(store, "official-1", "late", "due=overdue", AT)
    save_search(store, "official-2", "late", "", AT)
    assert saved(store, "official-1") == [("Big ones", "gain=500"), ("late", "due=overdue")]
    with pytest.raises(StoreError, match="a saved search with this name"):
        save_search(store, "official-1", "late", "gain=1", AT)
    for name in ("", "x" * 61, "a\x07b"):
        with pytest.raises(StoreError, match="1 to 60 characters"):
            save_search(store, "official-1", name, "", AT)
    assert delete_search(store, "official-1", "late")
    assert not delete_search(store, "official-1", "late")
    assert saved(store, "official-2") == [("late", "")]
    for n in range(MOST_SAVED - 1):
        save_search(store, "official-1", f"search {n}", "", AT)
    with pytest.raises(StoreError, match="Delete one first"):
        save_search(store, "official-1", "one more", "", AT)


def saved(engine: Engine, account_id: str) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        return saved_searches(connection, account_id)
