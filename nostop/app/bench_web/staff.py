"""Who is at work: officials who do not exist, signed in before the load begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from nostop.app.bench_web.population import AREAS
from nostop.app.web_sessions import Official, sign_in

#: One in so many caseworkers is a senior.
_A_SENIOR = 20
#: Every second caseworker works for so many areas, the others for all.
_THEIR_AREAS = 12
_OTHERS = ("policy_analyst", "auditor", "campaign_approver")
_LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Staff:
    """Accounts of those who work on cases, and role and session of everybody."""

    workers: tuple[str, ...]
    sessions: tuple[tuple[str, str], ...]


def staff_of(engine: Engine, caseworkers: int, at: datetime) -> Staff:
    """Sign everybody in, and return who they are."""
    roles = [
        "senior" if number % _A_SENIOR == _A_SENIOR - 1 else "caseworker"
        for number in range(caseworkers)
    ]
    officials = [_official(number, role) for number, role in enumerate([*roles, *_OTHERS])]
    sessions = tuple(
        (next(iter(each.roles)), sign_in(engine, each, at, _LONGEST)) for each in officials
    )
    workers = tuple(each.account_id for each in officials[:caseworkers])
    return Staff(workers, sessions)


def asker(engine: Engine, at: datetime) -> str:
    """Sign in somebody besides those who work on cases, and return their account."""
    found = _official(999, "policy_analyst")
    sign_in(engine, found, at, _LONGEST)
    return found.account_id


def _official(number: int, role: str) -> Official:
    areas = None
    if role == "caseworker" and number % 2:
        places = range(number, number + _THEIR_AREAS)
        areas = frozenset(f"E07{place % AREAS + 1:06d}" for place in places)
    name = role.replace("_", " ").title()
    return Official(f"bench.{number:03d}", f"{name} {number}", frozenset({role}), areas)
