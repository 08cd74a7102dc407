"""Who recipients are, how to reach them, and why not to: loaded from runs, added to by replies.

Every list that is loaded leaves a row in `suppression_lists`: nothing is sent on a list that is
late, empty, or has all but vanished.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from sqlalchemy import Connection, Engine, delete, select

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, NOTE, check_text
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables_outreach import ContactPoint, Recipient, Suppression, SuppressionList

#: What a run loads: the outreach register, the record of deaths and what facts say, as one list.
REGISTER = "register"
#: A list that holds this share or less of what it held the time before is a broken feed.
LEAST_LEFT = 0.1


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run knows of people who may be written to.

    recipients: person_id, first_name, surname, language, nation, benefit_unit_id, household_id.
    points: person_id, kind (email, phone, post), value, as_of.
    suppressions: person_id, reason: of everybody on the list, also of those nobody plans to write
        to.
    as_of: the oldest day for which the lists are good, None where they do not say.
    synthetic: everybody is made up, so that the lists' days are too: they age from their loading.
    """

    recipients: pl.DataFrame
    points: pl.DataFrame
    suppressions: pl.DataFrame
    as_of: date | None
    synthetic: bool


def load_register(
    engine: Engine, loaded: Loaded, at: datetime, *, accept_fewer: bool = False
) -> None:
    """Put what a run knows in the place of what an earlier run knew.

    Suppressions of other sources (a reply, a caseworker) stay, and so does what was found out about
    an address that has not changed. Who is not in `recipients` any more has no address here, so
    that no message to them can be claimed.

    Args:
        engine: of the store.
        loaded: from one run.
        at: now.
        accept_fewer: somebody has looked at a list that has all but vanished, and it is right.
    Raises:
        StoreError: a value is not fit to be stored, or the list has lost nine in ten of its rows
            since the last one; nothing of it is stored, and what was loaded before grows old.
    """
    check_text(loaded.recipients, "recipients", _IDS | {"first_name": NOTE, "surname": NOTE})
    check_text(loaded.points, "contact_points", {"person_id": ID, "value": NOTE})
    check_text(loaded.suppressions, "suppressions", {"person_id": ID, "reason": ID})
    stops = (
        loaded.suppressions.select("person_id", "reason")
        .unique()
        .with_columns(source=pl.lit(REGISTER), since=pl.lit(at))
    )
    with engine.begin() as connection:
        if not accept_fewer:
            _refuse_vanished(connection, stops.height)
        connection.execute(delete(table_of(Recipient)))
        put(connection, Recipient, loaded.recipients.sort("person_id"))
        _replace_points(connection, loaded.points)
        table = table_of(Suppression)
        connection.execute(delete(table).where(table.c.source == REGISTER))
        put(connection, Suppression, stops.sort("person_id", "reason"))
        listed = {
            "source": REGISTER,
            "loaded_at": at,
            "rows": stops.height,
            "people": loaded.recipients.height,
            "as_of": loaded.as_of,
            "synthetic": loaded.synthetic,
        }
        connection.execute(table_of(SuppressionList).insert(), listed)
        detail = {"rows": stops.height, "people": loaded.recipients.height}
        append(connection, "nostop", [Entry("register.loaded", None, detail)], at)


def _refuse_vanished(connection: Connection, rows: int) -> None:
    table = table_of(SuppressionList)
    query = select(table.c.rows).where(table.c.source == REGISTER)
    before = connection.execute(query.order_by(table.c.loaded_at.desc()).limit(1)).scalar()
    if before and rows <= before * LEAST_LEFT:
        raise StoreError(
            f"store: the list of whom not to write to has {rows} rows, and had {before}: look at "
            "the feeds; nothing was loaded"
        )


_IDS = dict.fromkeys(("person_id", "language", "nation", "benefit_unit_id", "household_id"), ID)


def _replace_points(connection: Connection, points: pl.DataFrame) -> None:
    table = table_of(ContactPoint)
    bad = read(
        connection,
        select(table.c.person_id, table.c.kind, table.c.value, table.c.bad_since).where(
            table.c.bad_since.is_not(None)
        ),
    )
    connection.execute(delete(table))
    kept = points.join(bad, on=["person_id", "kind", "value"], how="left", validate="1:1")
    put(connection, ContactPoint, kept.sort("person_id", "kind"))


def suppress(
    engine: Engine, person_ids: Sequence[str], reason: str, actor: str, at: datetime
) -> None:
    """Stop every message to these people from now on: a reply, a caseworker, a life event.

    Raises:
        StoreError: an id or the reason is not a plain word.
    """
    frame = pl.DataFrame({"person_id": list(person_ids)}, schema={"person_id": pl.String})
    with engine.begin() as connection:
        suppress_within(connection, frame.unique()["person_id"].to_list(), reason, actor, at)


def suppress_within(
    connection: Connection, person_ids: Sequence[str], reason: str, actor: str, at: datetime
) -> None:
    """As `suppress`, in the caller's own transaction."""
    table = table_of(Suppression)
    frame = pl.DataFrame({"person_id": sorted(set(person_ids))}, schema={"person_id": pl.String})
    rows = frame.with_columns(reason=pl.lit(reason), source=pl.lit("added"), since=pl.lit(at))
    check_text(rows, "suppressions", {"person_id": ID, "reason": ID})
    mine = (table.c.reason == reason) & (table.c.source == "added")
    known = read(connection, select(table.c.person_id).where(mine))
    put(connection, Suppression, rows.join(known, on="person_id", how="anti"))
    entries = [Entry("person.suppressed", who, {"reason": reason}) for who in frame["person_id"]]
    append(connection, actor, entries, at)


def reasons_not_to(connection: Connection, person_ids: Sequence[str]) -> dict[str, str]:
    """Return the first reason, in order of the alphabet, not to write to each of these people."""
    table = table_of(Suppression)
    found: dict[str, str] = {}
    for some in batched(sorted(set(person_ids)), MOST_AT_ONCE):
        query = select(table.c.person_id, table.c.reason).where(table.c.person_id.in_(some))
        for person_id, reason in connection.execute(query.order_by(table.c.reason)):
            found.setdefault(person_id, reason)
    return found


def stale(connection: Connection, at: datetime, hours: int) -> str | None:
    """Return why nothing may be sent on the lists as they are, None where they will do.

    Args:
        connection: of the store.
        at: now.
        hours: how old the lists may be. A list of real people is as old as the day it is good for;
            one of made-up people, whose days are made up, as its loading.
    """
    table = table_of(SuppressionList)
    query = select(table).where(table.c.source == REGISTER).order_by(table.c.loaded_at.desc())
    last = connection.execute(query.limit(1)).mappings().first()
    if last is None:
        return "no list of whom not to write to has been loaded: plan or refresh from a run"
    age = at - last["loaded_at"]
    if last["as_of"] is not None and not last["synthetic"]:
        age = max(age, timedelta(days=(at.date() - last["as_of"]).days))
    if age > timedelta(hours=hours):
        return f"the list of whom not to write to is older than {hours} hours"
    if age < -timedelta(minutes=5):
        return "the list of whom not to write to is from the future: look at the clock"
    if not last["rows"]:
        return "the list of whom not to write to is empty: look at the feed"
    return None
