"""`nostop link history`: what happened to person ids, and what became of one."""

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.cli.shared import JsonOption, err, out, table

_SHOWN = 50


def history(
    events: Annotated[
        Path, typer.Argument(metavar="EVENTS.parquet", help="The history that runs leave.")
    ],
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="ID", help="Only what happened to this person id."),
    ] = None,
    since: Annotated[
        int, typer.Option("--since", metavar="EVENT", help="Only what happened after this event.")
    ] = 0,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Only created, merged, split, moved or undone."),
    ] = None,
    links: Annotated[
        Path | None,
        typer.Option(
            "--links", metavar="LINKS.parquet", help="Check that the history leads to these links."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happened to person ids: the newest events last."""
    log = app.read_history_of(events, links)
    happened = app.what_happened(log, person_id=person, since=since)
    if kind is not None:
        happened = happened.filter(pl.col("kind") == app.known_kind(kind))
    now = None if person is None else app.now_known_as(log, person)
    if as_json:
        shown = happened.with_columns(pl.col("at").dt.to_string("iso:strict"))
        typer.echo(json.dumps({"now": now, "events": shown.to_dicts()}, indent=2))
        return
    _show(happened)
    if links is not None:
        err().print(f"{links}: as the history says", soft_wrap=True)
    if now is not None:
        err().print(f"{person} is now {', '.join(now) or 'nobody: its records were withdrawn'}")


def _show(happened: pl.DataFrame) -> None:
    numbers = ("Event", "Records")
    shown = table(
        "", "Event", "Day", "What", "Person", "Other id", "Records", "By", "Why", right=numbers
    )
    for row in happened.tail(_SHOWN).iter_rows(named=True):
        shown.add_row(
            str(row["event_id"]),
            row["at"].date().isoformat(),
            row["kind"],
            row["person_id"] or "",
            row["other_id"] or "",
            str(row["records"]),
            row["actor"],
            row["evidence"],
        )
    out().print(shown)
    left = happened.height - _SHOWN
    if left > 0:
        err().print(f"{left:,} older events are not shown; --json shows all", soft_wrap=True)
