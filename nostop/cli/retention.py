"""`nostop retention apply`: what is older than it may be kept goes."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.audit import witness
from nostop.app.opened import open_from_environment
from nostop.app.retention import apply as apply_policy
from nostop.app.retention import due, read_policy
from nostop.cli.shared import err, out, parse_date, table
from nostop.store import Act

commands = typer.Typer(
    help="What is older than it may be kept.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback()
def group() -> None:
    """What is older than it may be kept."""


@commands.command()
def apply(
    policy: Annotated[
        Path, typer.Option("--policy", metavar="FILE.yaml", help="How long each kind is kept.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; it is audited.")],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="The day; left out, today.")
    ] = None,
    run: Annotated[
        list[Path] | None, typer.Option("--run", metavar="DIR", help="The results of a run.")
    ] = None,
    really: Annotated[
        bool, typer.Option("--really", help="Remove it; without this, only say what would go.")
    ] = False,
) -> None:
    """Show what is older than the policy keeps it, and with --really remove it for good."""
    now = datetime.now(UTC)
    read = read_policy(policy, parse_date(on) or now.date())
    runs = tuple(run or ())
    with open_from_environment() as engine:
        if really:
            found = apply_policy(engine, read, runs, Act(by, now), witness(os.environ))
        else:
            found = due(engine, read, runs)
    shown = table("Gone" if really else "Would go", "Kind", "Where", "How many", "Why",
                  right=("How many",))  # fmt: skip
    for each in found:
        shown.add_row(each.kind, each.where, f"{each.number:,} {each.unit}", each.why)
    out().print(shown)
    if found and not really:
        err().print("nothing was removed: add --really")
