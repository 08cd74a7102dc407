"""The settings of the sign-in, from environment variables; and what may be served with which."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nostop.model import SettingsError, nearest
from nostop.web.permissions import Role

PREFIX = "NOSTOP_OIDC_"
_REQUIRED = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CALLBACK")
_KNOWN = (
    *_REQUIRED, "ROLES_CLAIM", "ROLES", "AREAS_CLAIM", "ALL_AREAS", "NAME_CLAIM", "SCOPE", "ACR",
    "AMR",
)  # fmt: skip
_ROLES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How the identity provider is reached and what its claims mean.

    callback: our own address to which it sends people back, as it is registered there.
    roles_claim, roles: which claim says what somebody is, and which role each of its values is.
    areas_claim: which claim lists the areas somebody sees; None: everybody sees all of them.
    all_areas: the value that stands for all areas.
    acr, amr: how strongly somebody must have signed in: one of these; empty asks for nothing.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    callback: str
    roles_claim: str = "roles"
    roles: Mapping[str, str] = field(default_factory=lambda: {role: role for role in _ROLES})
    areas_claim: str | None = None
    all_areas: str | None = None
    name_claim: str = "name"
    scope: str = "openid profile"
    acr: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()


def provider_settings(environment: Mapping[str, str]) -> ProviderSettings | None:
    """Return the settings of the identity provider, None where there are none at all.

    Raises:
        SettingsError: one is missing, unknown, or cannot be; no value is repeated.
    """
    given = {
        name.removeprefix(PREFIX): value.strip()
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    if not given:
        return None
    for name in given:
        if name not in _KNOWN:
            hint = nearest(name, list(_KNOWN))
            raise SettingsError(f"sign-in: there is no setting {PREFIX}{name}{hint}")
    missing = [f"{PREFIX}{name}" for name in _REQUIRED if name not in given]
    if missing:
        raise SettingsError(f"sign-in: {', '.join(missing)} must be set too")
    for name in ("ISSUER", "CALLBACK"):
        _check_address(name, given[name])
    return ProviderSettings(
        issuer=given["ISSUER"],
        client_id=given["CLIENT_ID"],
        client_secret=given["CLIENT_SECRET"],
        callback=given["CALLBACK"],
        roles_claim=given.get("ROLES_CLAIM", "roles"),
        roles=_roles(given["ROLES"]) if "ROLES" in given else {role: role for role in _ROLES},
        areas_claim=given.get("AREAS_CLAIM"),
        all_areas=given.get("ALL_AREAS"),
        name_claim=given.get("NAME_CLAIM", "name"),
        scope=given.get("SCOPE", "openid profile"),
        acr=frozenset(given.get("ACR", "").split()),
        amr=frozenset(given.get("AMR", "").split()),
    )


@dataclass(frozen=True, slots=True)
class Served:
    """What is about to be served, as far as the sign-in cares.

    host: the address that is listened on. database: `sqlite` or `postgresql`.
    secure: people reach it by HTTPS. development: with the development sign-in.
    """

    host: str
    database: str
    secure: bool
    development: bool


def check_sign_in(served: Served, provider: ProviderSettings | None) -> None:
    """Do nothing where nobody can get in who should not.

    Raises:
        SettingsError: the development sign-in anywhere but on loopback with SQLite, no sign-in at
            all, both, or one whose cookies would go over the network in the clear.
    """
    if served.development:
        if provider is not None:
            raise SettingsError(
                "sign-in: the development sign-in and an identity provider are both set; "
                f"leave out one (--demo, or every {PREFIX}… variable)"
            )
        if not is_loopback(served.host) or served.database != "sqlite":
            raise SettingsError(
                "sign-in: the development sign-in lets anybody in, so it serves 127.0.0.1 with "
                f"SQLite and nothing else; set {PREFIX}ISSUER and the others for anything more"
            )
        return
    if provider is None:
        raise SettingsError(
            f"sign-in: nobody could sign in: set {', '.join(PREFIX + name for name in _REQUIRED)}"
        )
    if not served.secure and not is_loopback(served.host):
        raise SettingsError(
            "sign-in: on a network the pages are reached by HTTPS only: serve them on 127.0.0.1 "
            "behind a proxy that does so, and say that it does (--https)"
        )
    if served.secure and urlsplit(provider.callback).scheme != "https":
        raise SettingsError(f"sign-in: {PREFIX}CALLBACK must begin with https://")


def is_loopback(host: str | None) -> bool:
    """Whether an address is this very machine and no other can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def _check_address(name: str, text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme == "http" and is_loopback(parts.hostname):
        return
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"sign-in: {PREFIX}{name} must be an address with https://")


def _roles(text: str) -> dict[str, str]:
    """Return `value=role, value=role` as a mapping."""
    found = {}
    for pair in text.split(","):
        value, equals, role = (part.strip() for part in pair.rpartition("="))
        if not value or not equals or role not in _ROLES:
            raise SettingsError(
                f"sign-in: {PREFIX}ROLES is written value=role, value=role; the roles are "
                f"{', '.join(sorted(_ROLES))}"
            )
        found[value] = role
    return found
