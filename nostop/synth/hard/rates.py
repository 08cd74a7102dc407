"""Reads the data files beside this module: how common each hard case is, and what people are
called."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nostop.strict_yaml import read_yaml
from nostop.synth.chance import PER_10000, Bools
from nostop.synth.shapes import Shapes

_HERE = Path(__file__).parent
_HALF = PER_10000 // 2


@dataclass(frozen=True, slots=True)
class Rates:
    """How common things are: as in life, or in a set made to be hard."""

    shapes: Shapes
    hard: bool

    @classmethod
    def read(cls, *, hard: bool) -> "Rates":
        """Return the rates of shapes.yaml."""
        return cls(dict(read_yaml(_HERE / "shapes.yaml").data), hard)

    def happens(self, case: str, count: int, rng: np.random.Generator) -> Bools:
        """Return for which of `count` a hard case of shapes.yaml is drawn."""
        rate = self.shapes["cases"][case]["hard" if self.hard else "life"]
        drawn: Bools = rng.integers(0, PER_10000, count) < rate
        return drawn

    def errs(self, source: str, fault: str, count: int, rng: np.random.Generator) -> Bools:
        """Return in which of `count` records of a source a fault is drawn."""
        rate = self.shapes["sources"][source]["faults"][fault]
        if self.hard and rate < _HALF:
            rate = min(rate * self.shapes["hard_faults_percent"] // 100, _HALF)
        drawn: Bools = rng.integers(0, PER_10000, count) < rate
        return drawn


def read_hard_names() -> Shapes:
    """Return names.yaml: origins, given names, surnames, towns."""
    return dict(read_yaml(_HERE / "names.yaml").data)


def read_variants() -> Shapes:
    """Return variants.yaml: spellings and nicknames."""
    return dict(read_yaml(_HERE / "variants.yaml").data)
