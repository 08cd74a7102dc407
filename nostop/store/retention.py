"""Rows whose time is over, by kind: counted, or deleted. Never the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Engine, Select, Table, delete, func, or_, select

from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
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
from nostop.store.tables_events import Case
from nostop.store.tables_outreach import (
    Campaign,
    CampaignText,
    ContactPoint,
    MessageNews,
    Recipient,
    SeenNews,
    SuppressionList,
)
from nostop.store.tables_schedule import JobRun
from nostop.store.tables_work import Job, LinkAnswer, LinkTask, LinkTaskPerson

#: A message in one of these may still need a person's address or a campaign's words.
_OPEN = ("planned", "claimed", "unknown")
_Due = Callable[[datetime], list[tuple[Table, ColumnElement[bool]]]]


@dataclass(frozen=True, slots=True)
class Over:
    """How many rows of a table are older than their kind is kept."""

    kind: str
    table: str
    rows: int


def over(engine: Engine, days: Mapping[str, int], on: date) -> list[Over]:
    """Count the rows whose time is over on a day; changes nothing.

    Args:
        engine: of the store.
        days: for how many days each of `KINDS` is kept; what is not named is kept.
        on: the day.
    """
    found = []
    with engine.begin() as connection:
        for kind, table, condition in _due(days, on):
            query = select(func.count()).select_from(table).where(condition)
            found.append(Over(kind, table.name, int(connection.execute(query).scalar_one())))
    return found


def delete_over(engine: Engine, days: Mapping[str, int], on: date, act: Act) -> list[Over]:
    """Delete the rows whose time is over on a day, in one transaction with its audit entry."""
    found = []
    with engine.begin() as connection:
        for kind, table, condition in _due(days, on):
            rows = connection.execute(delete(table).where(condition)).rowcount
            found.append(Over(kind, table.name, rows))
        entries = [
            Entry("retention.applied", None, {"kind": each.kind, "rows": each.rows})
            for each in found
            if each.rows
        ]
        append(connection, act.by, entries, act.at)
    return found


def _due(days: Mapping[str, int], on: date) -> list[tuple[str, Table, ColumnElement[bool]]]:
    due: list[tuple[str, Table, ColumnElement[bool]]] = []
    for kind, find in KINDS.items():
        if kind in days:
            limit = datetime.combine(on, time(), UTC) - timedelta(days=days[kind])
            due.extend((kind, table, condition) for table, condition in find(limit))
    return due


def _contact_points(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    """Addresses and names of people in no campaign that is open, or was within the time."""
    messages, lists = table_of(OutreachMessage), table_of(SuppressionList)
    lately = or_(messages.c.state.in_(_OPEN), messages.c.claimed_at >= limit)
    needed = select(messages.c.recipient_id).where(lately)
    loaded = select(func.max(lists.c.loaded_at)).scalar_subquery()
    return [
        (table, table.c.person_id.not_in(needed) & (loaded < limit))
        for table in (table_of(ContactPoint), table_of(Recipient))
    ]


def _message_texts(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    texts, campaigns = table_of(CampaignText), table_of(Campaign)
    messages = table_of(OutreachMessage)
    still = select(messages.c.campaign).where(messages.c.state.in_(_OPEN))
    old = select(campaigns.c.campaign).where(campaigns.c.planned_at < limit)
    return [(texts, texts.c.campaign.in_(old) & texts.c.campaign.not_in(still))]


def _message_news(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    return [(table, table.c.at < limit) for table in (table_of(MessageNews), table_of(SeenNews))]


def _closed_cases(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    table = table_of(Case)
    return [(table, (table.c.state == "closed") & (table.c.closed_at < limit))]


def _job_runs(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    table = table_of(JobRun)
    return [(table, table.c.ended_at < limit)]


def _casework(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    """Cases that nobody has to look at any more, with all that was said in them, where neither
    flag, decision, note, document nor correction is younger. Case files that no case is left of."""
    item, file = table_of(WorkItem), table_of(CaseFile)
    said = [table_of(each) for each in (Decision, CaseNote, CaseDocument, Correction)]
    lately = [item.c.benefit_unit_id.in_(_units_since(each, limit)) for each in said]
    over_ = item.c.state.in_(("done", "gone")) & (item.c.flagged_at < limit) & ~or_(*lately)
    units = select(item.c.benefit_unit_id).where(over_)
    homes = select(item.c.household_id).where(~over_)
    below = [table_of(each) for each in (SecondReading, Flag)]
    return [
        (file, file.c.household_id.not_in(homes) & (file.c.effective_on < limit.date())),
        # What hangs on a case goes first, and each finds the same cases; the cases themselves last.
        *((each, each.c.benefit_unit_id.in_(units)) for each in (*below, *reversed(said))),
        (item, over_),
    ]


def _units_since(table: Table, limit: datetime) -> Select[tuple[str]]:
    return select(table.c.benefit_unit_id).where(table.c.at >= limit)


def _job_files(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    table = table_of(Job)
    return [(table, table.c.ended_at < limit)]


def _link_tasks(limit: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    """Pairs of records, answered or not, with both people's details in them."""
    task = table_of(LinkTask)
    old = select(task.c.task_id).where(task.c.made_at < limit)
    below = [table_of(each) for each in (LinkAnswer, LinkTaskPerson)]
    return [*((each, each.c.task_id.in_(old)) for each in below), (task, task.c.made_at < limit)]


#: What is kept in the store for a time, and how its rows are found.
KINDS: Mapping[str, _Due] = {
    "contact_points": _contact_points,
    "message_texts": _message_texts,
    "message_news": _message_news,
    "closed_cases": _closed_cases,
    "job_runs": _job_runs,
    "casework": _casework,
    "job_files": _job_files,
    "link_tasks": _link_tasks,
}
