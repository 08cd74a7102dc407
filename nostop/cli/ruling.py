"""`nostop rules`: what an author of rule packs runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nostop import app, determination, rulebook
from nostop.cli.shared import JsonOption, RulesOption, SchemeOption, err, out
from nostop.model import Problem

commands = typer.Typer(
    help="Check rule packs and run their cases.", no_args_is_help=True, rich_markup_mode=None
)


@commands.command("check")
def check(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Check every rule pack: names, levels, periods, citations, dates, circles. Exit code 1 if
    anything is wrong."""
    folder = rules or rulebook.default_rules_dir()
    problems = rulebook.check(folder)
    if as_json:
        typer.echo(
            json.dumps(
                [_as_json(problem, folder) for problem in problems], indent=2, ensure_ascii=False
            )
        )
    else:
        for problem in problems:
            err().print(str(problem), soft_wrap=True)
        packs = "" if problems else f": {', '.join(sorted(app.read_rules(folder).packs))}"
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        found = count if problems else f"no problem{packs}"
        out().print(f"{folder}: {found}", soft_wrap=True)
    raise typer.Exit(code=1 if problems else 0)


def _as_json(problem: Problem, folder: Path) -> dict[str, object]:
    path = problem.path.relative_to(folder) if problem.path.is_relative_to(folder) else problem.path
    return {
        "file": path.as_posix(),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


@commands.command("test")
def run_cases(
    scheme: SchemeOption = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also name the cases that pass.")
    ] = False,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the worked cases beside each pack. Exit code 1 if one does not give what it says."""
    book = app.read_rules(rules or rulebook.default_rules_dir())
    results = determination.run_cases(book, app.known_schemes(book, scheme))
    failed = [result for result in results if not result.passed]
    if as_json:
        rows = [
            {
                "pack": r.scheme,
                "file": str(r.file),
                "name": r.name,
                "passed": r.passed,
                "message": r.message,
            }
            for r in results
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        raise typer.Exit(code=1 if failed else 0)
    console = out()
    for result in results if verbose else failed:
        console.print(
            f"{'ok  ' if result.passed else 'FAIL'} {result.scheme}: {result.name} ({result.file})",
            soft_wrap=True,
        )
        if not result.passed:
            console.print(f"     {result.message}", soft_wrap=True)
    console.print(f"{len(results)} cases, {len(failed)} failed")
    raise typer.Exit(code=1 if failed or not results else 0)
