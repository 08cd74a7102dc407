"""The audit log: appended in the transaction of the action itself, each entry chained to the last.

No entry, no action: what cannot be written here takes the caller's transaction with it. The chain
shows an edited, deleted, inserted or moved entry; a chain made anew from the start, or one cut off
at its end, shows only against checkpoints that were signed and kept elsewhere
(`nostop.app.audit`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import polars as pl
from sqlalchemy import Connection, Engine, insert, select, update

from nostop.model import StoreError
from nostop.store.checks import ID
from nostop.store.rows import read, table_of
from nostop.store.tables_audit import AuditEntry, AuditHead

#: How a moment stands in what is hashed: UTC, whole microseconds; SQLite stores the same text.
MOMENT_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
_ACTION = re.compile(r"[a-z][a-z0-9_.]{0,60}")
#: An official, a service or a command: their name may have a space, but no line of text fits.
_ACTOR = re.compile(r"[\w.:/+@' -]{1,100}")
_PLAIN = re.compile(ID.strip("^$"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done, to whom or what, and its details: opaque ids, words and numbers only."""

    action: str
    subject: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)


def append(connection: Connection, actor: str, entries: Sequence[Entry], at: datetime) -> None:
    """Write entries down in the caller's own transaction: they stand if it does, and only then.

    The head row stays locked until the commit, so that two writers never chain to the same entry:
    call this last in a transaction, and in no transaction that waits for a network.

    Args:
        connection: in a transaction of the caller's.
        actor: who or what does it: an official, a service, a command.
        entries: in the order in which they happened; none at all changes nothing.
        at: when, with its zone.
    Raises:
        StoreError: a value is not fit to be stored, or the log has no head; let it end the
            transaction.
    """
    if not entries:
        return
    if at.tzinfo is None:
        raise StoreError("audit: the time of an entry needs a time zone")
    if not _ACTOR.fullmatch(actor):
        raise StoreError("audit: the actor is not the name of an official, service or command")
    details = [_checked(entry) for entry in entries]
    head = table_of(AuditHead)
    found = connection.execute(select(head.c.seq, head.c.hash).with_for_update()).one_or_none()
    if found is None:
        raise StoreError("audit: the log has lost its head row; see `nostop audit verify`")
    seq, previous = found
    moment = at.astimezone(UTC).strftime(MOMENT_FORMAT)
    rows = []
    for entry, detail in zip(entries, details, strict=True):
        seq += 1
        row = {
            "seq": seq,
            "at": at,
            "actor": actor,
            "action": entry.action,
            "subject": entry.subject,
            "detail": detail,
            "previous": previous,
        }
        previous = hash_of((str(seq), moment, actor, entry.action, entry.subject, detail, previous))
        rows.append(row | {"hash": previous})
    connection.execute(insert(table_of(AuditEntry)), rows)
    connection.execute(update(head).values(seq=seq, hash=previous))


def record_read(
    engine: Engine, actor: str, subjects: Sequence[str], purpose: str, at: datetime
) -> None:
    """Write down that somebody reads the records of these people; read them only after it.

    Args:
        engine: an engine of `open_store`.
        actor: who reads: an official or a service.
        subjects: person ids.
        purpose: one word of why, such as `case_work`.
        at: when, with its zone.
    Raises:
        StoreError: a value is not fit to be stored; then nothing may be read.
    """
    entries = [Entry("person.read", subject, {"purpose": purpose}) for subject in subjects]
    with engine.begin() as connection:
        append(connection, actor, entries, at)


def entries_of(engine: Engine, subject: str | None, *, most: int) -> pl.DataFrame:
    """Return the last `most` entries, oldest first, of one subject or of all: the columns of
    `AuditEntry`."""
    table = table_of(AuditEntry)
    query = select(table).order_by(table.c.seq.desc()).limit(most)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    with engine.begin() as connection:
        return read(connection, query).sort("seq")


def hash_of(fields: Sequence[str | None]) -> str:
    """Return the hash of seq, at, actor, action, subject, detail and previous, as texts.

    Each stands after its length in bytes, so that no two lists of fields give the same bytes; a
    null stands as `-`, which no length can be.
    """
    parts = []
    for text in fields:
        if text is None:
            parts.append(b"-")
        else:
            data = text.encode()
            parts.append(b"%d:%b" % (len(data), data))
    return sha256(b"".join(parts)).hexdigest()


def _checked(entry: Entry) -> str:
    """Return the detail of an entry as it is stored, if everything in it is plain."""
    if not _ACTION.fullmatch(entry.action):
        raise StoreError("audit: an action is a word of a-z, 0-9, _ and .")
    words = [word for pair in entry.detail.items() for word in pair if isinstance(word, str)]
    if entry.subject is not None:
        words.append(entry.subject)
    if not all(_PLAIN.fullmatch(word) for word in words):
        raise StoreError(
            f"audit: '{entry.action}' has a subject or a detail that is no plain id, word or number"
        )
    return json.dumps(dict(entry.detail), sort_keys=True, separators=(",", ":"))
