"""`nostop link review`, `verdicts` and `tally`: what clerks look at, and what they say."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.cli.link_options import ByOption, LinksOption, VerdictsOption
from nostop.cli.shared import JsonOption, err, out, table

TasksArgument = Annotated[
    Path, typer.Argument(metavar="TASKS", help="The file of `nostop link review`, filled in.")
]
_KEYS = {"s": "same", "d": "different", "c": "cannot_tell"}


def review(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS.parquet", help="The records that were linked.")
    ],
    links: LinksOption,
    tasks: Annotated[
        Path, typer.Option("--out", metavar="TASKS", help="What clerks get: .csv or .parquet.")
    ],
    band: Annotated[
        str, typer.Option("--band", metavar="LOW-HIGH", help="Unlinked pairs with such a score.")
    ] = "0.5-0.95",
    most: Annotated[
        int | None, typer.Option("--most", metavar="N", help="At most so many of the band.")
    ] = None,
    sample: Annotated[
        int,
        typer.Option("--sample", metavar="N", help="So many links drawn at random, to see errors."),
    ] = 0,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="The same seed draws the same pairs.")
    ] = 1,
    verdicts: Annotated[
        Path | None,
        typer.Option(
            "--verdicts", metavar="VERDICTS.parquet", help="Do not ask again what these answer."
        ),
    ] = None,
) -> None:
    """Draw pairs of records for clerks to look at, the score hidden."""
    low, high = app.parse_band(band)
    files = app.ReviewFiles(records, links, tasks, verdicts)
    made = app.make_review(files, app.ReviewWanted(low, high, most, sample, seed))
    err().print(
        f"{made.tasks.height:,} pairs to look at: {tasks}; the key, which clerks must not see: "
        f"{app.key_of(tasks)}",
        soft_wrap=True,
    )


def verdicts(
    tasks: TasksArgument,
    into: VerdictsOption,
    by: ByOption,
    ask: Annotated[
        bool, typer.Option("--ask", help="Show each pair that has no verdict yet, and ask.")
    ] = False,
) -> None:
    """Take clerks' verdicts: they bind every later run."""
    if ask:
        _ask(tasks)
    new = app.take_verdicts(tasks, into, by, datetime.now(UTC))
    err().print(f"{new.height:,} new verdicts: {into}", soft_wrap=True)


def _ask(path: Path) -> None:
    left = app.read_tasks(path).filter(pl.col("verdict").is_null())
    for number, task in enumerate(left.iter_rows(named=True), start=1):
        _show(task, f"{number} of {left.height}")
        said = typer.prompt("same, different, cannot tell, or quit [s/d/c/q]", err=True).strip()
        if said[:1].lower() not in _KEYS:
            return
        why = typer.prompt("why", default="", show_default=False, err=True)
        app.answer(path, task["task_id"], _KEYS[said[:1].lower()], why)


def _show(task: dict[str, object], title: str) -> None:
    shown = table(title, "", "One", "Other")
    names = [name.removeprefix("left_") for name in task if name.startswith("left_")]
    for name in names:
        one, other = task[f"left_{name}"], task[f"right_{name}"]
        if one is not None or other is not None:
            shown.add_row(
                name, "" if one is None else str(one), "" if other is None else str(other)
            )
    err().print(shown)


def tally(tasks: TasksArgument, as_json: JsonOption = False) -> None:
    """Say how many links are right, from the verdicts, with 95 per cent intervals."""
    found = app.tally_tasks(tasks)
    if as_json:
        typer.echo(json.dumps(found.to_dicts(), indent=2))
        return
    counts = ("Pairs", "Drawn", "Same", "Different", "Cannot tell")
    shown = table("", "Stratum", *counts, "Same person", "95% interval", right=counts)
    for row in found.iter_rows(named=True):
        share = "not known" if row["share"] is None else f"{row['share']:.2%}"
        shown.add_row(
            row["stratum"],
            *(f"{row[name]:,}" for name in ("population", "sampled", "same", "different")),
            f"{row['cannot_tell']:,}",
            share,
            f"{row['low']:.2%} to {row['high']:.2%}",
        )
    out().print(shown)
