"""Serves the pages over HTTP until the process is told to end."""

import uvicorn

from nostop.web.application import create_app
from nostop.web.house import House
from nostop.web.oidc_settings import Served, check_sign_in

#: nginx keeps a connection to us for 60 seconds, unless it is told otherwise.
KEPT_ALIVE_SECONDS = 75


def serve(house: House, host: str, port: int) -> None:
    """Answer requests; returns when the process is told to end.

    Raises:
        SettingsError: somebody could get in who should not: see `check_sign_in`.
    """
    settings = house.settings
    served = Served(host, house.engine.dialect.name, settings.secure, settings.development)
    check_sign_in(served, house.provider.settings if house.provider else None)
    answer(house, host, port)


def answer(house: House, host: str, port: int) -> None:
    """Answer requests without looking who could sign in; returns as `serve` does."""
    config = uvicorn.Config(
        create_app(house),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        # Longer than a web server in front keeps an idle connection: it, not we, closes it. Else a
        # form that is just being sent on it is lost.
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
        ws="none",
    )
    uvicorn.Server(config).run()
