"""A service as plain values, so that each process that serves its pages opens it for itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from nostop.app.casework.warm import WarmShelf, warm_up
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.opened import opened
from nostop.app.outreach.doors import Doors
from nostop.app.outreach.links import SECRET, secrets_of_links
from nostop.outreach.callbacks import TOKEN_VARIABLE
from nostop.web.house import House, WebSettings, utc_now
from nostop.web.oidc import Provider
from nostop.web.oidc_settings import ProviderSettings

if TYPE_CHECKING:
    from nostop.app.run_overview import Calendar


@dataclass(frozen=True, slots=True)
class Service:
    """What is served.

    store: its address, with a password perhaps. provider: who says who somebody is; None: the
        development sign-in.
    calendar: the schedule that is shown. with_doors: answer GOV.UK Notify and links to unsubscribe
        too, where their secrets are set.
    """

    store: str = field(repr=False)
    settings: WebSettings
    provider: ProviderSettings | None = None
    calendar: "Calendar | None" = None
    with_doors: bool = True


@contextmanager
def open_house(service: Service) -> Iterator[House]:
    """Open the store of a service and have its rules compiled, for as long as pages are served.

    Raises:
        NostopError: the store cannot be opened, or the rules cannot be read or compiled.
    """
    settings = service.settings
    with opened(service.store) as engine:
        shelf = WarmShelf()
        warm_up(engine, shelf, settings.rules, utc_now())
        places = Places(settings.rules, settings.run, settings.campaigns)
        yield House(
            engine,
            settings,
            shelf,
            Jobs(engine, utc_now, handlers(places)),
            calendar=service.calendar,
            provider=Provider(service.provider) if service.provider else None,
            doors=_doors(engine) if service.with_doors else None,
        )


def _doors(engine: Engine) -> Doors | None:
    token = os.environ.get(TOKEN_VARIABLE)
    secrets = secrets_of_links() if os.environ.get(SECRET) else []
    if token is None and not secrets:
        return None
    return Doors(engine, utc_now, token, secrets)
