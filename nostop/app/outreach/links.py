"""Links to unsubscribe: the address that a campaign names, and secrets of the environment."""

import os
from collections.abc import Callable

from nostop.model import SettingsError
from nostop.outreach.campaign import Campaign
from nostop.outreach.unsubscribe import sign

#: The environment variable of the secrets of links, with commas between: the first one signs.
SECRET = "NOSTOP_UNSUBSCRIBE_SECRET"  # noqa: S105 - a name
_ENOUGH_BYTES = 32


def secrets_of_links() -> list[bytes]:
    """Return the secrets of the environment.

    Raises:
        SettingsError: there is none, or one is too short to keep anything.
    """
    given = os.environ.get(SECRET, "").split(",")
    secrets = [each.strip().encode() for each in given if each.strip()]
    if not secrets or any(len(each) < _ENOUGH_BYTES for each in secrets):
        raise SettingsError(
            f"unsubscribe: set {SECRET} to {_ENOUGH_BYTES} characters or more, for example from "
            "`openssl rand -hex 32`; after a change, the new one, a comma, and the old one"
        )
    return secrets


def link_of(campaign: Campaign) -> Callable[[str], str] | None:
    """Return what makes the unsubscribe link of a message's id, None where a campaign has none.

    Raises:
        SettingsError: it has links, and there is no secret to sign them with.
    """
    base = campaign.unsubscribe_url
    if base is None:
        return None
    secret = secrets_of_links()[0]
    return lambda message_id: f"{base}/{sign(secret, message_id)}"
