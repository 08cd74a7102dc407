"""`nostop rules mutate`: rules changed one slip at a time, and which changes no case notices."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nostop import app
from nostop.cli.shared import JsonOption, OwnerOption, RulesOption, out, table, within
from nostop.determination.mutation import Mutation, Survivor, mutate
from nostop.rulebook import default_rules_dir

#: The share of changes, in hundredths, that the cases of a pack or library should catch.
ENOUGH = 95


def show_mutants(
    scheme: OwnerOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Try at most N changes of each, evenly spread, for a first look.",
        ),
    ] = None,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change each pack and library one slip at a time (< for <=, and for or, a rate by a penny, a
    condition dropped), and list the changes that no worked case catches.

    Exit code 1 if fewer than 95 in 100 are caught in one of them.
    """
    folder = rules or default_rules_dir()
    book = app.read_rules(folder)
    found = mutate(book, app.known_owners(book, scheme), limit)
    if as_json:
        told = [_as_json(each, folder) for each in found]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(found, folder, out())
    raise typer.Exit(code=0 if all(map(_is_enough, found)) else 1)


def _is_enough(found: Mutation) -> bool:
    return found.caught * 100 >= found.tried * ENOUGH


def _show(found: list[Mutation], folder: Path, console: Console) -> None:
    for each in found:
        if each.survivors:
            console.print(f"{each.owner}: caught by no case", style="bold")
        for survivor in each.survivors:
            _show_survivor(survivor, folder, console)
        for idle in each.idle:
            console.print(f"{each.owner}: {idle.name} from {idle.from_}: {idle.why}")
    headings = ("Pack or library", "Changes", "Caught", "Caught in 100", "The same", "Left alone")
    shown = table("Changes to rules, and how many the cases catch", *headings, right=headings[1:])
    for each in found:
        numbers = (each.tried, each.caught, _in_hundred(each), each.equal, len(each.idle))
        shown.add_row(each.owner, *map(str, numbers))
    console.print(shown)


def _in_hundred(found: Mutation) -> str:
    return f"{found.caught * 1000 // found.tried / 10:.1f}" if found.tried else "-"


def _show_survivor(survivor: Survivor, folder: Path, console: Console) -> None:
    mutant = survivor.mutant
    path, line, _ = mutant.written
    console.print(f"  {within(path, folder)}:{line} {mutant.name} ({mutant.sort})", soft_wrap=True)
    console.print(f"    {mutant.before}  ->  {mutant.after}", soft_wrap=True)
    unread = "" if survivor.is_read else "no case works it out; "
    console.print(f"    {unread}write a case in which {mutant.advice}", soft_wrap=True)


def _as_json(found: Mutation, folder: Path) -> dict[str, object]:
    return {
        "owner": found.owner,
        "tried": found.tried,
        "caught": found.caught,
        "enough": _is_enough(found),
        "the_same": found.equal,
        "survivors": [
            {
                "sort": each.mutant.sort,
                "name": each.mutant.name,
                "file": within(each.mutant.written[0], folder),
                "line": each.mutant.written[1],
                "before": each.mutant.before,
                "after": each.mutant.after,
                "worked_out": each.is_read,
                "case": each.mutant.advice,
            }
            for each in found.survivors
        ],
        "left_alone": [
            {"name": each.name, "from": each.from_.isoformat(), "why": each.why}
            for each in found.idle
        ],
    }
