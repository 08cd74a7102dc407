"""Made-up people in any number: some thousands made in earnest, and copies of them under other
ids."""

from datetime import date
from pathlib import Path

import polars as pl

from nostop.app.figures import spent_by
from nostop.app.truth_check import truth_dir

SEED = 20_260_601
_TABLES = ("people", "benefit_units", "households", "awards")
_IDS = ("person_id", "benefit_unit_id", "household_id")


def made_up(folder: Path, people: int, on: date, rules: Path) -> Path:
    """Return a folder of frames with made-up people and everything that is true of them."""
    spent_by(
        [
            *("synth", "--people", str(people), "--seed", str(SEED), "--on", on.isoformat()),
            *("--out", str(folder), "--rules", str(rules)),
        ]
    )
    return truth_dir(folder)


def copies(source: Path, target: Path, times: int) -> Path:
    """Write a folder of frames with everybody of another so many times, each under ids of their
    own."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _TABLES:
        table = pl.scan_parquet(source / f"{name}.parquet")
        ids = [each for each in _IDS if each in table.collect_schema()]
        pl.concat(
            table.with_columns(pl.concat_str(each, pl.lit(f"-{time:04}")) for each in ids)
            for time in range(times)
        ).sink_parquet(target / f"{name}.parquet")
    return target
