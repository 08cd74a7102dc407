"""Decisions on flagged benefit units: what was decided, by whom and why, and what follows at once.

Every change of a case names the version of it that was looked at: where it has moved on, nothing is
written, and whoever decided is told. What a decision holds back is held in its own transaction:
from its commit on, no message about that scheme is claimed for that benefit unit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from nostop.model import MovedOn, NotHere, StoreError
from nostop.store.api_keys import keys_made_by
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.cases import NewCase, open_cases
from nostop.store.checks import check_id
from nostop.store.contacts import ADDED, CORRECTED, OVERRIDDEN
from nostop.store.decided_messages import messages_follow
from nostop.store.rows import read, table_of
from nostop.store.tables_casework import DECISIONS, Decision, Flag, WorkItem
from nostop.store.tables_outreach import Suppression

#: Why nobody writes to somebody of whom a caseworker said so.
NO_CONTACT = "caseworker_no_contact"
LONGEST_REASON = 4000
#: What a decision makes of a flag; a handed-over one stays as it is.
BECOMES = {
    "confirm": "confirmed",
    "not_entitled": "not_entitled",
    "ask_evidence": "waiting",
    "phone": "waiting",
    "suppress": "suppressed",
    "reopen": "open",
}
#: Of which flags something may be decided. What is settled has to be reopened first, and what waits
#: for a second person is theirs.
FROM = {
    "confirm": ("open", "waiting"),
    "not_entitled": ("open", "waiting"),
    "ask_evidence": ("open", "waiting"),
    "phone": ("open", "waiting"),
    "suppress": ("open", "waiting", "confirmed"),
    "hand_over": ("open", "waiting", "second", "confirmed", "not_entitled", "suppressed"),
    "reopen": ("waiting", "confirmed", "not_entitled", "suppressed"),
}
#: Kinds that are of the whole benefit unit, whatever the scheme.
OF_THE_UNIT = ("suppress", "hand_over")
COUNTS = ("final", "approved")


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as somebody looked at it."""

    benefit_unit_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides: `kind` is one of `DECISIONS`, `scheme` None of the whole benefit unit.

    about: facts that are asked for, people whom nobody writes to, or the account that it goes to.
    until_on: how long it waits, or nobody writes; None is for good.
    is_override: the rules say something else; needs_second: it waits for a second person.
    """

    kind: str
    reason: str
    scheme: str | None = None
    condition: str | None = None
    about: tuple[str, ...] = ()
    until_on: date | None = None
    is_override: bool = False
    needs_second: bool = False


@dataclass(frozen=True, slots=True)
class SecondWord:
    """What a second person says of a decision, having seen `version` of its case."""

    version: int
    reason: str
    approves: bool


def decide(engine: Engine, seen: Seen, verdict: Verdict, act: Act) -> str:
    """Write a decision down with everything that follows from it, and return its id.

    Raises:
        MovedOn: somebody changed the case since it was looked at; nothing is written.
        NotHere: there is no such case.
        StoreError: no flag of it is in a state of which this may be decided, or a value is not fit
            to be stored.
    """
    _check(verdict)
    with engine.begin() as connection:
        item = hold(connection, seen)
        flags = _decided(connection, seen.benefit_unit_id, verdict)
        if not flags and verdict.kind != "hand_over":
            raise StoreError("decisions: nothing of this case can be decided in this way now")
        decision_id = _record(connection, item, flags, verdict, act)
        schemes = [flag["scheme"] for flag in flags]
        if verdict.needs_second:
            _move_flags(connection, seen.benefit_unit_id, schemes, "second")
        else:
            _carry_out(connection, item, schemes, verdict, act)
        if verdict.kind == "suppress":
            # At once, whoever has to agree: a message that does not go can go later.
            _stop_people(connection, verdict, act)
        elif verdict.kind == "reopen" and any(each["state"] == "suppressed" for each in flags):
            _allow_people(connection, _not_contacted(connection, seen.benefit_unit_id))
        _settle(connection, seen.benefit_unit_id)
        entries = messages_follow(connection, item, act)
        if verdict.is_override:
            tell_authors(connection, seen.benefit_unit_id, schemes, OVERRIDDEN, act)
        detail = _detail(decision_id, verdict)
        entry = Entry("case.decided", seen.benefit_unit_id, detail)
        append(connection, act.by, [*entries, entry], act.at)
    return decision_id


def second(engine: Engine, decision_id: str, word: SecondWord, act: Act) -> None:
    """Approve or refuse a decision that waits for a second person.

    Raises:
        MovedOn: somebody changed the case meanwhile, or has said so already.
        NotHere: there is no such decision.
        StoreError: whoever decided may not be the second; or a value is not fit to be stored.
    """
    check_words(word.reason)
    table = table_of(Decision)
    with engine.begin() as connection:
        query = select(table).where(table.c.decision_id == decision_id)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotHere("decisions: there is no such decision")
        theirs = connection.execute(keys_made_by(act.by)).scalars().all()
        if row["by"] in (act.by, *theirs):
            raise StoreError("decisions: whoever decided cannot be the second person")
        if row["state"] != "awaiting":
            raise MovedOn("decisions: somebody has answered this already")
        item = hold(connection, Seen(row["benefit_unit_id"], word.version))
        values = {
            "state": "approved" if word.approves else "refused",
            "second_by": act.by,
            "second_at": act.at,
            "second_reason": word.reason,
        }
        connection.execute(update(table).where(table.c.decision_id == decision_id).values(**values))
        verdict = _verdict_of(dict(row))
        schemes = _awaited(connection, dict(row))
        if word.approves:
            _carry_out(connection, item, schemes, verdict, act)
        else:
            _move_flags(connection, row["benefit_unit_id"], schemes, "open")
            stopped = verdict.about if row["kind"] == "suppress" else ()
            # What somebody else had stopped before stays so.
            _allow_people(connection, stopped, row["at"])
        _settle(connection, row["benefit_unit_id"])
        entries = messages_follow(connection, item, act)
        detail = {"decision": decision_id, "state": str(values["state"])}
        entry = Entry("case.second", row["benefit_unit_id"], detail)
        append(connection, act.by, [*entries, entry], act.at)


def hold(connection: Connection, seen: Seen) -> Mapping[str, Any]:
    """Take a case for the transaction of the caller, who goes on only where it is as they saw it;
    return its row, with the version that it now has.

    Raises:
        MovedOn: it is another version.
        NotHere: there is no such case.
    """
    table = table_of(WorkItem)
    mine = table.c.benefit_unit_id == seen.benefit_unit_id
    query = update(table).where(mine, table.c.version == seen.version)
    moved = connection.execute(query.values(version=seen.version + 1)).rowcount
    row = connection.execute(select(table).where(mine)).mappings().one_or_none()
    if row is None:
        raise NotHere("decisions: there is no such case")
    if not moved:
        raise MovedOn("decisions: somebody changed this case since it was looked at")
    return dict(row)


def tell_authors(
    connection: Connection, unit: str, schemes: Sequence[str], word: str, act: Act
) -> None:
    """Open a case for the authors of each scheme's rules: a caseworker says otherwise than they."""
    if word not in (OVERRIDDEN, CORRECTED):
        raise StoreError("decisions: rules are told of what was decided or corrected")
    new = [
        NewCase("override", word, benefit_unit_id=unit, scheme=scheme) for scheme in sorted(schemes)
    ]
    if new:
        open_cases(connection, new, act.at, act.by)


def check_words(text: str) -> str:
    """Return what somebody wrote, if it can be stored.

    Raises:
        StoreError: it is longer than `LONGEST_REASON`, or has a NUL in it.
    """
    if len(text) > LONGEST_REASON or "\x00" in text:
        raise StoreError("store: what was written is too long or holds a sign that is no text")
    return text


def wake(engine: Engine, on: date, act: Act) -> int:
    """Open again what waited, or was not to be contacted, until a day that has passed; return how
    many cases that is. Safe to repeat."""
    table, flags, later = table_of(Decision), table_of(Flag), table_of(Decision).alias("later")
    same = or_(table.c.scheme.is_(None), table.c.scheme == flags.c.scheme)
    newer = exists().where(
        later.c.benefit_unit_id == table.c.benefit_unit_id,
        later.c.at > table.c.at,
        later.c.state.in_((*COUNTS, "awaiting")),
        later.c.kind != "hand_over",
        or_(later.c.scheme.is_(None), later.c.scheme == flags.c.scheme),
    )
    query = (
        select(flags.c.benefit_unit_id, flags.c.scheme)
        .join(table, (table.c.benefit_unit_id == flags.c.benefit_unit_id) & same)
        .where(
            table.c.state.in_(COUNTS),
            table.c.until_on < on,
            flags.c.state.in_(("waiting", "suppressed")),
            ~newer,
        )
    )
    with engine.begin() as connection:
        due = read(connection, query).unique().sort("benefit_unit_id", "scheme")
        for (unit,), rows in due.group_by(["benefit_unit_id"], maintain_order=True):
            _wake_one(connection, str(unit), rows["scheme"].to_list())
        units = due["benefit_unit_id"].unique().sort()
        append(connection, act.by, [Entry("case.due_again", unit) for unit in units], act.at)
    return units.len()


def _wake_one(connection: Connection, unit: str, schemes: list[str]) -> None:
    items = table_of(WorkItem)
    grown = update(items).where(items.c.benefit_unit_id == unit)
    connection.execute(grown.values(version=items.c.version + 1))
    _move_flags(connection, unit, schemes, "open")
    _settle(connection, unit)


def _check(verdict: Verdict) -> None:
    check_words(verdict.reason)
    if verdict.kind not in DECISIONS:
        raise StoreError("decisions: this is no kind of decision")
    if verdict.kind in OF_THE_UNIT and verdict.scheme is not None:
        raise StoreError(f"decisions: '{verdict.kind}' is of the whole benefit unit")
    if verdict.kind in ("confirm", "not_entitled") and verdict.scheme is None:
        raise StoreError(f"decisions: '{verdict.kind}' is of one scheme")
    for each in (*verdict.about, verdict.scheme, verdict.condition):
        if each is not None:
            check_id(each, "what a decision is about")


def _decided(connection: Connection, unit: str, verdict: Verdict) -> list[dict[str, Any]]:
    """Return the flags that a decision is of. Whom nobody may write to is written to again of
    everything, so that what was suppressed is reopened together."""
    flags = _flags(connection, unit, verdict.scheme, FROM[verdict.kind])
    if verdict.kind != "reopen" or all(each["state"] != "suppressed" for each in flags):
        return flags
    named = {each["scheme"] for each in flags}
    more = _flags(connection, unit, None, ("suppressed",))
    return flags + [each for each in more if each["scheme"] not in named]


def _flags(
    connection: Connection, unit: str, scheme: str | None, states: Collection[str]
) -> list[dict[str, Any]]:
    table = table_of(Flag)
    query = select(table).where(table.c.benefit_unit_id == unit, table.c.state.in_(states))
    if scheme is not None:
        query = query.where(table.c.scheme == scheme)
    return [dict(row) for row in connection.execute(query.order_by(table.c.scheme)).mappings()]


def _record(
    connection: Connection,
    item: Mapping[str, Any],
    flags: Sequence[Mapping[str, Any]],
    verdict: Verdict,
    act: Act,
) -> str:
    unit = item["benefit_unit_id"]
    key = "\x1f".join((unit, str(item["version"]), act.by, act.at.isoformat()))
    decision_id = "D" + sha256(key.encode()).hexdigest()[:24]
    # What the rules had said is said of one scheme only.
    flag = flags[0] if verdict.scheme is not None and flags else {}
    row = {
        "decision_id": decision_id,
        "benefit_unit_id": unit,
        "scheme": verdict.scheme,
        "kind": verdict.kind,
        "condition": verdict.condition,
        "reason": verdict.reason,
        "by": act.by,
        "at": act.at,
        "run_id": flag.get("run_id", item["run_id"]),
        "pack_version": flag.get("pack_version"),
        "outcome": flag.get("outcome"),
        "is_override": verdict.is_override,
        "about": " ".join(verdict.about) or None,
        "until_on": verdict.until_on,
        "state": "awaiting" if verdict.needs_second else "final",
    }
    connection.execute(insert(table_of(Decision)), row)
    return decision_id


def _verdict_of(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        kind=row["kind"],
        reason=row["reason"],
        scheme=row["scheme"],
        condition=row["condition"],
        about=tuple((row["about"] or "").split()),
        until_on=row["until_on"],
    )


def _awaited(connection: Connection, row: Mapping[str, Any]) -> list[str]:
    """Return the schemes whose flags wait for this decision, and for no other one."""
    table = table_of(Decision)
    waiting = _flags(connection, row["benefit_unit_id"], row["scheme"], ("second",))
    others = select(table.c.scheme).where(
        table.c.benefit_unit_id == row["benefit_unit_id"],
        table.c.state == "awaiting",
        table.c.decision_id != row["decision_id"],
        table.c.scheme.is_not(None),
    )
    taken = set(connection.execute(others).scalars())
    return [flag["scheme"] for flag in waiting if flag["scheme"] not in taken]


def _carry_out(
    connection: Connection,
    item: Mapping[str, Any],
    schemes: Sequence[str],
    verdict: Verdict,
    act: Act,
) -> None:
    """Bring flags and the case to what was decided."""
    unit = item["benefit_unit_id"]
    if verdict.kind == "hand_over":
        _hand_over(connection, item, verdict, act.at)
    elif verdict.kind != "phone" or verdict.until_on is not None:
        # Somebody who was only spoken to is decided on next.
        _move_flags(connection, unit, schemes, BECOMES[verdict.kind])


def _hand_over(
    connection: Connection, item: Mapping[str, Any], verdict: Verdict, at: datetime
) -> None:
    table = table_of(WorkItem)
    to = verdict.about[0] if verdict.about else None
    query = update(table).where(table.c.benefit_unit_id == item["benefit_unit_id"])
    connection.execute(query.values(assignee=to, assigned_at=at if to else None))


def _move_flags(connection: Connection, unit: str, schemes: Sequence[str], state: str) -> None:
    table = table_of(Flag)
    query = update(table).where(table.c.benefit_unit_id == unit, table.c.scheme.in_(list(schemes)))
    connection.execute(query.values(state=state))


def _settle(connection: Connection, unit: str) -> None:
    """Bring a case to what its flags say: whatever is left to do comes first."""
    flags, items = table_of(Flag), table_of(WorkItem)
    query = select(flags.c.state).where(flags.c.benefit_unit_id == unit)
    states = set(connection.execute(query).scalars())
    order = ("open", "second", "waiting")
    done = "gone" if states == {"gone"} else "done"
    state = next((each for each in order if each in states), done)
    mine = items.c.benefit_unit_id == unit
    connection.execute(update(items).where(mine).values(state=state))


def _stop_people(connection: Connection, verdict: Verdict, act: Act) -> None:
    """Let nobody write to these people, until the day that the decision says.

    One that waits for a second person only adds to what stands: refused, it takes back its own.
    """
    if not verdict.about:
        raise StoreError("decisions: say whom nobody may write to")
    table = table_of(Suppression)
    stopped: set[str] = set()
    if verdict.needs_second:
        stopped = _prolonged(connection, verdict)
    else:
        _allow_people(connection, verdict.about)
    rows = [
        {
            "person_id": who,
            "reason": NO_CONTACT,
            "source": ADDED,
            "since": act.at,
            "until_on": verdict.until_on,
        }
        for who in verdict.about
        if who not in stopped
    ]
    if rows:
        connection.execute(insert(table), rows)


def _prolonged(connection: Connection, verdict: Verdict) -> set[str]:
    """Return which of these people nobody may write to already, once that stands as long as the
    decision says."""
    table = table_of(Suppression)
    mine = _no_contact() & table.c.person_id.in_(verdict.about)
    stopped = set(connection.execute(select(table.c.person_id).where(mine)).scalars())
    shorter = mine & table.c.until_on.is_not(None)
    if verdict.until_on is not None:
        shorter &= table.c.until_on < verdict.until_on
    connection.execute(update(table).where(shorter).values(until_on=verdict.until_on))
    return stopped


def _no_contact() -> ColumnElement[bool]:
    table = table_of(Suppression)
    return (table.c.reason == NO_CONTACT) & (table.c.source == ADDED)


def _allow_people(
    connection: Connection, person_ids: Collection[str], since: datetime | None = None
) -> None:
    """Let people be written to again; `since`: only those who may not since this moment."""
    table = table_of(Suppression)
    mine = _no_contact() & table.c.person_id.in_(list(person_ids))
    if since is not None:
        mine &= table.c.since == since
    if person_ids:
        connection.execute(delete(table).where(mine))


def _not_contacted(connection: Connection, unit: str) -> tuple[str, ...]:
    """Return the people whom decisions on a benefit unit keep from being written to."""
    table = table_of(Decision)
    query = select(table.c.about).where(
        table.c.benefit_unit_id == unit, table.c.kind == "suppress", table.c.state.in_(COUNTS)
    )
    found = {who for about in connection.execute(query).scalars() for who in (about or "").split()}
    return tuple(sorted(found))


def _detail(decision_id: str, verdict: Verdict) -> dict[str, str | int]:
    detail: dict[str, str | int] = {"decision": decision_id, "kind": verdict.kind}
    if verdict.scheme is not None:
        detail["scheme"] = verdict.scheme
    if verdict.needs_second:
        detail["state"] = "awaiting"
    return detail
