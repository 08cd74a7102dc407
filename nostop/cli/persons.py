"""`nostop person`: what is kept of a person, shown or erased."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.audit import witness
from nostop.app.erasure import Request
from nostop.app.erasure import erase as erase_person
from nostop.app.erasure import show as show_person
from nostop.app.forgotten import SECRET
from nostop.app.opened import open_from_environment
from nostop.cli.shared import JsonOption, out, table

commands = typer.Typer(
    help="What is kept of a person, shown or erased.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
PersonArgument = Annotated[str, typer.Argument(metavar="PERSON_ID", help="The person's opaque id.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; it is audited.")]


@commands.command()
def show(
    person_id: PersonArgument,
    by: ByOption,
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="WORD", help="Why, such as subject_access.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Show everything that the store keeps of a person, and who read it; this reading too."""
    with open_from_environment() as engine:
        found = show_person(engine, person_id, by, purpose, datetime.now(UTC))
    if as_json:
        typer.echo(
            json.dumps({name: json.loads(rows.write_json()) for name, rows in found.items()})
        )
        return
    for name, rows in found.items():
        shown = table(name, *rows.columns)
        for row in rows.iter_rows():
            shown.add_row(*("" if value is None else str(value) for value in row))
        out().print(shown)


@commands.command()
def erase(
    person_id: PersonArgument,
    by: ByOption,
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Why, such as request or court_order.")
    ],
    run: Annotated[
        list[Path] | None, typer.Option("--run", metavar="DIR", help="The results of a run.")
    ] = None,
    outbox: Annotated[
        list[Path] | None,
        typer.Option("--outbox", metavar="DIR", help="Where a channel hands over files."),
    ] = None,
) -> None:
    """Erase a person from the store, from runs and from files handed over, for good."""
    asked = Request(by, reason, datetime.now(UTC), tuple(run or ()), tuple(outbox or ()))
    with open_from_environment() as engine:
        done = erase_person(engine, person_id, asked, os.environ.get(SECRET), witness(os.environ))
    for name, number in sorted(done.rows.items()):
        typer.echo(f"{name:<20}{number:>8,} rows")
    typer.echo(f"{done.files:,} files; {done.records:,} records that later runs leave out")
