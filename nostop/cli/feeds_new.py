"""`nostop feeds new`: a declaration guessed from a sample file, for a person to confirm."""

from pathlib import Path
from typing import Annotated

import typer

from nostop.app.feed_guesses.source import settings_of
from nostop.app.new_feed import NewFeed, begin_feed
from nostop.cli.shared import RulesOption, out, parse_date
from nostop.rulebook import default_rules_dir


def new(
    sample: Annotated[Path, typer.Argument(metavar="FILE", help="A file as the source sends it.")],
    feed: Annotated[
        str,
        typer.Option("--id", metavar="DEPARTMENT_DATASET", help="The feed's id, as dwp_awards."),
    ],
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.yaml", help="Where to write; else ID.yaml, here."),
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="NAME", help="Who sends it.")
    ] = None,
    connector: Annotated[
        str | None,
        typer.Option("--connector", metavar="NAME", help="How it is read; else its suffix says."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting of the connector; lists and keys as in YAML: 'fields={ref: 1-10}'.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="The day of the file, where no column says it."
        ),
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Write a declaration guessed from a sample: columns, codes, people, likely facts and awards.

    Each guess is on a line that says why, after CONFIRM. The declaration is refused as long as one
    of those marks is left: check the line with the source, mend it, then take the mark out. No
    value of the sample is written, but for codes that at least 5 rows share.
    """
    begun = begin_feed(
        rules or default_rules_dir(),
        NewFeed(
            feed,
            sample,
            department=department,
            connector=connector,
            settings=settings_of(settings or []),
            as_of=parse_date(as_of, "--as-of"),
        ),
        out_file,
    )
    console = out()
    console.print(f"written: {begun.file}, with {begun.guesses} lines to confirm", soft_wrap=True)
    if begun.refused is not None:
        console.print(f"Read through it, the sample is refused: {begun.refused}", soft_wrap=True)
    else:
        told = f"{begun.quarantined:,} of the sample's {begun.rows:,} rows are set aside"
        console.print(f"Read through it, {told}.")
