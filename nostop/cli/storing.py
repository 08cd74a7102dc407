"""`nostop store`: its tables, its backup, and what comes before a restored one may send."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop import store
from nostop.app.audit import verify_log, witness
from nostop.app.erasure import erased_so_far
from nostop.app.opened import open_from_environment
from nostop.app.restoring import ask_for_planned
from nostop.app.restoring import backup as make_backup
from nostop.cli.shared import err
from nostop.store.audit_verify import Broken
from nostop.store.restoring import begin_restored

commands = typer.Typer(
    help="The store: its tables, its backup, and what comes before a restored one may send.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; it is audited.")]


@commands.command()
def upgrade() -> None:
    """Bring the tables of the store up to date, all of them or none."""
    with open_from_environment():
        typer.echo("the store has this version's tables")


@commands.command()
def check() -> None:
    """Say whether the store opens, is safe, and its audit log stands; 1 if not."""
    with open_from_environment() as engine:
        found = verify_log(engine, witness(os.environ))
    if isinstance(found, Broken):
        err().print(f"BROKEN: audit entry {found.seq} ({found.what}): see nostop audit verify")
        raise typer.Exit(1)
    typer.echo(f"the store opens and is safe; {found.entries:,} audit entries stand")


@commands.command()
def backup(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file for the copy.")],
) -> None:
    """Copy a SQLite store into a file, while it is in use."""
    with open_from_environment() as engine:
        make_backup(engine, to)
    typer.echo(f"{to}: {to.stat().st_size:,} bytes; it holds personal data")


@commands.command("restored")
def say_restored(
    by: ByOption,
    ask: Annotated[
        bool,
        typer.Option("--ask", help="Ask providers for everything that the store has as planned."),
    ] = False,
) -> None:
    """Say that the store was put back from a backup: stops all sending, and sends nothing."""
    act = store.Act(by, datetime.now(UTC))
    kept = witness(os.environ)
    with open_from_environment() as engine:
        counts = begin_restored(engine, act)
        asked = ask_for_planned(engine, by, lambda: datetime.now(UTC)) if ask else []
    typer.echo(
        f"all sending is stopped; {counts['planned']:,} messages are planned, "
        f"{counts['unknown']:,} in doubt"
    )
    for each in asked:
        typer.echo(
            f"{each.campaign}: asked for {each.asked:,}, found {each.found:,}, "
            f"in doubt {each.in_doubt:,}"
        )
    if kept is not None and (erased := erased_so_far(kept)):
        err().print(
            f"{len(erased):,} people were erased; whoever was erased after the backup is back: "
            f"nostop person erase again, each of: {' '.join(erased)}",
            soft_wrap=True,
        )
    if not ask:
        typer.echo("next: nostop store restored --ask, then nostop outreach reconcile")
