"""`nostop rules coverage`: what the worked cases of each pack test, and what they leave out."""

import json
from itertools import groupby
from pathlib import Path

import typer
from rich.console import Console

from nostop import app
from nostop.cli.shared import JsonOption, OwnerOption, RulesOption, out, table, within
from nostop.determination.coverage import SORTS, Coverage, Point, Sort, coverage
from nostop.rulebook import default_rules_dir

_COLUMNS: dict[Sort, str] = {
    "condition": "Conditions",
    "alone": "Alone",
    "working": "Yes or no",
    "limit": "Limits",
    "branch": "Branches",
    "row": "Rows",
}
_WHAT: dict[Sort, str] = {
    "condition": "condition",
    "alone": "only reason",
    "working": "working",
    "limit": "limit",
    "branch": "branch",
    "row": "row",
}


def show_coverage(
    scheme: OwnerOption = None, rules: RulesOption = None, as_json: JsonOption = False
) -> None:
    """Show what the worked cases of each pack and library test: conditions as yes, no and unknown,
    and each as the only reason; limits a unit below, at and above; branches; rows of tables.

    Exit code 1 if a condition is not seen as yes, as no and as unknown.
    """
    folder = rules or default_rules_dir()
    book = app.read_rules(folder)
    found = coverage(book, app.known_owners(book, scheme))
    if as_json:
        told = [_as_json(each, folder) for each in found]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(found, folder, out())
    raise typer.Exit(code=0 if all(each.is_enough for each in found) else 1)


def _show(found: list[Coverage], folder: Path, console: Console) -> None:
    for each in found:
        for sort, points in groupby(each.lacking, key=lambda point: point.sort):
            console.print(f"{each.owner}, {_WHAT[sort]}: not seen", style="bold")
            for point in points:
                _show_point(point, folder, console)
        for large in each.large_tables:
            share = f"{large.looked_up} of {large.rows} rows are looked up"
            console.print(f"{each.owner}, table {large.name} from {large.from_}: {share}")
    headings = ("Pack or library", "Cases", *_COLUMNS.values())
    shown = table("Seen in cases, of all there are", *headings, right=headings[1:])
    for each in found:
        shares = (_share(each.of(sort)) for sort in SORTS)
        shown.add_row(each.owner, str(each.cases), *shares)
    console.print(shown)


def _share(points: list[Point]) -> str:
    full = sum(not point.lacking for point in points)
    return f"{full}/{len(points)}" if points else "-"


def _show_point(point: Point, folder: Path, console: Console) -> None:
    path, line, _ = point.written
    place = f"{within(path, folder)}:{line}"
    console.print(f"  {place} {point.name}: {point.text}", soft_wrap=True)
    for side in point.lacking:
        console.print(f"    {side}: a case in which {point.sides[side]}", soft_wrap=True)


def _as_json(found: Coverage, folder: Path) -> dict[str, object]:
    return {
        "owner": found.owner,
        "cases": found.cases,
        "enough": found.is_enough,
        "points": {
            sort: {
                "all": len(found.of(sort)),
                "seen": sum(not point.lacking for point in found.of(sort)),
            }
            for sort in SORTS
        },
        "lacking": [
            {
                "sort": point.sort,
                "name": point.name,
                "file": within(point.written[0], folder),
                "line": point.written[1],
                "formula": point.text,
                "case_for": {side: point.sides[side] for side in point.lacking},
            }
            for point in found.lacking
        ],
        "large_tables": [
            {
                "name": each.name,
                "from": each.from_.isoformat(),
                "looked_up": each.looked_up,
                "rows": each.rows,
            }
            for each in found.large_tables
        ],
    }
