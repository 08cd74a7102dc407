"""The queue of flagged benefit units: searched by filters, sorted by an index, page by page.

However many cases there are, a page examines few of them. Each filter is counted first, by its own
index and only up to `EXAMINED`. Where one leaves few cases, those are fetched, sieved by the others
and sorted; where every filter leaves many, the sort's index is walked until the page is full.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nostop.store.access import Who, tied_households
from nostop.store.rows import read, table_of
from nostop.store.tables_access import Account
from nostop.store.tables_casework import Flag, WorkItem

#: Counted exactly up to here: more is "more than 10,000".
MOST_COUNTED = 10_000
#: How many cases of one filter are looked at for a page.
EXAMINED = 30_000
#: Links as sure as outreach asks before it writes to anybody: `nostop.app.settings`.
SURE_PER_MILLE = 950
#: From how many unknown facts on there are "more".
MANY_UNKNOWN = 4
#: Which schemes of a case are looked at in each state of it: those that are in that state.
_FLAGS_IN = {
    "open": ("open",),
    "waiting": ("waiting",),
    "second": ("second",),
    "done": ("confirmed", "not_entitled", "suppressed"),
}
#: Sort -> column, and whether the highest comes first. What is not known comes last.
SORTS: dict[str, tuple[str, bool]] = {
    "lost": ("lost_each_week", True),
    "gain": ("gain_year", True),
    "deadline": ("deadline", False),
    "due": ("due_at", False),
    "age": ("oldest_fact_on", False),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What is searched for; None or nothing is anything.

    state: one of open, waiting, second, done. schemes: any of them. least_gain: pence a year.
    deadline_before, facts_before (the oldest fact): days. sure: as sure as outreach asks; False
    takes in what is not known. unknown: none, few (1 to 3) or many. outcome: entitled or unknown.
    assignee: an account; unassigned: nobody has it. due_from, due_before: of the service level.
    """

    state: str = "open"
    schemes: tuple[str, ...] = ()
    least_gain: int | None = None
    deadline_before: date | None = None
    sure: bool | None = None
    areas: frozenset[str] | None = None
    facts_before: date | None = None
    unknown: str | None = None
    outcome: str | None = None
    assignee: str | None = None
    unassigned: bool = False
    in_conflict: bool | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    sort: str = "lost"


@dataclass(frozen=True, slots=True)
class Count:
    """How many match: so many, or, where not `exact`, at least so many."""

    number: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of cases in order (the columns of `WorkItem`), how many match in all, and whether
    some come before and after these."""

    rows: pl.DataFrame
    count: Count
    has_previous: bool
    has_next: bool


class _Plain(FunctionElement[Any]):
    """A column of which SQLite's planner uses no index (its unary plus): the sort's is walked."""

    inherit_cache = True


@compiles(_Plain)
def _plain(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - the hook's own signature
    return str(compiler.process(element.clauses, **options))


@compiles(_Plain, "sqlite")
def _plus(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - the hook's own signature
    return f"+{compiler.process(element.clauses, **options)}"


Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class _Condition:
    """One filter: the columns it needs, its clause on them, and, where an index can find its
    cases alone, the query of that."""

    columns: tuple[str, ...]
    clause: Callable[[Columns], ColumnElement[bool]]
    probe: Select[Any] | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """How a search is done: the filter that leaves fewest cases, how many (not more than one over
    `EXAMINED`), and the other filters."""

    first: _Condition
    number: int
    rest: tuple[_Condition, ...]


def find(
    connection: Connection,
    who: Who,
    filters: Filters,
    *,
    most: int,
    after: str | None = None,
    before: str | None = None,
) -> Found:
    """Return a page of the cases that somebody may open and that match.

    Args:
        connection: in a transaction.
        who: who looks: their areas restrict, and no case of a household they are tied to is there.
        filters: what is searched for, and the sort.
        most: cases to a page.
        after: a case: the page begins after it. One that is not there means the first page.
        before: a case: the page ends before it.
    """
    conditions = _conditions(filters, who, tied_households(connection, who))
    way = _way(connection, filters, conditions)
    place = _place(connection, who, filters, after or before)
    backward = place is not None and after is None
    ids = _ids(connection, filters, way, _Stretch(place, not backward, most + 1))
    more, ids = len(ids) > most, ids[:most]
    if backward:
        ids.reverse()
    return Found(
        rows=_rows(connection, ids),
        count=_count(connection, filters, way),
        has_previous=more if backward else place is not None,
        has_next=backward or more,
    )


def first_ids(
    connection: Connection, who: Who, filters: Filters, *, most: int, after: str | None = None
) -> list[str]:
    """Return the ids of the first cases of a search, in order: see `find`."""
    conditions = _conditions(filters, who, tied_households(connection, who))
    way = _way(connection, filters, conditions)
    place = _place(connection, who, filters, after)
    return _ids(connection, filters, way, _Stretch(place, forward=True, most=most))


def flags_of(connection: Connection, benefit_unit_ids: list[str]) -> pl.DataFrame:
    """Return benefit_unit_id, scheme, outcome, state of the flags of cases that stand, by both."""
    flag = table_of(Flag)
    query = select(flag.c.benefit_unit_id, flag.c.scheme, flag.c.outcome, flag.c.state).where(
        flag.c.benefit_unit_id.in_(benefit_unit_ids), flag.c.state != "gone"
    )
    return read(connection, query).sort("benefit_unit_id", "scheme")


def officials(connection: Connection) -> pl.DataFrame:
    """Return account_id, name, roles, areas of those who may sign in: words and lines as in
    `Account`."""
    account = table_of(Account)
    query = select(account.c.account_id, account.c.name, account.c.roles, account.c.areas)
    return read(connection, query.where(account.c.barred_at.is_(None))).sort("name", "account_id")


def areas_of(connection: Connection) -> list[str]:
    """Return the areas that some case is in, each found by one step through an index."""
    area = table_of(WorkItem).c.area
    first = select(func.min(area).label("area")).cte("areas", recursive=True)
    later = select(func.min(area)).where(area > first.c.area).scalar_subquery()
    each = first.union_all(select(later).where(first.c.area.is_not(None)))
    return sorted(connection.execute(select(each.c.area).where(each.c.area.is_not(None))).scalars())


def refresh_statistics(connection: Connection) -> None:
    """Tell the database anew what is in the queue, after many rows were loaded."""
    for model in (WorkItem, Flag):
        connection.execute(text(f"ANALYZE {model.__tablename__}"))


def _conditions(filters: Filters, who: Who, tied: frozenset[str]) -> list[_Condition]:
    """Return every filter that is set, and what somebody may open at all."""
    ranges: list[tuple[str, object, Callable[[ColumnElement[Any]], ColumnElement[bool]]]] = [
        ("gain_year", filters.least_gain, lambda c: c >= filters.least_gain),
        ("deadline", filters.deadline_before, lambda c: c < filters.deadline_before),
        ("oldest_fact_on", filters.facts_before, lambda c: c < filters.facts_before),
        ("confidence_per_mille", filters.sure, lambda c: _sure(c, sure=bool(filters.sure))),
        ("unknown_facts", filters.unknown, lambda c: _unknown(c, str(filters.unknown))),
        ("assignee", filters.assignee, lambda c: c == filters.assignee),
        ("assignee", filters.unassigned or None, lambda c: c.is_(None)),
        ("in_conflict", filters.in_conflict, lambda c: c == literal(filters.in_conflict, c.type)),
        ("due_at", filters.due_from or filters.due_before, lambda c: _due(c, filters)),
    ]
    found = [_of_column(filters, name, clause) for name, value, clause in ranges if value is not None]
    areas = _areas(filters, who)
    if areas is not None:
        found.append(_of_column(filters, "area", lambda c: c.in_(sorted(areas))))
    if filters.schemes or filters.outcome:
        found.append(_of_flags(filters))
    if tied:
        found.append(_Condition(("household_id",), lambda c: c["household_id"].not_in(tied)))
    return found


def _areas(filters: Filters, who: Who) -> frozenset[str] | None:
    if filters.areas is None or who.areas is None:
        return filters.areas if who.areas is None else who.areas
    return filters.areas & who.areas


def _sure(column: ColumnElement[Any], *, sure: bool) -> ColumnElement[bool]:
    return column >= SURE_PER_MILLE if sure else or_(column < SURE_PER_MILLE, column.is_(None))


def _unknown(column: ColumnElement[Any], band: str) -> ColumnElement[bool]:
    if band == "none":
        return column == 0
    return column.between(1, MANY_UNKNOWN - 1) if band == "few" else column >= MANY_UNKNOWN


def _due(column: ColumnElement[Any], filters: Filters) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if filters.due_from is not None:
        parts.append(column >= literal(filters.due_from, column.type))
    if filters.due_before is not None:
        parts.append(column < literal(filters.due_before, column.type))
    return and_(*parts)


def _of_column(
    filters: Filters, name: str, clause: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> _Condition:
    item = table_of(WorkItem)
    probe = select(literal(1)).where(item.c.state == filters.state, clause(item.c[name]))
    return _Condition((name,), lambda c: clause(c[name]), probe)


def _of_flags(filters: Filters) -> _Condition:
    """One flag has a scheme and the outcome that are asked for, and is in the state of the case."""
    flag = table_of(Flag)
    those = [flag.c.state.in_(_FLAGS_IN[filters.state])]
    if filters.outcome:
        those.append(flag.c.outcome == filters.outcome)
    if not filters.schemes:
        return _Condition((), lambda c: _flagged(c, those))
    those.append(flag.c.scheme.in_(filters.schemes))
    return _Condition((), lambda c: _flagged(c, those), select(literal(1)).where(*those))


def _flagged(columns: Columns, those: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    flag = table_of(Flag)
    return exists().where(flag.c.benefit_unit_id == columns["benefit_unit_id"], *those)


def _way(connection: Connection, filters: Filters, conditions: list[_Condition]) -> _Way:
    """Count what each filter leaves, by one statement, and take the one that leaves fewest."""
    item = table_of(WorkItem)
    everything = select(literal(1)).where(item.c.state == filters.state)
    known = [c for c in conditions if c.probe is not None]
    known = known or [_Condition((), lambda _: true(), everything)]
    counts = [
        select(func.count()).select_from(_limited(c.probe, EXAMINED + 1)).scalar_subquery()
        for c in known
    ]
    numbers = connection.execute(select(*counts)).one()
    number, at = min((number, at) for at, number in enumerate(numbers))
    first = known[at]
    return _Way(first, number, tuple(c for c in conditions if c is not first))


def _limited(query: Select[Any] | None, most: int) -> FromClause:
    if query is None:
        raise AssertionError
    return query.limit(most).subquery()


def _fetched(filters: Filters, way: _Way) -> FromClause:
    """Return the cases that the first filter leaves, with the columns that the rest needs. Its
    limit keeps the planners from starting anywhere else."""
    item = table_of(WorkItem)
    needed = {SORTS[filters.sort][0], *(name for c in way.rest for name in c.columns)}
    columns = [item.c.benefit_unit_id, *(item.c[name] for name in sorted(needed))]
    if way.first.columns or way.first.probe is None:
        clause = way.first.clause(item.c)
    else:
        clause = _of_ids(item.c.benefit_unit_id, way.first)
    state = _Plain(item.c.state, type_=item.c.state.type) if not way.first.columns else item.c.state
    return select(*columns).where(state == filters.state, clause).limit(EXAMINED).subquery()


def _count(connection: Connection, filters: Filters, way: _Way) -> Count:
    """Return how many match, looking at no more than `EXAMINED` of what the first filter leaves."""
    if not way.rest and way.first.columns:
        return _counted(way.number, exact=True)
    source = _fetched(filters, way)
    query = select(literal(1)).where(true(), *(c.clause(source.c) for c in way.rest))
    counted = select(func.count()).select_from(_limited(query.select_from(source), MOST_COUNTED + 1))
    return _counted(connection.execute(counted).scalar_one(), exact=way.number <= EXAMINED)


def _counted(number: int, *, exact: bool) -> Count:
    if number > MOST_COUNTED:
        return Count(MOST_COUNTED, exact=False)
    return Count(number, exact)
