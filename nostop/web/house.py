"""What every page of a running server shares: the store, the clock, the rules, the settings.

The only place of the pages where a clock is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from nostop.app.casework.warm import WarmShelf
    from nostop.app.jobs import Jobs
    from nostop.app.outreach.doors import Doors
    from nostop.app.run_overview import Calendar
    from nostop.web.oidc import Provider

#: OWASP ASVS 7.3: how long somebody stays signed in without doing anything, and at all.
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How the pages are served.

    rules: folder of rule packs. run: the folder of the run that is shown, where its files are at
        hand; None where this server has only the store.
    campaigns: folder of campaign files that may be planned from the pages.
    hosts: names under which the server may be asked for.
    secure: it is reached by HTTPS: cookies say so, and browsers are told to keep to it.
    development: anybody may sign in as one of the made-up officials.
    service: what the service calls itself.
    second_approval: which decisions need a second person where no campaign covers the scheme:
        confirm, not_entitled, suppress.
    """

    rules: Path
    run: Path | None = None
    campaigns: Path | None = None
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]", "testserver")
    secure: bool = False
    development: bool = False
    service: str = "nostop"
    second_approval: frozenset[str] = frozenset()
    idle: timedelta = IDLE
    longest: timedelta = LONGEST


@dataclass(frozen=True, slots=True)
class House:
    """Everything that pages work with. `shelf` keeps compiled rules warm; `jobs` takes what is
    too slow for a page; `calendar` is the schedule, where this server was given one. `provider`
    says who somebody is; None: the development sign-in does. `doors`: the addresses that GOV.UK
    Notify and links to unsubscribe call; None where another process answers them."""

    engine: Engine
    settings: WebSettings
    shelf: "WarmShelf"
    jobs: "Jobs"
    calendar: "Calendar | None" = None
    clock: Callable[[], datetime] = field(default=utc_now)
    provider: "Provider | None" = None
    doors: "Doors | None" = None

    def now(self) -> datetime:
        """Return the time, with its zone."""
        return self.clock()
