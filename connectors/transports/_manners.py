"""What all transports have in common: how long they wait, when they try again, where secrets are.

Messages name the source as its declaration does. They never hold what the source said, because
that may be about people, nor a secret.
"""

import hashlib
import json
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from nostop.model import FetchError
from nostop.ports import Bookmark

_FIRST_WAIT_SECONDS = 0.5
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")

T = TypeVar("T")

#: pydantic takes unknown keys of a nested dataclass in silence unless it is told not to.
STRICT = {"extra": "forbid"}


class BrokenOffError(FetchError):
    """A fetch that may succeed if it is tried again, at the earliest `after` seconds from now."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one fetch waits, in seconds, and how often it tries.

    Attributes:
        connect_seconds: for a connection.
        answer_seconds: for the next bytes of an answer.
        total_seconds: for everything.
        tries: that bring nothing, in a row. What arrived before is kept, so each that brings
            something starts the count again.
        longest_wait_seconds: between two tries; a source that asks for a longer wait is left
            alone until the next fetch.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    connect_seconds: float = 10
    answer_seconds: float = 60
    total_seconds: float = 3600
    tries: int = 5
    longest_wait_seconds: float = 60

    def __post_init__(self) -> None:
        waits = (self.connect_seconds, self.answer_seconds, self.total_seconds)
        if min(waits) <= 0 or self.tries < 1 or self.longest_wait_seconds < 0:
            raise FetchError("patience: every wait is more than 0 seconds, and tries is 1 or more")


class Watch:
    """The time that one fetch from `source` has left."""

    def __init__(self, source: str, patience: Patience) -> None:
        self.source = source
        self.patience = patience
        self._ends = time.monotonic() + patience.total_seconds

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            FetchError: none are.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise FetchError(
                f"{self.source}: is not done after {self.patience.total_seconds:g} seconds in all "
                "(total_seconds); what arrived is kept, fetch again"
            )
        return left

    def silent(self) -> BrokenOffError:
        """Return the error for a source that does not answer in time."""
        seconds = self.patience.answer_seconds
        return BrokenOffError(f"{self.source}: did not answer within {seconds:g} seconds")


def persist(action: Callable[[], T], watch: Watch, progress: Callable[[], int] = lambda: 0) -> T:
    """Return what `action` returns, trying again where it broke off.

    Args:
        action: raises `BrokenOffError` where another try may help.
        watch: the time that is left, and how many tries.
        progress: a number that grows where a try brought something although it broke off.

    Raises:
        FetchError: the last try's, with the number of tries.
    """
    tally = _Tally(watch, progress)
    again = Retrying(
        retry=retry_if_exception_type(BrokenOffError),
        after=tally.count,
        wait=tally.wait,
        stop=tally.stop,
        reraise=True,
    )
    try:
        return again(action)
    except BrokenOffError as error:
        # Without the cause: a library's own words may hold an address with a token in it.
        raise FetchError(f"{error}; tries that brought nothing: {tally.fruitless}") from None


class _Tally:
    """Counts the tries that brought nothing, and says how long to wait before the next."""

    def __init__(self, watch: Watch, progress: Callable[[], int]) -> None:
        self.fruitless = 0
        self._watch = watch
        self._progress = progress
        self._reached = progress()
        self._asked: float | None = None

    def count(self, state: RetryCallState) -> None:
        now = self._progress()
        self.fruitless = 1 if now > self._reached else self.fruitless + 1
        self._reached = max(now, self._reached)
        error = state.outcome.exception() if state.outcome else None
        self._asked = error.after if isinstance(error, BrokenOffError) else None

    def wait(self, state: RetryCallState) -> float:  # noqa: ARG002 - tenacity's own form
        if self._asked is not None:
            return self._asked
        longest = min(
            self._watch.patience.longest_wait_seconds,
            _FIRST_WAIT_SECONDS * 2 ** min(self.fruitless - 1, 20),
        )
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads tries, hides nothing

    def stop(self, state: RetryCallState) -> bool:
        patience = self._watch.patience
        if self.fruitless >= patience.tries or state.upcoming_sleep > self._watch.left():
            return True
        return self._asked is not None and self._asked > patience.longest_wait_seconds


def secret(variable: str) -> str:
    """Return the value of an environment variable that a setting names.

    Raises:
        FetchError: there is none, or the setting looks like the secret itself.
    """
    if not _VARIABLE.fullmatch(variable):
        # The setting is not repeated: it may be the secret.
        raise FetchError(
            "a setting that ends in _env names an environment variable, in capitals, digits and _; "
            "it never holds the secret itself"
        )
    value = os.environ.get(variable, "").strip("\r\n")
    if not value:
        raise FetchError(f"the environment variable {variable} is not set or empty")
    return value


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine, so that nothing goes over a network."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def place(url: str) -> str:
    """Return what of an address may be told: no user, password or parameter."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def of(*identity: object) -> str:
    """Return a short name for what is asked of a source, so that the bookmark of something else
    is not taken for its own."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def own(bookmark: Bookmark, name: str) -> Bookmark:
    """Return the bookmark if it is that of `name` (see `of`), otherwise an empty one."""
    return bookmark if bookmark.get("of") == name else {}
