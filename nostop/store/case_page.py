"""What is kept of one case, for its page: a handful of queries, each by an index."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import BindParameter, Connection, Engine, Select, and_, bindparam, func, or_, select

from nostop.store.access import Who, within
from nostop.store.api_keys import keys_made_by
from nostop.store.corrections import in_force
from nostop.store.decided_messages import HouseholdPeople, household_people
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import Account, CasePerson
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_casework import (
    CaseDocument,
    CaseNote,
    Correction,
    Decision,
    Flag,
    WorkItem,
)
from nostop.store.tables_outreach import Campaign, Recipient, Suppression

#: Of what is said of a case the newest are shown.
MOST_SHOWN = 100
_DOCUMENT = ("document_id", "name", "media_type", "size", "by", "at")
_MESSAGE = (
    "message_id", "campaign", "recipient_id", "scheme", "step", "kind", "language", "channel",
    "contact_kind", "state", "suppression", "body_sha256", "claimed_at", "settled_at",
    "delivered_at", "reason",
)  # fmt: skip
_MOVE = ("seq", "at", "actor", "action", "detail")
_WHO_HAS_IT = ("work.claimed", "work.assigned", "work.put_back")


@dataclass(frozen=True, slots=True)
class CaseRows:
    """One case as the store has it; of each list, the newest `MOST_SHOWN`, oldest first.

    item: the row of `work_items`. flags: by scheme. corrections: all of the household, undone ones
    too; standing: those in force. documents: without their content. messages: to people of the
    benefit unit, about it. stops: person_id, reason, since, until_on of the household. moves: when
    who had it (`at`, `actor`, `action`, `detail`). names: of accounts, by id. others: the other
    benefit units of the household with a case, and their states.
    """

    item: Mapping[str, Any]
    flags: pl.DataFrame
    decisions: pl.DataFrame
    corrections: pl.DataFrame
    standing: pl.DataFrame
    notes: pl.DataFrame
    documents: pl.DataFrame
    messages: pl.DataFrame
    stops: pl.DataFrame
    moves: pl.DataFrame
    others: pl.DataFrame
    names: Mapping[str, str]


def people_of_case(connection: Connection, benefit_unit_id: str) -> list[str]:
    """Return the person ids of the household of a case, whose records its page shows: write down
    that they are read before anything else of it is."""
    items, people = table_of(WorkItem), table_of(CasePerson)
    query = (
        select(people.c.person_id)
        .join(items, items.c.household_id == people.c.household_id)
        .where(items.c.benefit_unit_id == benefit_unit_id)
    )
    return sorted(connection.execute(query).scalars())


def case_rows(connection: Connection, benefit_unit_id: str) -> CaseRows | None:
    """Return what is kept of a case, None where there is none.

    Call `nostop.store.audit.record_read` first.
    """
    items, flags = table_of(WorkItem), table_of(Flag)
    mine = items.c.benefit_unit_id == benefit_unit_id
    row = connection.execute(select(items).where(mine)).mappings().one_or_none()
    if row is None:
        return None
    item = dict(row)
    home = item["household_id"]
    people = household_people(connection, item)
    others = select(items.c.benefit_unit_id, items.c.state).where(
        items.c.household_id == home, ~mine
    )
    found = {
        name: read(connection, query, {"unit": benefit_unit_id}, backwards=True)
        for name, query in _newest().items()
    }
    found["corrections"] = read(connection, _corrections(), {"home": home})
    return CaseRows(
        item=item,
        flags=read(connection, select(flags).where(flags.c.benefit_unit_id == benefit_unit_id)),
        standing=in_force(found["corrections"]),
        messages=_messages(connection, item, people),
        stops=_stops(connection, people),
        others=read(connection, others).sort("benefit_unit_id"),
        names=_names(connection, item, found),
        **found,
    )


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it is stored, and what its words were filled in with."""

    row: Mapping[str, Any]
    first_name: str | None
    surname: str | None


def message_of_case(
    connection: Connection, benefit_unit_id: str, message_id: str
) -> SentMessage | None:
    """Return a message about a case, None where it has no such one."""
    items, table, who = table_of(WorkItem), table_of(OutreachMessage), table_of(Recipient)
    query = select(items).where(items.c.benefit_unit_id == benefit_unit_id)
    item = connection.execute(query).mappings().one_or_none()
    if item is None:
        return None
    people = household_people(connection, dict(item))
    message = (
        select(table, who.c.first_name, who.c.surname)
        .outerjoin(who, who.c.person_id == table.c.recipient_id)
        .where(table.c.message_id == message_id, _about(benefit_unit_id, people))
    )
    row = connection.execute(message).mappings().one_or_none()
    return None if row is None else SentMessage(dict(row), row["first_name"], row["surname"])


def awaiting(connection: Connection, who: Who, *, most: int) -> pl.DataFrame:
    """Return decisions that wait for a second person, the oldest first: those of cases that
    somebody may open, and not their own.

    Returns:
        The columns of `Decision`, `version` of the case, `area`, and `by_name`.
    """
    table, items, accounts = table_of(Decision), table_of(WorkItem), table_of(Account)
    query = (
        select(table, items.c.version, items.c.area, accounts.c.name.label("by_name"))
        .join(items, items.c.benefit_unit_id == table.c.benefit_unit_id)
        .outerjoin(accounts, accounts.c.account_id == table.c.by)
        .where(
            table.c.state == "awaiting",
            table.c.by != who.account_id,
            table.c.by.not_in(keys_made_by(who.account_id)),
            within(who),
        )
        .order_by(table.c.at, table.c.decision_id)
        .limit(most)
    )
    return read(connection, query)


def the_awaited(connection: Connection, decision_id: str) -> Mapping[str, Any] | None:
    """Return a decision with the `version` of its case, None where there is none."""
    table, items = table_of(Decision), table_of(WorkItem)
    query = (
        select(table, items.c.version)
        .join(items, items.c.benefit_unit_id == table.c.benefit_unit_id)
        .where(table.c.decision_id == decision_id)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def declarations_of(engine: Engine, scheme: str) -> list[tuple[str, str, bool]]:
    """Return the id and the declaration of each campaign that has messages about a scheme, and
    whether somebody has approved its plan."""
    table = table_of(Campaign)
    # A word that the declaration must have somewhere; whoever reads it looks properly.
    is_approved = table.c.approved_sha256 == table.c.plan_sha256
    query = select(table.c.campaign, table.c.declaration, is_approved).where(
        func.instr(table.c.declaration, scheme) > 0
        if engine.dialect.name == "sqlite"
        else func.strpos(table.c.declaration, scheme) > 0
    )
    with engine.begin() as connection:
        rows = connection.execute(query)
        return [(str(name), str(text), bool(approved)) for name, text, approved in rows]


@cache
def _newest() -> dict[str, Select[Any]]:
    """Return what asks for the newest of what is said of a case, the newest first. Made once: to
    make a query takes longer than to ask it."""
    decisions, notes, documents = table_of(Decision), table_of(CaseNote), table_of(CaseDocument)
    log = table_of(AuditEntry)
    unit: BindParameter[str] = bindparam("unit")
    moves = select(*(log.c[name] for name in _MOVE)).where(
        log.c.subject == unit, log.c.action.in_(_WHO_HAS_IT)
    )
    of_case = {
        "decisions": (decisions, select(decisions)),
        "notes": (notes, select(notes)),
        "documents": (documents, select(*(documents.c[name] for name in _DOCUMENT))),
    }
    found = {
        name: query.where(table.c.benefit_unit_id == unit).order_by(table.c.at.desc())
        for name, (table, query) in of_case.items()
    }
    found["moves"] = moves.order_by(log.c.seq.desc())
    return {name: query.limit(MOST_SHOWN) for name, query in found.items()}


@cache
def _corrections() -> Select[Any]:
    table = table_of(Correction)
    return select(table).where(table.c.household_id == bindparam("home")).order_by(table.c.at)


def _about(unit: str, people: HouseholdPeople) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy's
    table = table_of(OutreachMessage)
    theirs = table.c.benefit_unit_id.is_(None) & table.c.recipient_id.in_(people.mine)
    return or_(table.c.benefit_unit_id == unit, theirs)


def _messages(
    connection: Connection, item: Mapping[str, Any], people: HouseholdPeople
) -> pl.DataFrame:
    table = table_of(OutreachMessage)
    names = (table.c[name] for name in _MESSAGE)
    # By recipient, within the few campaigns that there are: the key of messages.
    found = select(*names).where(
        and_(
            table.c.campaign.in_(select(table_of(Campaign).c.campaign)),
            table.c.recipient_id.in_(people.everybody),
            _about(item["benefit_unit_id"], people),
        )
    )
    order = ("claimed_at", "message_id")
    return read(connection, found).sort(*order, nulls_last=True).head(MOST_SHOWN)


def _stops(connection: Connection, people: HouseholdPeople) -> pl.DataFrame:
    table = table_of(Suppression)
    query = select(table.c.person_id, table.c.reason, table.c.since, table.c.until_on)
    stops = query.where(table.c.person_id.in_(people.everybody))
    return read(connection, stops).sort("person_id", "reason")


def _names(
    connection: Connection, item: Mapping[str, Any], found: Mapping[str, pl.DataFrame]
) -> dict[str, str]:
    """Return the names of everybody who did something here."""
    ids = {item["assignee"]} | set(found["moves"]["actor"])
    ids |= {json.loads(detail).get("to") for detail in found["moves"]["detail"]}
    for name in ("decisions", "notes", "documents", "corrections"):
        ids |= set(found[name]["by"])
    ids |= set(found["decisions"]["second_by"]) | set(found["corrections"]["undone_by"])
    handed = found["decisions"].filter(kind="hand_over")["about"]
    wanted = sorted({each for each in ids | set(handed) if each is not None})
    if not wanted:
        return {}
    table = table_of(Account)
    query = select(table.c.account_id, table.c.name).where(table.c.account_id.in_(wanted))
    return {str(account): str(name) for account, name in connection.execute(query)}


def colleagues(connection: Connection, area: str | None) -> dict[str, str]:
    """Return the names of officials who work on cases of an area, by account, in order of names."""
    table = table_of(Account)
    query = select(table.c.account_id, table.c.name, table.c.roles, table.c.areas).where(
        table.c.barred_at.is_(None)
    )
    found = {}
    for account, name, roles, areas in connection.execute(query.order_by(table.c.name)):
        works = {"caseworker", "senior"} & set(roles.split())
        if works and (areas is None or area in areas.split("\n")):
            found[str(account)] = str(name)
    return found
