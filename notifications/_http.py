"""Asking a web service once: the one module of the channels that knows which HTTP library we use.

What matters to a sender is whether a request can have been heard. Nothing here tries twice, and no
redirect is followed.
"""

import ssl
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from nostop.model import PluginError
from notifications._clock import Deadline
from notifications._settings import is_loopback

_CONNECT_SECONDS = 10.0
#: A service closes a connection that idles; one that is closed while we write leaves us not
#: knowing whether the request was heard. So ours end first.
_IDLE_SECONDS = 2.0
_CONNECTIONS = 100
_LONGEST_ANSWER = 1024 * 1024
_WHEN_REFUSED_SECONDS = 5.0
_WHEN_BUSY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered, whole. `retry_after` is its wish in seconds, where it has one."""

    status: int
    body: bytes
    retry_after: float | None


class NotSentError(Exception):
    """No byte of the request has left: no connection was made. It may be tried again later."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class NoAnswerError(Exception):
    """The request may have been heard, and no whole answer came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Line:
    """A line to one service, for several threads at once. Connections are kept and used again."""

    def __init__(self, base_url: str, answer_seconds: float) -> None:
        """Prepare to ask the service at `base_url`, an address as `service_address` returns it."""
        timeout = httpx.Timeout(answer_seconds, connect=_CONNECT_SECONDS)
        limits = httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )
        self._base_url = base_url
        self._answer_seconds = answer_seconds
        # Not packed: an answer is small, and what unpacks can grow.
        self._client = httpx.Client(
            timeout=timeout,
            limits=limits,
            verify=_certificates(),
            follow_redirects=False,
            # What stays on this machine goes through no proxy of the environment.
            trust_env=not is_this_machine(base_url),
            headers={"Accept-Encoding": "identity", "User-Agent": "nostop"},
        )
        # A channel has no end of its own in the seam: the sockets go when it does.
        self._closed = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Close every connection. Nothing can be asked afterwards."""
        self._closed()

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` once and return the answer, whatever its status.

        Raises:
            NotSentError: it is certain that nothing was sent.
            NoAnswerError: it may have been heard.
        """
        url = f"{self._base_url}{path}"
        return self._once(
            self._client.build_request("POST", url, content=body, headers=dict(headers))
        )

    def get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Ask for `path` once and return the answer; raises like `post`."""
        url = f"{self._base_url}{path}"
        return self._once(
            self._client.build_request("GET", url, params=dict(query), headers=dict(headers))
        )

    def _once(self, request: httpx.Request) -> Answer:
        # Without the causes: a library's own words may hold what was sent.
        try:
            response = self._client.send(request, stream=True)
            try:
                body = _body(response, Deadline(self._answer_seconds))
                return Answer(response.status_code, body, _retry_after(response))
            finally:
                response.close()
        # Only these three prove it. A connection that is reset was one.
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NotSentError("cannot_connect", _WHEN_REFUSED_SECONDS) from None
        except httpx.PoolTimeout:
            raise NotSentError("no_free_connection", _WHEN_BUSY_SECONDS) from None
        except (httpx.TimeoutException, TimeoutError):
            raise NoAnswerError("no_answer_in_time") from None
        except httpx.HTTPError:
            raise NoAnswerError("connection_broke_off") from None


@cache
def _certificates() -> ssl.SSLContext:
    """Return the authorities that httpx believes; reading them takes longer than a request."""
    return httpx.create_ssl_context()


def service_address(url: str, source: str) -> str:
    """Return the address of a service without a slash at its end.

    Args:
        url: https, or http on this machine.
        source: how errors call it: a setting or an environment variable.

    Raises:
        PluginError: it is no such address, or holds more than a place. It is not repeated, because
            it may hold a password.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise PluginError(f"{source}: is no address of a service") from None
    if address.userinfo or address.query or address.fragment or not address.host:
        raise PluginError(f"{source}: expected https://host/path and nothing more")
    if address.scheme != "https" and not (address.scheme == "http" and is_this_machine(url)):
        raise PluginError(f"{source}: has to begin with https:// (people's data travels)")
    return str(address).rstrip("/")


def is_this_machine(url: str) -> bool:
    """Return whether an address leads to this machine, so that nothing goes over a network."""
    return is_loopback(httpx.URL(url).host)


def _body(response: httpx.Response, deadline: Deadline) -> bytes:
    parts, length = [], 0
    for part in response.iter_bytes():
        # One that comes drop by drop is never late by httpx's count.
        deadline.left()
        length += len(part)
        if length > _LONGEST_ANSWER:
            raise NoAnswerError("answer_too_long")
        parts.append(part)
    return b"".join(parts)


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of a `Retry-After`; one that gives a date is not used."""
    wish = response.headers.get("retry-after", "").strip()
    return float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else None
