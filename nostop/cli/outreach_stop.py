"""`nostop outreach stop`, `go-on` and `suppress`."""

from typing import Annotated

import typer

from nostop import store
from nostop.app.opened import open_from_environment
from nostop.cli.outreach_options import ByOption, NamedByOption, act
from nostop.model import SettingsError

WhichArgument = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="One campaign; left out, all sending.")
]


def stop(campaign: WhichArgument = None, by: ByOption = None) -> None:
    """Stop all sending, or one campaign, in every process, before the next message."""
    with open_from_environment() as engine:
        store.stop(engine, campaign or store.EVERYTHING, act(by))
    typer.echo(f"{campaign or 'all sending'}: stopped")


def go_on(by: NamedByOption, campaign: WhichArgument = None) -> None:
    """Lift a stop, of one campaign or of all sending."""
    with open_from_environment() as engine:
        lifted = store.go_on(engine, campaign or store.EVERYTHING, act(by))
    typer.echo(f"{campaign or 'all sending'}: " + ("may go on" if lifted else "was not stopped"))


def suppress(
    person: Annotated[str, typer.Argument(metavar="PERSON_ID", help="The person's opaque id.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Such as deceased, opted_out, objected.")
    ],
    by: NamedByOption,
    unknown_too: Annotated[
        bool,
        typer.Option("--unknown-too", help="Keep it for an id that nobody is known by yet."),
    ] = False,
) -> None:
    """Write to a person no more, in any campaign, from the next message on."""
    with open_from_environment() as engine:
        if not unknown_too and not store.is_known(engine, person):
            raise SettingsError(
                "suppress: nobody who could be written to is known by this id, so that nothing was "
                "written down; look at the id (it is in the export and in people.parquet), or give "
                "--unknown-too"
            )
        store.suppress(engine, [person], reason, by, act(by).at)
    typer.echo(f"{person}: {reason}")
