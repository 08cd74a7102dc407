"""Where each person lives now, and where more people live than a household has."""

from datetime import date

import polars as pl

#: Stands for the day of a record that does not give one: older than any other.
LONG_AGO = date(1, 1, 1)
#: More people than this at one UPRN is a care home, hostel or hall, and no household.
LARGEST_HOUSEHOLD = 12


def current_dwellings(records: pl.DataFrame) -> pl.DataFrame:
    """Return `person_id`, `dwelling`, `address_rank` for people with an address.

    Args:
        records: source, record_id, person_id, dwelling, seen_on, rank (the place of the source in
            the order of trust).
    """
    ordered = records.drop_nulls("dwelling").sort(
        ["person_id", "rank", "seen_on", "record_id", "dwelling"],
        descending=[False, False, True, False, False],
        nulls_last=True,
    )
    best = ordered.unique("person_id", keep="first", maintain_order=True)
    return best.select("person_id", "dwelling", address_rank="rank")


def disputed_dwellings(records: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return `Conflicts` of people whose sources place them in several dwellings.

    Args:
        records: as for `current_dwellings`.
        people: `person_id`, `dwelling`: where each lives now.
    """
    last = pl.col("record_id").sort_by("seen_on", "record_id", nulls_last=False).last()
    said = (
        records.drop_nulls("dwelling")
        .group_by("person_id", "source", "dwelling")
        .agg(last, as_of=pl.col("seen_on").max().fill_null(LONG_AGO))
    )
    several = (
        said.group_by("person_id").agg(n=pl.col("dwelling").n_unique()).filter(pl.col("n") > 1)
    )
    here = people.select("person_id", lives_in="dwelling")
    return (
        said.join(several, on="person_id", how="semi")
        .join(here, on="person_id", how="inner", validate="m:1")
        .select(
            level=pl.lit("person"),
            subject_id="person_id",
            fact=pl.lit("dwelling"),
            source="source",
            record_id="record_id",
            value="dwelling",
            as_of="as_of",
            is_best=(pl.col("dwelling") == pl.col("lives_in")).fill_null(value=False),
            in_conflict=pl.lit("take_best"),
        )
    )


def communal(dwellings: pl.DataFrame) -> pl.DataFrame:
    """Return the `dwelling`s where more people live than a household has."""
    crowd = dwellings.group_by("dwelling").len().filter(pl.col("len") > LARGEST_HOUSEHOLD)
    return crowd.select("dwelling").sort("dwelling")
