"""What stands of a linking, kept in a folder beside it, so that the next change or question need not
begin with everybody.

It holds personal data in standard form: keep it where the records are.
"""

import json
from pathlib import Path

import polars as pl

from nostop.app.link_history import read_parquet, write_whole
from nostop.linkage.calibration import Calibration
from nostop.linkage.comparisons import comparisons_of
from nostop.linkage.standing import Standing, hashes
from nostop.linkage.weighing import Weighing
from nostop.linkage.weights import Weights
from nostop.model import LinkageError

_TABLES = ("records", "nodes", "forms", "prepared", "dwellings")
_WEIGHTS = "weights.json"


def keep_standing(standing: Standing, folder: Path) -> None:
    """Write what stands into a folder; its weights come last, and without them it is none."""
    (folder / _WEIGHTS).unlink(missing_ok=True)
    for name in _TABLES:
        write_whole(getattr(standing, name), folder / f"{name}.parquet")
    weighing = standing.weighing
    for column, rare in weighing.rarities.items():
        write_whole(rare, folder / f"rare_{column}.parquet")
    told = {
        "m": weighing.weights.m,
        "u": weighing.weights.u,
        "true_pairs_a_mention": weighing.weights.true_pairs_a_mention,
        "calibration": [weighing.calibration.bits, weighing.calibration.probability],
        "unseen": weighing.unseen,
        "prior_bits": weighing.prior_bits,
    }
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
    tables = {name: read_parquet(folder / f"{name}.parquet") for name in _TABLES}
    prepared: pl.DataFrame = tables["prepared"]
    bits, probability = told["calibration"]
    weighing = Weighing(
        comparisons=tuple(comparisons_of(prepared)),
        weights=Weights(
            _levels(told["m"]), _levels(told["u"]), float(told["true_pairs_a_mention"])
        ),
        calibration=Calibration(tuple(bits), tuple(probability)),
        rarities={
            column: read_parquet(folder / f"rare_{column}.parquet") for column in told["unseen"]
        },
        unseen=told["unseen"],
        prior_bits=float(told["prior_bits"]),
    )
    # Hashes may differ between versions of the library, so that they are made again.
    keys = hashes(prepared).sort("hash", "node")
    return Standing(**tables, keys=keys, weighing=weighing)


def _levels(told: dict[str, list[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(shares) for name, shares in told.items()}
