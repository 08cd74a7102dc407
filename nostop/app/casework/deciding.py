"""Deciding on a case: what may be decided, what has to be said with it, who has to agree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Engine

from nostop.model import NotHere
from nostop.outreach.campaign import parse_campaign
from nostop.store import Act, reading
from nostop.store.access import Who
from nostop.store.case_page import awaiting, declarations_of, the_awaited
from nostop.store.decisions import (
    FROM,
    OF_THE_UNIT,
    SecondWord,
    Seen,
    Verdict,
    decide,
    second,
    wake,
)

__all__ = [
    "KINDS",
    "OF_THE_UNIT",
    "Awaiting",
    "SecondWord",
    "Seen",
    "Wish",
    "awaited_case",
    "decide_case",
    "differs",
    "due_again",
    "needs_reason",
    "needs_second",
    "open_kinds",
    "second_word",
    "waiting_for_second",
    "what_is_wrong",
]

#: In the order in which they are offered.
KINDS = ("confirm", "ask_evidence", "phone", "not_entitled", "suppress", "hand_over", "reopen")
MOST_AWAITING = 100
#: Who may not be written to has nobody ring them without thought either: only a senior lifts it.
ONLY_SENIOR_REOPENS = "suppressed"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to decide, as they filled it in.

    scheme: None of the whole benefit unit. about: facts to ask for, people not to be written to, or
    the account to hand over to. outcome: what the rules say of the scheme now, with what was
    corrected; None where they are not asked.
    """

    kind: str
    reason: str
    scheme: str | None = None
    condition: str | None = None
    about: tuple[str, ...] = ()
    until_on: date | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A decision that waits for a second person; `schemes` are words of their packs, as ids."""

    decision_id: str
    benefit_unit_id: str
    version: int
    scheme: str | None
    kind: str
    condition: str | None
    reason: str
    by_name: str
    at: object
    is_override: bool
    area: str | None = field(default=None)


def open_kinds(states: Collection[str], *, senior: bool) -> tuple[str, ...]:
    """Return what may be decided of flags in these states: kinds, in the order of `KINDS`."""
    found = [kind for kind in KINDS if any(state in FROM[kind] for state in states)]
    only_suppressed = {state for state in states if state in FROM["reopen"]} == {
        ONLY_SENIOR_REOPENS
    }
    if only_suppressed and not senior and "reopen" in found:
        found.remove("reopen")
    return tuple(found)


def what_is_wrong(wish: Wish, on: date, *, adverse: bool) -> dict[str, str]:
    """Return what is missing of a decision: field -> what to do. English; nothing where it stands.

    Args:
        on: today.
        adverse: it differs from what the rules say, so that it needs a reason.
    """
    wrong: dict[str, str] = {}
    if wish.kind == "not_entitled" and not wish.condition:
        wrong["condition"] = "Choose the condition that is not met"
    if wish.kind == "ask_evidence" and not wish.about:
        wrong["about"] = "Choose at least one fact to ask for"
    if wish.kind == "ask_evidence" and wish.until_on is None:
        wrong.setdefault("until-day", "Enter the day until which you wait")
    if wish.kind == "suppress" and not wish.about:
        wrong["about"] = "Choose at least one person whom nobody writes to"
    if wish.kind == "hand_over" and not wish.about:
        wrong["about"] = "Choose who takes the case"
    if wish.until_on is not None and wish.until_on <= on:
        wrong["until-day"] = "Enter a day after today"
    if needs_reason(wish.kind, adverse=adverse) and not wish.reason:
        wrong["reason"] = "Say why, in your own words"
    return wrong


def needs_reason(kind: str, *, adverse: bool) -> bool:
    """Whether a decision needs words: all but a confirmation and a request, unless the rules say
    something else."""
    return adverse or kind not in ("confirm", "ask_evidence")


def differs(kind: str, outcome: str | None) -> bool:
    """Whether a kind of decision says something else than the rules do, who say `outcome`."""
    if kind == "not_entitled":
        return outcome != "not_entitled"
    return kind == "confirm" and outcome != "entitled"


def needs_second(
    engine: Engine, schemes: Sequence[str], kind: str, default: Collection[str]
) -> bool:
    """Whether a second person has to approve: where a campaign about one of the schemes says so; by
    `default` where no campaign that somebody has approved is about one of them. A plan that waits
    for approval can ask for a second person, and spares nobody one."""
    return any(_asks_for(engine, scheme, kind, default) for scheme in schemes)


def _asks_for(engine: Engine, scheme: str, kind: str, default: Collection[str]) -> bool:
    kinds: set[str] = set()
    covered = False
    for name, text, approved in declarations_of(engine, scheme):
        declared = parse_campaign(text, f"campaign {name}")
        if scheme in declared.schemes:
            covered = covered or approved
            kinds.update(declared.review.second_approval if declared.review else ())
    return kind in kinds or (not covered and kind in default)


def decide_case(engine: Engine, seen: Seen, wish: Wish, act: Act, *, second_needed: bool) -> str:
    """Write a decision down with what follows from it, and return its id.

    Raises:
        MovedOn: somebody changed the case since it was looked at; nothing is written.
        NotHere: there is no such case.
        StoreError: it may not be decided of the flags as they are.
    """
    verdict = Verdict(
        kind=wish.kind,
        reason=wish.reason,
        scheme=None if wish.kind in OF_THE_UNIT else wish.scheme,
        condition=wish.condition,
        about=wish.about,
        until_on=wish.until_on,
        is_override=differs(wish.kind, wish.outcome),
        needs_second=second_needed,
    )
    return decide(engine, seen, verdict, act)


def waiting_for_second(engine: Engine, who: Who) -> list[Awaiting]:
    """Return decisions that somebody may approve or refuse, the oldest first."""
    with reading(engine) as connection:
        rows = awaiting(connection, who, most=MOST_AWAITING)
    names = [each for each in Awaiting.__dataclass_fields__ if each != "by_name"]
    return [
        Awaiting(**{name: row[name] for name in names}, by_name=row["by_name"] or row["by"])
        for row in rows.iter_rows(named=True)
    ]


def second_word(engine: Engine, decision_id: str, word: SecondWord, act: Act) -> None:
    """Approve or refuse a decision that waits for a second person.

    Raises:
        MovedOn: somebody changed the case since, or has answered already.
        NotHere: there is no such decision.
        StoreError: whoever decided cannot be the second.
    """
    second(engine, decision_id, word, act)


def awaited_case(engine: Engine, decision_id: str) -> str:
    """Return the benefit unit that a decision is of.

    Raises:
        NotHere: there is no such decision.
    """
    with reading(engine) as connection:
        row = the_awaited(connection, decision_id)
    if row is None:
        raise NotHere("decisions: there is no such decision")
    return str(row["benefit_unit_id"])


def due_again(engine: Engine, on: date, act: Act) -> int:
    """Open cases again that waited, or were not to be contacted, until a day that has passed;
    return how many. Safe to repeat: a scheduler calls it once a day."""
    return wake(engine, on, act)
