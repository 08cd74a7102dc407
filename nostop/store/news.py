"""What comes back from outside, taken in once: receipts, opt-outs, holds and cases, in one
transaction with what is written down of them.

News has a key. Told again under it, it changes nothing; a crash leaves all of it or none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, func, select, text

from nostop.model import StoreError
from nostop.outreach.callbacks import international
from nostop.ports import Receipt
from nostop.store.audit import Entry, append
from nostop.store.cases import OPENED_AGAIN, NewCase, open_cases
from nostop.store.checks import check_id
from nostop.store.contacts import ADDED, suppress_within
from nostop.store.ledger import News, learn_within
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_outreach import ContactPoint, SeenNews, Suppression

OPTED_OUT = "opted_out"
#: Somebody wants no more messages, and nobody is known by the number or message that they name: a
#: person finds out who it is, with the id in the audit log beside the case.
NOBODY_FOUND = "opt_out_nobody_found"
REPLY_NOBODY_FOUND = "reply_nobody_found"
#: What people write between the digits of a telephone number.
_BETWEEN = " -().+"
#: Two numbers that end otherwise are not one; how they begin is written in several ways.
_LAST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case that a person has to look at: its kind and a word for why."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Came:
    """One piece of news.

    key: under which it is acted on once: an id of the provider's, never anything personal. None
        where acting on it twice changes nothing.
    receipts: what became of messages.
    message_id: the message that the rest is about: its recipient.
    number: or else whoever has this telephone number (+44...); it is not kept.
    suppression: write to them no more, for this reason.
    case: somebody has to look.
    """

    key: str | None
    receipts: tuple[Receipt, ...] = ()
    message_id: str | None = None
    number: str | None = field(default=None, repr=False)
    suppression: str | None = None
    case: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What news did: pieces that were new, messages that moved, people who are not written to any
    more, cases opened."""

    new: int = 0
    moved: int = 0
    suppressed: int = 0
    cases: int = 0


@dataclass(frozen=True, slots=True)
class _About:
    """Whom a piece of news is about; `message_id` the message that it answers, where there is
    one."""

    person_ids: tuple[str, ...]
    message_id: str | None
    scheme: str | None


def take_in(engine: Engine, news: Sequence[Came], source: str, by: str, at: datetime) -> Taken:
    """Act on news that was not acted on before: all of it, or nothing.

    Args:
        engine: of the store.
        news: what came.
        source: where it came from, as `News` calls it.
        by: who or what brought it, for the audit log.
        at: when, with its zone.
    Raises:
        StoreError: the time has no zone, or a value is not fit to be stored.
    """
    if at.tzinfo is None:
        raise StoreError("store: the time of news needs a time zone")
    for each in news:
        if each.key is not None:
            check_id(each.key, "key of news")
    with engine.begin() as connection:
        new = _unseen(connection, news, at)
        receipts = [receipt for each in new for receipt in each.receipts]
        moved = learn_within(connection, News(receipts, source, by, at))
        stops: set[tuple[str, str]] = set()
        cases: list[NewCase] = []
        notes: list[Entry] = []
        for each in new:
            if each.suppression is None and each.case is None:
                continue
            about = _about(connection, each)
            fresh = _not_yet(connection, each.suppression, about.person_ids) - stops
            more = list(_cases(each, about))
            stops |= fresh
            cases += more
            if fresh or more:
                notes.append(_note(each, about))
        for reason in sorted({reason for reason, _ in stops}):
            people = sorted(who for why, who in stops if why == reason)
            suppress_within(connection, people, reason, by, at)
        opened = open_cases(connection, cases, at, by) if cases else []
        append(connection, by, notes, at)
    return Taken(len(new), moved, len({who for _, who in stops}), len(set(opened)))


def _unseen(connection: Connection, news: Sequence[Came], at: datetime) -> list[Came]:
    """Return the news of which the key is new, each key once, and remember it."""
    if connection.dialect.name == "postgresql":
        # SQLite has begun IMMEDIATE and lets in one writer anyway.
        connection.execute(text("LOCK TABLE seen_news IN SHARE ROW EXCLUSIVE MODE"))
    table = table_of(SeenNews)
    by_key = {each.key: each for each in reversed(news) if each.key is not None}
    seen: set[str] = set()
    for some in batched(sorted(by_key), MOST_AT_ONCE):
        query = select(table.c.key).where(table.c.key.in_(some))
        seen.update(connection.execute(query).scalars())
    first = [each for key, each in by_key.items() if key not in seen]
    rows = pl.DataFrame({"key": [each.key for each in first]}, schema={"key": pl.String})
    put(connection, SeenNews, rows.with_columns(at=pl.lit(at)))
    kept = {id(each) for each in first}
    return [each for each in news if each.key is None or id(each) in kept]


def _not_yet(
    connection: Connection, reason: str | None, person_ids: Sequence[str]
) -> set[tuple[str, str]]:
    """Return the reason with each of these people who is not suppressed for it yet."""
    if reason is None:
        return set()
    table = table_of(Suppression)
    query = select(table.c.person_id).where(
        table.c.person_id.in_(person_ids), table.c.reason == reason, table.c.source == ADDED
    )
    known = set(connection.execute(query).scalars())
    return {(reason, who) for who in person_ids if who not in known}


def _about(connection: Connection, came: Came) -> _About:
    if came.message_id is not None:
        table = table_of(OutreachMessage)
        query = select(table.c.recipient_id, table.c.scheme)
        row = connection.execute(query.where(table.c.message_id == came.message_id)).one_or_none()
        return _About((row[0],), came.message_id, row[1]) if row else _About((), None, None)
    if came.number is not None:
        people = _with_number(connection, came.number)
        return _last_text(connection, people)
    return _About((), None, None)


def _with_number(connection: Connection, number: str) -> tuple[str, ...]:
    """Return whoever has a telephone number, however it is written in the store."""
    table = table_of(ContactPoint)
    plain: ColumnElement[str] = table.c.value
    for character in _BETWEEN:
        plain = func.replace(plain, character, "")
    query = select(table.c.person_id, table.c.value).where(
        table.c.kind == "phone", plain.like(f"%{number[-_LAST_DIGITS:]}")
    )
    rows = connection.execute(query).all()
    return tuple(sorted({who for who, value in rows if international(value) == number}))


def _last_text(connection: Connection, person_ids: tuple[str, ...]) -> _About:
    """Return these people, with the last text message to one of them: what a reply answers."""
    table = table_of(OutreachMessage)
    query = (
        select(table.c.message_id, table.c.scheme)
        .where(
            table.c.recipient_id.in_(person_ids),
            table.c.contact_kind == "phone",
            table.c.claimed_at.is_not(None),
        )
        .order_by(table.c.claimed_at.desc(), table.c.message_id)
    )
    row = connection.execute(query.limit(1)).one_or_none()
    # Several people with one number: nobody can say which of them it was.
    known = row is not None and len(person_ids) == 1
    return _About(person_ids, row[0], row[1]) if row and known else _About(person_ids, None, None)


def _cases(came: Came, about: _About) -> Iterable[NewCase]:
    if not about.person_ids:
        if came.suppression is not None or came.number is not None:
            lost = came.suppression == OPTED_OUT
            yield NewCase("review", NOBODY_FOUND if lost else REPLY_NOBODY_FOUND)
    elif came.case is not None:
        for person_id in about.person_ids:
            yield NewCase(
                came.case.kind,
                came.case.reason,
                person_id=person_id,
                scheme=about.scheme,
                # A case of another kind is not opened again by a second word on the message.
                message_id=about.message_id if came.case.kind in OPENED_AGAIN else None,
            )


def _note(came: Came, about: _About) -> Entry:
    """Return what the audit log says: under which key to find the words where they were written."""
    detail: dict[str, str | int] = {"people": len(about.person_ids)}
    if came.key is not None:
        detail["key"] = came.key
    if came.suppression is not None:
        detail["suppression"] = came.suppression
    if came.case is not None:
        detail["case"] = came.case.reason
    return Entry("news.taken", about.message_id, detail)
