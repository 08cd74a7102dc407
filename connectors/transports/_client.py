"""Asking a web service: the one module that knows which HTTP library we use.

Every address is https unless it is this machine's own, and stays with the host that the settings
name: what is secret goes to nobody else.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import ClassVar, Self

import httpx

from connectors.transports._manners import (
    STRICT,
    BrokenOffError,
    Patience,
    Watch,
    is_loopback,
    secret,
)
from nostop.model import FetchError

_REDIRECTS = (301, 302, 303, 307, 308)
_REDIRECTS_AT_MOST = 5
_ANSWERS = (200, 204, 206, 304, 416)
#: A token is renewed this long before its end, so that none ends on its way.
_MARGIN_SECONDS = 30.0
_LIFE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Auth:
    """How a service knows us: one of four ways, or none. The names are of environment variables.

    Attributes:
        token_url, client_id_env, client_secret_env, scope: OAuth 2.0 client credentials
            (RFC 6749, 4.4); with `secret_in_body` id and secret go in the body, not in a header.
        bearer_env: a token of our own.
        user_env, password_env: HTTP basic authentication.
        header, header_env: a key in a header of the service's own, such as `x-api-key`.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    token_url: str = ""
    client_id_env: str = ""
    client_secret_env: str = ""
    scope: str = ""
    secret_in_body: bool = False
    bearer_env: str = ""
    user_env: str = ""
    password_env: str = ""
    header: str = ""
    header_env: str = ""

    def __post_init__(self) -> None:
        ways = {
            "token_url, client_id_env, client_secret_env": (
                self.token_url,
                self.client_id_env,
                self.client_secret_env,
            ),
            "bearer_env": (self.bearer_env,),
            "user_env, password_env": (self.user_env, self.password_env),
            "header, header_env": (self.header, self.header_env),
        }
        begun = [parts for parts in ways.values() if any(parts)]
        if len(begun) > 1 or not all(all(parts) for parts in begun):
            raise FetchError(f"auth: write one of these whole: {'; '.join(ways)}")


class Line:
    """A line to one service. Use it in a `with` statement."""

    def __init__(self, url: str, auth: Auth, headers: Mapping[str, str], watch: Watch) -> None:
        """Prepare to ask the service at `url`; nothing is asked yet.

        Raises:
            FetchError: the address may not be used, a secret is missing or where it should not be.
        """
        for name in headers:
            if name.lower() in ("authorization", "proxy-authorization", "cookie"):
                raise FetchError(f"headers: '{name}' holds a secret: use auth")
        self._home = _address(url, watch.source)
        self._auth = auth
        self._watch = watch
        self._token: tuple[str, float] | None = None
        own = dict(headers)
        if auth.header:
            own[auth.header] = secret(auth.header_env)
        if auth.bearer_env:
            own["Authorization"] = f"Bearer {secret(auth.bearer_env)}"
        basic = None
        if auth.user_env:
            basic = httpx.BasicAuth(secret(auth.user_env), secret(auth.password_env))
        self._client = _client(watch.patience, own, basic)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @contextmanager
    def ask(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str]
    ) -> Iterator["Answer"]:
        """Ask for one address, and yield what the service answers, its body still to be read.

        Args:
            url: an address, or a path from where the service is.
            parameters: added to those that the address has.
            headers: added to those of the line.

        Raises:
            BrokenOffError: there was no answer, or it broke off, here or while it is read.
            FetchError: the service refuses, or there is no such thing.
        """
        with self._told():
            address = self._own(self._home.join(url))
            if parameters:
                address = address.copy_merge_params(parameters)
            response = self._through_redirects(address, headers)
            try:
                if response.status_code not in _ANSWERS:
                    raise _refusal(response, self._watch)
                yield Answer(response, self._watch)
            finally:
                response.close()

    def _through_redirects(self, address: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        for _ in range(_REDIRECTS_AT_MOST):
            response = self._authorised(address, headers)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            address = self._own(address.join(response.headers.get("location", "")))
        raise FetchError(f"{self._watch.source}: redirects more than {_REDIRECTS_AT_MOST} times")

    def _authorised(self, address: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        if not self._auth.token_url:
            return self._send(address, headers)
        response = self._send(address, {**headers, **self._bearer()})
        if response.status_code == 401:
            response.close()
            self._token = None
            response = self._send(address, {**headers, **self._bearer()})
        return response

    def _send(self, address: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        self._watch.left()
        request = self._client.build_request("GET", address, headers=dict(headers))
        return self._client.send(request, stream=True)

    def _bearer(self) -> dict[str, str]:
        if self._token is None or time.monotonic() >= self._token[1]:
            self._token = self._new_token()
        return {"Authorization": f"Bearer {self._token[0]}"}

    def _new_token(self) -> tuple[str, float]:
        auth, where = self._auth, f"{self._watch.source}: the token's address"
        names = secret(auth.client_id_env), secret(auth.client_secret_env)
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        if auth.secret_in_body:
            form |= {"client_id": names[0], "client_secret": names[1]}
        answer = self._client.post(
            _address(auth.token_url, where),
            data=form,
            auth=httpx.USE_CLIENT_DEFAULT if auth.secret_in_body else httpx.BasicAuth(*names),
        )
        if answer.status_code in (400, 401, 403):
            raise FetchError(
                f"{where} refuses our client id or secret ({answer.status_code}): look at "
                f"{auth.client_id_env} and {auth.client_secret_env}"
            )
        if answer.status_code != 200:
            raise _refusal(answer, self._watch)
        try:
            found = answer.json()
            token, kind = found["access_token"], found["token_type"]
            life = float(found.get("expires_in", _LIFE_SECONDS))
        except (ValueError, KeyError, TypeError):
            found = None
        if found is None or not isinstance(token, str) or str(kind).lower() != "bearer":
            raise FetchError(f"{where} answers, but gives no bearer token (RFC 6749, 5.1)")
        return token, time.monotonic() + max(life - _MARGIN_SECONDS, life / 2)

    def _own(self, address: httpx.URL) -> httpx.URL:
        if _origin(address) != _origin(self._home):
            raise FetchError(
                f"{self._watch.source}: points to another host; what is asked of one host is never "
                "asked of another: if it has moved, write the new address into the declaration"
            )
        return address

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's errors into ours. Their words are dropped: they may hold a secret."""
        source = self._watch.source
        try:
            yield
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            seconds = self._watch.patience.connect_seconds
            raise BrokenOffError(f"{source}: no connection within {seconds:g} seconds") from None
        except httpx.TimeoutException:
            raise self._watch.silent() from None
        except httpx.ConnectError:
            raise BrokenOffError(
                f"{source}: cannot be reached: is the address right, and its certificate good?"
            ) from None
        except httpx.TransportError:
            raise BrokenOffError(f"{source}: the connection broke off") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise FetchError(f"{source}: what it answers is no HTTP that we can read") from None


class Answer:
    """What a service answered."""

    def __init__(self, response: httpx.Response, watch: Watch) -> None:
        self._response = response
        self._watch = watch
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    @property
    def next_link(self) -> str:
        """The address that the Link header gives as the next (RFC 8288), or an empty text."""
        return str(self._response.links.get("next", {}).get("url", ""))

    def raw(self) -> Iterator[bytes]:
        """Yield the body as it came.

        Raises:
            FetchError: nothing would tell half of it from the whole, or it is packed unasked.
        """
        headers = self.headers
        source = self._watch.source
        if headers.get("content-encoding", "identity") != "identity":
            raise FetchError(f"{source}: packs its answer (Content-Encoding), though not asked to")
        if "content-length" not in headers and "chunked" not in headers.get(
            "transfer-encoding", ""
        ):
            raise FetchError(
                f"{source}: does not say how long its answer is (no Content-Length), so that half "
                "a file would pass for a whole one: not taken"
            )
        for chunk in self._response.iter_raw():
            self._watch.left()
            yield chunk

    def text(self, bytes_at_most: int) -> str:
        """Return the body, unpacked, as text.

        Raises:
            FetchError: it is larger than allowed, or not UTF-8.
        """
        body = bytearray()
        for chunk in self._response.iter_bytes():
            self._watch.left()
            body += chunk
            if len(body) > bytes_at_most:
                raise FetchError(
                    f"{self._watch.source}: one answer is larger than {bytes_at_most:,} bytes "
                    "(bytes_at_most): not taken"
                )
        try:
            return body.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        except UnicodeDecodeError:
            raise FetchError(f"{self._watch.source}: its JSON is not UTF-8") from None


def _client(
    patience: Patience, headers: Mapping[str, str], basic: httpx.BasicAuth | None
) -> httpx.Client:
    timeout = httpx.Timeout(patience.answer_seconds, connect=patience.connect_seconds)
    return httpx.Client(timeout=timeout, headers=dict(headers), auth=basic, follow_redirects=False)


def _address(url: str, source: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise FetchError(f"{source}: its url is no address") from None
    if address.userinfo:
        raise FetchError(f"{source}: its url holds a user or password: use auth")
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.host)):
        raise FetchError(f"{source}: its url has to begin with https:// (people's data travels)")
    return address


def _origin(address: httpx.URL) -> tuple[str, str, int]:
    port = address.port or {"https": 443, "http": 80}.get(address.scheme, 0)
    return address.scheme, address.host, port


def _refusal(response: httpx.Response, watch: Watch) -> FetchError:
    status, source = response.status_code, watch.source
    if status == 401:
        return FetchError(f"{source}: refuses our credentials (401): look at those in auth")
    if status == 403:
        return FetchError(f"{source}: knows us, but does not allow this (403)")
    if status == 404:
        return FetchError(f"{source}: answers, but has nothing at this address (404)")
    if status == 429 or status >= 500:
        after = _asked_wait(response)
        asks = "" if after is None else f", and asks us to wait {after:g} seconds"
        return BrokenOffError(f"{source}: cannot serve us now ({status}){asks}", after)
    return FetchError(f"{source}: refuses what we ask ({status}): look at url and parameters")


def _asked_wait(response: httpx.Response) -> float | None:
    """Return the seconds of Retry-After; a date counts from the answer's own Date."""
    asked = response.headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(response.headers["date"])
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError, KeyError):
        return None
