"""From the weight of a pair to how often such pairs are one person, as labels have shown."""

from dataclasses import dataclass

import numpy as np
import polars as pl

#: No label set is large enough to say more than this.
MOST = 0.9999
_LEAST = 1e-4
#: The fewest pairs in a band of equal weight.
_BAND = 400
_BELOW_MOST = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Knots of a rising line: weight in powers of two, and probability. None: as computed."""

    bits: tuple[float, ...] = ()
    probability: tuple[float, ...] = ()

    def probabilities(self, bits: np.ndarray) -> np.ndarray:
        """Return the probability of each weight; always higher for a heavier one."""
        if not self.bits:
            return _sigmoid(bits)
        odds = np.asarray([_log_odds(each) for each in self.probability])
        within = np.interp(bits, self.bits, odds)
        # Beyond the last knot nothing is known but the order.
        beyond = np.maximum(bits - self.bits[-1], 0.0)
        below = np.minimum(bits - self.bits[0], 0.0)
        sure = _sigmoid(within + below)
        rest = (1.0 - _BELOW_MOST) - sure
        return np.asarray(sure + np.maximum(rest, 0.0) * (1 - np.exp2(-beyond / 8)) * 0.5)


def calibrated(bits: np.ndarray, right: np.ndarray) -> Calibration:
    """Return how often pairs of each weight are right, never falling with weight.

    Bands of equal weight, then pooled where a heavier band was right less often (isotonic).

    Args:
        bits: the weight of each pair.
        right: whether the pair is one person.
    """
    order = np.argsort(bits, kind="stable")
    weight, truth = bits[order], right[order].astype(float)
    bands = [
        (float(w.mean()), float(t.sum()), float(t.size))
        for w, t in zip(
            np.array_split(weight, max(1, weight.size // _BAND)),
            np.array_split(truth, max(1, truth.size // _BAND)),
            strict=True,
        )
        if t.size
    ]
    pooled: list[tuple[float, float, float]] = []
    for band in bands:
        pooled.append(band)
        while len(pooled) > 1 and _share(pooled[-2]) >= _share(pooled[-1]):
            heavy, light = pooled.pop(), pooled.pop()
            size = heavy[2] + light[2]
            centre = (heavy[0] * heavy[2] + light[0] * light[2]) / size
            pooled.append((centre, heavy[1] + light[1], size))
    return Calibration(
        tuple(round(each[0], 3) for each in pooled),
        tuple(round(min(max(_share(each), _LEAST), MOST), 6) for each in pooled),
    )


def as_confidence(bits: pl.Series, calibration: Calibration) -> pl.Series:
    """Return the calibrated probability of each weight."""
    return pl.Series("confidence", calibration.probabilities(bits.to_numpy()), dtype=pl.Float64)


def _share(band: tuple[float, float, float]) -> float:
    # Half a pair of each kind: a band without one wrong pair is not certain.
    return (band[1] + 0.5) / (band[2] + 1.0)


def _log_odds(probability: float) -> float:
    return float(np.log2(probability / (1 - probability)))


def _sigmoid(bits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -200, 48))))
