"""`nostop feeds quarantine`: why rows of a feed were set aside, and what their values look like."""

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.app.feed_quarantine import SetAside, set_aside
from nostop.app.feed_status import feeds_of_run
from nostop.cli.shared import JsonOption, out, table

FeedArgument = Annotated[str, typer.Argument(metavar="FEED", help="The id of its declaration.")]
RunOption = Annotated[
    Path, typer.Option("--run", metavar="RUN_DIR", help="The --out folder of a run.")
]
DeclarationsOption = Annotated[
    Path | None,
    typer.Option(
        "--declarations", metavar="DIR", help="Folder of feed declarations, instead of ours."
    ),
]


def quarantine(
    feed: FeedArgument,
    run: RunOption,
    feeds: Annotated[
        Path | None,
        typer.Option(
            "--feeds", metavar="DIR", help="The run's feeds, to see the shapes of their values."
        ),
    ] = None,
    declarations: DeclarationsOption = None,
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", min=1, help="How many shapes of each reason.")
    ] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show why rows of a feed were set aside: counts, and the shapes of their values.

    A shape has X and x for letters and 9 for digits. No value is shown, but for a code that stands
    in ten rows or more.
    """
    files = (feeds, declarations or app.default_declarations_dir()) if feeds else None
    found = set_aside(feeds_of_run(run), feed, files, examples)
    if as_json:
        told = {
            "feed": feed,
            "state": found.status["state"],
            "reasons": found.reasons.to_dicts(),
            "examples": None if found.examples is None else found.examples.to_dicts(),
        }
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    _show(feed, found)


def _show(feed: str, found: SetAside) -> None:
    console, state = out(), f"{feed} is {found.status['state']}"
    if found.reasons.is_empty():
        console.print(f"{state}: no row of it was set aside.")
    else:
        total = found.reasons["rows"].sum()
        show_reasons(f"{feed}: {total:,} rows were set aside", found.reasons)
    if found.status["reason"] is not None:
        console.print(f"{state}: {found.status['reason']}", soft_wrap=True)
    if found.examples is None:
        console.print("Give the run's --feeds to see the shapes of the values.")
    elif found.examples.height:
        _show_shapes(found.examples)


def _show_shapes(examples: pl.DataFrame) -> None:
    heads = ("Column", "Shape", "Rows", "First in")
    shapes = table("What their values look like", *heads, right=("Rows",))
    for row in examples.to_dicts():
        place = f"{row['file']}, line {row['line']}"
        shapes.add_row(row["column"], row["shape"], f"{row['rows']:,}", place)
    out().print(shapes)


def show_reasons(title: str, reasons: pl.DataFrame) -> None:
    """Print reasons as `reasons_of` gives them."""
    shown = table(title, "Column", "Reason", "Rows", "First in", right=("Rows",))
    for row in reasons.to_dicts():
        line = "" if row["line"] is None else f", line {row['line']}"
        shown.add_row(
            row["column"] or "-", row["reason"], f"{row['rows']:,}", f"{row['file']}{line}"
        )
    out().print(shown)
