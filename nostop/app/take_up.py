"""Take-up of a run that has ended: only what was masked when the run wrote it."""

import io
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from nostop.app.results import formula_safe
from nostop.app.settings import MANIFEST
from nostop.frames import TakeUp, check
from nostop.model import SettingsError
from nostop.takeup import NOT_KNOWN, AreaTakeUp, Unclaimed

__all__ = ["NOT_KNOWN", "Quality", "as_file", "quality_of", "read_take_up", "read_take_up_by_area"]

_BY_AREA = "take_up_by_area.parquet"
FileKind = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Quality:
    """What limits the figures of a run.

    made_up: whether its people are.
    lacking: the feeds that did not arrive or could not be used: what they would have said is
        unknown, and the ranges are wider for it.
    oldest: the oldest day that a feed is good for; None where one of them says no day.
    """

    effective_on: date
    made_up: bool
    feeds: int
    lacking: tuple[str, ...]
    oldest: date | None


def read_take_up(run_dir: Path) -> pl.DataFrame:
    """Return `TakeUp` of a run with the columns of `Unclaimed` beside it, one row per scheme.

    Raises:
        SettingsError: the folder holds no finished run.
    """
    files = [run_dir / "take_up.parquet", run_dir / "unclaimed.parquet"]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise SettingsError(
            f"{run_dir}: {', '.join(missing)} missing; give the --out folder of a run that ended"
        )
    take_up, unclaimed = (
        check(TakeUp, pl.read_parquet(files[0])),
        check(Unclaimed, pl.read_parquet(files[1])),
    )
    return take_up.join(unclaimed, on=["scheme", "effective_date"], how="left", validate="1:1")


def read_take_up_by_area(run_dir: Path, scheme: str | None = None) -> pl.DataFrame | None:
    """Return `AreaTakeUp` of a run, of one scheme or of all; None where the run is of before there
    was any."""
    file = run_dir / _BY_AREA
    if not file.is_file():
        return None
    rows = pl.scan_parquet(file)
    chosen = rows if scheme is None else rows.filter(pl.col("scheme") == scheme)
    return check(AreaTakeUp, chosen.collect())


def quality_of(run_dir: Path) -> Quality:
    """Return what limits the figures of a run, as its manifest says.

    Raises:
        SettingsError: the folder holds no finished run.
    """
    file = run_dir / MANIFEST
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        inputs = said["inputs"]
        days = [each["as_of"] for each in inputs if each["state"] == "ok"]
        return Quality(
            effective_on=date.fromisoformat(said["effective_date"]),
            made_up=said["synthetic"],
            feeds=len(inputs),
            lacking=tuple(each["source"] for each in inputs if each["state"] != "ok"),
            oldest=date.fromisoformat(min(days)) if days and None not in days else None,
        )
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(f"{run_dir}: holds no manifest of a run that ended") from error


def as_file(table: pl.DataFrame, kind: FileKind) -> bytes:
    """Return a masked table as a file: CSV that no spreadsheet runs as formulas, or Parquet."""
    content = io.BytesIO()
    if kind == "csv":
        formula_safe(table).write_csv(content)
    else:
        table.write_parquet(content, compression="zstd", statistics=False)
    return content.getvalue()
