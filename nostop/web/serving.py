"""Serves the pages over HTTP until the process is told to end."""

import uvicorn

from nostop.model import SettingsError
from nostop.web.application import create_app
from nostop.web.house import House

#: Where only this machine can ask.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(house: House, host: str, port: int) -> None:
    """Answer requests; returns when the process is told to end.

    Raises:
        SettingsError: the sign-in for trying things out would be open to other machines, or is
            used with a database that others may use.
    """
    refuse_open_development(house, host)
    config = uvicorn.Config(
        create_app(house),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
    )
    uvicorn.Server(config).run()


def refuse_open_development(house: House, host: str) -> None:
    """Refuse the sign-in without a password anywhere but on this machine, with its own file."""
    if not house.settings.development:
        return
    if host not in LOOPBACK:
        raise SettingsError(
            f"serve: anybody could sign in as anybody at {host}: the development sign-in is for "
            "127.0.0.1 only. Set NOSTOP_OIDC_ISSUER and its neighbours to serve others"
        )
    if house.engine.dialect.name != "sqlite":
        raise SettingsError(
            "serve: the development sign-in works on SQLite only: a PostgreSQL store is shared. "
            "Set NOSTOP_OIDC_ISSUER and its neighbours"
        )
