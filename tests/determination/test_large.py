"""Populations that are determined part by part from files."""

from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from nostop.determination.determine import determine
from nostop.determination.large import determine_files
from nostop.frames import Situation
from nostop.model import FrameError, SituationError
from tests.rulebook.small import ON
from tests.rulebook.worlds import World, world


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("nostop.determination.large")
    monkeypatch.setattr(module, "IN_MEMORY", 20)
    monkeypatch.setattr(module, "PEOPLE_A_PART", 15)


def written(situation: Situation, folder: Path) -> Path:
    for name in ("people", "benefit_units", "households", "awards"):
        table = getattr(situation, name)
        if table is not None:
            table.write_parquet(folder / f"{name}.parquet")
    return folder


def made() -> World:
    return world(7, households=60)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parts_together_are_the_whole(seed: int, tmp_path: Path) -> None:
    one = world(seed, households=60)
    folder = written(one.situation, tmp_path)
    count = determine_files(folder, tmp_path / "out.parquet", one.book, ON)
    rows = pl.read_parquet(tmp_path / "out.parquet")
    assert count == rows.height
    assert rows.equals(determine(one.situation, one.book, ON))
    assert not list(tmp_path.glob(".determining-*"))


def test_one_part_is_the_same_and_so_are_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("nostop.determination.large"), "IN_MEMORY", 10_000)
    one = made()
    folder = written(one.situation, tmp_path)
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    for out in (first, second):
        determine_files(folder, out, one.book, ON)
    rows = determine(one.situation, one.book, ON)
    assert pl.read_parquet(first).schema == rows.schema
    assert pl.read_parquet(first).equals(rows)
    assert first.read_bytes() == second.read_bytes()


def test_nobody_is_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("nostop.determination.large"), "IN_MEMORY", 10_000)
    one = made()
    folder = written(one.situation, tmp_path)
    for name in ("people", "benefit_units", "households"):
        getattr(one.situation, name).clear().write_parquet(folder / f"{name}.parquet")
    assert determine_files(folder, tmp_path / "out.parquet", one.book, ON) == 0
    assert pl.read_parquet(tmp_path / "out.parquet").is_empty()


def test_the_same_person_in_two_households_is_refused(tmp_path: Path) -> None:
    one = made()
    people = one.situation.people
    twin = people.head(1).with_columns(
        benefit_unit_id=people["benefit_unit_id"][-1:], household_id=people["household_id"][-1:]
    )
    folder = written(one.situation, tmp_path)
    pl.concat([people, twin]).write_parquet(folder / "people.parquet")
    with pytest.raises(SituationError, match="'person_id' repeats: each row is one person"):
        determine_files(folder, tmp_path / "out.parquet", one.book, ON)
    assert not (tmp_path / "out.parquet").exists()
    assert not list(tmp_path.glob(".determining-*"))


def test_a_household_that_no_table_holds_is_refused(tmp_path: Path) -> None:
    one = made()
    folder = written(one.situation, tmp_path)
    one.situation.households.slice(1).write_parquet(folder / "households.parquet")
    with pytest.raises(FrameError, match="a household_id that its own table does not hold"):
        determine_files(folder, tmp_path / "out.parquet", one.book, ON)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    one = made()
    folder = written(one.situation, tmp_path)
    (folder / "households.parquet").unlink()
    with pytest.raises(SituationError, match=r"households.parquet: is missing"):
        determine_files(folder, tmp_path / "out.parquet", one.book, ON)
