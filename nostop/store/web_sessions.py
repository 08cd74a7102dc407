"""Sessions and the accounts behind them. Beginning and ending are audited; use is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.engine import reading
from nostop.store.rows import table_of
from nostop.store.tables_access import Account, WebSession

#: A session in use is written down again after so long: a page must not wait for the disk each
#: time somebody looks at one.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is stored: see `Account`."""

    account_id: str
    name: str
    roles: str
    areas: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A new session: see `WebSession`."""

    session_sha256: str
    csrf: str
    at: datetime
    ends_at: datetime


def begin_session(engine: Engine, account: AccountRow, session: SessionRow) -> None:
    """Write an account down as it is now, and begin its session; sessions that have ended go.

    Raises:
        StoreError: the account is barred.
    """
    accounts, sessions = table_of(Account), table_of(WebSession)
    said = {"name": account.name, "roles": account.roles, "areas": account.areas}
    with engine.begin() as connection:
        query = select(accounts.c.barred_at).where(accounts.c.account_id == account.account_id)
        found = connection.execute(query.with_for_update()).one_or_none()
        if found is None:
            new = {"account_id": account.account_id, "first_at": session.at, "last_at": session.at}
            connection.execute(insert(accounts), [{**new, **said}])
        elif found.barred_at is not None:
            raise StoreError("sign-in: this account is barred; ask an administrator")
        else:
            connection.execute(
                update(accounts)
                .where(accounts.c.account_id == account.account_id)
                .values(**said, last_at=session.at)
            )
        connection.execute(delete(sessions).where(sessions.c.ends_at <= session.at))
        row = {
            "session_sha256": session.session_sha256,
            "account_id": account.account_id,
            "csrf": session.csrf,
            "began_at": session.at,
            "seen_at": session.at,
            "ends_at": session.ends_at,
        }
        connection.execute(insert(sessions), [row])
        append(connection, account.account_id, [Entry("session.began")], session.at)


def used_session(
    engine: Engine, session_sha256: str, at: datetime, idle: timedelta
) -> Mapping[str, Any] | None:
    """Return account_id, name, roles, areas and csrf of a session that has not ended; None where
    there is none, nobody has used it for `idle`, or its account is barred."""
    accounts, sessions = table_of(Account), table_of(WebSession)
    query = (
        select(
            accounts.c.account_id,
            accounts.c.name,
            accounts.c.roles,
            accounts.c.areas,
            sessions.c.csrf,
            sessions.c.seen_at,
        )
        .join(accounts, accounts.c.account_id == sessions.c.account_id)
        .where(
            sessions.c.session_sha256 == session_sha256,
            sessions.c.ends_at > at,
            sessions.c.seen_at > at - idle,
            accounts.c.barred_at.is_(None),
        )
    )
    with reading(engine) as connection:
        found = connection.execute(query).mappings().one_or_none()
    if found is not None and found["seen_at"] <= at - SEEN_EVERY:
        mine = update(sessions).where(sessions.c.session_sha256 == session_sha256)
        with engine.begin() as connection:
            connection.execute(mine.values(seen_at=at))
    return None if found is None else dict(found)


def end_session(engine: Engine, session_sha256: str, at: datetime) -> None:
    """End a session; one that is not there is no mistake."""
    sessions = table_of(WebSession)
    mine = sessions.c.session_sha256 == session_sha256
    with engine.begin() as connection:
        whose = connection.execute(select(sessions.c.account_id).where(mine)).scalar()
        if whose is not None:
            connection.execute(delete(sessions).where(mine))
            append(connection, whose, [Entry("session.ended")], at)
