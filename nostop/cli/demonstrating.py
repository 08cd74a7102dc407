"""`nostop demo`: the whole line on the sample data, and how it compares with the truth."""

import shutil
from datetime import UTC, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from nostop import app
from nostop.app import RunSettings
from nostop.app.places import SAMPLE_DAY
from nostop.cli import showing
from nostop.cli.shared import Progress, UnreleasedOption, err, out
from nostop.model import SettingsError
from nostop.rulebook import default_rules_dir


def demo(
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")
    ] = Path("out/demo"),
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep what an earlier demo wrote: then nothing is sent twice."),
    ] = False,
    unreleased: UnreleasedOption = False,
) -> None:
    """Run the whole line on the sample data: 5,000 people who do not exist."""
    if not keep:
        _start_afresh(out_dir)
    settings = RunSettings(
        feeds=app.default_sample_dir(),
        out=out_dir,
        effective_on=SAMPLE_DAY,
        # Not the clock: the second demo must leave the same bytes as the first, in the database
        # too.
        started_at=datetime.combine(SAMPLE_DAY, time(), UTC),
        rules=default_rules_dir(),
        declarations=app.default_declarations_dir(),
        unreleased=unreleased,
    )
    progress = Progress()
    err().print(f"nostop demo: everybody in {settings.feeds.name} is made up")
    with progress.showing():
        result = app.run(settings, progress)
    showing.summary(result)
    showing.truth(
        app.check_folder(out_dir, settings.feeds, result.rulebook),
        {name: pack.title.en for name, pack in result.rulebook.packs.items()},
    )
    out().print()
    showing.files(out_dir)
    out().print(_online_events())


def _start_afresh(folder: Path) -> None:
    """Empty the folder of an earlier demo; any other folder with something in it is left alone.

    Raises:
        SettingsError: the folder holds something else.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "nostop.db").is_file():
        raise SettingsError(
            f"{folder}: holds something that no run of nostop wrote; choose another --out"
        )
    shutil.rmtree(folder)


def _online_events() -> str:
    if find_spec("durable") is None:
        return "Online events (durable-rules) are not installed; polars alone will serve."
    return "Online events (durable-rules) are installed: see docs/guides/life-events.md."
