"""How right the links are, against a map of who is who."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """Of the pairs linked, how many are right; of the true pairs, how many are linked."""

    precision: float
    recall: float
    pairs_linked: int
    pairs_true: int
    pairs_right: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def evaluate(links: pl.DataFrame, truth: pl.DataFrame) -> LinkQuality:
    """Compare `Links` with who is who (source, record_id, person_id), over records both hold."""
    both = links.select("source", "record_id", found="person_id").join(
        truth.select("source", "record_id", true="person_id"),
        on=["source", "record_id"],
        how="inner",
        validate="1:1",
    )
    right = _pairs(both, ["found", "true"])
    linked, true = _pairs(both, ["found"]), _pairs(both, ["true"])
    return LinkQuality(
        precision=right / linked if linked else 1.0,
        recall=right / true if true else 1.0,
        pairs_linked=linked,
        pairs_true=true,
        pairs_right=right,
    )


def _pairs(frame: pl.DataFrame, key: list[str]) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(frame.group_by(key).len().select((size * (size - 1) // 2).sum()).item())
