"""Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce.

The identity provider says who somebody is, which roles they have and which areas they see; nothing
of its tokens is kept. What it sends is checked here and nowhere else.
"""

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from nostop.app.web_sessions import Official
from nostop.model import SignInError
from nostop.web.official_claims import official_of
from nostop.web.oidc_settings import ProviderSettings, is_loopback

#: What a token may be signed with: public keys only, so that no shared secret and no `none` passes.
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384")
#: How far two clocks may be apart, in seconds.
SKEW = 30
#: For how long the provider's addresses and keys are believed without asking again; and how soon
#: they are asked for again because a key is not among them.
KEEP, ASK_AGAIN = timedelta(hours=1), timedelta(minutes=1)
#: For how long somebody may take to sign in.
ATTEMPT_SECONDS = 600
#: A token that has been signed longer ago than this is no fresh answer.
OLDEST, OLDEST_SIGN_OUT = timedelta(minutes=10), timedelta(minutes=2)
_TIMEOUT = 10.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LOGOUT_TYPE = "logout+jwt"
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_AGAIN = "start again from the sign-in page"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody on their way to the provider: what has to come back with them, in their cookie."""

    state: str
    nonce: str
    verifier: str = field(repr=False)

    def written(self) -> str:
        """Return the attempt as a cookie holds it."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


def attempt_of(text: str) -> Attempt | None:
    """Return an attempt from its cookie, None where there is none."""
    parts = text.split(".")
    return Attempt(*parts) if len(parts) == 3 and all(parts) else None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider said of itself, and when."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: datetime


class Provider:
    """The identity provider as a server knows it. Safe to be used by many threads."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Know nothing of the provider yet: it is asked when somebody signs in."""
        self.settings = settings
        self._known: _Known | None = None
        self._lock = threading.Lock()

    def begin(self, at: datetime) -> tuple[str, Attempt]:
        """Return the address at the provider to which somebody goes to sign in, and the attempt
        that their browser keeps meanwhile.

        Raises:
            SignInError: the provider cannot be reached.
        """
        settings = self.settings
        attempt = Attempt(generate_token(43), generate_token(43), generate_token(64))
        extra = {"acr_values": " ".join(settings.acr)} if settings.acr else {}
        url = prepare_grant_uri(
            self._now_known(at).metadata["authorization_endpoint"],
            client_id=settings.client_id,
            response_type="code",
            redirect_uri=settings.callback,
            scope=settings.scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            **extra,
        )
        return str(url), attempt

    def finish(self, attempt: Attempt | None, said: Mapping[str, str], at: datetime) -> Official:
        """Return who came back from the provider.

        Args:
            attempt: from the cookie of the browser that came back; None: it has none.
            said: the query of the address at which it came back.
            at: now.
        Raises:
            SignInError: anything at all is not as it must be; it says nothing of what was sent.
        """
        if attempt is None:
            raise SignInError(f"sign-in: it took too long, or began elsewhere; {_AGAIN}")
        if not hmac.compare_digest(said.get("state", "").encode(), attempt.state.encode()):
            raise SignInError(f"sign-in: this is not the sign-in that began here; {_AGAIN}")
        if said.get("iss", self.settings.issuer) != self.settings.issuer:
            raise SignInError(f"sign-in: another identity provider answered; {_AGAIN}")
        if "error" in said or not said.get("code"):
            raise SignInError(f"sign-in: the identity provider did not sign you in; {_AGAIN}")
        tokens = self._exchange(said["code"], attempt, at)
        claims = self._claims(tokens["id_token"], at)
        self._check(
            claims, {"nonce": attempt.nonce, "access_token": tokens.get("access_token")}, at
        )
        return official_of(claims, self.settings)

    def way_out(self, back: str, at: datetime) -> str | None:
        """Return the address at the provider where somebody signs out there too, None where it has
        none. `back` is where it may send them then."""
        where = self._now_known(at).metadata.get("end_session_endpoint")
        if not isinstance(where, str) or not self._is_safe(where):
            return None
        query = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"

    def signed_out(self, token: str, at: datetime) -> str:
        """Return the subject that the provider says has signed out there (back-channel logout).

        Raises:
            SignInError: the token is not one of the provider's, or not of this kind.
        """
        claims = self._claims(token, at)
        self._check(claims, {}, at)
        events = claims.get("events")
        fresh = int(at.timestamp()) - int(claims["iat"]) <= OLDEST_SIGN_OUT.total_seconds()
        if str(claims.header.get("typ", "")).lower() != _LOGOUT_TYPE or not fresh:
            raise SignInError("sign-in: this token is of no sign-out, or an old one")
        if not isinstance(events, dict) or _LOGOUT_EVENT not in events or "nonce" in claims:
            raise SignInError("sign-in: this token is of no sign-out")
        return str(claims["sub"])

    def _exchange(self, code: str, attempt: Attempt, at: datetime) -> Mapping[str, Any]:
        settings = self.settings
        answer = self._ask(
            "POST",
            str(self._now_known(at).metadata["token_endpoint"]),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": settings.callback,
                "code_verifier": attempt.verifier,
            },
        )
        if not isinstance(answer.get("id_token"), str):
            raise SignInError(f"sign-in: the identity provider gave no ID token; {_AGAIN}")
        return answer

    def _claims(self, token: str, at: datetime) -> CodeIDToken:
        """Return what a token says, once its signature is one of the provider's keys'."""
        for keys in (self._now_known(at).keys, None):
            try:
                found = jwt.decode(token, keys or self._fresh_keys(at), algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                continue
            return CodeIDToken(found.claims, found.header)
        raise SignInError(f"sign-in: the token is not signed by the identity provider; {_AGAIN}")

    def _check(self, claims: CodeIDToken, params: Mapping[str, Any], at: datetime) -> None:
        """Check issuer, audience, times and nonce.

        Raises:
            SignInError: one of them is not as it must be.
        """
        seconds = int(at.timestamp())
        claims.options = {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
        }
        claims.params = {"client_id": self.settings.client_id, **params}
        try:
            if "exp" not in claims and "nonce" not in params:
                # A sign-out needs no end; how old it is counts below.
                claims["exp"] = seconds
            claims.validate(now=seconds, leeway=SKEW)
            old = seconds - int(claims["iat"]) > OLDEST.total_seconds()
        except (JoseError, ValueError, TypeError) as error:
            raise SignInError(f"sign-in: the token does not hold; {_AGAIN}") from error
        if old:
            raise SignInError(f"sign-in: the token is too old; {_AGAIN}")

    def _now_known(self, at: datetime) -> _Known:
        with self._lock:
            if self._known is None or not timedelta(0) <= at - self._known.at < KEEP:
                self._known = self._discover(at)
            return self._known

    def _fresh_keys(self, at: datetime) -> KeySet:
        """Return the provider's keys, asked for again where that is not just done: it may have made
        a new one."""
        with self._lock:
            if self._known is None or at - self._known.at >= ASK_AGAIN:
                self._known = self._discover(at)
            return self._known.keys

    def _discover(self, at: datetime) -> _Known:
        issuer = self.settings.issuer
        found = self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise SignInError("sign-in: the identity provider says it is another one")
        for name in _ENDPOINTS:
            if not isinstance(found.get(name), str) or not self._is_safe(found[name]):
                raise SignInError(
                    f"sign-in: the identity provider's {name} is missing or not HTTPS"
                )
        try:
            keys = KeySet.import_key_set(self._ask("GET", found["jwks_uri"]))  # type: ignore[arg-type]  # checked by it
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInError("sign-in: the identity provider's keys cannot be read") from error
        return _Known(found, keys, at)

    def _is_safe(self, url: str) -> bool:
        """Whether an address is reached by HTTPS, or on this very machine as the issuer is."""
        parts = urlsplit(url)
        here = is_loopback(parts.hostname) and is_loopback(urlsplit(self.settings.issuer).hostname)
        return parts.scheme == "https" or (parts.scheme == "http" and here)

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask the provider and return its JSON; what it says when it refuses is not repeated."""
        settings = self.settings
        auth = (settings.client_id, settings.client_secret) if form else None
        # A proxy of the machine's is for other machines.
        outside = not is_loopback(urlsplit(url).hostname)
        try:
            with httpx.Client(timeout=_TIMEOUT, trust_env=outside) as client:
                answer = client.request(method, url, data=form, auth=auth)
                answer.raise_for_status()
                found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignInError(
                f"sign-in: the identity provider did not answer as it should; {_AGAIN}"
            ) from error
        if not isinstance(found, dict):
            raise SignInError(f"sign-in: the identity provider's answer is no object; {_AGAIN}")
        return found
