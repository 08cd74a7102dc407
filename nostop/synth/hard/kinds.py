"""The hard cases, as marks on a record: one bit each."""

import numpy as np
import polars as pl

from nostop.synth.chance import Ints

#: What a label may say, the more harmful first: `kind` is the first that holds.
KINDS = (
    "twins",
    "namesake",
    "borrowed_nino",
    "re_registered",
    "died",
    "communal",
    "default_birthday",
    "placeholder_nino",
    "temporary_nino",
    "mistyped_nino",
    "swapped_names",
    "single_name",
    "name_changed",
    "double_barrelled",
    "patronymic",
    "two_word_given",
    "family_first",
    "gendered_surname",
    "respelt",
    "nickname",
    "birth_swap",
    "decade_slip",
    "birth_slip",
    "household_moved",
    "stale_address",
    "flat_variant",
    "typo",
    "duplicate",
)
_BIT = {kind: np.int64(1 << place) for place, kind in enumerate(KINDS)}


def marked(marks: Ints, kind: str, where: np.ndarray) -> Ints:
    """Return the marks with a kind added to the records where it holds."""
    return np.where(where, marks | _BIT[kind], marks)


def told(marks: pl.Series) -> pl.DataFrame:
    """Return kind (the first that holds, or null) and kinds (all) of each mark, in order."""
    distinct = marks.unique().sort()
    kinds = [[kind for kind in KINDS if mark & int(_BIT[kind])] for mark in distinct.to_list()]
    table = pl.DataFrame(
        {"marks": distinct, "kinds": kinds}, schema={"marks": pl.Int64, "kinds": pl.List(pl.String)}
    ).with_columns(kind=pl.col("kinds").list.first())
    joined = marks.to_frame("marks").join(
        table, on="marks", how="left", validate="m:1", maintain_order="left"
    )
    return joined.select("kind", "kinds")
