"""`nostop link train`: a new model, to be reviewed and frozen."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.linked_file import train_file
from nostop.cli.shared import err


def train(
    records: Annotated[
        list[Path], typer.Argument(metavar="RECORDS.parquet...", help="Records to learn from.")
    ],
    out_file: Annotated[
        Path, typer.Option("--out", metavar="MODEL.json", help="The model file to write.")
    ],
    made_on: Annotated[
        datetime,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="The date it shall state."),
    ],
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            metavar="LABELS.parquet",
            help="Who is who (source, record_id, true_person): one for each file of records.",
        ),
    ] = None,
) -> None:
    """Learn how often one person's records differ, with labels or without.

    The file holds shares and counts, nobody's name or number.
    """
    model = train_file(records, out_file, made_on.date(), labels or ())
    knots = len(model.calibration.bits)
    err().print(
        f"{len(records)} files taught {out_file}; calibrated by {knots} knots", soft_wrap=True
    )
