"""`nostop link RECORDS.parquet`: which person each record is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop import app
from nostop.app.linked_file import LinkKept, LinkOptions
from nostop.cli.shared import JsonOption, err


def link(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS.parquet", help="Records of one or more sources.")
    ],
    out_file: Annotated[
        Path, typer.Option("--out", metavar="CLUSTERS.parquet", help="Which person each record is.")
    ],
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="LINKS.parquet",
            help="An earlier result, whose person ids live on.",
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="EVENTS.parquet",
            help="The history that person ids live on by; made where there is none.",
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            metavar="DIR",
            help="Folder that later changes go on from; with --previous, only what changed is "
            "linked again.",
        ),
    ] = None,
    changed: Annotated[
        Path | None,
        typer.Option(
            "--changed",
            metavar="ROWS.parquet",
            help="With --index: rows corrected since, and rows as they were before they were "
            "corrected or withdrawn. New ones need not be named.",
        ),
    ] = None,
    deduplicated: Annotated[
        list[str] | None,
        typer.Option(
            "--deduplicated",
            metavar="SOURCE",
            help="A source with at most one record a person; may be given more than once.",
        ),
    ] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", metavar="FILE", help="What clerks decided; it binds."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="MODEL.json", help="A model of `link train`, not ours."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which records are one person: source, record_id, person_id and confidence."""
    options = LinkOptions(deduplicated or (), verdicts, model)
    kept = LinkKept(previous, index, changed, history, datetime.now(UTC))
    links = app.link_file(records, out_file, kept, options)
    people = links["person_id"].n_unique()
    if as_json:
        typer.echo(json.dumps({"records": links.height, "people": people, "out": str(out_file)}))
    else:
        err().print(f"{links.height:,} records are {people:,} people: {out_file}", soft_wrap=True)
