"""Who has which case of the queue: taken, given, put back. Each step is in the audit log, written
in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, case, select, update

from nostop.store.access import Who, finds_case, within
from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables_casework import WorkItem
from nostop.store.work_items import Filters, Page, Unindexed, ids_of, opens

#: So many cases are looked at for the next one: more than there are people who take one at once.
_AT_ONCE = 100
#: States in which somebody may have a case on their list.
_TAKEN_IN = ("open", "waiting", "second")


@dataclass(frozen=True, slots=True)
class Given:
    """What became of giving cases to somebody.

    given: their ids. changed: how many somebody else changed meanwhile. theirs: how many somebody
    else has. closed: how many are not there for either of the two, or have been dealt with.
    """

    given: tuple[str, ...]
    changed: int
    theirs: int
    closed: int


def assign_many(engine: Engine, by: Who, to: Who, items: Mapping[str, int], at: datetime) -> Given:
    """Give cases to somebody; whatever cannot be given is left alone and counted.

    A case goes only to somebody who may open it. Whoever gives cases to themselves takes none
    that somebody else has; to decide whether they may give to others is the caller's.

    Args:
        engine: an engine of `open_store`.
        by: who gives.
        to: who gets them.
        items: benefit unit -> the version of its case that was seen.
        at: when, with its zone.
    """
    item = table_of(WorkItem)
    named = (item.c[name] for name in ("version", "assignee", "area", "household_id"))
    query = (
        select(item.c.benefit_unit_id, *named)
        .where(item.c.benefit_unit_id.in_(sorted(items)), Unindexed(item.c.state).in_(_TAKEN_IN))
        .order_by(item.c.benefit_unit_id)
        .with_for_update()
    )
    mine = by.account_id == to.account_id
    with engine.begin() as connection:
        opened = [opens(connection, who) for who in {by, to}]
        rows = [
            (ident, version, holder)
            for ident, version, holder, *place in connection.execute(query)
            if all(is_open(*place) for is_open in opened)
        ]
        changed = {ident for ident, version, _ in rows if items[ident] != version}
        theirs = {
            ident
            for ident, _, holder in rows
            if ident not in changed and mine and holder not in (None, to.account_id)
        }
        given = [
            row[0] for row in rows if row[0] not in changed | theirs and row[2] != to.account_id
        ]
        already = len(rows) - len(changed) - len(theirs) - len(given)
        _give(connection, given, to.account_id, at)
        entries = [Entry("work.assigned", ident, {"to": to.account_id}) for ident in given]
        append(connection, by.account_id, entries, at)
    closed = len(items) - already - len(given) - len(changed) - len(theirs)
    return Given(tuple(given), len(changed), len(theirs), closed)


def assign(engine: Engine, by: Who, to: Who, item: tuple[str, int], at: datetime) -> Given:
    """Give one case, an id and the version that was seen, to somebody: see `assign_many`."""
    return assign_many(engine, by, to, dict([item]), at)


def claim_next(engine: Engine, who: Who, filters: Filters, at: datetime) -> str | None:
    """Take the first case of a search that is to do and that nobody has; return its id.

    However many ask at once, each gets another one. None where there is none left.
    """
    wanted = replace(filters, state="open", assignee=None, unassigned=True)
    page = Page(_AT_ONCE)
    while True:
        with reading(engine) as connection:
            ids = ids_of(connection, who, wanted, page)
        if not ids:
            return None
        with engine.begin() as connection:
            taken = _take_one(connection, who, ids)
            if taken is not None:
                _give(connection, [taken], who.account_id, at)
                append(connection, who.account_id, [Entry("work.claimed", taken)], at)
                return taken
        page = Page(_AT_ONCE, after=ids[-1])


def put_back(
    engine: Engine, by: Who, item: tuple[str, int], at: datetime, *, anybodys: bool = False
) -> bool:
    """Put a case, an id and the version that was seen, back for anybody to take.

    Args:
        engine: an engine of `open_store`.
        by: who has it.
        item: the case.
        at: when, with its zone.
        anybodys: whether they may put back what somebody else has.
    Returns:
        Whether it was put back: not where somebody changed it meanwhile, or it is not theirs.
    """
    table, (ident, version) = table_of(WorkItem), item
    clauses = [table.c.benefit_unit_id == ident, table.c.version == version, within(by)]
    clauses.append(table.c.assignee.is_not(None) if anybodys else table.c.assignee == by.account_id)
    query = select(table.c.benefit_unit_id).where(*clauses).with_for_update()
    with engine.begin() as connection:
        if connection.execute(query).first() is None:
            return False
        _give(connection, [ident], None, at)
        append(connection, by.account_id, [Entry("work.put_back", ident)], at)
    return True


def _take_one(connection: Connection, who: Who, ids: list[str]) -> str | None:
    """Return the first of these, in their order, that is still free, and lock it."""
    item = table_of(WorkItem)
    while ids:
        rank = case({ident: at for at, ident in enumerate(ids)}, value=item.c.benefit_unit_id)
        query = (
            select(item.c.benefit_unit_id)
            .where(
                item.c.benefit_unit_id.in_(ids),
                Unindexed(item.c.state) == "open",
                Unindexed(item.c.assignee).is_(None),
            )
            .order_by(rank)
            .limit(1)
            .with_for_update(skip_locked=True, of=item)
        )
        first = connection.execute(query).scalar()
        if first is None or finds_case(connection, who, first):
            return first
        ids = ids[ids.index(first) + 1 :]
    return None


def _give(connection: Connection, ids: list[str], to: str | None, at: datetime) -> None:
    item = table_of(WorkItem)
    if not ids:
        return
    connection.execute(
        update(item)
        .where(item.c.benefit_unit_id.in_(ids))
        .values(assignee=to, assigned_at=None if to is None else at, version=item.c.version + 1)
    )
