"""Weights settled once on a set of records, to weigh single pairs by ever after.

`link` learns its weights anew from whatever it is given, so a handful of records would be weighed
otherwise than the same records among all others. A weighing is learnt from all of them and kept.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from nostop.linkage.blocking import candidates
from nostop.linkage.calibration import Calibration, as_confidence
from nostop.linkage.comparisons import Comparison, comparisons_of, scorable
from nostop.linkage.model import Model
from nostop.linkage.scoring import compared, learnt
from nostop.linkage.weights import Weights, chance, frequencies


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a pair weighs.

    weights: of each level of each comparison.
    rarities: for each column whose frequency counts, its values and the bits by which agreeing on
        one is rarer than agreement on the whole (`rare_COLUMN`).
    unseen: for each of these columns, the bits of a value that nobody had.
    prior_bits: where a pair begins.
    """

    comparisons: tuple[Comparison, ...]
    weights: Weights
    calibration: Calibration
    rarities: dict[str, pl.DataFrame]
    unseen: dict[str, float]
    prior_bits: float

    def prepared(self, forms: pl.DataFrame) -> pl.DataFrame:
        """Return forms (see link.variants) with what their comparison needs, sorted by node."""
        mentions = scorable(forms)
        told = mentions.lazy()
        for column, rare in self.rarities.items():
            known, name = rows_with(rare, column, mentions[column]), f"rare_{column}"
            bits = pl.col(name).fill_null(self.unseen[column])
            told = told.join(known.lazy(), on=column, how="left", validate="m:1").with_columns(
                pl.when(pl.col(column).is_not_null()).then(bits)
            )
        return told.sort("node").collect()

    def weighed(self, prepared: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return pairs (`l`, `r`) with `bits` and `confidence`, sorted."""
        found = [self._bits(levels) for levels in compared(prepared, pairs, self._comparisons())]
        empty = pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, "bits": pl.Float64})
        told = pl.concat([empty, *found]).sort("l", "r")
        return told.with_columns(as_confidence(told["bits"], self.calibration))

    def score(self, forms: pl.DataFrame) -> pl.DataFrame:
        """Return candidate pairs as `model.score` does, by these weights and no others."""
        prepared = self.prepared(forms)
        return self.weighed(prepared, candidates(prepared))

    def _comparisons(self) -> list[Comparison]:
        return list(self.comparisons)

    def _bits(self, levels: pl.DataFrame) -> pl.DataFrame:
        bits = levels["rarity"].to_numpy() + self.prior_bits
        for comparison in self.comparisons:
            table = np.append(self.weights.bits(comparison.name), 0.0)  # The last is SILENT's.
            bits = bits + table[levels[comparison.name].to_numpy()]
        return levels.select("l", "r").with_columns(bits=pl.Series(bits, dtype=pl.Float64))


def weighing(forms: pl.DataFrame, model: Model) -> Weighing:
    """Return the weights that these forms teach, beginning with a model's.

    Args:
        forms: nodes and the person each is of: see link.variants.
        model: the frozen model.
    """
    mentions = scorable(forms)
    comparisons = comparisons_of(mentions)
    weights = learnt(mentions, comparisons, model.weights)
    counted = sorted({column for each in comparisons for _, column in each.frequent})
    rarities = {column: _rarity(mentions, column) for column in counted}
    return Weighing(
        comparisons=tuple(comparisons),
        weights=weights,
        calibration=model.calibration,
        rarities=rarities,
        # A value that nobody had is about as rare as the rarest that somebody had.
        unseen={
            column: float(rare[f"rare_{column}"].max() or 0.0)  # type: ignore[arg-type]
            for column, rare in rarities.items()
        },
        prior_bits=weights.prior_bits(mentions["cluster"].n_unique()),
    )


def _rarity(mentions: pl.DataFrame, column: str) -> pl.DataFrame:
    usual = chance(mentions, column)
    rare = (usual / pl.col("share")).log(2)
    return frequencies(mentions, column).select(column, rare.alias(f"rare_{column}"))


def rows_with(table: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    """Return the rows of a table, sorted by a column, that may have one of these values.

    A handful is looked up, which takes no longer however long the table is.
    """
    if values.len() * 50 > table.height:
        return table
    rows = table[column].search_sorted(values.drop_nulls().unique())
    return table[rows.filter(rows < table.height).unique().sort()]
