"""Who calls: every address of the API is behind a key, a limit, the audit log, and a scope, in this
order, before anything of the request but its key is looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from nostop.app.api_keys import Caller, caller_of, note_call
from nostop.app.casework.cases import Desk
from nostop.logs import logger
from nostop.store import Act
from nostop.web.api.limits import Buckets
from nostop.web.api.problems import Refused
from nostop.web.guard import house_of
from nostop.web.house import House

_LOG = logger("api")
_BEARER = "bearer "
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its id, the scope that it needs, what it costs, its address with ids left
    open, and whether it is of one record: then a key without the scope is told that there is
    none."""

    name: str
    scope: str
    cost: int
    address: str
    is_record: bool
    every_area: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in: of which key, when."""

    caller: Caller
    house: House
    at: datetime

    @property
    def act(self) -> Act:
        """Who does something, and when."""
        return Act(self.caller.actor, self.at)

    def desk(self, purpose: str) -> Desk:
        """Return what a service works on cases with; no service is a senior."""
        return Desk(
            engine=self.house.engine,
            shelf=self.house.shelf,
            rules=self.house.settings.rules,
            who=self.caller.who,
            at=self.at,
            is_senior=False,
            purpose=purpose,
        )


def admit(request: Request, operation: Operation) -> None:
    """Let a call in, or refuse it; `call_of` then gives it.

    Raises:
        Refused: no key that is good, too many requests, or not for this key.
    """
    request.state.operation = operation.address
    house = house_of(request)
    at = house.now()
    caller = caller_of(house.engine, _key_of(request), at)
    if caller is None:
        _LOG.warning("a call without a good key", operation=operation.name)
        raise Refused("no-key")
    buckets: Buckets = request.app.state.api_buckets
    taken = buckets.take(caller.key_id, operation.cost, at)
    request.state.limits = buckets.headers(taken)
    if not taken.allowed:
        raise Refused("too-many")
    note_call(house.engine, caller, operation.name, at)
    if operation.scope not in caller.scopes:
        raise Refused("not-found" if operation.is_record else "not-for-this-key")
    if operation.every_area and caller.areas is not None:
        raise Refused("not-for-this-key")
    request.state.call = Call(caller, house, at)


def call_of(request: Request) -> Call:
    """Return the call that was let in."""
    call: Call = request.state.call
    return call


Called = Annotated[Call, Depends(call_of)]


def _key_of(request: Request) -> str:
    sent = request.headers.getlist("authorization")
    if len(sent) != 1 or not sent[0].lower().startswith(_BEARER) or len(sent[0]) > _LONGEST:
        return ""
    return sent[0][len(_BEARER) :].strip()
