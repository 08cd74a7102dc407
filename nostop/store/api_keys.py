"""Keys of the API as a call finds them. They are made and revoked in `nostop.store.accounts`."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, Select, literal, select

from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables_access import ApiKey, areas_read

#: What a key is called as whoever does something, before its id.
ACTOR = "key:"


@dataclass(frozen=True, slots=True)
class KeyKept:
    """A key as it is kept: of its secret only the hash. areas: None for all."""

    key_id: str
    key_sha256: str
    scopes: frozenset[str]
    areas: frozenset[str] | None
    ends_on: date
    revoked_at: datetime | None

    def is_good(self, at: datetime) -> bool:
        """Whether it opens anything: it was not revoked, and its last day has not come."""
        return self.revoked_at is None and at.date() < self.ends_on


def find_key(engine: Engine, key_id: str) -> KeyKept | None:
    """Return a key, revoked and ended ones too; None where there is none."""
    table = table_of(ApiKey)
    query = select(
        table.c.key_id,
        table.c.key_sha256,
        table.c.scopes,
        table.c.areas,
        table.c.ends_on,
        table.c.revoked_at,
    ).where(table.c.key_id == key_id)
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return KeyKept(
        key_id=row.key_id,
        key_sha256=row.key_sha256,
        scopes=frozenset(row.scopes.split()),
        areas=areas_read(row.areas),
        ends_on=row.ends_on,
        revoked_at=row.revoked_at,
    )


def keys_made_by(account_id: str) -> Select[str]:
    """Return what the keys that somebody made are called as whoever does something. Whoever made a
    key has seen it, and could use it: where two have to agree, its acts count as theirs."""
    table = table_of(ApiKey)
    return select(literal(ACTOR) + table.c.key_id).where(table.c.made_by == account_id)


def note_call(engine: Engine, actor: str, entry: Entry, at: datetime) -> None:
    """Write down that a key calls, before anything is done for it.

    Raises:
        StoreError: a value is not fit to be stored; then nothing may be done.
    """
    with engine.begin() as connection:
        append(connection, actor, [entry], at)
