"""`nostop synth records`: records to link, beside the district that `nostop synth` still makes."""

import json
from pathlib import Path

import polars as pl

from tests.cli.conftest import Nostop


def test_records_labels_and_days_go_to_files(nostop: Nostop, tmp_path: Path) -> None:
    records, labels = tmp_path / "r.parquet", tmp_path / "l.parquet"
    wanted = ("--people", "150", "--seed", "2", "--hard", "--days", "2")
    ended = nostop("synth", "records", *wanted, "--out", records, "--labels", labels, "--json")
    assert ended.code == 0
    told = json.loads(ended.out)
    assert told["records"] == pl.read_parquet(records).height > 150
    assert sorted(Path(file).name for file in told["files"]) == [
        "l.day01.parquet", "l.day02.parquet", "l.parquet",
        "r.day01.parquet", "r.day02.parquet", "r.parquet",
    ]  # fmt: skip
    assert all(Path(file).is_file() for file in told["files"])
    assert pl.read_parquet_metadata(records)["synthetic"] == "true"


def test_too_few_people_are_refused_in_a_line(nostop: Nostop, tmp_path: Path) -> None:
    ended = nostop("synth", "records", "--people", "3", "--out", tmp_path / "r.parquet")
    assert ended.code == 2
    assert "--people 3: give a number from 20" in ended.err
    assert not list(tmp_path.iterdir())


def test_a_district_is_still_what_synth_makes_unless_told(nostop: Nostop, tmp_path: Path) -> None:
    same = ("--people", "60", "--seed", "3", "--out")
    assert nostop("synth", *same, tmp_path / "a").code == 0
    assert nostop("synth", "district", *same, tmp_path / "b").code == 0
    first, second = (tmp_path / name / "manifest.json" for name in "ab")
    assert first.read_bytes() == second.read_bytes()
