"""Take-up of a run that has ended: only what was masked when the run wrote it."""

from pathlib import Path

import polars as pl

from nostop.frames import TakeUp, check
from nostop.model import SettingsError
from nostop.takeup import Unclaimed


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
