"""Weights settled once on a set of records, to weigh single pairs by ever after.

`link` learns its weights anew from whatever it is given, so a handful of records would be weighed
otherwise than the same records among all others. A weighing is learnt from all of them and kept.
"""

from dataclasses import dataclass

import polars as pl

from nostop.linkage.blocking import candidates
from nostop.linkage.calibration import Calibration, as_confidence
from nostop.linkage.comparisons import Comparison, comparisons_of, scorable
from nostop.linkage.model import Model
from nostop.linkage.scoring import NO_PAIRS, compared, learnt, weighed
from nostop.linkage.weights import Weights, rarity


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a pair weighs.

    weights: of each level of each comparison.
    rarities: for each column whose frequency counts, its values and the bits by which agreeing on
        one is rarer than agreement on the whole (`rare_COLUMN`).
    unseen: for each of these columns, the bits of a value that nobody had.
    prior_bits: where a pair begins.
    bearers: first, bearers: by first name, how many surnames bear it. Among a few records every
        name is rare, and Molly could be a slip of Polly.
    """

    comparisons: tuple[Comparison, ...]
    weights: Weights
    calibration: Calibration
    rarities: dict[str, pl.DataFrame]
    unseen: dict[str, float]
    prior_bits: float
    bearers: pl.DataFrame

    def as_borne(self, nodes: pl.DataFrame) -> pl.DataFrame:
        """Return nodes with their first names borne as among all records."""
        known = self.bearers.rename({"bearers": "_known"})
        return nodes.join(
            known, on="first", how="left", validate="m:1", maintain_order="left"
        ).with_columns(bearers=pl.max_horizontal("bearers", "_known")).drop("_known")  # fmt: skip

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
        found = [
            weighed(levels, self.comparisons, self.weights, self.prior_bits)
            for levels in compared(prepared, pairs, self.comparisons)
        ]
        told = pl.concat([NO_PAIRS, *found]).sort("l", "r")
        return told.with_columns(as_confidence(told["bits"], self.calibration))

    def score(self, forms: pl.DataFrame) -> pl.DataFrame:
        """Return candidate pairs as `model.score` does, by these weights and no others."""
        prepared = self.prepared(forms)
        return self.weighed(prepared, candidates(prepared))


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
    rarities = {column: rarity(mentions, column) for column in counted}
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
        bearers=bearers_in(forms),
    )


def bearers_in(forms: pl.DataFrame) -> pl.DataFrame:
    """Return `first` and `bearers` of the first names of forms."""
    named = forms.drop_nulls("first")
    return named.group_by("first").agg(pl.col("bearers").max()).sort("first")


def rows_with(table: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    """Return the rows of a table, sorted by a column, that may have one of these values.

    A handful is looked up, which takes no longer however long the table is.
    """
    if values.len() * 50 > table.height:
        return table
    rows = table[column].search_sorted(values.drop_nulls().unique())
    return table[rows.filter(rows < table.height).unique().sort()]
