"""Keys of the API as a call uses them: who calls, what for, and for which areas.

They are made and revoked in `nostop.app.accounts`, by the Access room and `nostop work api-key`.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Engine

from nostop.model import NotHere
from nostop.store import api_keys as store
from nostop.store.access import Who
from nostop.store.audit import Entry

__all__ = ["ACTOR", "PURPOSES", "SCOPES", "Caller", "caller_of", "note_call", "who_of"]

#: What a key of the API may be used for.
SCOPES = (
    "evaluate",
    "determinations:read",
    "decisions:read",
    "decisions:write",
    "events:write",
    "exports",
)
#: Why the record of a person is read: one word, which the person is told if they ask.
PURPOSES = ("case_work", "claim_support", "complaint", "quality_check", "subject_access")
#: What a key is called as whoever does something.
ACTOR = store.ACTOR
_KEY = re.compile(r"nostop_([0-9a-f]{18})_([A-Za-z0-9_-]{43})")
#: A key that is not there is compared with this, which no secret has, so that it takes as long.
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Caller:
    """A service that calls with a key that is good. areas: None for all."""

    key_id: str
    scopes: frozenset[str]
    areas: frozenset[str] | None

    @property
    def actor(self) -> str:
        """What the audit log and decisions call it."""
        return f"{ACTOR}{self.key_id}"

    @property
    def who(self) -> Who:
        """What it may open."""
        return Who(self.actor, self.areas)


def caller_of(engine: Engine, key: str, at: datetime) -> Caller | None:
    """Return who calls with a key as it is sent; None where it opens nothing, for whatever
    reason."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        return None
    found = store.find_key(engine, parts[1])
    hashed = sha256(parts[2].encode()).hexdigest()
    is_right = hmac.compare_digest(hashed, _NOBODY if found is None else found.key_sha256)
    if found is None or not is_right or not found.is_good(at):
        return None
    return Caller(found.key_id, found.scopes, found.areas)


def note_call(engine: Engine, caller: Caller, operation: str, at: datetime) -> None:
    """Write down which operation a key calls, before anything is done for it.

    Raises:
        StoreError: it cannot be; then nothing may be done.
    """
    entry = Entry("api.called", caller.key_id, {"operation": operation})
    store.note_call(engine, caller.actor, entry, at)


def who_of(engine: Engine, actor: str, at: datetime) -> Who:
    """Return what a key may open by now, of how it is called as whoever did something.

    Raises:
        NotHere: it is no key, or opens nothing any more.
    """
    found = store.find_key(engine, actor.removeprefix(ACTOR))
    if not actor.startswith(ACTOR) or found is None or not found.is_good(at):
        raise NotHere("keys: there is no such key, or it opens nothing any more")
    return Who(actor, found.areas)
