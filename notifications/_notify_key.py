"""The API key of a service of GOV.UK Notify, and the token that it signs for each request."""

import os
import re
from dataclasses import dataclass, field

import jwt

from nostop.model import PluginError
from notifications._clock import now

API_KEY = "NOSTOP_GOVUK_NOTIFY_API_KEY"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: `<name>-<service id>-<secret>`; the name may hold hyphens itself, or be left out.
_KEY = re.compile(rf"(?:.*-)?({_UUID})-({_UUID})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Who asks, and what signs. Neither is ever shown."""

    service_id: str = field(repr=False)
    secret: str = field(repr=False)

    def authorization(self) -> str:
        """Return a new `Authorization` header; Notify takes it for 30 seconds."""
        claims = {"iss": self.service_id, "iat": int(now().timestamp())}
        return f"Bearer {jwt.encode(claims, self.secret, algorithm='HS256')}"


def key_from_environment() -> ApiKey:
    """Return the key that the environment holds.

    Raises:
        PluginError: there is none, or it is not written as Notify writes its keys.
    """
    written = os.environ.get(API_KEY, "").strip()
    if not written:
        raise PluginError(
            f"the environment variable {API_KEY} is not set: it holds an API key of your service "
            "in GOV.UK Notify"
        )
    match = _KEY.fullmatch(written)
    if match is None:
        # Without the value: most of a mistyped key is the key.
        raise PluginError(
            f"the environment variable {API_KEY} holds no API key: expected "
            "<name>-<service id>-<secret>, the last two as UUIDs, as GOV.UK Notify shows it once"
        )
    return ApiKey(match.group(1), match.group(2))
