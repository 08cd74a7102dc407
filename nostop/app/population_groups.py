"""To which groups of a population each subject belongs: where it lives, how, with whom, and its age
and sex. For counting only; no rule reads them."""

from datetime import date

import polars as pl

from nostop.frames import Situation

#: Age and sex are protected characteristics: a change of rules is always shown by them.
PROTECTED_GROUPS = ("age_band", "sex")
GROUPS = ("nation", "region", "tenure", "family_type", *PROTECTED_GROUPS)
NOT_KNOWN = "not known"
_OF_HOUSEHOLDS = ("nation", "region", "tenure")
_OF_PEOPLE = {"born_on": pl.Date(), "sex": pl.String()}
_BANDS = {
    16: "0 to 15",
    25: "16 to 24",
    35: "25 to 34",
    45: "35 to 44",
    55: "45 to 54",
    65: "55 to 64",
    75: "65 to 74",
}
_OLDEST = "75 or over"


def group_labels(situation: Situation, on: date) -> pl.DataFrame:
    """Return level, subject, and one column of words for each of `GROUPS`: a row for each person,
    benefit unit and household.

    A benefit unit and a household have the age band of their oldest adult, and the sex of their
    adults, `both` where it differs. What is not known is "not known", a group of its own.
    """
    people = _with(situation.people, _OF_PEOPLE)
    homes = _with(situation.households, dict.fromkeys(_OF_HOUSEHOLDS, pl.String()))
    units = _of_adults(people, "benefit_unit_id").with_columns(family_type=_family_type())
    families = units.select("benefit_unit_id", "family_type")
    people = people.join(families, on="benefit_unit_id", how="left", validate="m:1")
    households = _of_adults(people, "household_id").join(
        _family_of_households(units), on="household_id", how="left", validate="1:1"
    )
    levels = {"person": people, "benefit_unit": units, "household": households}
    return pl.concat(
        frame.join(
            homes.select("household_id", *_OF_HOUSEHOLDS),
            on="household_id",
            how="left",
            validate="m:1",
        )
        .with_columns(age_band=_age_band(on))
        .select(
            pl.lit(level).alias("level"),
            pl.col(f"{level}_id").alias("subject"),
            *(pl.col(name).cast(pl.String).fill_null(NOT_KNOWN) for name in GROUPS),
        )
        for level, frame in levels.items()
    )


def _with(frame: pl.DataFrame, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    """The frame with columns that it may lack: what nobody recorded is not known."""
    missing = {name: dtype for name, dtype in columns.items() if name not in frame.columns}
    return frame.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items()
    )


def _of_adults(people: pl.DataFrame, key: str) -> pl.DataFrame:
    """Of each benefit unit or household: household_id, adults, children, the birth of its oldest
    adult and the sex of its adults; null where that of one adult is not known."""
    is_adult = pl.col("role") == "adult"
    born, sex = (pl.col(name).filter(is_adult) for name in _OF_PEOPLE)
    home = [pl.col("household_id").first()] if key != "household_id" else []
    return people.group_by(key).agg(
        *home,
        is_adult.sum().alias("adults"),
        (~is_adult).sum().alias("children"),
        pl.when(born.null_count() == 0).then(born.min()).alias("born_on"),
        pl.when(sex.null_count() == 0)
        .then(pl.when(sex.n_unique() > 1).then(pl.lit("both")).otherwise(sex.first()))
        .alias("sex"),
    )


def _family_type() -> pl.Expr:
    who = pl.when(pl.col("adults") > 1).then(pl.lit("couple")).otherwise(pl.lit("one adult"))
    has_children = pl.col("children") > 0
    children = pl.when(has_children).then(pl.lit("children")).otherwise(pl.lit("no children"))
    return pl.concat_str(who, children, separator=", ")


def _family_of_households(units: pl.DataFrame) -> pl.DataFrame:
    several = pl.lit("several benefit units")
    return units.group_by("household_id").agg(
        family_type=pl.when(pl.len() > 1).then(several).otherwise(pl.col("family_type").first())
    )


def _age_band(on: date) -> pl.Expr:
    born = pl.col("born_on")
    birthday = born.dt.month().cast(pl.Int32) * 100 + born.dt.day()
    age = on.year - born.dt.year() - (birthday > on.month * 100 + on.day).cast(pl.Int32)
    bands = [pl.when(age < below).then(pl.lit(name)) for below, name in _BANDS.items()]
    return pl.coalesce(*bands, pl.when(age.is_not_null()).then(pl.lit(_OLDEST)))
