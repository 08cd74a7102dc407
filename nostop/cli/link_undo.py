"""`nostop link undo EVENT`: take back a merge, a split or a move."""

import json
from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer

from nostop import app, linkage
from nostop.cli.link_options import ByOption, HistoryOption, LinksOption, VerdictsOption
from nostop.cli.shared import JsonOption, err


def undo(
    event_id: Annotated[
        int, typer.Argument(metavar="EVENT", help="Its number, as `nostop link history` shows it.")
    ],
    links: LinksOption,
    history: HistoryOption,
    verdicts: VerdictsOption,
    by: ByOption,
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="The reason, kept with the verdicts.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Take back one event: every record returns to the id it had, and later runs keep to it."""
    occasion = linkage.Occasion(datetime.now(UTC), by, linkage.MODEL_VERSION)
    kept = app.Kept(links, history, verdicts)
    undone = app.undo_event(kept, event_id, occasion, why)
    moved = undone.drop_nulls("source")
    told = {
        "event": int(undone["event_id"][0]),
        "takes_back": event_id,
        "records": moved.height,
        "person_id": moved["person_id"][0],
        "other_id": moved["other_id"][0],
    }
    if as_json:
        typer.echo(json.dumps(told))
        return
    err().print(
        f"{moved.height} records are {told['person_id']} again, no longer {told['other_id']} "
        f"(event {told['event']}); {pl.read_parquet(verdicts).height} verdicts bind later runs",
        soft_wrap=True,
    )
