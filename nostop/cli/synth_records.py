"""`nostop synth records`: invented records to link, with who is who."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nostop.cli.shared import JsonOption, err
from nostop.synth.hard import generate_records, write_records


def records(
    people: Annotated[int, typer.Option(help="How many people there are.")],
    out_file: Annotated[
        Path, typer.Option("--out", metavar="RECORDS.parquet", help="The records to link.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(metavar="LABELS.parquet", help="Who each record truly is, and what is hard."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bytes.")] = 1,
    hard: Annotated[
        bool,
        typer.Option("--hard", help="Make every hard case common, so that each can be measured."),
    ] = False,
    days: Annotated[
        int, typer.Option(help="Write the changes of so many days beside the files, too.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make records of invented people as six registers hold them, and say who is who."""
    made = generate_records(people, seed, hard=hard, days=days)
    files = write_records(made, out_file, labels)
    if as_json:
        told = {"people": people, "seed": seed, "records": made.records.height}
        typer.echo(json.dumps({**told, "files": [str(file) for file in files]}))
        return
    err().print(
        f"{made.records.height:,} records of {people:,} made-up people (seed {seed}): {out_file}",
        soft_wrap=True,
    )
