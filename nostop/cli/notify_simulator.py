"""`nostop notify-simulator`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nostop.cli.shared import err, out
from nostop.model import SettingsError
from nostop.notify_simulator import (
    EMAIL_TEMPLATE,
    LETTER_TEMPLATE,
    TEXT_TEMPLATE,
    WELL_KNOWN_KEYS,
    Limits,
    Settings,
    parse_key,
    serve,
)
from nostop.notify_simulator.callbacks import is_loopback


def notify_simulator(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free port.")
    ] = 6011,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    ledger: Annotated[
        Path,
        typer.Option(
            "--ledger",
            metavar="FILE",
            help="Where everything accepted is kept, apart from our own store; made if need be.",
        ),
    ] = Path("notify-simulator.sqlite"),
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="[live:|team:|test:]API_KEY",
            help="A key to take instead of the well-known ones; may be given more than once.",
        ),
    ] = None,
    per_minute: Annotated[
        int,
        typer.Option(
            "--per-minute",
            metavar="N",
            min=0,
            help="Requests to send a minute for each kind of key; 0 sets no limit.",
        ),
    ] = 3000,
    anybody_may_connect: Annotated[
        bool,
        typer.Option(
            "--anybody-may-connect",
            help="Listen on an address that other machines reach: they can read every message.",
        ),
    ] = False,
) -> None:
    """Answer as GOV.UK Notify does, and send nothing: what is accepted is kept in a ledger."""
    if not is_loopback(host) and not anybody_may_connect:
        raise SettingsError(
            f"--host {host}: other machines would reach the simulator and read every message;"
            " leave it at 127.0.0.1, or add --anybody-may-connect"
        )
    settings = Settings(
        ledger=ledger,
        host=host,
        port=port,
        keys=tuple(parse_key(text) for text in key) if key else WELL_KNOWN_KEYS,
        limits=replace(Limits(), per_minute=per_minute or None),
    )
    serve(settings, lambda base_url: _announce(settings, base_url, own_keys=bool(key)))
    err().print(f"stopped; the ledger is {ledger}", soft_wrap=True)


def _announce(settings: Settings, base_url: str, *, own_keys: bool) -> None:
    lines = [f"NOSTOP_GOVUK_NOTIFY_BASE_URL={base_url}"]
    # Keys that were given may open the real service: they are not printed.
    for key in () if own_keys else settings.keys:
        comment = "" if key.kind == "live" else f"# {key.kind} key: "
        lines.append(f"{comment}NOSTOP_GOVUK_NOTIFY_API_KEY={key.text}")
    lines.append(f"# templates: e-mail {EMAIL_TEMPLATE}")
    lines.append(f"#            text   {TEXT_TEMPLATE}")
    lines.append(f"#            letter {LETTER_TEMPLATE}")
    lines.append(f"# outbox {base_url}/  control {base_url}/_control  ledger {settings.ledger}")
    out().print("\n".join(lines), soft_wrap=True)
