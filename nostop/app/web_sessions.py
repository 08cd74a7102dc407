"""Sessions of the pages: somebody signs in, is known by what their browser keeps, signs out."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine

from nostop.store import web_sessions as kept
from nostop.store.tables_access import areas_read, areas_written

#: OWASP ASVS 7.2.3 asks for 128 bits of entropy.
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Official:
    """Who somebody is, as the identity provider says. `areas`: None is all."""

    account_id: str
    name: str
    roles: frozenset[str]
    areas: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is good. `csrf` goes with every form."""

    account_id: str
    name: str
    roles: frozenset[str]
    areas: frozenset[str] | None
    csrf: str


def sign_in(engine: Engine, official: Official, at: datetime, longest: timedelta) -> str:
    """Begin a session, and return what the browser keeps; only its hash is stored.

    Raises:
        StoreError: the account is barred, or a value is not fit to be stored.
    """
    token = secrets.token_urlsafe(_BYTES)
    account = kept.AccountRow(
        account_id=official.account_id,
        name=official.name,
        roles=" ".join(sorted(official.roles)),
        areas=areas_written(official.areas),
    )
    session = kept.SessionRow(_hashed(token), secrets.token_urlsafe(_BYTES), at, at + longest)
    kept.begin_session(engine, account, session)
    return token


def session_of(engine: Engine, token: str, at: datetime, idle: timedelta) -> Session | None:
    """Return a session that has not ended, and note that it was used."""
    found = kept.used_session(engine, _hashed(token), at, idle)
    if found is None:
        return None
    return Session(
        account_id=found["account_id"],
        name=found["name"],
        roles=frozenset(found["roles"].split()),
        areas=areas_read(found["areas"]),
        csrf=found["csrf"],
    )


def sign_out(engine: Engine, token: str, at: datetime) -> None:
    """End a session."""
    kept.end_session(engine, _hashed(token), at)


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
