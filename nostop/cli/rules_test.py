"""`nostop rules test`: the worked cases beside each pack."""

import json
from typing import Annotated

import typer

from nostop import app, determination, rulebook
from nostop.cli.shared import JsonOption, RulesOption, SchemeOption, out


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
