"""`nostop work api-key`: keys of the API, for whoever has no Access room at hand."""

from datetime import timedelta
from typing import Annotated

import typer

from nostop.app import accounts
from nostop.app.accounts import KeyWanted
from nostop.app.api_keys import SCOPES
from nostop.app.opened import open_from_environment
from nostop.cli.outreach_options import NamedByOption, act
from nostop.cli.shared import err, out, parse_date, table

#: How long a key lasts where nobody says so.
DAYS = 90

commands = typer.Typer(
    help="Keys with which services call the API.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.command()
def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which service the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", metavar="SCOPE", help=f"One of {', '.join(SCOPES)}; repeat it."),
    ],
    by: NamedByOption,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", metavar="CODE", help="Only this area; repeat it. Left out: all."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help=f"Its last day; left out, in {DAYS} days."),
    ] = None,
) -> None:
    """Make a key and print it: it cannot be shown again."""
    who = act(by)
    ends_on = parse_date(until) or (who.at + timedelta(days=DAYS)).date()
    with open_from_environment() as engine:
        key = accounts.make_key(engine, KeyWanted(name, scope, area, ends_on), who.by, who.at)
    err().print(f"keys: good until {ends_on}, that day excluded; this is the only time it is shown")
    typer.echo(key)


@commands.command("list")
def list_keys() -> None:
    """Show the keys there are, the newest first, without their secrets."""
    with open_from_environment() as engine:
        found = accounts.keys(engine)
    shown = table("", "Key", "For", "Scopes", "Areas", "Until", "Revoked")
    for key in found:
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        areas = "all" if key.areas is None else " ".join(key.areas)
        shown.add_row(
            key.key_id, key.name, " ".join(key.scopes), areas, key.ends_on.isoformat(), revoked
        )
    out().print(shown)


@commands.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `list` shows it.")],
    by: NamedByOption,
) -> None:
    """Let a key open nothing any more, at once."""
    who = act(by)
    with open_from_environment() as engine:
        accounts.revoke_key(engine, key, who.by, who.at)
    typer.echo(f"{key}: revoked")
