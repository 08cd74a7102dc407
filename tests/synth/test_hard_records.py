"""Hard records: what they promise to whoever measures linkage by them."""

from pathlib import Path

import polars as pl
import pytest

from nostop.frames import SourceRecords, check
from nostop.model import SettingsError
from nostop.synth.hard import HardRecords, generate_records, write_records
from nostop.synth.hard.kinds import KINDS

PEOPLE = 3_000
KEY = ["source", "record_id"]


@pytest.fixture(scope="module")
def hard() -> HardRecords:
    return generate_records(PEOPLE, 11, hard=True)


@pytest.fixture(scope="module")
def told(hard: HardRecords) -> pl.DataFrame:
    """Each record beside its label."""
    return hard.records.join(hard.labels, on=KEY, how="inner", validate="1:1")


def _of(told: pl.DataFrame, kind: str) -> pl.DataFrame:
    return told.filter(pl.col("kinds").list.contains(kind))


def _share(where: pl.Series) -> float:
    return int(where.sum()) / len(where)


# --- what holds of every set --------------------------------------------------------------------


def test_the_records_are_source_records_and_each_has_its_label(
    hard: HardRecords, told: pl.DataFrame
) -> None:
    check(SourceRecords, hard.records)
    assert told.height == hard.records.height == hard.labels.height
    assert hard.labels.select(KEY).equals(hard.records.select(KEY))
    assert hard.labels["true_person"].n_unique() <= PEOPLE
    assert hard.labels["true_person"].n_unique() > 0.95 * PEOPLE
    assert hard.labels["true_person"].null_count() == 0


def test_the_same_arguments_give_the_same_bytes_and_another_seed_other_people(
    tmp_path: Path,
) -> None:
    for name in "ab":
        made = generate_records(200, 4, hard=True, days=2)
        write_records(made, tmp_path / f"{name}.parquet", tmp_path / f"{name}_labels.parquet")
    for suffix in ("", "_labels", ".day01", "_labels.day02"):
        first, second = (tmp_path / f"{name}{suffix}.parquet" for name in "ab")
        assert first.read_bytes() == second.read_bytes()
    other = generate_records(200, 5, hard=True)
    assert not other.records.equals(pl.read_parquet(tmp_path / "a.parquet"))


def test_everything_is_invented(hard: HardRecords) -> None:
    numbers = hard.records["nino"].drop_nulls()
    # TN, birth date and sex stand in for a number not issued yet: no real number begins TN.
    assert numbers.str.contains(r"^(QQ\d{6}[ABCD]|TN\d{6}[MF])$").all()
    codes = hard.records["postcode"].drop_nulls()
    assert codes.str.contains(r"^ZZ\d{1,2} \d[A-Z]{2}$").all()
    assert not codes.str.starts_with("ZZ99").any()
    assert hard.records["uprn"].drop_nulls().str.starts_with("9991").all()


def test_neither_row_order_nor_record_id_tells_who_is_who(told: pl.DataFrame) -> None:
    for _, rows in told.group_by("source"):
        assert _share(rows["true_household"] == rows["true_household"].shift()) < 0.02
    # The ids of one person in two sources have nothing in common.
    number = pl.col("record_id").str.slice(1)
    assert told.group_by("true_person", number).len()["len"].to_list().count(1) == told.height


def test_every_source_has_its_habits(hard: HardRecords) -> None:
    def of(source: str, column: str) -> pl.Series:
        return hard.records.filter(pl.col("source") == source)[column]

    assert set(hard.records["source"]) == {"dwp", "hmrc", "council", "nhs", "school", "pensions"}
    surnames = of("dwp", "surname").drop_nulls()
    assert (surnames == surnames.str.to_uppercase()).all()
    assert surnames.str.contains(r"^[ -~]*$").all()
    for source in ("council", "nhs", "school"):
        assert of(source, "nino").null_count() == len(of(source, "nino"))
    for column in ("uprn", "address_line_1", "postcode", "town"):
        assert of("pensions", column).null_count() == len(of("pensions", column))
    assert _share(of("hmrc", "first_name").str.len_chars() == 1) > 0.4
    assert _share(of("nhs", "first_name").str.len_chars() == 1) < 0.1
    assert of("council", "born_on").null_count() > 0.1 * len(of("council", "born_on"))


def test_names_do_not_run_out_and_some_are_common(hard: HardRecords) -> None:
    surnames = hard.records.filter(pl.col("source") == "nhs")["surname"].value_counts(sort=True)
    assert surnames.height > 1_000
    assert 0.004 < surnames["count"][0] / surnames["count"].sum() < 0.03


# --- the cases ----------------------------------------------------------------------------------


def test_every_kind_is_there_and_the_first_that_holds_is_the_kind(hard: HardRecords) -> None:
    kinds = hard.labels["kinds"].explode(empty_as_null=True).drop_nulls()
    assert set(kinds) == set(KINDS)
    first = hard.labels.select(
        (pl.col("kinds").list.first().eq_missing(pl.col("kind"))).all()
    ).item()
    assert first


def test_twins_share_birth_date_and_home_but_not_their_name(told: pl.DataFrame) -> None:
    twins = _of(told, "twins").filter(pl.col("source") == "nhs")
    homes = twins.group_by("true_household").agg(
        pl.col("true_person", "born_on", "first_name").n_unique()
    )
    pairs = homes.filter(pl.col("true_person") == 2)
    assert pairs.height > 10
    assert _share(pairs["born_on"] == 1) > 0.8
    assert _share(pairs["first_name"] == 2) > 0.9


def test_namesakes_share_name_and_home_but_not_their_birth_date(told: pl.DataFrame) -> None:
    sons = _of(told, "namesake").filter(pl.col("source") == "nhs")
    homes = sons.group_by("true_household").agg(
        pl.col("true_person", "born_on", "first_name").n_unique()
    )
    pairs = homes.filter(pl.col("true_person") >= 2)
    assert pairs.height > 10
    assert (pairs["born_on"] > 1).all()
    assert _share(pairs["first_name"] == 1) > 0.4


def test_a_borrowed_number_is_shown_by_two_people(told: pl.DataFrame) -> None:
    borrowed = _of(told, "borrowed_nino").drop_nulls("nino")
    shown = borrowed.group_by("nino").agg(pl.col("true_person").n_unique())
    assert (shown["true_person"] >= 2).sum() > 10
    # Nobody else shares a number, but for the specimen that many type in.
    others = told.filter(~pl.col("nino").is_in(borrowed["nino"].unique().to_list()))
    shared = others.drop_nulls("nino").group_by("nino").agg(pl.col("true_person").n_unique())
    often = shared.filter((pl.col("true_person") > 1) & pl.col("nino").str.starts_with("QQ"))
    assert set(often["nino"]) <= {"QQ123456C"}


def test_a_household_that_moved_is_known_at_two_addresses(told: pl.DataFrame) -> None:
    moved = _of(told, "household_moved").drop_nulls("postcode")
    homes = moved.group_by("true_household").agg(pl.col("postcode").n_unique())
    assert _share(homes["postcode"] > 1) > 0.4


def test_communal_addresses_hold_many_households(told: pl.DataFrame) -> None:
    communal = _of(told, "communal").filter(pl.col("source") == "nhs")
    at = communal.group_by("uprn").agg(pl.col("true_household").n_unique()).drop_nulls("uprn")
    assert max(at["true_household"]) >= 20


def test_a_default_birthday_is_the_first_of_january_or_the_family_s_day(
    told: pl.DataFrame,
) -> None:
    born = _of(told, "default_birthday")["born_on"].drop_nulls()
    january = (born.dt.month() == 1) & (born.dt.day() == 1)
    assert 0.5 < _share(january) < 0.95


def test_life_is_kinder_than_hard(hard: HardRecords) -> None:
    life = generate_records(PEOPLE, 11).labels

    def share(labels: pl.DataFrame, kind: str) -> float:
        return _share(labels["kinds"].list.contains(kind))

    for kind in ("twins", "namesake", "communal", "typo", "household_moved", "default_birthday"):
        assert share(life, kind) < share(hard.labels, kind)
    assert life["kinds"].list.contains("namesake").any()


# --- wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "seed", "days", "said"),
    [
        (19, 1, 0, "--people 19: give a number from 20 to 3,500,000"),
        (3_500_001, 1, 0, "--people 3,500,001: give a number"),
        (100, -1, 0, "--seed -1: give a whole number from 0"),
        (100, 1, 61, "--days 61: give a number from 0 to 60"),
    ],
)
def test_numbers_that_cannot_be_used_are_refused(
    people: int, seed: int, days: int, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        generate_records(people, seed, days=days)


def test_records_and_labels_cannot_be_one_file(hard: HardRecords, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give each its own name"):
        write_records(hard, tmp_path / "x.parquet", tmp_path / "x.parquet")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_named(hard: HardRecords, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_records(hard, tmp_path / "file" / "x.parquet", None)
