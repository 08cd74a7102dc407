"""Accounts, ties and keys of the API, as the access room works with them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from nostop.app.api_keys import SCOPES
from nostop.model import SettingsError
from nostop.store import Act
from nostop.store import accounts as store
from nostop.store.access import known_as
from nostop.store.accounts import AccountSeen, KeySeen, NewKey, Tie, tie_id_of

__all__ = [
    "KINDS",
    "SCOPES",
    "AccountSeen",
    "KeySeen",
    "KeyWanted",
    "Tie",
    "account",
    "accounts",
    "bar",
    "end_sessions",
    "keys",
    "let_in",
    "make_key",
    "revoke_key",
    "tie_id_of",
    "tie_to_person",
    "tie_to_somebody",
    "ties",
    "untie",
]

#: What a tie is.
KINDS = ("own", "relative", "known")
#: A page shows so many accounts; who has more looks them up at the identity provider.
MOST_ACCOUNTS = 500
_ID_BYTES, _SECRET_BYTES = 9, 32


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """A key that an administrator asks for. areas: None for all."""

    name: str
    scopes: Sequence[str]
    areas: Sequence[str] | None
    ends_on: date


def accounts(engine: Engine, at: datetime) -> list[AccountSeen]:
    """Return everybody who ever signed in, by name, 500 at most."""
    return store.read_accounts(engine, at, most=MOST_ACCOUNTS)


def account(engine: Engine, account_id: str, at: datetime) -> AccountSeen:
    """Return one account.

    Raises:
        NotHere: there is none.
    """
    return store.read_account(engine, account_id, at)


def bar(engine: Engine, account_id: str, by: str, at: datetime) -> None:
    """Let an account in no more; its sessions end at once.

    Raises:
        NotHere: there is no such account.
        SettingsError: it is the account of whoever asks: nobody locks themselves out.
    """
    if account_id == by:
        raise SettingsError("accounts: ask another administrator to bar your own account")
    store.bar(engine, account_id, Act(by, at))


def let_in(engine: Engine, account_id: str, by: str, at: datetime) -> None:
    """Let a barred account in again.

    Raises:
        NotHere: there is no such account.
    """
    store.let_in(engine, account_id, Act(by, at))


def end_sessions(engine: Engine, account_id: str, by: str, at: datetime) -> int:
    """Sign an account out everywhere, and return of how many sessions."""
    return store.end_sessions(engine, account_id, Act(by, at))


def ties(engine: Engine, account_id: str) -> list[Tie]:
    """Return whom an official is tied to."""
    return store.read_ties(engine, account_id)


def tie_to_person(engine: Engine, tie: Tie) -> None:
    """Tie an official to somebody whose id is known.

    Raises:
        SettingsError: no such kind of tie.
        StoreError: the id is not plain.
    """
    if tie.kind not in KINDS:
        raise SettingsError(f"accounts: a tie is one of {', '.join(KINDS)}")
    store.add_tie(engine, tie)


def tie_to_somebody(engine: Engine, tie: Tie, surname: str, born_on: date) -> None:
    """Tie an official to everybody of a surname and birth date, now and in later runs.

    Whether there is anybody is not told: it would say who is on benefits.

    Raises:
        SettingsError: no such kind of tie, or a surname without a letter.
    """
    key = known_as(surname, born_on)
    if key is None:
        raise SettingsError("accounts: enter a surname")
    tie_to_person(engine, Tie(tie.account_id, key, tie.kind, tie.said_by, tie.at))


def untie(engine: Engine, account_id: str, tie_id: str, by: str, at: datetime) -> None:
    """Take a tie away that was a mistake.

    Raises:
        NotHere: there is no such tie.
        SettingsError: it is a tie of whoever asks: another administrator has to.
    """
    if account_id == by:
        raise SettingsError("accounts: ask another administrator to remove a tie of your own")
    store.remove_tie(engine, account_id, tie_id, Act(by, at))


def keys(engine: Engine) -> list[KeySeen]:
    """Return the keys of the API, the newest first."""
    return store.read_keys(engine)


def make_key(engine: Engine, wanted: KeyWanted, by: str, at: datetime) -> str:
    """Make a key of the API and return it: it is shown once and cannot be read again.

    The key is `nostop_ID_SECRET`; what is kept is the id, and a hash of the secret.

    Raises:
        SettingsError: a scope that there is not, or none.
        StoreError: it ends before it begins.
    """
    wrong = sorted(set(wanted.scopes) - set(SCOPES))
    if wrong or not wanted.scopes:
        raise SettingsError(f"keys: scopes are some of {', '.join(SCOPES)}")
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    areas = None if wanted.areas is None else tuple(sorted(set(wanted.areas)))
    scopes = tuple(sorted(set(wanted.scopes)))
    new = NewKey(key_id, secret, wanted.name, scopes, areas, wanted.ends_on)
    store.add_key(engine, new, Act(by, at))
    return f"nostop_{key_id}_{secret}"


def revoke_key(engine: Engine, key_id: str, by: str, at: datetime) -> None:
    """Let a key open nothing any more, at once.

    Raises:
        NotHere: there is no such key.
    """
    store.revoke_key(engine, key_id, Act(by, at))
