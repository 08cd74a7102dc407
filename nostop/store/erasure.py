"""Takes a person out of the database: their rows, and the pages and journals that held them.

What stays is opaque: audit entries, a suppression (`erased`), and of each message what accounting
needs, under a pseudonym. The message ids stay too, so that nothing goes a second time if a feed
brings the person back.
"""

import hashlib
import hmac
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, Engine, Table, case, delete, insert, select, text, update

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.case_erasure import TABLES as CASE_TABLES
from nostop.store.case_erasure import forget_cases, told_of
from nostop.store.checks import check_id
from nostop.store.contacts import ERASED
from nostop.store.link_changes import forget_changes
from nostop.store.link_tasks import forget_people as forget_pairs
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import read, table_of
from nostop.store.tables import Base, OutreachMessage, OutreachReceipt
from nostop.store.tables_audit import ErasedRecord
from nostop.store.tables_outreach import MessageOutcome, Suppression
from nostop.store.tables_work import LinkAnswer, LinkTask

_SHORTEST_SECRET = 32
_PERSON = "person_id"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whom to erase, and who does it why and when.

    person_ids: every id that the person has had.
    records: `source` and `record_id` of their records in the feeds.
    reason: one word, such as `request` or `court_order`.
    """

    person_ids: Sequence[str]
    records: pl.DataFrame
    by: str
    reason: str
    at: datetime


class Secret:
    """The key of the hashes under which erased people are remembered. It is never shown."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        """Raise `StoreError` where the key is too short to keep anything."""
        if len(key) < _SHORTEST_SECRET:
            raise StoreError(
                f"erasure: NOSTOP_ERASURE_KEY needs {_SHORTEST_SECRET} characters or more, and the "
                "same ones for good: for example from `openssl rand -hex 32`"
            )
        self._key = key.encode()

    def record_key(self, source: str, record_id: str) -> str:
        """Return under which hash a department's record is remembered."""
        return self._hash("record", source, record_id)

    def pseudonym(self, person_id: str) -> str:
        """Return what stands in the place of a person's id."""
        return f"erased-{self._hash('person', person_id)[:32]}"

    def _hash(self, *parts: str) -> str:
        whole = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._key, whole.encode(), hashlib.sha256).hexdigest()


def begin_erasure(engine: Engine, erasure: Erasure, secret: Secret) -> list[str]:
    """Remember whom to leave out from now on, and stop every message to them.

    Returns:
        The ids of their messages, for whoever removes files.
    Raises:
        StoreError: an id or the reason is not plain.
    """
    for person_id in erasure.person_ids:
        check_id(person_id, "person_id")
    keys = sorted({secret.record_key(*row) for row in erasure.records.iter_rows()})
    with engine.begin() as connection:
        _remember(connection, keys, erasure.at)
        _suppress(connection, erasure)
        detail: dict[str, str | int] = {"reason": erasure.reason, "records": len(keys)}
        entries = [Entry("person.erasing", who, detail) for who in erasure.person_ids]
        append(connection, erasure.by, entries, erasure.at)
        return messages_to(connection, erasure.person_ids)


def erase_rows(engine: Engine, erasure: Erasure, secret: Secret) -> Mapping[str, int]:
    """Take the person out of every table, in one transaction; return how many rows of each.

    Raises:
        StoreError: the audit log cannot take the entry; then nothing is erased.
    """
    with engine.begin() as connection:
        found = messages_to(connection, erasure.person_ids)
        counts = {"outreach_messages": len(found)}
        # First, while it is still known in which benefit unit they are.
        counts |= forget_cases(connection, erasure.person_ids)
        for some in batched(found, MOST_AT_ONCE):
            _forget_messages(connection, some)
        # They are found by the rows of people that go below.
        counts["link_tasks"] = forget_pairs(connection, erasure.person_ids)
        for person_id in erasure.person_ids:
            _rename(connection, person_id, secret.pseudonym(person_id))
        for table in tables_of_people():
            if table.name != Suppression.__tablename__:
                gone = _delete(connection, table, erasure.person_ids)
                counts[table.name] = counts.get(table.name, 0) + gone
        counts["link_changes"] += forget_changes(connection, erasure.person_ids)
        counts[str(Suppression.__tablename__)] = _only_erased(connection, erasure)
        detail: dict[str, str | int] = {"reason": erasure.reason, "rows": sum(counts.values())}
        entries = [Entry("person.erased", who, detail) for who in erasure.person_ids]
        append(connection, erasure.by, entries, erasure.at)
    return counts


def tables_of_people() -> list[Table]:
    """Return every table that has a row for a person."""
    return [table for table in Base.metadata.sorted_tables if _PERSON in table.columns][::-1]


def scrub(engine: Engine) -> None:
    """Write the database anew without what was deleted: free pages and the journal as well.

    On PostgreSQL the tables are written anew; its own write-ahead log and the copies that were made
    of it keep what they hold until they age out.

    Raises:
        StoreError: somebody else has the database open, so that it cannot be done now.
    """
    if engine.dialect.name == "postgresql":
        _scrub_postgresql(engine)
    elif not _scrubbed_sqlite(engine):
        raise StoreError(
            "erasure: the rows are gone, but another process has the database open and its file "
            "or its journal (-wal) may still show them; stop it, and do the same again"
        )


def _scrubbed_sqlite(engine: Engine) -> bool:
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        if driver is None:
            return False
        driver.execute("VACUUM")
        (busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return not busy


def _scrub_postgresql(engine: Engine) -> None:
    names = [table.name for table in tables_of_people()]
    names += [str(model.__tablename__) for model in (OutreachMessage, OutreachReceipt)]
    names += [str(model.__tablename__) for model in (MessageOutcome, LinkTask, LinkAnswer)]
    names = list(dict.fromkeys([*names, *CASE_TABLES]))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in names:
            connection.execute(text(f"VACUUM FULL {name}"))


def erased_keys(engine: Engine) -> frozenset[str]:
    """Return the keyed hashes of the records that runs leave out."""
    table = table_of(ErasedRecord)
    with engine.begin() as connection:
        return frozenset(connection.execute(select(table.c.record_key)).scalars())


def messages_to(connection: Connection, person_ids: Sequence[str]) -> list[str]:
    """Return the ids of all messages to these people, sorted."""
    table = table_of(OutreachMessage)
    query = select(table.c.message_id).where(table.c.recipient_id.in_(list(person_ids)))
    return sorted(connection.execute(query).scalars())


def rows_of(engine: Engine, person_id: str) -> Mapping[str, pl.DataFrame]:
    """Return everything that is kept of a person, by table; nothing of a table without any.

    Call `nostop.store.audit.record_read` first.
    """
    message = table_of(OutreachMessage)
    queries = {
        table.name: select(table).where(table.c.person_id == person_id)
        for table in tables_of_people()
    }
    queries[message.name] = select(message).where(message.c.recipient_id == person_id)
    with engine.begin() as connection:
        found = {name: read(connection, query) for name, query in sorted(queries.items())}
        found |= told_of(connection, person_id)
    return {name: rows for name, rows in found.items() if rows.height}


def _remember(connection: Connection, keys: Sequence[str], at: datetime) -> None:
    table = table_of(ErasedRecord)
    known: set[str] = set()
    for some in batched(list(keys), MOST_AT_ONCE):
        query = select(table.c.record_key).where(table.c.record_key.in_(some))
        known.update(connection.execute(query).scalars())
    new = [{"record_key": key, "erased_at": at} for key in keys if key not in known]
    if new:
        connection.execute(insert(table), new)


def _suppress(connection: Connection, erasure: Erasure) -> None:
    table = table_of(Suppression)
    mine = (table.c.reason == ERASED) & table.c.person_id.in_(list(erasure.person_ids))
    known = set(connection.execute(select(table.c.person_id).where(mine)).scalars())
    rows = [
        {"person_id": who, "reason": ERASED, "source": ERASED, "since": erasure.at}
        for who in erasure.person_ids
        if who not in known
    ]
    if rows:
        connection.execute(insert(table), rows)


def _only_erased(connection: Connection, erasure: Erasure) -> int:
    """Forget why else nobody wrote to the person: it tells of their life."""
    table = table_of(Suppression)
    query = delete(table).where(table.c.person_id.in_(list(erasure.person_ids)))
    return connection.execute(query.where(table.c.reason != ERASED)).rowcount


def _rename(connection: Connection, person_id: str, pseudonym: str) -> None:
    """Put a pseudonym in the person's place; what has not gone will not go."""
    table = table_of(OutreachMessage)
    waiting = table.c.state.in_(("planned", "suppressed"))
    query = update(table).where(table.c.recipient_id == person_id)
    connection.execute(
        query.values(
            recipient_id=pseudonym,
            benefit_unit_id=None,
            reference=None,
            body_sha256=None,
            state=case((waiting, "suppressed"), else_=table.c.state),
            suppression=case((waiting, ERASED), else_=table.c.suppression),
        )
    )


def _forget_messages(connection: Connection, message_ids: Sequence[str]) -> None:
    receipts, outcomes = table_of(OutreachReceipt), table_of(MessageOutcome)
    known = receipts.c.message_id.in_(list(message_ids))
    connection.execute(update(receipts).where(known).values(reference=None))
    connection.execute(delete(outcomes).where(outcomes.c.message_id.in_(list(message_ids))))


def _delete(connection: Connection, table: Table, person_ids: Iterable[str]) -> int:
    query = delete(table).where(table.c.person_id.in_(list(person_ids)))
    return connection.execute(query).rowcount
