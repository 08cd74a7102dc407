"""The queue of flagged benefit units: searched by filters, sorted by an index, page by page.

However many cases there are, a page examines few of them. Each filter is counted first, by its own
index and only up to `FETCHED`. Where one leaves few cases, those are fetched, sieved by the others
and sorted. Otherwise the first `WALKED` along the sort's index are looked at: they fill most pages.
Where they do not, what a filter leaves is fetched after all, or the index is walked on.
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

from nostop.store.access import Who, tied_households, within
from nostop.store.rows import read, table_of
from nostop.store.tables_access import Account
from nostop.store.tables_casework import FLAG_OUTCOMES, Flag, WorkItem

#: Counted exactly up to here: more is "more than 10,000".
MOST_COUNTED = 10_000
#: How many cases of one filter are looked at to count, and how many are fetched to fill a page.
EXAMINED = 15_000
FETCHED = 40_000
#: How many along the sort's index are looked at before anything else is tried.
WALKED = 4_000
#: So few cases are fetched and sorted at once.
_FEW = 1_000
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
#: For this transaction PostgreSQL fetches few rows by an index rather than reading a whole table,
#: and does not stop to compile what is over in milliseconds.
_BY_INDEX = "SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off"
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
class Page:
    """So many cases of a search: the first, those after a case, or those before one. A case that
    is not there, or not for whoever asks, means the first page."""

    most: int
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of cases in order (the columns of `WorkItem`), how many match in all, and whether
    some come before and after these."""

    rows: pl.DataFrame
    count: Count
    has_previous: bool
    has_next: bool


class Unindexed(FunctionElement[Any]):
    """A column of which SQLite's planner uses no index (its unary plus): the sort's is walked."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _plain(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - the hook's own signature
    return str(compiler.process(element.clauses, **options))


@compiles(Unindexed, "sqlite")
def _plus(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - the hook's own signature
    return f"+{compiler.process(element.clauses, **options)}"


Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class _Condition:
    """One filter: the columns it needs and its clause on them. Where an index finds its cases
    alone: the clause for (at most so many of) them, and a query with a row for each, or for more
    than each if `roughly`."""

    columns: tuple[str, ...]
    clause: Callable[[Columns], ColumnElement[bool]]
    alone: Callable[[int], ColumnElement[bool]] | None = None
    probe: Select[Any] | None = None
    roughly: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    """How a search is done: the filter that leaves fewest cases, how many these are (at most one
    more than was counted up to), and the other filters."""

    first: _Condition
    number: int
    rest: tuple[_Condition, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """So many cases, from the beginning or beyond a place: its sort value and id."""

    place: tuple[Any, str] | None
    forward: bool
    most: int


def find(connection: Connection, who: Who, filters: Filters, page: Page) -> Found:
    """Return a page of the cases that somebody may open and that match.

    Args:
        connection: in a transaction.
        who: who looks: their areas restrict, and no case of a household they are tied to is there.
        filters: what is searched for, and the sort.
        page: how many, and from where.
    """
    conditions = _conditions(filters, who, _tied(connection, who))
    way = _way(connection, filters, conditions, EXAMINED)
    place = _place(connection, who, filters, page.after or page.before)
    backward = place is not None and page.after is None
    ids = _ids(connection, filters, way, _Stretch(place, not backward, page.most + 1))
    more, ids = len(ids) > page.most, ids[: page.most]
    if backward:
        ids.reverse()
    return Found(
        rows=_rows(connection, ids),
        count=_count(connection, filters, way),
        has_previous=more if backward else place is not None,
        has_next=backward or more,
    )


def ids_of(connection: Connection, who: Who, filters: Filters, page: Page) -> list[str]:
    """Return the ids of cases of a search, the first or those after one: see `find`."""
    conditions = _conditions(filters, who, _tied(connection, who))
    way = _way(connection, filters, conditions, EXAMINED)
    place = _place(connection, who, filters, page.after)
    return _ids(connection, filters, way, _Stretch(place, forward=True, most=page.most))


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


def opens(connection: Connection, who: Who) -> Callable[[str | None, str], bool]:
    """Return a function that says of a case's area and household whether somebody may open it, as
    `nostop.store.access.within` does."""
    tied = _tied(connection, who)

    def is_open(area: str | None, household_id: str) -> bool:
        return household_id not in tied and (who.areas is None or area in who.areas)

    return is_open


def _tied(connection: Connection, who: Who) -> frozenset[str]:
    return frozenset(str(row[0]) for row in connection.execute(tied_households(who)))


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
    found = [
        _of_column(filters, name, clause) for name, value, clause in ranges if value is not None
    ]
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
    alone = and_(item.c.state == filters.state, clause(item.c[name]))
    probe = select(literal(1)).where(alone)
    return _Condition((name,), lambda c: clause(c[name]), lambda _: alone, probe)


def _everything(filters: Filters) -> _Condition:
    alone = table_of(WorkItem).c.state == filters.state
    return _Condition((), lambda _: true(), lambda _: alone, select(literal(1)).where(alone))


def _of_flags(filters: Filters) -> _Condition:
    """One flag has a scheme and the outcome that are asked for, and is in the state of the case."""
    item, flag = table_of(WorkItem), table_of(Flag)
    wanted = {
        "state": _FLAGS_IN[filters.state],
        "outcome": (filters.outcome,) if filters.outcome else FLAG_OUTCOMES,
        **({"scheme": filters.schemes} if filters.schemes else {}),
    }
    those = [flag.c[name].in_(words) for name, words in wanted.items()]

    def clause(columns: Columns) -> ColumnElement[bool]:
        # By the key of the case, whose flags are few.
        of_case = [Unindexed(flag.c[name]).in_(words) for name, words in wanted.items()]
        return exists().where(flag.c.benefit_unit_id == columns["benefit_unit_id"], *of_case)

    def alone(most: int) -> ColumnElement[bool]:
        ids = select(flag.c.benefit_unit_id).where(*those).limit(most)
        return and_(Unindexed(item.c.state) == filters.state, item.c.benefit_unit_id.in_(ids))

    return _Condition((), clause, alone, select(literal(1)).where(*those), roughly=True)


def _way(connection: Connection, filters: Filters, conditions: list[_Condition], most: int) -> _Way:
    """Count what each filter leaves, up to one more than `most`, by one statement, and take the one
    that leaves fewest."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_BY_INDEX)
    firsts = [c for c in conditions if c.probe is not None] or [_everything(filters)]
    known = [(c, c.probe) for c in firsts if c.probe is not None]
    counts = [_number_of(probe, most + 1).scalar_subquery() for _, probe in known]
    numbers = connection.execute(select(*counts)).one()
    number, at = min((number, at) for at, number in enumerate(numbers))
    first = known[at][0]
    return _Way(first, number, tuple(c for c in conditions if c is not first))


def _number_of(query: Select[Any], most: int) -> Select[Any]:
    return select(func.count()).select_from(query.limit(most).subquery())


def _fetched(filters: Filters, way: _Way, most: int) -> FromClause:
    """Return the cases that the first filter leaves, with the columns that the others need. Its
    limit keeps the planners from beginning with anything else."""
    item = table_of(WorkItem)
    needed = {SORTS[filters.sort][0], *(name for c in way.rest for name in c.columns)}
    columns = [item.c.benefit_unit_id, *(item.c[name] for name in sorted(needed))]
    clause = true() if way.first.alone is None else way.first.alone(most)
    return select(*columns).where(clause).limit(most).subquery()


def _columns(source: FromClause) -> Columns:
    return dict(source.c.items())


def _walked(filters: Filters) -> Columns:
    """Return the columns of all cases such that only the sort's index is used."""
    kept = ("benefit_unit_id", SORTS[filters.sort][0])
    return {c.name: c if c.name in kept else Unindexed(c) for c in table_of(WorkItem).columns}


def _count(connection: Connection, filters: Filters, way: _Way) -> Count:
    """Return how many match, looking at no more than `EXAMINED` of what the first filter leaves."""
    number = way.number
    if way.rest or way.first.roughly:
        source = _fetched(filters, way, EXAMINED)
        query = select(literal(1)).select_from(source).where(*_clauses(way.rest, _columns(source)))
        number = connection.execute(_number_of(query, MOST_COUNTED + 1)).scalar_one()
    exact = way.number <= EXAMINED and number <= MOST_COUNTED
    return Count(min(number, MOST_COUNTED), exact)


def _clauses(conditions: tuple[_Condition, ...], columns: Columns) -> list[ColumnElement[bool]]:
    return [true(), *(condition.clause(columns) for condition in conditions)]


def _place(
    connection: Connection, who: Who, filters: Filters, benefit_unit_id: str | None
) -> tuple[Any, str] | None:
    """Return where a case stands in the order; None where it is not there for somebody: what a
    place is found by must not tell what its case is worth."""
    if benefit_unit_id is None:
        return None
    item = table_of(WorkItem)
    query = select(item.c[SORTS[filters.sort][0]], item.c.benefit_unit_id).where(
        item.c.benefit_unit_id == benefit_unit_id, within(who)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def _ids(connection: Connection, filters: Filters, way: _Way, stretch: _Stretch) -> list[str]:
    """Return ids in order: first those whose sort value is known, each half by its index."""
    if way.number > _FEW and WALKED:
        first = _ordered(filters, stretch, _begun(filters, way, stretch))[0]
        found = list(connection.execute(first.limit(stretch.most)).scalars())
        if len(found) == stretch.most:
            return found
        if way.number > EXAMINED:
            # Seldom: what is found is sparse, so it matters which filter leaves fewest.
            way = _way(connection, filters, [way.first, *way.rest], FETCHED)
    found = []
    for query in _ordered(filters, stretch, _source(filters, way)):
        wanted = stretch.most - len(found)
        if wanted:
            found.extend(connection.execute(query.limit(wanted)).scalars())
    return found


_Source = tuple[Columns, Select[Any]]


def _ordered(filters: Filters, stretch: _Stretch, source: _Source) -> list[Select[Any]]:
    """Return what is left of a source beyond a place, in order: those whose sort value is known
    and those whose is not, or the second only."""
    name, down = SORTS[filters.sort]
    columns, query = source
    value, ident = columns[name], columns["benefit_unit_id"]
    ascending = down != stretch.forward
    order = [c.asc() if ascending else c.desc() for c in (value, ident)]
    known, unknown = query.where(value.is_not(None)), query.where(value.is_(None))
    halves = [known, unknown] if stretch.forward else [unknown, known]
    if stretch.place is not None:
        at, last = stretch.place
        sides = (literal(at, value.type), literal(last, ident.type))
        pair, edge = (tuple_(value, ident), tuple_(*sides)) if at is not None else (ident, sides[1])
        beyond = pair > edge if ascending else pair < edge
        begun = (at is None) == stretch.forward
        halves = halves[1:] if begun else halves
        halves[0] = halves[0].where(beyond)
    return [half.order_by(*order) for half in halves]


def _begun(filters: Filters, way: _Way, stretch: _Stretch) -> _Source:
    """Return the first `WALKED` cases along the sort's index, sieved by every filter."""
    item = table_of(WorkItem)
    every = (way.first, *way.rest)
    names = {"benefit_unit_id", SORTS[filters.sort][0], *(n for c in every for n in c.columns)}
    along = select(*(item.c[name] for name in sorted(names))).where(item.c.state == filters.state)
    walked = _ordered(filters, stretch, (_columns(item), along))[0].limit(WALKED).subquery()
    query = select(walked.c.benefit_unit_id).where(*_clauses(every, _columns(walked)))
    return _columns(walked), query


def _source(filters: Filters, way: _Way) -> _Source:
    """Return what is searched: the few cases of the first filter, or all along the sort's index."""
    in_order = way.first.columns == (SORTS[filters.sort][0],) and not way.rest
    if way.number <= FETCHED and not in_order:
        source = _fetched(filters, way, FETCHED)
        query = select(source.c.benefit_unit_id).where(*_clauses(way.rest, _columns(source)))
        return _columns(source), query
    item, columns = table_of(WorkItem), _walked(filters)
    query = select(item.c.benefit_unit_id).where(
        item.c.state == filters.state, *_clauses((way.first, *way.rest), columns)
    )
    return columns, query


def _rows(connection: Connection, ids: list[str]) -> pl.DataFrame:
    item = table_of(WorkItem)
    rows = read(connection, select(item).where(item.c.benefit_unit_id.in_(ids)))
    order = pl.DataFrame({"benefit_unit_id": ids}, schema={"benefit_unit_id": pl.String})
    return order.join(
        rows, on="benefit_unit_id", how="inner", validate="1:1", maintain_order="left"
    )
