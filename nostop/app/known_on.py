"""A run as known on a day: what it leaves out, whether it may write to anybody, and where it may
lie."""

import json
from pathlib import Path

import polars as pl

from nostop.app.running.claim import unfinished
from nostop.app.sending import DATABASE
from nostop.app.settings import MANIFEST, RunSettings
from nostop.model import SettingsError


def refuse_folder_of_another(settings: RunSettings) -> None:
    """Refuse a run as known on a day in the folder of a run that knew something else.

    Person ids and the states of messages live on from run to run. One that lacks records would lose
    the ids of whom it does not know.

    Raises:
        SettingsError: there is another run in `settings.out`, or another one that did not end.
    """
    if settings.known_on is None or not (settings.out / DATABASE).is_file():
        return
    stopped = unfinished(settings.out)
    if stopped is not None and stopped.known_on == settings.known_on.isoformat():
        return
    if _known_on_of(settings.out / MANIFEST) != settings.known_on.isoformat():
        raise SettingsError(
            f"{settings.out}: holds another run, whose person ids and messages live on; "
            "give a run with --known-on a folder of its own"
        )


def _known_on_of(manifest: Path) -> object:
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said.get("known_on") if isinstance(said, dict) else None


def may_write_to_people(settings: RunSettings, status: pl.DataFrame) -> bool:
    """Return whether a run knows all that there is to know for its day.

    Otherwise what it leaves out may be somebody's wish not to be written to, or their death.

    Args:
        status: `FeedStatus`.
    """
    if settings.known_on is None:
        return True
    return settings.known_on >= settings.effective_on and rows_later(status) == 0


def rows_later(status: pl.DataFrame) -> int:
    """Return how many rows were left out because they are dated after the day of knowledge."""
    return int(status["rows_later"].sum())


def told_of_later(status: pl.DataFrame) -> list[str]:
    """Return one line for each feed of which some rows are used and later ones left out."""
    cut = status.filter((pl.col("state") == "ok") & (pl.col("rows_later") > 0)).sort("source")
    return [
        f"LATER THAN KNOWN-ON: {source}: {later:,} of {read:,} rows are left out."
        for source, later, read in cut.select("source", "rows_later", "rows_read").iter_rows()
    ]
