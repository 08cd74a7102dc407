"""What stands of a linking, kept in a folder: the next change need not begin with everybody.

It holds personal data in standard form: keep it where the records are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from nostop.app.link_history import read_parquet, write_whole
from nostop.linkage.calibration import Calibration
from nostop.linkage.comparisons import comparisons_of
from nostop.linkage.standing import Standing, hashes
from nostop.linkage.weighing import Weighing, bearers_in
from nostop.linkage.weights import Weights
from nostop.model import LinkageError

_TABLES = ("records", "nodes", "forms", "prepared", "dwellings")
_WEIGHTS = "weights.json"


def keep_standing(standing: Standing, folder: Path) -> None:
    """Write what stands into a folder; its weights come last, and without them it is none."""
    (folder / _WEIGHTS).unlink(missing_ok=True)
    tables, told = as_tables(standing)
    for name, table in tables.items():
        write_whole(table, folder / f"{name}.parquet")
    (folder / _WEIGHTS).write_text(json.dumps(told, indent=1), encoding="utf-8")


def kept_standing(folder: Path) -> Standing:
    """Return what stands in a folder.

    Raises:
        LinkageError: there is none, or it was left half written.
    """
    try:
        told = json.loads((folder / _WEIGHTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LinkageError(
            f"{folder}: holds no linking to go on from: link everybody once more"
        ) from error
    return from_tables(lambda name: read_parquet(folder / f"{name}.parquet"), told)


def as_tables(standing: Standing) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Return what stands as tables by name, and as plain values."""
    weighing = standing.weighing
    tables = {name: getattr(standing, name) for name in _TABLES}
    tables |= {f"rare_{column}": rare for column, rare in weighing.rarities.items()}
    told = {
        "weights": asdict(weighing.weights),
        "calibration": asdict(weighing.calibration),
        "unseen": weighing.unseen,
        "prior_bits": weighing.prior_bits,
    }
    return tables, told


def from_tables(table: Callable[[str], pl.DataFrame], told: Mapping[str, Any]) -> Standing:
    """Return what stood, of what `as_tables` made.

    Args:
        table: returns a table by its name.
    """
    tables = {name: table(name) for name in _TABLES}
    prepared = tables["prepared"]
    weighing = Weighing(
        comparisons=tuple(comparisons_of(prepared)),
        weights=Weights(**{name: _levels(value) for name, value in told["weights"].items()}),
        calibration=Calibration(
            **{name: tuple(value) for name, value in told["calibration"].items()}
        ),
        rarities={column: table(f"rare_{column}") for column in told["unseen"]},
        unseen=told["unseen"],
        prior_bits=float(told["prior_bits"]),
        bearers=bearers_in(tables["forms"]),
    )
    # Hashes may differ between versions of the library, so that they are made again.
    keys = hashes(prepared).sort("hash", "node")
    return Standing(**tables, keys=keys, weighing=weighing)


def _levels(told: Any) -> Any:  # noqa: ANN401 - as JSON gives it
    """Return the levels of comparisons as they were; JSON knows no tuples."""
    if not isinstance(told, dict):
        return told
    return {name: tuple(shares) for name, shares in told.items()}
