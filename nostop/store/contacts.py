"""Who recipients are, how to reach them, and why not to: loaded from runs, added to by replies.

Every list that is loaded leaves a row in `suppression_lists`: nothing is sent on a list that is
late, empty, or has all but vanished.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
)

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, NOTE, check_text
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import Flag, WorkItem
from nostop.store.tables_events import Case, CaseEvent, EventSignal
from nostop.store.tables_outreach import (
    ContactPoint,
    PersonHeir,
    Recipient,
    Suppression,
    SuppressionList,
)

#: What a run loads: the outreach register, the record of deaths and what facts say, as one list.
REGISTER = "register"
#: Why, and by whose word, nobody writes to somebody who was erased.
ERASED = "erased"
#: What a reply, a caseworker or a command added by itself.
ADDED = "added"
#: A list that holds this share or less of what it held the time before is a broken feed.
LEAST_LEFT = 0.1
OPEN_CASE = "open_case"
#: Kinds of case in which somebody has to look before the person is written to. One that only
#: follows a message does not stop its own follow-up, and a message that came back stops an address,
#: not a person.
BLOCKING = ("wrong", "link", "override", "review")
#: With which word a case is opened by `rules/events/outreach.yaml` where a claim was refused.
REFUSAL = "refused_after_message"
#: With which words a case is opened for the authors of rules: a caseworker decided otherwise than
#: they say, or corrected a fact and their answer became another.
OVERRIDDEN, CORRECTED = "decided_otherwise", "fact_corrected"
LIFE_EVENT = "life_event"
#: Why a message does not go whose scheme a caseworker has decided on, and what of a flag says so.
DECIDED = "caseworker_decision"
HOLDING = ("waiting", "second", "not_entitled", "suppressed")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run knows of people who may be written to.

    recipients: person_id, first_name, surname, language, nation, benefit_unit_id, household_id.
    points: person_id, kind (email, phone, post), value, as_of.
    suppressions: person_id, reason: of everybody on the list, also of those nobody plans to write
        to.
    as_of: the oldest day for which the lists are good, None where they do not say.
    synthetic: everybody is made up, so that the lists' days are too: they age from their loading.
    heirs: `was`, `person_id`: who holds what was another's id; None leaves what is known of it.
    """

    recipients: pl.DataFrame
    points: pl.DataFrame
    suppressions: pl.DataFrame
    as_of: date | None
    synthetic: bool
    heirs: pl.DataFrame | None = None


def load_register(
    engine: Engine, loaded: Loaded, at: datetime, *, accept_fewer: bool = False
) -> None:
    """Put what a run knows in the place of what an earlier run knew.

    Suppressions of other sources (a reply, a caseworker) stay, and so does what was found out about
    an address that has not changed. Who is not in `recipients` any more has no address here, so
    that no message to them can be claimed. Nothing of anybody who was erased is loaded again.

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
        erased = _erased(connection)
        connection.execute(delete(table_of(Recipient)))
        recipients = loaded.recipients.join(erased, on="person_id", how="anti")
        put(connection, Recipient, recipients.sort("person_id"))
        _replace_points(connection, loaded.points.join(erased, on="person_id", how="anti"))
        table = table_of(Suppression)
        connection.execute(delete(table).where(table.c.source == REGISTER))
        kept = stops.join(erased, on="person_id", how="anti")
        put(connection, Suppression, kept.sort("person_id", "reason"))
        if loaded.heirs is not None:
            connection.execute(delete(table_of(PersonHeir)))
            put(connection, PersonHeir, loaded.heirs.sort("was", "person_id"))
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


def _erased(connection: Connection) -> pl.DataFrame:
    table = table_of(Suppression)
    return read(connection, select(table.c.person_id).where(table.c.source == ERASED))


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


def is_known(engine: Engine, person_id: str) -> bool:
    """Return whether anybody is known by an id: could be told of something, or was written to."""
    people, messages = table_of(Recipient), table_of(OutreachMessage)
    with engine.begin() as connection:
        found = connection.execute(
            select(people.c.person_id).where(people.c.person_id == person_id)
        ).first()
        written = connection.execute(
            select(messages.c.message_id).where(messages.c.recipient_id == person_id).limit(1)
        ).first()
    return found is not None or written is not None


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
    rows = frame.with_columns(reason=pl.lit(reason), source=pl.lit(ADDED), since=pl.lit(at))
    check_text(rows, "suppressions", {"person_id": ID, "reason": ID})
    mine = (table.c.reason == reason) & (table.c.source == ADDED)
    known = read(connection, select(table.c.person_id).where(mine))
    put(connection, Suppression, rows.join(known, on="person_id", how="anti"))
    entries = [Entry("person.suppressed", who, {"reason": reason}) for who in frame["person_id"]]
    append(connection, actor, entries, at)


def lift_suppression(engine: Engine, person_id: str, reason: str, actor: str, at: datetime) -> bool:
    """Take back a reason that a reply, a caseworker or a command gave; return whether there was
    one. What a run loads stays: it is taken back where it comes from."""
    table = table_of(Suppression)
    mine = (table.c.person_id == person_id) & (table.c.reason == reason)
    with engine.begin() as connection:
        query = delete(table).where(mine, table.c.source == ADDED)
        lifted = bool(connection.execute(query).rowcount)
        if lifted:
            entry = Entry("person.suppression_lifted", person_id, {"reason": reason})
            append(connection, actor, [entry], at)
    return lifted


def reasons_not_to(connection: Connection, person_ids: Sequence[str], on: date) -> dict[str, str]:
    """Return the first reason, in order of the alphabet, not to write to each of these people.

    Asked of everybody's earlier ids too: a suppression; a life event that stops or holds messages
    to them or their benefit unit; and `open_case`, where somebody has to look at a case of theirs
    first.

    Args:
        connection: in a transaction: a sender asks in the one in which it claims.
        person_ids: whom it would write to.
        on: the day.
    """
    found: dict[str, list[str]] = {}
    for some in batched(sorted(set(person_ids)), MOST_AT_ONCE):
        whose = {person_id: {person_id} for person_id in some}
        for known_as, person_id in connection.execute(_other_ids(), {"ids": some}):
            whose.setdefault(known_as, set()).add(person_id)
        asked = {"ids": sorted(whose), "on": on}
        for known_as, reason in connection.execute(_standing(), asked):
            for person_id in whose[known_as]:
                found.setdefault(person_id, []).append(reason)
    return {person_id: min(reasons) for person_id, reasons in found.items()}


@cache
def _other_ids() -> CompoundSelect[Any]:
    """Return the query for ids under which something may be known of people beside their own, and
    of whom: those they had before, and their benefit unit's.

    Made once, as the next one: a sender asks for every message.
    """
    before, who = table_of(PersonHeir), table_of(Recipient)
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    return union_all(
        select(before.c.was, before.c.person_id).where(before.c.person_id.in_(ids)),
        select(who.c.benefit_unit_id, who.c.person_id).where(
            who.c.person_id.in_(ids), who.c.benefit_unit_id.is_not(None)
        ),
    )


@cache
def _standing() -> CompoundSelect[Any]:
    """Return the query for what stands against ids on a day: each with the reason."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    stops = table_of(Suppression)
    on = bindparam("on", type_=stops.c.until_on.type)
    stands = or_(stops.c.until_on.is_(None), stops.c.until_on >= on)
    return union_all(
        select(stops.c.person_id, stops.c.reason).where(stops.c.person_id.in_(ids), stands),
        _stopped(ids),
        *_with_open_case(ids),
    )


def _stopped(ids: BindParameter[Any]) -> Select[Any]:
    """Whom a life event stops or holds: at once, and only while nothing undoes it."""
    table = table_of(EventSignal)
    on = bindparam("on", type_=table.c.until_on.type)
    holds = (table.c.kind == "hold") & or_(table.c.until_on.is_(None), table.c.until_on >= on)
    return select(table.c.subject, func.coalesce(table.c.reason, LIFE_EVENT)).where(
        table.c.subject.in_(ids),
        table.c.withdrawn_at.is_(None),
        or_(table.c.kind == "stop", holds),
    )


def _with_open_case(ids: BindParameter[Any]) -> Iterator[Select[Any]]:
    """Whose case, or whose benefit unit's, somebody has to look at first. That a claim was refused,
    or that a caseworker decided otherwise than the rules, stops nothing: it is a word on one scheme
    and none on another; the decision itself holds that scheme's messages (`decided_against`)."""
    cases, steps = table_of(Case), table_of(CaseEvent)
    refusal = select(steps.c.case_id).where(
        steps.c.case_id == cases.c.case_id,
        steps.c.number == 1,
        steps.c.reason.in_((REFUSAL, OVERRIDDEN, CORRECTED)),
    )
    blocking = (cases.c.state != "closed") & cases.c.kind.in_(BLOCKING) & ~refusal.exists()
    yield select(cases.c.person_id, literal(OPEN_CASE)).where(cases.c.person_id.in_(ids), blocking)
    of_unit = cases.c.person_id.is_(None) & cases.c.benefit_unit_id.in_(ids)
    yield select(cases.c.benefit_unit_id, literal(OPEN_CASE)).where(of_unit, blocking)


def decided_against(connection: Connection, message_ids: Sequence[str]) -> set[str]:
    """Return those of these messages about whose scheme a caseworker decided that nobody writes to
    the benefit unit: it is waited for an answer, found not entitled, or not to be contacted.

    The unit is that of the message, or the one in which its recipient is by now; of a scheme for a
    whole household, any of the household, for the case is of one of its units only.
    """
    found: set[str] = set()
    for some in batched(sorted(message_ids), MOST_AT_ONCE):
        found.update(connection.execute(_decided(), {"ids": some}).scalars())
    return found


@cache
def _decided() -> CompoundSelect[Any]:
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    messages, flags, items = table_of(OutreachMessage), table_of(Flag), table_of(WorkItem)
    held = (
        messages.c.message_id.in_(ids)
        & flags.c.state.in_(HOLDING)
        & (flags.c.scheme == messages.c.scheme)
    )
    queries = [
        select(messages.c.message_id)
        .join(flags, flags.c.benefit_unit_id == messages.c.benefit_unit_id)
        .where(held)
    ]
    # Who may be written to is loaded apart from the case files: either may be the newer.
    for who in (table_of(Recipient), table_of(CasePerson)):
        to = select(messages.c.message_id).join(who, who.c.person_id == messages.c.recipient_id)
        queries.append(to.join(flags, flags.c.benefit_unit_id == who.c.benefit_unit_id).where(held))
        queries.append(
            to.join(items, items.c.household_id == who.c.household_id)
            .join(flags, flags.c.benefit_unit_id == items.c.benefit_unit_id)
            .where(
                held,
                messages.c.benefit_unit_id.is_(None),
                or_(
                    flags.c.subject_id == who.c.household_id,
                    flags.c.person_id == messages.c.recipient_id,
                ),
            )
        )
    return union_all(*queries)


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
