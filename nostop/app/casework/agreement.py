"""How far two people agree who looked at the same thing without knowing of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from nostop.linkage.tally import Z, wilson

#: Of fewer pairs than this nothing is said but that they are too few.
FEWEST = 20
#: What the first said, what the second said, and how often.
Pairs = Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs, how many of them agree, and between what the true share likely lies (95 per cent).

    kappa is Cohen's: 1 is full agreement, 0 what chance alone would give. It and its interval are
    None where there are too few pairs, or where everybody always says the same.
    """

    pairs: int
    agreed: int
    low: float
    high: float
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None

    @property
    def is_enough(self) -> bool:
        """Whether there are enough pairs to say anything."""
        return self.pairs >= FEWEST

    @property
    def share(self) -> float | None:
        """The share that agrees; None where there are too few."""
        return self.agreed / self.pairs if self.is_enough else None


def agreement(pairs: Pairs) -> Agreement:
    """Return how far first and second agree.

    The share has Wilson's interval, kappa the one of Fleiss, Cohen and Everitt (1969).
    """
    total = sum(count for _, _, count in pairs)
    agreed = sum(count for first, second, count in pairs if first == second)
    low, high = wilson(agreed, total)
    found = _kappa(pairs, total) if total >= FEWEST else None
    return Agreement(total, agreed, low, high, *(found or (None, None, None)))


def _kappa(pairs: Pairs, total: int) -> tuple[float, float, float] | None:
    words = sorted({word for first, second, _ in pairs for word in (first, second)})
    share = {(a, b): 0.0 for a in words for b in words}
    for first, second, count in pairs:
        share[first, second] += count / total
    rows = {a: sum(share[a, b] for b in words) for a in words}
    columns = {b: sum(share[a, b] for a in words) for b in words}
    observed = sum(share[a, a] for a in words)
    chance = sum(rows[a] * columns[a] for a in words)
    if chance >= 1:
        return None
    kappa = (observed - chance) / (1 - chance)
    same = sum(share[a, a] * (1 - (rows[a] + columns[a]) * (1 - kappa)) ** 2 for a in words)
    apart = sum(share[a, b] * (columns[a] + rows[b]) ** 2 for a in words for b in words if a != b)
    variance = same + (1 - kappa) ** 2 * apart - (kappa - chance * (1 - kappa)) ** 2
    half = Z * sqrt(max(0.0, variance) / total) / (1 - chance)
    return kappa, max(-1.0, kappa - half), min(1.0, kappa + half)
