"""Daily changes: what each day brings can be put upon what stood before."""

import polars as pl
import pytest

from nostop.synth.hard import HardRecords, generate_records
from nostop.synth.hard.records import RECORD_COLUMNS

DAYS = 6
KEY = ["source", "record_id"]


@pytest.fixture(scope="module")
def made() -> HardRecords:
    return generate_records(2_500, 3, hard=True, days=DAYS)


@pytest.fixture(scope="module")
def before() -> pl.DataFrame:
    return generate_records(2_500, 3, hard=True).records


def _changes(made: HardRecords, change: str) -> pl.DataFrame:
    return pl.concat(
        day.records.filter(pl.col("change") == change).with_columns(day=pl.lit(number))
        for number, day in enumerate(made.days, 1)
    )


def test_each_day_fits_on_what_stood_before(made: HardRecords) -> None:
    standing = made.records.select(KEY)
    assert len(made.days) == DAYS
    for day in made.days:
        new = day.records.filter(pl.col("change") == "new").select(KEY)
        gone = day.records.filter(pl.col("change") == "removed").select(KEY)
        touched = day.records.filter(pl.col("change") != "new").select(KEY)
        assert not day.records.select(KEY).is_duplicated().any()
        assert new.join(standing, on=KEY, how="semi").is_empty()
        assert touched.join(standing, on=KEY, how="anti").is_empty()
        assert day.labels.select(KEY).equals(day.records.select(KEY))
        standing = pl.concat([standing.join(gone, on=KEY, how="anti"), new])


def test_every_kind_of_change_comes(made: HardRecords) -> None:
    for change in ("new", "moved", "corrected", "removed"):
        assert _changes(made, change).height > 5, change


def test_what_stands_at_first_and_what_is_new_is_all_there_is(
    made: HardRecords, before: pl.DataFrame
) -> None:
    new = _changes(made, "new")
    assert made.records.height + new.height == before.height
    assert made.records.equals(
        before.join(made.records.select(KEY), on=KEY, how="semi", maintain_order="left")
    )


def test_a_move_changes_the_address_and_nothing_else(
    made: HardRecords, before: pl.DataFrame
) -> None:
    moved = _changes(made, "moved")
    same = [*KEY, "nino", "first_name", "middle_names", "surname", "born_on", "sex"]
    assert (
        moved.select(same)
        .join(before.select(same), on=same, how="anti", nulls_equal=True)
        .is_empty()
    )
    old = moved.join(before, on=KEY, how="inner", validate="1:1")
    different = old["postcode"] != old["postcode_right"]
    assert different.sum() > 0.9 * different.count()
    homes = moved.join(
        pl.concat(day.labels for day in made.days).unique(KEY), on=KEY, how="left", validate="1:1"
    )
    together = homes.group_by("true_household").agg(pl.col("postcode").n_unique(), n=pl.len())
    assert (together.filter(pl.col("n") > 1)["postcode"] == 1).all()


def test_a_removal_tells_only_which_record_it_is(made: HardRecords) -> None:
    removed = _changes(made, "removed")
    told = [name for name in RECORD_COLUMNS if name not in KEY]
    assert removed.select(pl.all_horizontal(pl.col(told).is_null()).all()).item()


def test_a_record_number_is_given_out_again_to_somebody_else(made: HardRecords) -> None:
    gone, new = _changes(made, "removed"), _changes(made, "new")
    again = gone.join(new, on=KEY, how="inner", validate="1:1")
    assert again.height >= 1
    assert (again["day"] < again["day_right"]).all()
    who = [day.labels.join(day.records.select(*KEY, "change"), on=KEY) for day in made.days]
    people = pl.concat(who).join(again.select(KEY), on=KEY, how="semi")
    assert (people.group_by(KEY).agg(pl.col("true_person").n_unique())["true_person"] == 2).all()


def test_somebody_nobody_knew_arrives_with_all_their_records(made: HardRecords) -> None:
    known = set(made.labels["true_person"])
    arrived = pl.concat(day.labels for day in made.days)["true_person"].unique().to_list()
    assert len([person for person in arrived if person not in known]) > 5
