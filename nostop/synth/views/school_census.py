"""The school census of state-funded schools: one row for each pupil, with one parent or guardian
to contact."""

from datetime import date

import polars as pl

from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    present,
    references,
    with_bad_rows,
    yes_no,
)

SOURCE = "school_census"
_DAY = "%Y-%m-%d"
_AS_AT_DAYS_BEFORE = 11
_NO_CONTACT_PERCENT = 5
_NO_ADDRESS_LINE_PERCENT = 10
_FAULTS = {"dob": ("2015-02-31", "31/02/2015"), "year_group": ("Q",), "fsm_taken": ("X",)}
_COLUMNS = [
    "upn",
    "forename",
    "middle_names",
    "surname",
    "dob",
    "sex",
    "addr1",
    "postcode",
    "year_group",
    "fsm_taken",
    "contact1_forename",
    "contact1_surname",
    "contact1_relationship",
    "as_at",
]


def view(seen: Seen) -> Feed:
    """Return the school census."""
    rows = _pupils(seen)
    own = seen.written(SOURCE, rows["person_id"])
    rows = rows.join(own, on="person_id", how="left", validate="1:1", maintain_order="left")
    rows = seen.with_mention(rows, SOURCE, "contact")
    mentions = pl.concat(
        [
            rows.select(mention(pl.col("upn"), "person_id")),
            rows.select(mention(pl.col("upn") + "#contact", "contact_id")),
        ]
    )
    feed = Feed(SOURCE, "school_census.csv", _as_text(rows, seen), present(mentions), no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _pupils(seen: Seen) -> pl.DataFrame:
    rng = seen.chance.part("school census")
    pupils = seen.people.filter("in_state_school").select("person_id", "benefit_unit_id")
    adults = (
        seen.people.filter(pl.col("role") == "adult")
        .group_by("benefit_unit_id")
        .agg(
            pl.coalesce(
                pl.col("person_id").filter(pl.col("sex") == "female").first(),
                pl.col("person_id").first(),
            ).alias("contact_id")
        )
    )
    meals = seen.awards.filter(pl.col("scheme") == "free_school_meals").select(
        contact_id="person_id", meals=pl.lit(value=True)
    )
    rows = pupils.join(
        adults, on="benefit_unit_id", how="left", validate="m:1", maintain_order="left"
    )
    rows = rows.join(meals, on="contact_id", how="left", validate="m:1", maintain_order="left")
    silent = pl.Series(rng.integers(0, 100, len(rows)) < _NO_CONTACT_PERCENT)
    upn = references("A999", len(rows), seen.chance.seed + 43)
    meals_taken = pl.col("meals").fill_null(value=False)
    return rows.with_columns(
        upn=upn,
        meals=meals_taken,
        contact_id=pl.when(meals_taken | ~silent).then("contact_id"),
        no_address_line=pl.Series(rng.integers(0, 100, len(rows)) < _NO_ADDRESS_LINE_PERCENT),
    ).sort("upn")


def _as_text(rows: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    relationship = pl.col("contact_sex").replace_strict({"female": "M", "male": "F"})
    return rows.with_columns(
        forename="first_name",
        dob=day_text(pl.col("born_on"), _DAY),
        sex=pl.col("sex").str.slice(0, 1).str.to_uppercase(),
        addr1=pl.when(~pl.col("no_address_line")).then("address_line_1"),
        year_group=year_group(pl.col("born_on"), seen.effective_on),
        fsm_taken=yes_no(pl.col("meals")),
        contact1_forename="contact_first_name",
        contact1_surname="contact_surname",
        contact1_relationship=relationship,
        as_at=pl.lit(seen.day(_AS_AT_DAYS_BEFORE).strftime(_DAY)),
    ).select(_COLUMNS)


def year_group(born_on: pl.Expr, day: date) -> pl.Expr:
    """Return R, or 1 to 14: the year of the pupil's age on 31 August before the school year."""
    began = day.year if day.month >= 9 else day.year - 1
    after_august = (born_on.dt.month() >= 9).cast(pl.Int32)
    year = (began - born_on.dt.year() - after_august - 4).clip(0, 14)
    return pl.when(year == 0).then(pl.lit("R")).otherwise(year.cast(pl.String))
