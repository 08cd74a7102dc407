"""Writes hard records and their labels to Parquet. Same arguments, same bytes."""

from pathlib import Path

import polars as pl

from nostop.model import SettingsError
from nostop.synth.hard.records import HardRecords

#: Any reader can see that nobody in the file is real.
_MARK = {"synthetic": "true"}


def write_records(made: HardRecords, out: Path, labels: Path | None) -> list[Path]:
    """Write records to `out`, labels to `labels`, and beside each the files of its days.

    Returns:
        The files, `RECORDS.parquet` first; those of a day are `RECORDS.day01.parquet`.

    Raises:
        SettingsError: both names are one file, or a file cannot be written.
    """
    if labels is not None and out.resolve() == labels.resolve():
        raise SettingsError(f"--labels {labels}: is the file of --out; give each its own name")
    parts = [("", made), *((f".day{at:02}", day) for at, day in enumerate(made.days, 1))]
    written = []
    for suffix, part in parts:
        written.append(_write(part.records, _beside(out, suffix)))
        if labels is not None:
            written.append(_write(part.labels, _beside(labels, suffix)))
    return written


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.stem}{suffix}{path.suffix}")


def _write(frame: pl.DataFrame, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.rechunk().write_parquet(path, compression="zstd", statistics=False, metadata=_MARK)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be written: {error.strerror}: choose another place"
        ) from error
    return path
