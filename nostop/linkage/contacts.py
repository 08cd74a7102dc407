"""How, and whether, each person may be told: names, ways to reach them, flags that stop it."""

import polars as pl

from nostop.frames import Contacts, check

FLAGS = ["opted_out", "protected_address", "safeguarding_hold"]
DEFAULT_LANGUAGE = "en"


def contact_rows(
    people: pl.DataFrame, records: pl.DataFrame, contacts: pl.DataFrame
) -> pl.DataFrame:
    """Return `Contacts`, one row for each person, dead or alive.

    Any source's flag stands. Nobody is told anything while it is unknown whether they live: such
    people are on hold.

    Args:
        people: person_id, born_on, is_deceased (null: not known).
        records: person_id, first_name, surname, seen_on, rank, record_id.
        contacts: `SourceContacts` with person_id and rank.
    """
    named = _names(records)
    trusted = contacts.sort("person_id", "rank", "record_id")
    said = trusted.group_by("person_id", maintain_order=True).agg(
        pl.col("email", "phone", "language").drop_nulls().first(),
        *[pl.col(flag).any() for flag in FLAGS],
    )
    joined = people.join(named, on="person_id", how="left", validate="1:1").join(
        said, on="person_id", how="left", validate="1:1"
    )
    life_unknown = pl.col("is_deceased").is_null()
    return check(
        Contacts,
        joined.with_columns(
            pl.col("language").fill_null(DEFAULT_LANGUAGE),
            pl.col("is_deceased", "opted_out", "protected_address").fill_null(value=False),
            safeguarding_hold=pl.col("safeguarding_hold").fill_null(value=False) | life_unknown,
        ).sort("person_id"),
    )


def _names(records: pl.DataFrame) -> pl.DataFrame:
    # An initial is no name to write to anybody by, so that fuller first names come first.
    initial = pl.col("first_name").str.len_chars().fill_null(0) <= 1
    ordered = records.with_columns(_initial=initial).sort(
        ["person_id", "_initial", "rank", "seen_on", "record_id"],
        descending=[False, False, False, True, False],
        nulls_last=True,
    )
    return ordered.select("person_id", "first_name", "surname").unique(
        "person_id", keep="first", maintain_order=True
    )
