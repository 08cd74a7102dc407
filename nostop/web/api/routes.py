"""A route of the API: let in by its key, its body no longer than allowed, and strict JSON."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from nostop.model import JsonError
from nostop.strict_json import strict_json
from nostop.web.api.keys import Operation, admit
from nostop.web.api.problems import KINDS, MEDIA_TYPE, Refused

V1 = "/api/v1"
JSON = "application/json"
#: Bytes that a body may have, and that events may.
LONGEST_BODY, LONGEST_EVENTS = 256 * 1024, 1024 * 1024
#: What an operation says of itself to its route; left out of the description.
SCOPE, COST, TAKES, EVERY_AREA = "x-scope", "x-cost", "x-takes", "x-every-area"
_PLACE = re.compile(r":(\d+):(\d+): is not JSON")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRequest(Request):
    """A request of which the body is read no further than allowed, and as strict JSON."""

    longest = LONGEST_BODY

    async def body(self) -> bytes:
        """Return the body.

        Raises:
            Refused: it is too long, or broke off.
        """
        if not hasattr(self, "_body"):
            parts, taken = [], 0
            try:
                async for part in self.stream():
                    taken += len(part)
                    if taken > self.longest:
                        raise Refused("too-large")
                    parts.append(part)
            except ClientDisconnect:
                raise Refused("too-large") from None
            self._body = b"".join(parts)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return the body as data.

        Raises:
            Refused: it is not strict JSON.
        """
        try:
            return strict_json(await self.body(), "body")
        except JsonError as error:
            place = _PLACE.search(str(error))
            text = f"line {place[1]}, column {place[2]}" if place else "is not strict JSON"
            raise Refused("malformed", [("", text)]) from None


class EventsRequest(ApiRequest):
    """One that brings events."""

    longest = LONGEST_EVENTS


class ApiRoute(APIRoute):
    """A route behind a key: one that names no scope cannot be made."""

    def operation(self) -> Operation:
        """Return what the route needs."""
        extra = self.openapi_extra or {}
        return Operation(
            name=str(self.operation_id),
            scope=extra[SCOPE],
            cost=extra.get(COST, 1),
            address=self.path_format,
            is_record="{" in self.path_format,
            every_area=extra.get(EVERY_AREA, False),
        )

    def get_route_handler(self) -> Handler:
        """Return what answers a request: only one that is let in is read."""
        handler, operation = super().get_route_handler(), self.operation()
        takes: tuple[str, ...] = (self.openapi_extra or {}).get(TAKES, (JSON,))
        kind = ApiRequest if takes == (JSON,) else EventsRequest
        has_body = self.body_field is not None or TAKES in (self.openapi_extra or {})

        async def answer(request: Request) -> Response:
            await run_in_threadpool(admit, request, operation)
            if has_body and _content_type(request) not in takes:
                raise Refused("wrong-content-type", (), {"Accept": ", ".join(takes)})
            response = await handler(kind(request.scope, request.receive))
            for name, value in request.state.limits.items():
                response.headers[name] = value
            return response

        return answer


def api_router(tag: str) -> APIRouter:
    """Return the router of one resource."""
    return APIRouter(prefix=V1, route_class=ApiRoute, tags=[tag])


async def raw_body(request: Request) -> bytes:
    """Return the body as it was sent."""
    return await request.body()


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return how an operation says which problems there can be, beside those of every one."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in ("no-key", "malformed", "too-many", "broken", "later", *kinds):
        each = KINDS[kind]
        described = found.setdefault(
            int(each.status),
            {
                "description": each.title,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        if each.title not in described["description"]:
            described["description"] += f"; {each.title[0].lower()}{each.title[1:]}"
    return found


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
