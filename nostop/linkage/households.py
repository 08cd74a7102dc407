"""Households: who shares a dwelling, and of whose home each record speaks."""

from hashlib import blake2b

import polars as pl

from nostop.linkage.addresses import communal


def with_households(placed: pl.DataFrame) -> pl.DataFrame:
    """Add `household_id` and `is_communal` to people with benefit unit and dwelling.

    A household is a dwelling; in a home or hostel, or without an address, it is the benefit unit.
    """
    crowd = communal(placed.drop_nulls("dwelling")).with_columns(is_communal=pl.lit(value=True))
    flagged = placed.join(crowd, on="dwelling", how="left", validate="m:1").with_columns(
        pl.col("is_communal").fill_null(value=False)
    )
    keys = placed.select("dwelling").drop_nulls().unique().sort("dwelling")
    named = keys.with_columns(of_dwelling=_ids(keys["dwelling"]))
    own = pl.col("is_communal") | pl.col("dwelling").is_null()
    of_unit = "H" + pl.col("benefit_unit_id").str.slice(1)
    return (
        flagged.join(named, on="dwelling", how="left", validate="m:1")
        .with_columns(household_id=pl.when(own).then(of_unit).otherwise("of_dwelling"))
        .drop("of_dwelling")
        .sort("person_id")
    )


def records_by_household(records: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return whose household each record speaks of, as `subject_id`.

    That of its dwelling; for a record without address or of a communal one, that of its person. A
    record of another dwelling says nothing of where the person lives now.
    """
    shared = members.filter(~pl.col("is_communal")).select("dwelling", at="household_id")
    crowded = members.filter("is_communal").select("dwelling", in_crowd="is_communal").unique()
    lives_in = members.select("person_id", lives_in="household_id")
    keyed = (
        records.join(shared.drop_nulls().unique(), on="dwelling", how="left", validate="m:1")
        .join(crowded, on="dwelling", how="left", validate="m:1")
        .join(lives_in, on="person_id", how="left", validate="m:1")
    )
    own = pl.when(pl.col("dwelling").is_null() | pl.col("in_crowd")).then("lives_in")
    return keyed.with_columns(subject_id=pl.coalesce("at", own)).drop_nulls("subject_id")


def _ids(dwellings: pl.Series) -> pl.Series:
    ids = ["H" + blake2b(dwelling.encode(), digest_size=8).hexdigest() for dwelling in dwellings]
    return pl.Series(ids, dtype=pl.String)
