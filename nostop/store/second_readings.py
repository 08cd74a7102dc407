"""Decided flags that a second caseworker reads, without seeing what the first one decided.

Which ones is drawn by a keyed hash of the decision: the same whenever it is asked, and nobody who
decides can tell.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from nostop.model import MovedOn, NotHere, StoreError
from nostop.store.access import Who, within
from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_casework import Decision, SecondReading, WorkItem

#: What a second reader may say.
VERDICTS = ("confirm", "not_entitled", "cannot_tell")
#: What a decision must have been to be read again.
READ_AGAIN = ("confirm", "not_entitled")
COUNTS = ("final", "approved")
#: So many of the newest decisions are looked through at once.
_MOST = 1000
_NOT_HERE = "second reading: there is none for you here"
_MOVED_ON = "second reading: somebody else has read this meanwhile"


@dataclass(frozen=True, slots=True)
class ToRead:
    """A flag that somebody reads a second time."""

    benefit_unit_id: str
    scheme: str


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """What a second reader says of a flag: a verdict, and which condition they think is not met."""

    what: ToRead
    verdict: str
    condition: str | None = None


def draw(engine: Engine, per_mille: int, since: datetime, at: datetime) -> int:
    """Draw decisions to be read again, of those since a moment; return how many are new.

    Args:
        engine: of the store.
        per_mille: which share.
        since: decisions before it are not looked at again.
        at: now.
    """
    decision, drawn = table_of(Decision), table_of(SecondReading)
    taken = exists().where(
        drawn.c.benefit_unit_id == decision.c.benefit_unit_id, drawn.c.scheme == decision.c.scheme
    )
    columns = ("decision_id", "benefit_unit_id", "scheme", "kind", "state")
    # By time alone, so that a database reads no more than the newest.
    query = (
        select(*(decision.c[name] for name in columns), taken.label("taken"))
        .where(decision.c.at >= since)
        .order_by(decision.c.at.desc())
        .limit(_MOST)
    )
    with reading(engine) as connection:
        key = _key(connection)
        rows = [
            (row.decision_id, row.benefit_unit_id, row.scheme)
            for row in connection.execute(query)
            if row.kind in READ_AGAIN and row.state in COUNTS and row.scheme and not row.taken
            if _is_drawn(key, row.decision_id, per_mille)
        ]
    newest = {(unit, scheme): decision_id for decision_id, unit, scheme in reversed(rows)}
    if not newest:
        return 0
    new = [
        {"benefit_unit_id": unit, "scheme": scheme, "decision_id": decision_id, "drawn_at": at}
        for (unit, scheme), decision_id in newest.items()
    ]
    with engine.begin() as connection:
        dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
        # Somebody else may draw the same at the same time.
        query = dialect.insert(drawn).on_conflict_do_nothing().returning(drawn.c.scheme)
        return sum(len(connection.execute(query, row).all()) for row in new)


def _key(connection: Connection) -> bytes:
    """Return a key that those who decide do not know: the hash of the first entry of the log."""
    table = table_of(AuditEntry)
    first = connection.execute(select(table.c.hash).order_by(table.c.seq).limit(1)).scalar()
    return str(first).encode()


def _is_drawn(key: bytes, decision_id: str, per_mille: int) -> bool:
    digest = hmac.new(key, decision_id.encode(), sha256).digest()
    return int.from_bytes(digest[:4]) % 1000 < per_mille


def next_reading(engine: Engine, who: Who) -> ToRead | None:
    """Return the next flag for somebody to read, None where there is none."""
    drawn = table_of(SecondReading)
    start = blake2b(who.account_id.encode(), digest_size=8).hexdigest()
    query = _for(who).order_by(drawn.c.benefit_unit_id, drawn.c.scheme).limit(1)
    with reading(engine) as connection:
        found = connection.execute(query.where(drawn.c.benefit_unit_id > start)).first()
        found = found or connection.execute(query).first()
    return None if found is None else ToRead(found[0], found[1])


def reading_for(engine: Engine, who: Who, what: ToRead) -> None:
    """Do nothing where somebody may read this flag.

    Raises:
        NotHere: it was not drawn, has been read, or is not for them.
    """
    with reading(engine) as connection:
        if connection.execute(_for(who).where(_is(what))).first() is None:
            raise NotHere(_NOT_HERE)


def record_reading(
    engine: Engine,
    who: Who,
    said: ReadAgain,
    at: datetime,
) -> None:
    """Keep what the second reader says.

    Raises:
        NotHere: it is not for them.
        MovedOn: somebody has read it meanwhile.
        StoreError: the verdict is none.
    """
    if said.verdict not in VERDICTS:
        raise StoreError("second reading: the verdict is none")
    what, drawn = said.what, table_of(SecondReading)
    with engine.begin() as connection:
        read_by = select(drawn.c.reader).where(_is(what), drawn.c.reader.is_not(None))
        if connection.execute(read_by).first() is not None:
            raise MovedOn(_MOVED_ON)
        if connection.execute(_for(who).where(_is(what))).first() is None:
            raise NotHere(_NOT_HERE)
        values = {
            "reader": who.account_id,
            "verdict": said.verdict,
            "condition": said.condition,
            "read_at": at,
        }
        query = update(drawn).where(_is(what), drawn.c.reader.is_(None)).values(values)
        if not connection.execute(query).rowcount:
            raise MovedOn(_MOVED_ON)
        detail: dict[str, str | int] = {"scheme": what.scheme, "verdict": said.verdict}
        append(
            connection, who.account_id, [Entry("case.read_again", what.benefit_unit_id, detail)], at
        )


def _is(what: ToRead) -> ColumnElement[bool]:
    drawn = table_of(SecondReading)
    return and_(drawn.c.benefit_unit_id == what.benefit_unit_id, drawn.c.scheme == what.scheme)


def _for(who: Who) -> Select[Any]:
    """Return what somebody could read: not decided by them, theirs to open."""
    drawn, decision, item = table_of(SecondReading), table_of(Decision), table_of(WorkItem)
    return (
        select(drawn.c.benefit_unit_id, drawn.c.scheme)
        .join(decision, decision.c.decision_id == drawn.c.decision_id)
        .join(item, item.c.benefit_unit_id == drawn.c.benefit_unit_id)
        .where(
            drawn.c.reader.is_(None),
            decision.c.by != who.account_id,
            or_(decision.c.second_by.is_(None), decision.c.second_by != who.account_id),
            within(who),
        )
    )
