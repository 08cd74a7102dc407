"""`nostop rules check`: everything wrong in a rules folder, told with its place; and the law that
its packs cite, or could not verify."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nostop.cli.shared import JsonOption, RulesOption, err, out, within
from nostop.model import Problem
from nostop.rulebook import Rulebook, default_rules_dir, examine
from nostop.rulebook.citations import Citation, citations

UnverifiedOption = Annotated[
    bool,
    typer.Option("--unverified", help="List what its authors could not verify, and why."),
]
CitationsOption = Annotated[
    bool,
    typer.Option("--citations", help="List the law behind every condition, amount and rate."),
]


def check(
    rules: RulesOption = None,
    as_json: JsonOption = False,
    unverified: UnverifiedOption = False,
    cited: CitationsOption = False,
) -> None:
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
        _list(book, unverified=unverified, cited=cited)
        packs = f": {', '.join(sorted(book.packs))}" if book else ""
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        found = count if problems else f"no problem{packs}"
        out().print(f"{folder}: {found}", soft_wrap=True)
    raise typer.Exit(code=1 if problems else 0)


def _list(book: Rulebook | None, *, unverified: bool, cited: bool) -> None:
    if book is None:
        return
    every = citations(book)
    if cited:
        for each in every:
            out().print(f"{_name(each)}: {'; '.join(dict.fromkeys(each.cites))}", soft_wrap=True)
        out().print(f"{len(every)} statements, each with its law", soft_wrap=True)
    if unverified:
        marked = [each for each in every if each.unverified is not None]
        for each in marked:
            out().print(f"{_name(each)}: {each.unverified}", soft_wrap=True)
        out().print(f"{len(marked)} not verified", soft_wrap=True)


def _name(citation: Citation) -> str:
    return f"{citation.owner}: {citation.kind.replace('_', ' ')} {citation.name}"


def _as_json(problem: Problem, folder: Path) -> dict[str, object]:
    return {
        "file": within(problem.path, folder),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
