"""`nostop rules check`: everything wrong in a rules folder, told with its place."""

import json
from pathlib import Path

import typer

from nostop.cli.shared import JsonOption, RulesOption, err, out, within
from nostop.model import Problem
from nostop.rulebook import default_rules_dir, examine


def check(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Check every rule pack: names, levels, periods, citations, dates, circles, conditions that
    are the same for everybody, and what nothing reads. Exit code 1 if anything is wrong."""
    folder = rules or default_rules_dir()
    book, problems = examine(folder)
    if as_json:
        told = [_as_json(problem, folder) for problem in problems]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            err().print(str(problem), soft_wrap=True)
        packs = f": {', '.join(sorted(book.packs))}" if book else ""
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        found = count if problems else f"no problem{packs}"
        out().print(f"{folder}: {found}", soft_wrap=True)
    raise typer.Exit(code=1 if problems else 0)


def _as_json(problem: Problem, folder: Path) -> dict[str, object]:
    return {
        "file": within(problem.path, folder),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
