"""Where each person lives now, and where more people live than a household has."""

import polars as pl

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


def communal(dwellings: pl.DataFrame) -> pl.DataFrame:
    """Return the `dwelling`s where more people live than a household has."""
    crowd = dwellings.group_by("dwelling").len().filter(pl.col("len") > LARGEST_HOUSEHOLD)
    return crowd.select("dwelling").sort("dwelling")
