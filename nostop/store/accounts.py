"""Accounts of officials, whom they are tied to, and keys of the API. Every change is audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from nostop.model import NotHere, StoreError
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.checks import check_id
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables_access import Account, AccountTie, ApiKey, WebSession, areas_written


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """An account as the identity provider last described it, and how many sessions it has.

    roles: words. areas: None for all of them.
    """

    account_id: str
    name: str
    roles: tuple[str, ...]
    areas: tuple[str, ...] | None
    last_at: datetime
    barred_at: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class Tie:
    """Somebody whose record an official may not open. `person_id` is an id, or a hash (`as:...`) of
    a surname and birth date."""

    account_id: str
    person_id: str
    kind: str
    said_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key of the API. areas: None for all. Of `secret` only the hash is kept."""

    key_id: str
    secret: str
    name: str
    scopes: tuple[str, ...]
    areas: tuple[str, ...] | None
    ends_on: date


@dataclass(frozen=True, slots=True)
class KeySeen:
    """A key without its secret."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    areas: tuple[str, ...] | None
    made_by: str
    made_at: datetime
    ends_on: date
    revoked_at: datetime | None


def read_accounts(engine: Engine, at: datetime, *, most: int) -> list[AccountSeen]:
    """Return accounts by name, `most` at most."""
    with reading(engine) as connection:
        return _accounts(connection, at, None, most)


def read_account(engine: Engine, account_id: str, at: datetime) -> AccountSeen:
    """Return one account.

    Raises:
        NotHere: there is none.
    """
    with reading(engine) as connection:
        found = _accounts(connection, at, account_id, 1)
    if not found:
        raise NotHere("accounts: there is no such account")
    return found[0]


def bar(engine: Engine, account_id: str, act: Act) -> None:
    """Let an account in no more, and end its sessions at once.

    Raises:
        NotHere: there is no such account.
    """
    with engine.begin() as connection:
        _set_barred(connection, account_id, act.at)
        ended = _end_sessions(connection, account_id)
        append(
            connection, act.by, [Entry("account.barred", account_id, {"sessions": ended})], act.at
        )


def let_in(engine: Engine, account_id: str, act: Act) -> None:
    """Let a barred account in again.

    Raises:
        NotHere: there is no such account.
    """
    with engine.begin() as connection:
        _set_barred(connection, account_id, None)
        append(connection, act.by, [Entry("account.let_in", account_id)], act.at)


def end_sessions(engine: Engine, account_id: str, act: Act) -> int:
    """End every session of an account, and return how many there were."""
    with engine.begin() as connection:
        ended = _end_sessions(connection, account_id)
        if ended:
            entry = Entry("account.signed_out", account_id, {"sessions": ended})
            append(connection, act.by, [entry], act.at)
        return ended


def read_ties(engine: Engine, account_id: str) -> list[Tie]:
    """Return whom an official is tied to, the oldest first."""
    table = table_of(AccountTie)
    query = select(table).where(table.c.account_id == account_id).order_by(table.c.at)
    with reading(engine) as connection:
        return [Tie(*row) for row in connection.execute(query)]


def add_tie(engine: Engine, tie: Tie) -> None:
    """Tie an official to somebody; one that is there stays as it is.

    Raises:
        StoreError: an id is not plain.
    """
    table = table_of(AccountTie)
    check_id(tie.person_id, "person_id")
    mine = (table.c.account_id == tie.account_id) & (table.c.person_id == tie.person_id)
    row = {
        "account_id": tie.account_id,
        "person_id": tie.person_id,
        "kind": tie.kind,
        "said_by": tie.said_by,
        "at": tie.at,
    }
    with engine.begin() as connection:
        if connection.execute(select(table.c.kind).where(mine)).first() is not None:
            return
        connection.execute(insert(table), [row])
        # Of the official and not of the person: whom somebody knows is the official's own matter.
        entry = Entry(
            "tie.added", tie.account_id, {"kind": tie.kind, "tie": tie_id_of(tie.person_id)}
        )
        append(connection, tie.said_by, [entry], tie.at)


def remove_tie(engine: Engine, account_id: str, tie_id: str, act: Act) -> None:
    """Take a tie away that was a mistake. `tie_id` is what `tie_id_of` returns.

    Raises:
        NotHere: there is no such tie.
    """
    table = table_of(AccountTie)
    mine = table.c.account_id == account_id
    with engine.begin() as connection:
        for person_id in connection.execute(select(table.c.person_id).where(mine)).scalars():
            if tie_id_of(person_id) == tie_id:
                connection.execute(delete(table).where(mine, table.c.person_id == person_id))
                entry = Entry("tie.removed", account_id, {"tie": tie_id_of(person_id)})
                append(connection, act.by, [entry], act.at)
                return
    raise NotHere("accounts: there is no such tie")


def tie_id_of(person_id: str) -> str:
    """Return by what a page names a tie: of a hash, so that no address holds whom it is of."""
    return sha256(person_id.encode()).hexdigest()[:16]


def read_keys(engine: Engine) -> list[KeySeen]:
    """Return every key of the API, the newest first."""
    table = table_of(ApiKey)
    query = select(table).order_by(table.c.made_at.desc(), table.c.key_id)
    with reading(engine) as connection:
        return [_key(row) for row in connection.execute(query)]


def add_key(engine: Engine, key: NewKey, act: Act) -> None:
    """Keep a new key of the API.

    Raises:
        StoreError: its id is not plain, or it ends before it begins.
    """
    check_id(key.key_id, "key_id")
    if key.ends_on <= act.at.date():
        raise StoreError("keys: a key ends on a later day than today")
    row = {
        "key_id": key.key_id,
        "key_sha256": sha256(key.secret.encode()).hexdigest(),
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "areas": areas_written(key.areas),
        "made_by": act.by,
        "made_at": act.at,
        "ends_on": key.ends_on,
    }
    with engine.begin() as connection:
        connection.execute(insert(table_of(ApiKey)), [row])
        entry = Entry("api_key.made", key.key_id, {"scopes": len(key.scopes)})
        append(connection, act.by, [entry], act.at)


def revoke_key(engine: Engine, key_id: str, act: Act) -> None:
    """Let a key open nothing any more, at once; one that is revoked stays so.

    Raises:
        NotHere: there is no such key.
    """
    table = table_of(ApiKey)
    mine = table.c.key_id == key_id
    with engine.begin() as connection:
        found = connection.execute(select(table.c.revoked_at).where(mine)).one_or_none()
        if found is None:
            raise NotHere("keys: there is no such key")
        if found.revoked_at is None:
            change = update(table).where(mine).values(revoked_at=act.at, revoked_by=act.by)
            connection.execute(change)
            append(connection, act.by, [Entry("api_key.revoked", key_id)], act.at)


def _accounts(
    connection: Connection, at: datetime, account_id: str | None, most: int
) -> list[AccountSeen]:
    table, session = table_of(Account), table_of(WebSession)
    open_ = (
        select(func.count())
        .where(session.c.account_id == table.c.account_id, session.c.ends_at > at)
        .scalar_subquery()
    )
    query = select(
        table.c.account_id,
        table.c.name,
        table.c.roles,
        table.c.areas,
        table.c.last_at,
        table.c.barred_at,
        open_.label("sessions"),
    )
    if account_id is not None:
        query = query.where(table.c.account_id == account_id)
    rows = connection.execute(query.order_by(table.c.name, table.c.account_id).limit(most))
    return [
        AccountSeen(
            account_id=row.account_id,
            name=row.name,
            roles=tuple(row.roles.split()),
            areas=_lines(row.areas),
            last_at=row.last_at,
            barred_at=row.barred_at,
            sessions=row.sessions,
        )
        for row in rows
    ]


def _set_barred(connection: Connection, account_id: str, when: datetime | None) -> None:
    table = table_of(Account)
    change = update(table).where(table.c.account_id == account_id).values(barred_at=when)
    if not connection.execute(change).rowcount:
        raise NotHere("accounts: there is no such account")


def _end_sessions(connection: Connection, account_id: str) -> int:
    table = table_of(WebSession)
    return connection.execute(delete(table).where(table.c.account_id == account_id)).rowcount


def _key(row: Row[tuple[object, ...]]) -> KeySeen:
    return KeySeen(
        key_id=row.key_id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        areas=_lines(row.areas),
        made_by=row.made_by,
        made_at=row.made_at,
        ends_on=row.ends_on,
        revoked_at=row.revoked_at,
    )


def _lines(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.splitlines())


def names_of(connection: Connection, account_ids: Sequence[str]) -> dict[str, str]:
    """Return officials' names by account; who never signed in here has none."""
    table = table_of(Account)
    query = select(table.c.account_id, table.c.name).where(table.c.account_id.in_(account_ids))
    return {row.account_id: row.name for row in connection.execute(query)}
