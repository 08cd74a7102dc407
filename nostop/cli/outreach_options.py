"""What the commands of `nostop outreach` have in common."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from nostop import store

CampaignArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The id of the campaign, as its file says.")
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who does it; left out, whoever is signed in here."),
]
NamedByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def act(by: str | None) -> store.Act:
    """Return who does something, now."""
    return store.Act(by or getpass.getuser(), now())


def now() -> datetime:
    """Return the time: the only clock of these commands."""
    return datetime.now(UTC)
