"""What is claimed: one row for each award, however many source rows mention it."""

import polars as pl

from nostop.frames import Awards, check

EVERYBODY = "everybody"


def award_rows(awards: pl.DataFrame) -> pl.DataFrame:
    """Return `Awards` from `SourceAwards` with person_id: each award as last stated."""
    award = ["person_id", "source", "scheme", "starts_on"]
    newest = awards.group_by(award).agg(as_of=pl.col("as_of").max())
    current = awards.join(newest, on=[*award, "as_of"], how="semi", nulls_equal=True)
    columns = list(Awards.columns())
    return check(Awards, current.select(columns).unique().sort(columns, nulls_last=False))


def receipt_known_for(completeness: pl.DataFrame) -> frozenset[str]:
    """Return the schemes whose awards are complete for everybody, so that no row means none."""
    return frozenset(_complete(completeness)["name"])


def award_sources(completeness: pl.DataFrame) -> pl.DataFrame:
    """Return the `source`s in which the lack of an award means none."""
    return _complete(completeness).select("source").unique()


def _complete(completeness: pl.DataFrame) -> pl.DataFrame:
    return completeness.filter((pl.col("kind") == "award") & (pl.col("applies_to") == EVERYBODY))
