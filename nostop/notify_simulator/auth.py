"""Who asks: a JSON Web Token in each request, signed with the secret of one of a service's keys."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from nostop.notify_simulator.errors import unauthorised
from nostop.notify_simulator.settings import ApiKey, Service

_GENERAL = (
    "Invalid token: make sure your API token matches the example at"
    " https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)
_CLOCKS_MAY_DIFFER = 30


class Doors:
    """The keys that open the service. Whose a token is is worked out once, not with each
    request."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self.keys = tuple(keys)
        self._signed = lru_cache(maxsize=4096)(self._signer)

    def authenticate(self, header: str | None, service: Service, machine_time: datetime) -> ApiKey:
        """Return the key that signed the token of an Authorization header.

        Raises:
            Refusal: 401 where there is no token, 403 where it opens nothing.
        """
        key, issued_at = self._signed(_token(header))
        if not service.active:
            raise unauthorised("Invalid token: service is archived")
        if key is None:
            raise unauthorised("Invalid token: API key not found")
        _refuse_late(issued_at, int(machine_time.timestamp()))
        if key.revoked:
            raise unauthorised("Invalid token: API key revoked")
        return key

    def _signer(self, token: str) -> tuple[ApiKey | None, Any]:
        """Return whose key signed a token, if anybody's, and when it says that was."""
        issuer = _issuer(token)
        mine = [key for key in self.keys if key.service_id == issuer]
        if not mine:
            raise unauthorised("Invalid token: service not found")
        for key in mine:
            claims = _claims(token, key)
            if claims is not None and "iat" in claims:
                return key, claims["iat"]
        return None, None


def _token(header: str | None) -> str:
    if not header:
        raise unauthorised("Unauthorized: authentication token must be provided", 401)
    if header[:7].title() != "Bearer ":
        raise unauthorised("Unauthorized: authentication bearer scheme must be used", 401)
    return header[7:]


def _issuer(token: str) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise unauthorised(_GENERAL) from error
    if "iss" not in claims:
        raise unauthorised("Invalid token: iss field not provided")
    try:
        return str(UUID(claims["iss"]))
    except (ValueError, TypeError, AttributeError) as error:
        raise unauthorised("Invalid token: service id is not the right data type") from error


def _claims(token: str, key: ApiKey) -> Mapping[str, Any] | None:
    """Return what a token says, or None where another key signed it."""
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token, key.secret, algorithms=["HS256"], options={"verify_iat": False}
        )
    except jwt.InvalidAlgorithmError as error:
        raise unauthorised("Invalid token: algorithm used is not HS256") from error
    except jwt.DecodeError:
        return None
    except jwt.InvalidTokenError as error:
        raise unauthorised(_GENERAL) from error
    return claims


def _refuse_late(issued_at: Any, now: int) -> None:  # noqa: ANN401 - whatever a token says
    try:
        on_time = abs(now - int(issued_at)) <= _CLOCKS_MAY_DIFFER
    except (ValueError, TypeError):
        on_time = False
    if not on_time:
        raise unauthorised("Error: Your system clock must be accurate to within 30 seconds")
