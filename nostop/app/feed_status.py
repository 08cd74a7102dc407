"""What became of each feed in a run, read from its folder."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop.app.settings import MANIFEST
from nostop.frames import FeedStatus, check, empty
from nostop.model import SettingsError, nearest


@dataclass(frozen=True, slots=True)
class RunOfFeeds:
    """A run's days, and `status`: `FeedStatus` with `age_days` and `fresh_for_days`, whole days.

    Both are null where a feed was not read; the age is the one that its contract is about, on the
    earlier of the two days.
    """

    out: Path
    effective_on: date
    known_on: date | None
    status: pl.DataFrame

    def of(self, feed: str) -> dict[str, object]:
        """Return the status of one feed.

        Raises:
            SettingsError: the run knows no such feed; the nearest is named.
        """
        for row in self.status.to_dicts():
            if row["source"] == feed:
                return row
        known = self.status["source"].to_list()
        raise SettingsError(
            f"{self.out}: its run knows no feed '{feed}', only {', '.join(known)}"
            f"{nearest(feed, known)}"
        )


def feeds_of_run(out: Path) -> RunOfFeeds:
    """Return what became of the feeds of the run whose results are in `out`.

    Raises:
        SettingsError: there is no run that ended, or it was made by another version of nostop.
    """
    manifest = out / MANIFEST
    if not manifest.is_file():
        raise SettingsError(
            f"{out}: holds no run that ended (no {MANIFEST}): give the --out folder of nostop run"
        )
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        effective_on = date.fromisoformat(said["effective_date"])
        known_on = date.fromisoformat(said["known_on"]) if said["known_on"] else None
        status = _status(said["inputs"])
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise SettingsError(
            f"{manifest}: is not of this version of nostop: run again into this folder"
        ) from error
    return RunOfFeeds(out, effective_on, known_on, _aged(status, effective_on, known_on))


def _status(rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = empty(FeedStatus).schema
    texts = {name: pl.String() if kind == pl.Date else kind for name, kind in schema.items()}
    missing = [name for name in schema if any(name not in row for row in rows)]
    if missing:
        raise KeyError(missing[0])
    days = [name for name, kind in schema.items() if kind == pl.Date]
    frame = pl.DataFrame(rows, schema=texts).with_columns(pl.col(days).str.to_date("%Y-%m-%d"))
    return check(FeedStatus, frame)


def _aged(status: pl.DataFrame, effective_on: date, known_on: date | None) -> pl.DataFrame:
    on = pl.lit(min(effective_on, known_on or effective_on))
    return status.with_columns(
        age_days=(on - pl.col("as_of")).dt.total_days(),
        fresh_for_days=(pl.col("fresh_until") - pl.col("as_of")).dt.total_days(),
    ).sort("source")
