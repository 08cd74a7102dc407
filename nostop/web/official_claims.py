"""What an identity provider's claims make of somebody: an account, roles and areas.

A value that nobody mapped gives nothing.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from nostop.app.web_sessions import Official
from nostop.model import NoRoleError, SignInError
from nostop.web.oidc_settings import ProviderSettings

#: What the audit log, jobs and assignments take as somebody's id.
_ACCOUNT = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_MOST_NAME = 200


def official_of(claims: Mapping[str, Any], settings: ProviderSettings) -> Official:
    """Return who a checked ID token is of.

    Raises:
        SignInError: it does not say who, or not in the way the settings ask for.
        NoRoleError: it gives them no role here.
    """
    _check_strength(claims, settings)
    roles = roles_of(claims, settings)
    if not roles:
        raise NoRoleError("sign-in: your account has no role in this service")
    name = claims.get(settings.name_claim)
    shown = name.strip()[:_MOST_NAME] if isinstance(name, str) else ""
    account_id = account_of(str(claims["sub"]))
    return Official(account_id, shown or account_id, roles, areas_of(claims, settings))


def account_of(subject: str) -> str:
    """Return the account id for the provider's `sub`: the same where it is plain, else its hash."""
    if _ACCOUNT.fullmatch(subject):
        return subject
    return f"sub-{sha256(subject.encode()).hexdigest()[:40]}"


def roles_of(claims: Mapping[str, Any], settings: ProviderSettings) -> frozenset[str]:
    """Return the roles that the claim's values are mapped to."""
    values = words_of(claims, settings.roles_claim)
    return frozenset(settings.roles[value] for value in values if value in settings.roles)


def areas_of(claims: Mapping[str, Any], settings: ProviderSettings) -> frozenset[str] | None:
    """Return the areas somebody sees, None for all; none where a claim should say, and is not."""
    if settings.areas_claim is None:
        return None
    areas = frozenset(words_of(claims, settings.areas_claim))
    if settings.all_areas is not None and settings.all_areas in areas:
        return None
    return areas


def words_of(claims: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts of a claim: a list, or one text with spaces between. `a.b` is the claim `b`
    within `a`, where no claim is called so."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return found.split()
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _check_strength(claims: Mapping[str, Any], settings: ProviderSettings) -> None:
    """Refuse a sign-in that was not as strong as the settings ask for."""
    methods = set(words_of(claims, "amr"))
    if settings.acr and claims.get("acr") not in settings.acr:
        raise SignInError(
            "sign-in: sign in with your second factor; it was not asked for this time"
        )
    if settings.amr and not methods & settings.amr:
        raise SignInError(
            "sign-in: sign in with your second factor; it was not asked for this time"
        )
