"""`nostop feeds fetch`: bring the departments' files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nostop import app
from nostop.cli.shared import JsonOption, RulesOption, out, table
from nostop.rulebook import default_rules_dir


def fetch(
    into: Annotated[
        Path,
        typer.Option(
            "--into", metavar="FEEDS_DIR", help="The folder that `nostop run --feeds` reads."
        ),
    ],
    feeds: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FEED]...", help="Only these; all that say where they come from."),
    ] = None,
    declarations: Annotated[
        Path | None,
        typer.Option(
            "--declarations", metavar="DIR", help="Folder of feed declarations, instead of ours."
        ),
    ] = None,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the files of the feeds that say where they come from; exit code 1 if one failed."""
    known = app.read_declarations(
        declarations or app.default_declarations_dir(), app.read_rules(rules or default_rules_dir())
    )
    done = app.fetch_feeds(known, into, feeds or ())
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in done]))
    elif not done:
        out().print("no feed says where its file comes from (fetch in its declaration)")
    else:
        shown = table("Feeds fetched", "feed", "files", "bytes", "what happened", right=("bytes",))
        for each in done:
            said = f"FAILED: {each.happened}" if each.failed else each.happened
            shown.add_row(each.feed, "\n".join(each.files), f"{each.bytes:,}", said)
        out().print(shown)
    if any(each.failed for each in done):
        raise typer.Exit(1)
