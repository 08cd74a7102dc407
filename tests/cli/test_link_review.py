"""`nostop link review`, `verdicts`, `tally` and `lookup` in files, as people work with them."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Nostop
from tests.linkage.towns import town

RECORDS = town(8)
LINKS = RECORDS.select("source", "record_id", person_id="record_id", confidence=pl.lit(0.96))


@pytest.fixture
def files(tmp_path: Path, nostop: Nostop) -> dict[str, Path]:
    """Records, links, and ten pairs drawn for clerks."""
    paths = {name: tmp_path / f"{name}.parquet" for name in ("records", "links", "verdicts")}
    paths["tasks"] = tmp_path / "tasks.csv"
    RECORDS.with_columns(pl.col("born_on").cast(pl.String)).write_parquet(paths["records"])
    LINKS.write_parquet(paths["links"])
    words = ["--out", paths["tasks"], "--links", paths["links"], "--sample", "10"]
    ended = nostop("link", "review", paths["records"], *words, "--band", "0.5-0.95")
    assert ended.code == 0, ended.err
    assert "tasks.key.parquet" in ended.err
    return paths


def fill(tasks: Path, *words: str) -> None:
    """Write these verdicts into the first tasks."""
    read = pl.read_csv(tasks, infer_schema=False)
    said = [*words, *[None] * (read.height - len(words))]
    read.with_columns(verdict=pl.Series(said, dtype=pl.String)).write_csv(tasks)


def test_verdicts_of_a_file_bind_and_are_taken_once(nostop: Nostop, files: dict[str, Path]) -> None:
    fill(files["tasks"], "Same", " different ", "cannot tell")
    taking = ("link", "verdicts", files["tasks"], "--verdicts", files["verdicts"], "--by", "ann")
    assert "3 new verdicts" in nostop(*taking).err
    assert "0 new verdicts" in nostop(*taking).err
    said = pl.read_parquet(files["verdicts"])
    assert sorted(said["verdict"]) == ["cannot_tell", "different", "same"]
    assert set(said["actor"]) == {"ann"}


def test_tally_gives_the_share_of_right_links_with_its_interval(
    nostop: Nostop, files: dict[str, Path]
) -> None:
    fill(files["tasks"], *["same"] * 9, "different")
    whole = json.loads(nostop("link", "tally", files["tasks"], "--json").out)[-1]
    assert whole["stratum"] == "links"
    assert (whole["population"], whole["sampled"], whole["share"]) == (24, 10, 0.9)
    assert whole["low"] == pytest.approx(0.5958, abs=1e-4)
    assert whole["high"] == pytest.approx(0.9821, abs=1e-4)
    assert "59.58% to 98.21%" in nostop("link", "tally", files["tasks"]).out


def test_pairs_can_be_judged_one_by_one_in_the_terminal(
    nostop: Nostop, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["s", "by the number", "d", "", "q"])
    monkeypatch.setattr("typer.prompt", lambda *_words, **_settings: next(answers))
    taking = ("link", "verdicts", files["tasks"], "--verdicts", files["verdicts"], "--by", "ann")
    ended = nostop(*taking, "--ask")
    assert "2 new verdicts" in ended.err
    assert "1 of 10" in ended.err
    assert "person_id" not in ended.err
    assert pl.read_parquet(files["verdicts"])["why"].to_list().count("by the number") == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["maybe"], "verdict 'maybe' is none of same, different, cannot_tell"),
        (["sme"], "did you mean 'same'?"),
    ],
)
def test_a_verdict_that_is_no_word_of_ours_is_refused(
    nostop: Nostop, files: dict[str, Path], words: list[str], error: str
) -> None:
    fill(files["tasks"], *words)
    ended = nostop("link", "tally", files["tasks"])
    assert ended.code == 2
    assert error in ended.err


def test_tasks_that_are_there_are_not_written_over(nostop: Nostop, files: dict[str, Path]) -> None:
    words = ("--out", files["tasks"], "--links", files["links"])
    ended = nostop("link", "review", files["records"], *words)
    assert ended.code == 2
    assert "is there already" in ended.err
    ended = nostop("link", "review", files["records"], "--out", "x.csv", *words[2:], "--band", "a")
    assert "'a' is no band; write it as 0.5-0.95" in ended.err


def test_tasks_without_their_key_are_refused(nostop: Nostop, files: dict[str, Path]) -> None:
    files["tasks"].with_suffix(".key.parquet").unlink()
    ended = nostop("link", "tally", files["tasks"])
    assert ended.code == 2
    assert "tasks.key.parquet" in ended.err


def test_lookup_names_the_person_and_the_record(nostop: Nostop, files: dict[str, Path]) -> None:
    asking = ("link", "lookup", "--records", files["records"], "--links", files["links"])
    found = json.loads(nostop(*asking, "--nino", "QQ000003A", "--json").out)
    assert (found[0]["person_id"], found[0]["record_id"]) == ("003", "003")
    assert "QQ000003A" not in nostop(*asking, "--nino", "QQ000003A").out
    kept = (*asking, "--index", files["records"].parent / "index", "--nino", "QQ000003A")
    assert nostop(*kept).out == nostop(*kept).out == nostop(*asking, "--nino", "QQ000003A").out
    LINKS.head(9).write_parquet(files["links"])
    assert "the index is of other records or links" in nostop(*kept).err
    LINKS.write_parquet(files["links"])
    ended = nostop(*asking, "--sex", "female")
    assert ended.code == 2
    assert "too little" in ended.err
    assert "Nobody is known" in nostop(*asking, "--nino", "QQ999999D").err
