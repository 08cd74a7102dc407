"""Tables that somebody may take away: one person asks, another approves, it is fetched once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Engine, Row, Select, case, func, insert, select, type_coerce, update

from nostop.model import MovedOn, NotHere
from nostop.store.access import Who, within
from nostop.store.api_keys import keys_made_by
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.checks import check_id
from nostop.store.columns import WHOLE
from nostop.store.engine import reading
from nostop.store.rows import read, table_of
from nostop.store.tables_access import Account, ExportRequest, areas_read
from nostop.store.tables_casework import Decision, Flag, WorkItem

WHATS = ("queue", "decisions", "quality")


@dataclass(frozen=True, slots=True)
class Asked:
    """An export as it stands: see `ExportRequest`."""

    export_id: str
    what: str
    query: str
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    state: str
    job_id: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows an export holds; None is any. since: of decisions, their day; of the queue, when
    a case was flagged."""

    scheme: str | None = None
    area: str | None = None
    since: date | None = None


def ask(engine: Engine, export: Asked) -> None:
    """Write down that somebody asks for an export.

    Raises:
        StoreError: an id is not plain.
    """
    check_id(export.export_id, "export_id")
    row = {
        "export_id": export.export_id,
        "what": export.what,
        "query": export.query,
        "reason": export.reason,
        "asked_by": export.asked_by,
        "asked_at": export.asked_at,
        "state": "asked",
    }
    with engine.begin() as connection:
        connection.execute(insert(table_of(ExportRequest)), [row])
        entry = Entry("export.asked", export.export_id, {"what": export.what})
        append(connection, export.asked_by, [entry], export.asked_at)


def read_export(engine: Engine, export_id: str) -> Asked:
    """Return one export.

    Raises:
        NotHere: there is none.
    """
    table = table_of(ExportRequest)
    with reading(engine) as connection:
        row = connection.execute(select(table).where(table.c.export_id == export_id)).one_or_none()
    if row is None:
        raise NotHere("exports: there is no such export")
    return _asked(row)


def exports_of(engine: Engine, account_id: str | None, *, most: int) -> list[Asked]:
    """Return the last exports of somebody, or of everybody: those that wait for a decision first,
    then the newest."""
    table = table_of(ExportRequest)
    query = select(table).order_by(table.c.state != "asked", table.c.asked_at.desc()).limit(most)
    if account_id is not None:
        query = query.where(table.c.asked_by == account_id)
    with reading(engine) as connection:
        return [_asked(row) for row in connection.execute(query)]


def decide(engine: Engine, export_id: str, act: Act, *, approved: bool) -> None:
    """Approve or refuse an export that waits.

    Raises:
        MovedOn: somebody has decided already, or it is the decider's own.
    """
    table = table_of(ExportRequest)
    change = (
        update(table)
        .where(
            table.c.export_id == export_id,
            table.c.state == "asked",
            table.c.asked_by != act.by,
            table.c.asked_by.not_in(keys_made_by(act.by)),
        )
        .values(state="approved" if approved else "refused", decided_by=act.by, decided_at=act.at)
    )
    with engine.begin() as connection:
        if connection.execute(change).rowcount != 1:
            raise MovedOn(
                "exports: it is your own, or somebody has decided already: look at it again"
            )
        action = "export.approved" if approved else "export.refused"
        append(connection, act.by, [Entry(action, export_id)], act.at)


def set_job(engine: Engine, export_id: str, job_id: str) -> None:
    """Say which job makes an approved export."""
    table = table_of(ExportRequest)
    mine = (table.c.export_id == export_id) & (table.c.state == "approved")
    with engine.begin() as connection:
        connection.execute(update(table).where(mine).values(job_id=job_id))


def take(engine: Engine, export_id: str, act: Act) -> None:
    """Write down that the asker fetches an export: it can be done once.

    Raises:
        NotHere: it is not theirs, not approved, or was fetched before.
    """
    table = table_of(ExportRequest)
    mine = (
        (table.c.export_id == export_id)
        & (table.c.state == "approved")
        & (table.c.asked_by == act.by)
    )
    with engine.begin() as connection:
        if connection.execute(update(table).where(mine).values(state="fetched")).rowcount != 1:
            raise NotHere("exports: there is nothing to fetch")
        append(connection, act.by, [Entry("export.fetched", export_id)], act.at)


def who_asks(engine: Engine, account_id: str) -> Who:
    """Return the asker with the areas that they have now.

    Raises:
        NotHere: they have no account here, or it is barred.
    """
    table = table_of(Account)
    query = select(table.c.areas).where(
        table.c.account_id == account_id, table.c.barred_at.is_(None)
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotHere("exports: whoever asked for it may not come in any more")
    return Who(account_id, areas_read(row.areas))


def export_rows(engine: Engine, what: str, who: Who, rows: Rows) -> pl.DataFrame:
    """Return a table of one of `WHATS`, of what the asker may open: no names, no free text."""
    queries = {"queue": _queue, "decisions": _decisions, "quality": _quality}
    with reading(engine) as connection:
        return read(connection, queries[what](who, rows))


def _queue(who: Who, rows: Rows) -> Select[Any]:
    item, flag = table_of(WorkItem), table_of(Flag)
    query = (
        select(
            item.c.benefit_unit_id,
            flag.c.scheme,
            item.c.area,
            item.c.nation,
            flag.c.outcome,
            flag.c.state,
            flag.c.gain_year.label("gain_year_pence"),
            flag.c.lost_each_week.label("lost_each_week_pence"),
            flag.c.deadline,
            flag.c.confidence_per_mille,
            flag.c.missing.label("facts_missing"),
            item.c.oldest_fact_on,
            item.c.in_conflict,
            item.c.flagged_at,
            item.c.due_at,
        )
        .join(flag, flag.c.benefit_unit_id == item.c.benefit_unit_id)
        .where(item.c.state != "gone", flag.c.state != "gone", within(who))
        .order_by(item.c.benefit_unit_id, flag.c.scheme)
    )
    if rows.scheme is not None:
        query = query.where(flag.c.scheme == rows.scheme)
    return _placed(query, rows, item.c.flagged_at)


def _decisions(who: Who, rows: Rows) -> Select[Any]:
    item, decision = table_of(WorkItem), table_of(Decision)
    query = (
        select(
            decision.c.decision_id,
            item.c.area,
            decision.c.scheme,
            decision.c.kind,
            decision.c.condition,
            decision.c.outcome,
            decision.c.pack_version,
            decision.c.is_override,
            decision.c.state,
            decision.c.at,
        )
        .join(item, item.c.benefit_unit_id == decision.c.benefit_unit_id)
        .where(within(who))
        .order_by(decision.c.at, decision.c.decision_id)
    )
    if rows.scheme is not None:
        query = query.where(decision.c.scheme == rows.scheme)
    return _placed(query, rows, decision.c.at)


def _quality(who: Who, rows: Rows) -> Select[Any]:
    item, decision = table_of(WorkItem), table_of(Decision)
    overrides = func.sum(case((decision.c.is_override, 1), else_=0))
    query = (
        select(
            decision.c.scheme,
            decision.c.condition,
            decision.c.kind,
            type_coerce(func.count(), WHOLE).label("decisions"),
            type_coerce(overrides, WHOLE).label("overrides"),
        )
        .join(item, item.c.benefit_unit_id == decision.c.benefit_unit_id)
        .where(within(who), decision.c.state.in_(("final", "approved")))
        .group_by(decision.c.scheme, decision.c.condition, decision.c.kind)
    )
    if rows.scheme is not None:
        query = query.where(decision.c.scheme == rows.scheme)
    return _placed(query, rows, decision.c.at)


def _placed(query: Select[Any], rows: Rows, moment: Any) -> Select[Any]:  # noqa: ANN401 - a column
    if rows.area is not None:
        query = query.where(table_of(WorkItem).c.area == rows.area)
    if rows.since is not None:
        query = query.where(moment >= datetime.combine(rows.since, datetime.min.time(), UTC))
    return query


def _asked(row: Row[tuple[Any, ...]]) -> Asked:
    return Asked(**row._mapping)
