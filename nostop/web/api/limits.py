"""How much a key may ask for: a bucket of tokens that fills again; and which methods there are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from threading import Lock

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nostop.web.api.problems import PREFIX, Refused, problem

#: A key may ask so often at once, and then so often in a second.
MOST, EACH_SECOND = 300, 5.0
#: Buckets that are full again are forgotten when there are more than so many.
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """How a bucket stands after a request: whether it was let through, how many more would be now,
    and in how many seconds the next one (of one that was not), or all, would be."""

    allowed: bool
    left: int
    seconds: int


class Buckets:
    """A bucket for each key, in this process: several processes let through that much each."""

    def __init__(self, most: int = MOST, each_second: float = EACH_SECOND) -> None:
        self.most, self._each_second = most, each_second
        self._lock = Lock()
        self._of: dict[str, _Bucket] = {}

    def take(self, key_id: str, cost: int, at: datetime) -> Taken:
        """Take what a request costs, if there is as much."""
        with self._lock:
            if len(self._of) > _MOST_KEYS:
                self._of = {
                    name: each for name, each in self._of.items() if not self._full(each, at)
                }
            bucket = self._of.setdefault(key_id, _Bucket(float(self.most), at))
            bucket.tokens, bucket.at = self._now(bucket, at), max(at, bucket.at)
            allowed = bucket.tokens >= cost
            if allowed:
                bucket.tokens -= cost
            lacking = (self.most if allowed else cost) - bucket.tokens
            return Taken(allowed, int(bucket.tokens), ceil(lacking / self._each_second))

    def headers(self, taken: Taken) -> dict[str, str]:
        """Return what an answer says of a bucket."""
        found = {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(taken.left),
            "RateLimit-Reset": str(taken.seconds),
        }
        return found if taken.allowed else found | {"Retry-After": str(taken.seconds)}

    def _now(self, bucket: _Bucket, at: datetime) -> float:
        seconds = max((at - bucket.at).total_seconds(), 0.0)
        return min(bucket.tokens + seconds * self._each_second, float(self.most))

    def _full(self, bucket: _Bucket, at: datetime) -> bool:
        return self._now(bucket, at) >= self.most


class Verbs:
    """Answers OPTIONS, HEAD, and methods that an address does not take: what is described anyway,
    and for that nobody needs a key."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[APIRoute]) -> None:
        """Wrap an application; `routes`: those of the API."""
        self.app = app
        self._routes: list[tuple[re.Pattern[str], str, set[str]]] = [
            (route.path_regex, route.path_format, set(route.methods or ())) for route in routes
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        method, taken = scope["method"], self._methods(scope["path"])
        allow = {"Allow": ", ".join(sorted(taken))}
        if not taken or method in taken - {"HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
        elif method == "OPTIONS":
            await Response(status_code=204, headers=allow)(scope, receive, send)
        elif method == "HEAD" and "GET" in taken:
            await self.app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            refused = Refused("wrong-method", (), allow)
            await problem(Request(scope), refused)(scope, receive, send)

    def _methods(self, path: str) -> set[str]:
        found = [methods for pattern, _, methods in self._routes if pattern.match(path)]
        methods = set().union(*found)
        return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()) if found else set()


def _without_body(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return sent
