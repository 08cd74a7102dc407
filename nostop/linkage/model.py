"""The model file: frozen weights and calibration, versioned, without anybody's values."""

import json
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nostop.linkage.calibration import Calibration, as_confidence
from nostop.linkage.comparisons import COMPARISONS, Comparison, comparisons_of, scorable
from nostop.linkage.scoring import learnt, levels_of, random_pairs, scorer
from nostop.linkage.weights import Weights, counts
from nostop.model import LinkageError

MODEL_FILE = Path(__file__).with_name("model_v2.json")
FORMAT = "nostop linkage model 2"
#: Every share of the frozen model is at least this: the next file errs in other ways.
_LEAST_FROZEN_M = 0.01


@dataclass(frozen=True, slots=True)
class Model:
    """Frozen weights.

    weights: m and u of every level of the comparisons of every record.
    calibration: from weight to probability.
    about: made_on, and of each training set its records and the pairs it taught by.
    """

    weights: Weights
    calibration: Calibration = field(default_factory=Calibration)
    about: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the text of the model file."""
        return json.dumps(
            {
                "format": FORMAT,
                "about": self.about,
                "comparisons": {
                    each.name: _levels_as_json(each, self.weights) for each in COMPARISONS
                },
                "calibration": [
                    {"bits": bits, "probability": probability}
                    for bits, probability in zip(
                        self.calibration.bits, self.calibration.probability, strict=True
                    )
                ],
            },
            indent=1,
        )


def score(forms: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return candidate pairs of different clusters: `l` < `r` (nodes), `bits` (the weight of all
    evidence, in powers of two) and `confidence` (its calibrated probability), sorted.

    Args:
        forms: nodes and their cluster (see link.variants).
        model: the frozen model; m is learnt further from these records.
    """
    return with_confidence(scorer(forms, model.weights).pairs(), model)


def with_confidence(pairs: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return pairs with `confidence`: the calibrated probability of `bits`."""
    return pairs.with_columns(as_confidence(pairs["bits"], model.calibration))


@cache
def read_model(path: Path) -> Model:
    """Return a frozen model.

    Raises:
        LinkageError: the file is missing or no linkage model of this version.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if told.get("format") != FORMAT:
            raise ValueError(f"its 'format' is not '{FORMAT}'")  # noqa: TRY301 - told as the rest
        m = {each.name: _read_levels(told, each, "m") for each in COMPARISONS}
        u = {each.name: _read_levels(told, each, "u") for each in COMPARISONS}
        knots = told["calibration"]
        return Model(
            Weights(m, u),
            Calibration(
                tuple(float(knot["bits"]) for knot in knots),
                tuple(float(knot["probability"]) for knot in knots),
            ),
            dict(told["about"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise LinkageError(
            f"{path.name}: cannot be read as a linkage model: {reason}; "
            "make one with `nostop link train`"
        ) from error


def learnt_from_labels(
    forms: pl.DataFrame, true_pairs: pl.DataFrame
) -> tuple[dict[str, np.ndarray], Weights]:
    """Return how many true pairs stand at each level, and the weights these give.

    Args:
        forms: nodes, each its own cluster.
        true_pairs: l, r of all pairs that are one person.
    """
    mentions = scorable(forms)
    comparisons = list(COMPARISONS)
    seen = levels_of(mentions, true_pairs, comparisons)
    random = levels_of(mentions, random_pairs(mentions), comparisons)
    m = {each.name: counts(seen[each.name], len(each.level_names())) for each in comparisons}
    u = {each.name: counts(random[each.name], len(each.level_names())) for each in comparisons}
    told = {name: _shares(many) for name, many in m.items()}
    by_chance = {name: _shares(many, least=1e-6) for name, many in u.items()}
    return m, Weights(told, by_chance)


def learnt_from_records(forms: pl.DataFrame, start: Weights) -> Weights:
    """Return weights learnt without labels, beginning with `start`."""
    mentions = scorable(forms)
    found = learnt(mentions, comparisons_of(mentions), start)
    known = [each.name for each in COMPARISONS]
    m = {name: _shares(np.asarray(found.m[name])) for name in known}
    u = {name: _shares(np.asarray(found.u[name]), least=1e-6) for name in known}
    return Weights(m, u)


def about(made_on: date, taught: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Return what a model file says of itself: no names of people, places or files."""
    return {"made_on": made_on.isoformat(), "taught_by": taught}


def _shares(many: np.ndarray, least: float = _LEAST_FROZEN_M) -> tuple[float, ...]:
    total = many.sum()
    share = np.maximum(many / total if total else np.ones(many.size) / many.size, least)
    return tuple(float(each) for each in share / share.sum())


def _levels_as_json(comparison: Comparison, weights: Weights) -> dict[str, dict[str, float]]:
    told = zip(
        comparison.level_names(),
        weights.m[comparison.name],
        weights.u[comparison.name],
        strict=True,
    )
    return {level: {"m": round(m, 6), "u": round(u, 9)} for level, m, u in told}


def _read_levels(told: dict[str, Any], comparison: Comparison, which: str) -> tuple[float, ...]:
    levels = told["comparisons"][comparison.name]
    found = tuple(float(levels[level][which]) for level in comparison.level_names())
    if not all(0 < share <= 1 for share in found):
        raise ValueError(f"a share {which} of '{comparison.name}' is not between 0 and 1")
    return found
