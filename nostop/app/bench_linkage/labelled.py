"""Labelled records to measure on, in the form that `nostop link` takes, and who is who."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from nostop.frames import SourceRecords, empty
from nostop.model import SettingsError

_KEY = ["source", "record_id"]
#: Who is who: one row for each record.
TRUTH = {"source": pl.String, "record_id": pl.String, "person_id": pl.String}


@dataclass(frozen=True, slots=True)
class Labelled:
    """Records (`SourceRecords` and extra columns), and who is who.

    truth: source, record_id, person_id.
    deduplicated: sources with at most one record a person.
    groups: truth with household, sex, age_band and area, where the set tells of them.
    """

    records: pl.DataFrame
    truth: pl.DataFrame
    deduplicated: tuple[str, ...] = ()
    groups: pl.DataFrame | None = None

    def half(self, which: int) -> "Labelled":
        """Return one half of the true people, by a hash of who they are: 0 to tune, 1 to report."""
        drawn = self.truth.filter(pl.col("person_id").hash(7) % 2 == which)
        return Labelled(
            self.records.join(drawn, on=_KEY, how="semi"),
            drawn,
            self.deduplicated,
            None if self.groups is None else self.groups.join(drawn, on=_KEY, how="semi"),
        )


def read(name: str, folder: Path) -> Labelled:
    """Return a labelled set of the data folder by its name, a key of SETS.

    Raises:
        SettingsError: a file is not there.
    """
    try:
        return SETS[name](folder)
    except OSError as error:
        raise SettingsError(
            f"{folder}: no labelled set '{name}' here: {error}; name the folder with --data"
        ) from error


def uk_300k(folder: Path) -> Labelled:
    """Three sources, made up: moves, nicknames, changed surnames, twins, missing numbers."""
    frame = pl.read_parquet(folder / "uk_300k_labelled.parquet")
    told = _labelled(frame, "true_person")
    # A group is of the person: what most of their records say.
    usual = [pl.col(name).drop_nulls().mode().sort().first() for name in ("sex", "decade", "area")]
    decade = pl.col("born_on").str.head(4).cast(pl.Int64, strict=False) // 20 * 20
    person = (
        frame.with_columns(
            decade=decade.cast(pl.String), area=pl.col("postcode").str.extract(r"^([A-Z]+)")
        )
        .group_by("true_person")
        .agg(usual)
    )
    groups = (
        frame.select(*_KEY, "true_person", household="true_household")
        .join(person, on="true_person", how="left", validate="m:1")
        .rename({"true_person": "person_id", "decade": "age_band"})
        .with_columns(pl.col("person_id").cast(pl.String))
    )
    return replace(told, groups=groups)


def historical_50k(folder: Path) -> Labelled:
    """Historical figures, ten records each, with errors; birth place and occupation."""
    frame = pl.read_parquet(folder / "historical_figures_with_errors_50k.parquet")
    return _labelled(
        frame.select(
            pl.col("first_name", "surname"),
            source=pl.lit("historical"),
            record_id="unique_id",
            born_on=pl.col("dob").str.to_date("%Y-%m-%d", strict=False),
            sex="gender",
            postcode="postcode_fake",
            extra_birth_place="birth_place",
            extra_occupation="occupation",
            person="cluster",
        ),
        "person",
    )


def febrl4(folder: Path) -> Labelled:
    """Two files of Australian records, each person once in each, without their number."""
    both = [_febrl(folder / f"febrl4{side}.csv", side) for side in ("a", "b")]
    return _labelled(pl.concat(both), "person", ("a", "b"))


def fake_1000(folder: Path) -> Labelled:
    """A thousand short records: name, birth date, town, e-mail."""
    frame = pl.read_csv(folder / "fake_1000.csv", infer_schema=False)
    return _labelled(
        frame.select(
            pl.col("first_name", "surname"),
            source=pl.lit("fake"),
            record_id="unique_id",
            born_on=pl.col("dob").str.to_date("%Y-%m-%d", strict=False),
            town="city",
            extra_email="email",
            person="cluster",
        ),
        "person",
    )


SETS: dict[str, Callable[[Path], Labelled]] = {
    "uk_300k": uk_300k,
    "historical_50k": historical_50k,
    "febrl4": febrl4,
    "fake_1000": fake_1000,
}


def _febrl(file: Path, source: str) -> pl.DataFrame:
    frame = pl.read_csv(file, infer_schema=False)
    frame = frame.rename({name: name.strip() for name in frame.columns})
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    return frame.select(
        source=pl.lit(source),
        record_id="rec_id",
        first_name="given_name",
        surname="surname",
        born_on=pl.col("date_of_birth").str.to_date("%Y%m%d", strict=False),
        address_line_1=pl.concat_str(
            "street_number", "address_1", separator=" ", ignore_nulls=True
        ),
        postcode="postcode",
        town="suburb",
        extra_address_2="address_2",
        extra_state="state",
        person=pl.col("rec_id").str.extract(r"rec-(\d+)-"),
    )


def _labelled(frame: pl.DataFrame, person: str, deduplicated: tuple[str, ...] = ()) -> Labelled:
    schema = empty(SourceRecords).schema
    extras = [name for name in frame.columns if name.startswith("extra_")]
    records = frame.select(
        *[
            pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in schema.items()
            if name != "born_on"
        ],
        pl.col("born_on").cast(pl.String).str.to_date("%Y-%m-%d", strict=False),
        *extras,
    )
    truth = frame.select("source", "record_id", person_id=pl.col(person).cast(pl.String))
    return Labelled(records.select(*schema, *extras), truth, deduplicated)
