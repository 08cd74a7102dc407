"""`nostop feeds status`: what became of each feed in a run."""

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop.app.feed_status import RunOfFeeds, feeds_of_run
from nostop.cli.shared import JsonOption, out, table

_ROWS = ("read", "good", "quarantined", "later", "replaced")


def status(
    run_dir: Annotated[
        Path | None, typer.Argument(metavar="RUN_DIR", help="The --out folder of a run.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN_DIR", help="The same, as an option.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show each feed of a run: whether it was used, its rows, its age, and why it was not used."""
    folder = run or run_dir
    if folder is None:
        raise typer.BadParameter("give the --out folder of a run", param_hint="RUN_DIR")
    found = feeds_of_run(folder)
    if as_json:
        rows = found.status.with_columns(pl.col(pl.Date).dt.to_string("iso")).to_dicts()
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _show(found)


def _show(found: RunOfFeeds) -> None:
    days = f"on {found.effective_on}"
    if found.known_on is not None:
        days += f", as known on {found.known_on}"
    right = ("Age in days", "At most", "Known to others")
    feeds = table(f"Feeds of the run {days}", "Feed", "State", "File", "Newest row", *right,
                  right=right)  # fmt: skip
    heads = tuple(name.capitalize() for name in _ROWS)
    rows = table("Their rows", "Feed", *heads, right=heads)
    for row in found.status.to_dicts():
        feeds.add_row(
            row["source"],
            row["state"],
            *(_or_dash(row[name]) for name in ("file", "as_of", "age_days", "fresh_for_days")),
            _share(row["people_known"], row["people"]),
        )
        rows.add_row(row["source"], *(f"{row[f'rows_{name}']:,}" for name in _ROWS))
    console = out()
    console.print(feeds)
    console.print(rows)
    for row in found.status.filter(pl.col("reason").is_not_null()).to_dicts():
        console.print(f"{row['source']} is {row['state']}: {row['reason']}", soft_wrap=True)


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


def _share(known: int | None, people: int | None) -> str:
    return "-" if known is None or not people else f"{known / people:.0%}"
