"""Finding a case for somebody who asks: why comes first, names last, only what may be opened."""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Engine

from nostop.events.references import stands_for
from nostop.model import EventError, SettingsError
from nostop.store import searching as store
from nostop.store.access import Who
from nostop.store.searching import MOST_FOUND, Match, Sought

__all__ = ["MOST_FOUND", "REASONS", "Found", "Match", "Why", "find", "sought"]

#: Why somebody may search; their own words come with it.
REASONS = ("contact", "post", "colleague", "complaint", "other")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_SHORT_REFERENCE = re.compile(r"[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody searches: one of `REASONS`, and their own words."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. Where there are more than 20 cases, none of them is told."""

    matches: tuple[Match, ...]
    too_many: bool


def sought(reference: str, surname: str, born_on: date | None, postcode: str) -> Sought:
    """Return what to search for: a reference alone, a surname with a birth date, or a postcode.

    Raises:
        SettingsError: it is none of these; it does not repeat what was given.
    """
    if reference:
        return _by_reference(reference)
    if postcode or (surname and born_on):
        return Sought(surname=surname or None, born_on=born_on, postcode=postcode or None)
    raise SettingsError(
        "Enter a reference, or a surname and date of birth, or a postcode to search by"
    )


def find(engine: Engine, who: Who, what: Sought, why: Why, at: datetime) -> Found:
    """Search, write down that and why, and only then read names.

    Args:
        engine: of the store.
        who: who searches; only what they may open is found.
        what: of `sought`.
        why: kept, for the auditor.
        at: now.
    Raises:
        SettingsError: there is no such reason, or it has no words.
    """
    if why.reason not in REASONS or not why.words.strip():
        raise SettingsError("Say why you are searching")
    matches = store.find_cases(engine, who, what)
    search = store.Search(f"S{secrets.token_hex(8)}", why.reason, why.words, at)
    store.record_search(engine, who, search, matches)
    if len(matches) > MOST_FOUND:
        return Found((), too_many=True)
    names = store.names(engine, [match.person_id for match in matches])
    named = (replace(match, name=names.get(match.person_id)) for match in matches)
    return Found(tuple(named), too_many=False)


def _by_reference(reference: str) -> Sought:
    text = reference.strip()
    if _SHORT_REFERENCE.fullmatch(text):
        try:
            return Sought(message=stands_for(text))
        except EventError:
            # An id may look like the reference of a letter, but for its last character.
            pass
    if not _ID.fullmatch(text):
        raise SettingsError("Enter a reference of letters, digits and hyphens")
    if text.startswith("M") and len(text) > 20:
        return Sought(message=text)
    return Sought(ids=(text,))
