"""Options that the commands of `nostop link` have in common."""

from pathlib import Path
from typing import Annotated

import typer

LinksOption = Annotated[
    Path,
    typer.Option("--links", metavar="LINKS.parquet", help="Which person each record is, by now."),
]
HistoryOption = Annotated[
    Path,
    typer.Option("--history", metavar="EVENTS.parquet", help="The history of these links."),
]
VerdictsOption = Annotated[
    Path,
    typer.Option(
        "--verdicts",
        metavar="VERDICTS.parquet",
        help="What clerks have said so far; made where there is none.",
    ),
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who says so: kept with what is written.")
]
RecordsOption = Annotated[
    Path,
    typer.Option("--records", metavar="RECORDS.parquet", help="The records that were linked."),
]
