"""What every handler takes from a request."""

import json

from starlette.requests import Request

from nostop.notify_simulator.errors import Refusal, invalid
from nostop.notify_simulator.simulator import Simulator

_LARGEST_REQUEST = 10_000_000


def simulator_of(request: Request) -> Simulator:
    """Return the simulator that a request came to."""
    found: Simulator = request.app.state.simulator
    return found


async def raw_body(request: Request) -> bytes:
    """Return what was posted, up to 10 MB.

    Raises:
        Refusal: it is larger.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_REQUEST:
            raise Refusal(413, ("BadRequestError", "The request is larger than 10 MB"))
        chunks.append(chunk)
    return b"".join(chunks)


async def json_object(request: Request) -> dict[str, object]:
    """Return the JSON object that was posted; nothing counts as an empty one.

    Raises:
        Refusal: it is no JSON object.
    """
    raw = await raw_body(request)
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise invalid("the body is no JSON") from error
    if not isinstance(body, dict):
        raise invalid("the body is no JSON object")
    return body
