"""The audit log as auditors read it: some entries at a time, the last first; and what is in it of
one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, Select, select, union

from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import Account, CasePerson, CaseSearch
from nostop.store.tables_audit import AuditEntry, AuditHead
from nostop.store.tables_outreach import PersonHeir, Recipient


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which entries: of a person, unit or other subject; by an official; of an action, or of all
    that begin with it (`case.`); of days from one to another, both included, in UTC; before `seq`.
    None is any."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What an extract for a person is made of.

    entries: seq, at, actor, action, subject, detail: those of the person, by every id that is
        theirs alone, and of their benefit unit; oldest first.
    messages: scheme, step, channel, state, claimed_at of what was sent to them.
    officials: account_id, name, roles of everybody who ever signed in.
    person_ids, unit_ids: whose entries these are.
    """

    entries: pl.DataFrame
    messages: pl.DataFrame
    officials: pl.DataFrame
    person_ids: tuple[str, ...]
    unit_ids: tuple[str, ...]


def sieved(engine: Engine, sieve: Sieve, *, most: int) -> pl.DataFrame:
    """Return seq, at, actor, action, subject, detail of the entries that fit, the last first."""
    table = table_of(AuditEntry)
    query = _shown().order_by(table.c.seq.desc()).limit(most)
    if sieve.subject is not None:
        query = query.where(table.c.subject == sieve.subject)
    if sieve.actor is not None:
        query = query.where(table.c.actor == sieve.actor)
    if sieve.action is not None:
        # As a range: what follows the last letter is beyond every word that begins so.
        query = query.where(table.c.action >= sieve.action, table.c.action < f"{sieve.action}~")
    if sieve.from_on is not None:
        query = query.where(table.c.at >= _midnight(sieve.from_on))
    if sieve.to_on is not None:
        query = query.where(table.c.at < _midnight(sieve.to_on) + timedelta(days=1))
    if sieve.before is not None:
        query = query.where(table.c.seq < sieve.before)
    with reading(engine) as connection:
        return read(connection, query)


def is_subject(engine: Engine, subject: str) -> bool:
    """Whether anything in the log is of this id."""
    table = table_of(AuditEntry)
    query = select(table.c.seq).where(table.c.subject == subject).limit(1)
    with reading(engine) as connection:
        return connection.execute(query).first() is not None


def entries_so_far(engine: Engine) -> int:
    """Return how many entries there are."""
    with reading(engine) as connection:
        return int(connection.execute(select(table_of(AuditHead).c.seq)).scalar_one())


def record_audit_read(engine: Engine, actor: str, subject: str, at: datetime) -> None:
    """Write down that an auditor reads what is in the log of somebody; show it only after it."""
    with engine.begin() as connection:
        append(connection, actor, [Entry("audit.read", subject)], at)


def searches(engine: Engine, actor: str, at: datetime, *, most: int) -> pl.DataFrame:
    """Return the last searches for a case, once it is written down that somebody reads them, for
    their reasons are in people's own words: account_id, reason, words, found, at, the last
    first."""
    with engine.begin() as connection:
        append(connection, actor, [Entry("audit.searches_read")], at)
    table = table_of(CaseSearch)
    query = select(table.c.account_id, table.c.reason, table.c.words, table.c.found, table.c.at)
    with reading(engine) as connection:
        return read(connection, query.order_by(table.c.at.desc()).limit(most))


def about(engine: Engine, person_id: str, *, most: int) -> About:
    """Return what the log and the messages hold of a person; nothing of anybody else.

    An earlier id counts where nobody else holds what was its: of one that was split, it cannot be
    told whose an entry was.
    """
    table, message, account = (
        table_of(AuditEntry),
        table_of(OutreachMessage),
        table_of(Account),
    )
    with reading(engine) as connection:
        people = _ids_of(connection, person_id)
        units = _units_of(connection, people)
        subjects = [*people, *units]
        query = _shown().where(table.c.subject.in_(subjects)).order_by(table.c.seq.desc())
        entries = read(connection, query.limit(most)).sort("seq")
        sent = select(
            message.c.scheme,
            message.c.step,
            message.c.channel,
            message.c.state,
            message.c.claimed_at,
        ).where(message.c.recipient_id.in_(people), message.c.claimed_at.is_not(None))
        officials = select(account.c.account_id, account.c.name, account.c.roles)
        return About(
            entries=entries,
            messages=read(connection, sent).sort("claimed_at", "scheme", "step"),
            officials=read(connection, officials),
            person_ids=tuple(people),
            unit_ids=tuple(units),
        )


def record_extract(engine: Engine, actor: str, person_id: str, at: datetime) -> None:
    """Write down that an extract of a person's entries is made; make it only after it."""
    with engine.begin() as connection:
        append(connection, actor, [Entry("extract.made", person_id)], at)


def _shown() -> Select[Any]:
    table = table_of(AuditEntry)
    return select(
        table.c.seq, table.c.at, table.c.actor, table.c.action, table.c.subject, table.c.detail
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _ids_of(connection: Connection, person_id: str) -> list[str]:
    """Return a person's id, and those of before that are nobody else's now."""
    heir = table_of(PersonHeir)
    mine = select(heir.c.was).where(heir.c.person_id == person_id)
    rows = connection.execute(select(heir.c.was, heir.c.person_id).where(heir.c.was.in_(mine)))
    heirs: dict[str, set[str]] = {}
    for was, now in rows:
        heirs.setdefault(was, set()).add(now)
    # An id that is still in use is its holder's.
    in_use = _in_use(connection, list(heirs))
    before = [was for was, whose in heirs.items() if whose == {person_id} and was not in in_use]
    return [person_id, *sorted(before)]


def _in_use(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    person, known = table_of(CasePerson), table_of(Recipient)
    both = union(
        select(person.c.person_id).where(person.c.person_id.in_(ids)),
        select(known.c.person_id).where(known.c.person_id.in_(ids)),
    )
    return frozenset(connection.execute(both).scalars())


def _units_of(connection: Connection, people: Sequence[str]) -> list[str]:
    """Return the benefit units of which a person is the only one: in a couple's, an entry may be of
    the other."""
    found: set[str] = set()
    for model in (CasePerson, Recipient):
        table = table_of(model)
        mine = select(table.c.benefit_unit_id).where(
            table.c.person_id.in_(people), table.c.benefit_unit_id.is_not(None)
        )
        found |= set(connection.execute(mine).scalars())
    shared: set[str] = set()
    for model in (CasePerson, Recipient):
        table = table_of(model)
        others = select(table.c.benefit_unit_id).where(
            table.c.benefit_unit_id.in_(found), table.c.person_id.not_in(people)
        )
        shared |= set(connection.execute(others).scalars())
    return sorted(found - shared)
