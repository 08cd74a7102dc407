"""Life events that services send: CloudEvents 1.0 in JSON, one or a batch."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from nostop.app.api_events import EventShelf, desk_for, take_events
from nostop.model import EventError
from nostop.web.api import models
from nostop.web.api.idempotency import Done, MaybeIdempotencyKey, once
from nostop.web.api.keys import Call, Called
from nostop.web.api.problems import Refused
from nostop.web.api.routes import EVERY_AREA, SCOPE, TAKES, api_router, problems, raw_body

router = api_router("Events")
ONE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time"],
    "additionalProperties": False,
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,100}$"},
        "source": {"type": "string", "pattern": "^[A-Za-z0-9_.:/+-]{1,200}$"},
        "type": {"type": "string"},
        "subject": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,100}$"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
}
_BODY = {
    "required": True,
    "content": {
        ONE: {"schema": _EVENT},
        BATCH: {"schema": {"type": "array", "items": _EVENT, "maxItems": 1000}},
    },
}


@router.post(
    "/events",
    operation_id="sendEvents",
    summary="Send life events",
    response_model=models.EventsTaken,
    responses=problems(
        "not-for-this-key", "at-work", "too-large", "wrong-content-type", "invalid", "other-request"
    ),
    openapi_extra={
        SCOPE: "events:write",
        EVERY_AREA: True,
        TAKES: (ONE, BATCH),
        "requestBody": _BODY,
    },
)
def send(
    request: Request,
    call: Called,
    raw: Annotated[bytes, Depends(raw_body)],
    key: MaybeIdempotencyKey = None,
) -> Response:
    """Takes events in, all of them or none, under the same checks as `nostop events append`. One
    that is known already, by its source and id, is counted and changes nothing: send it again as
    often as you like. An id or subject that looks like a name, a number of a person or a telephone
    number is refused."""
    batch = request.headers.get("content-type", "").partition(";")[0].strip().lower() == BATCH
    shelf: EventShelf = request.app.state.api_events
    return once(request, call, key, raw, lambda: _taken(call, shelf, raw, batch=batch))


def _taken(call: Call, shelf: EventShelf, raw: bytes, *, batch: bool) -> Done:
    house = call.house
    desk = desk_for(house.engine, shelf, house.settings.rules, call.caller.actor, call.at)
    try:
        heard = take_events(desk, raw, call.at, batch=batch)
    except EventError as error:
        errors = [("", line.removeprefix("events:").strip()) for line in str(error).splitlines()]
        raise Refused("invalid", errors) from None
    taken = models.EventsTaken(
        added=heard.added, known=heard.known, raised=heard.raised, withdrawn=heard.withdrawn
    )
    return Done(200, taken)
