"""`nostop audit`: who did or saw what, whether the log stands, and signed checkpoints of it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from nostop.app.audit import checkpoint as sign_checkpoint
from nostop.app.audit import new_key as make_key
from nostop.app.audit import verify_log, witness
from nostop.app.opened import open_from_environment
from nostop.app.superseding import check_superseded
from nostop.cli.shared import JsonOption, err, out, table
from nostop.model import SettingsError
from nostop.store.audit import entries_of
from nostop.store.audit_verify import Broken, Verified

#: Up to how many entries with an earlier time are told by number.
_FEW = 10
_HOW = {
    "edited": "was changed after it was written",
    "deleted": "is missing",
    "inserted": "was put in later",
    "reordered": "stands in another's place",
    "restamped": "or one after it was changed and given new hashes: the checkpoint says other ones",
    "truncated": "and those after it are missing: the log once had more",
}
commands = typer.Typer(
    help="Who did or saw what, whether the log stands, and signed checkpoints of it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private half goes.")],
) -> None:
    """Make the key that signs checkpoints: FILE, and FILE.pub, which is enough to verify."""
    public = make_key(file)
    typer.echo(f"{file} signs; {public} verifies: give it to whoever audits you")


@commands.command()
def checkpoint() -> None:
    """Verify what is new in the log and sign how far it has come, outside the store."""
    kept = witness(os.environ)
    if kept is None:
        raise SettingsError("audit: set NOSTOP_AUDIT_CHECKPOINTS and NOSTOP_AUDIT_KEY_FILE")
    with open_from_environment() as engine:
        made = sign_checkpoint(engine, kept, datetime.now(UTC))
    if isinstance(made, Broken):
        _tell_broken(made)
    typer.echo(f"signed: {made.count:,} entries, head {made.head}")


@commands.command()
def verify(
    run: Annotated[
        list[Path] | None,
        typer.Option("--run", metavar="DIR", help="A run whose superseded files to check as well."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the log and name the first entry that does not stand; 1 if there is one."""
    kept = witness(os.environ)
    with open_from_environment() as engine:
        found = verify_log(engine, kept)
    if as_json:
        _print_json(found)
    if isinstance(found, Broken):
        _tell_broken(found)
    if not as_json:
        _tell_whole(found)
    for folder in run or []:
        if kept is None:
            raise SettingsError("audit: --run needs NOSTOP_AUDIT_CHECKPOINTS and a key")
        times = check_superseded(folder, kept)
        err().print(f"{folder}: superseded {times} times, each signed", soft_wrap=True)


@commands.command()
def show(
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Only of this id.")
    ] = None,
    most: Annotated[int, typer.Option("--most", help="How many of the last entries.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the last entries: of everything, or of one person, message or campaign."""
    with open_from_environment() as engine:
        rows = entries_of(engine, subject, most=most)
    if as_json:
        typer.echo(rows.write_json())
        return
    shown = table("", "No.", "At (UTC)", "Who", "What", "Of", "Detail", right=("No.",))
    for row in rows.iter_rows(named=True):
        at = f"{row['at']:%Y-%m-%d %H:%M:%S}"
        of = row["subject"] or ""
        shown.add_row(str(row["seq"]), at, row["actor"], row["action"], of, row["detail"])
    out().print(shown)


def _tell_whole(found: Verified) -> None:
    typer.echo(
        f"{found.entries:,} entries stand as written, against {found.checkpoints} signed "
        f"checkpoints; head {found.head}"
    )
    if not found.checkpoints:
        err().print(
            "NO CHECKPOINT: a log that was made anew, or cut off at its end, would look the same",
            style="bold red",
            soft_wrap=True,
        )
    if found.clock_back:
        numbers = ", ".join(str(seq) for seq in found.clock_back[:_FEW])
        more = len(found.clock_back) - _FEW
        said = f"EARLIER THAN THE ENTRY BEFORE: {numbers}" + (f" and {more}" if more > 0 else "")
        err().print(f"{said}: a clock was wrong, or dated back", style="bold red", soft_wrap=True)


def _print_json(found: Verified | Broken) -> None:
    if isinstance(found, Broken):
        said = {"whole": False, "entry": found.seq, "what": found.what, "until": found.until}
        typer.echo(json.dumps(said))
        return
    said = {"whole": True, "entries": found.entries, "head": found.head}
    said |= {"checkpoints": found.checkpoints, "clock_back": list(found.clock_back)}
    typer.echo(json.dumps(said))


def _tell_broken(found: Broken) -> NoReturn:
    span = f" (up to {found.until})" if found.until not in (None, found.seq) else ""
    err().print(
        f"BROKEN: entry {found.seq}{span} {_HOW[found.what]}", style="bold red", soft_wrap=True
    )
    raise typer.Exit(1)
