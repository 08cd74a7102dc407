"""`nostop evaluate DIR --previous`: only what changed, to the same file as a full run."""

from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Nostop

HOMES = ["h1", "h2", "h3"]


def frames(folder: Path, pay: int) -> Path:
    folder.mkdir(exist_ok=True)
    units = [f"b{home}" for home in HOMES]
    people = pl.DataFrame(
        {
            "person_id": [f"p{home}" for home in HOMES],
            "benefit_unit_id": units,
            "household_id": HOMES,
            "role": ["adult"] * 3,
            "hours_worked": [0, 0, 0],
            "gross_earnings": [0, pay, 0],
        }
    )
    people.write_parquet(folder / "people.parquet")
    homes = pl.DataFrame({"household_id": HOMES, "nation": ["england"] * 3})
    homes.write_parquet(folder / "households.parquet")
    pl.DataFrame({"benefit_unit_id": units, "household_id": HOMES}).write_parquet(
        folder / "benefit_units.parquet"
    )
    return folder


def changes(folder: Path, kind: str) -> list[str | Path]:
    if kind == "frames":
        return ["--previous-frames", folder / "before"]
    file = folder / f"changed.{kind}"
    table = pl.DataFrame({"household_id": ["h2"], "fact": ["gross_earnings"]})
    _ = table.write_csv(file) if kind == "csv" else table.write_parquet(file)
    return ["--changed", file]


@pytest.mark.parametrize("kind", ["csv", "parquet", "frames"])
def test_what_changed_gives_the_file_of_a_full_run(
    nostop: Nostop, tmp_path: Path, kind: str
) -> None:
    before, now = frames(tmp_path / "before", 0), frames(tmp_path / "now", 90_000)
    last, again, full = (tmp_path / f"{name}.parquet" for name in ("last", "again", "full"))
    few = ("--scheme", "healthy_start", "--scheme", "child_benefit", "--on", "2026-06-01")
    for arguments in (
        (before, "--out", last),
        (now, "--out", full),
        (now, "--out", again, "--previous", last, *changes(tmp_path, kind)),
    ):
        assert nostop("evaluate", *arguments, *few).code == 0
    assert full.read_bytes() != last.read_bytes()
    assert again.read_bytes() == full.read_bytes()


def test_what_changed_has_to_be_said(nostop: Nostop, tmp_path: Path) -> None:
    folder = frames(tmp_path / "now", 0)
    out = tmp_path / "last.parquet"
    arguments = ["evaluate", folder, "--on", "2026-06-01", "--out", out]
    assert nostop(*arguments).code == 0
    ended = nostop(*arguments, "--previous", out)
    assert ended.code == 2
    assert "say what changed since the last run: --changed FILE" in ended.err


def test_previous_results_that_are_none_are_refused(nostop: Nostop, tmp_path: Path) -> None:
    folder = frames(tmp_path / "now", 0)
    arguments = ["evaluate", folder, "--on", "2026-06-01", "--out", tmp_path / "out.parquet"]
    ended = nostop(*arguments, "--previous", folder / "people.parquet", *changes(tmp_path, "csv"))
    assert ended.code == 2
    assert "Determinations: missing" in ended.err
    assert "Traceback" not in ended.err
