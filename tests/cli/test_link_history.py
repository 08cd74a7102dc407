"""`nostop link history` and `undo` as a clerk meets them."""

import json
from pathlib import Path

import polars as pl
import pytest

from nostop.app.link_history import (
    LINK_EVENTS,
    VERDICTS,
    affected_since,
    read_history,
    refuse_other_links,
)
from nostop.frames import Links
from tests.cli.conftest import Nostop
from tests.linkage.histories import days, ids

WHY = ("--by", "ann.clerk", "--why", "two people, by their passports")


@pytest.fixture
def kept(tmp_path: Path) -> dict[str, Path]:
    """A folder in which a merge (event 3) has just been made."""
    found = days(("abc", "de"), ("abcde",))
    files = {
        "links": tmp_path / "links.parquet",
        "history": tmp_path / LINK_EVENTS,
        "verdicts": tmp_path / VERDICTS,
    }
    found.links.write_parquet(files["links"])
    found.log.write_parquet(files["history"])
    return files


def options(kept: dict[str, Path]) -> list[str | Path]:
    return [word for name, path in kept.items() for word in (f"--{name}", path)]


def test_history_shows_each_event_and_checks_the_links(
    nostop: Nostop, kept: dict[str, Path]
) -> None:
    ended = nostop("link", "history", kept["history"], "--links", kept["links"])
    assert ended.code == 0
    assert ended.out.count("created") == 2
    assert "merged" in ended.out
    assert "as the history says" in ended.err


def test_history_says_what_became_of_a_person(nostop: Nostop, kept: dict[str, Path]) -> None:
    old = ids(days(("abc", "de")).links)
    ended = nostop("link", "history", kept["history"], "--person", old["d"], "--json")
    told = json.loads(ended.out)
    assert told["now"] == [old["a"]]
    assert [event["kind"] for event in told["events"]] == ["created", "merged"]
    assert [event["records"] for event in told["events"]] == [2, 2]


def test_undo_restores_links_history_and_verdicts_together(
    nostop: Nostop, kept: dict[str, Path]
) -> None:
    old = days(("abc", "de")).links
    ended = nostop("link", "undo", "3", *options(kept), *WHY, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["records"] == 2
    links, log = pl.read_parquet(kept["links"]), read_history(kept["history"])
    assert ids(links) == ids(old)
    assert links.columns == list(Links.columns())
    refuse_other_links(links, log)
    said = pl.read_parquet(kept["verdicts"])
    assert said.height == 6
    assert set(said["why"]) == {"two people, by their passports"}
    assert affected_since(kept["history"], 3)["person_id"].to_list() == sorted(
        [ids(old)["a"], ids(old)["d"]]
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("9", *WHY), "event 9: no such event"),
        (("1", *WHY), "only merges, splits and moves"),
        (("3", "--by", "ann", "--why", " "), "undo: say why"),
    ],
)
def test_an_undo_that_cannot_be_changes_no_file(
    nostop: Nostop, kept: dict[str, Path], words: tuple[str, ...], error: str
) -> None:
    before = [kept[name].read_bytes() for name in ("links", "history")]
    ended = nostop("link", "undo", *words, *options(kept))
    assert ended.code == 2
    assert error in ended.err
    assert [kept[name].read_bytes() for name in ("links", "history")] == before
    assert not kept["verdicts"].exists()


def test_an_undo_that_contradicts_a_verdict_is_refused_with_the_path(
    nostop: Nostop, kept: dict[str, Path]
) -> None:
    """A clerk tied d to x and x to a, so that d cannot be another person than a."""
    first = nostop("link", "undo", "3", *options(kept), *WHY)
    assert first.code == 0
    said = pl.read_parquet(kept["verdicts"]).head(2)
    tied = said.with_columns(
        source_l=pl.lit("s"), record_id_l=pl.Series(["x", "x"]), source_r=pl.lit("s"),
        record_id_r=pl.Series(["d", "a"]), verdict=pl.lit("same"),
    )  # fmt: skip
    tied.write_parquet(kept["verdicts"])
    found = days(("abc", "de"), ("abcde",))
    found.links.write_parquet(kept["links"])
    found.log.write_parquet(kept["history"])
    ended = nostop("link", "undo", "3", *options(kept), *WHY)
    assert ended.code == 2
    assert "s|a = s|x = s|d, but s|a is said to differ from s|d" in ended.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nothing.parquet",), "there is no history here"),
        (("{history}", "--person", "P1"), "no person ever had this id"),
        (("{history}", "--kind", "merge"), "did you mean 'merged'?"),
        (("{links}",), "LinkEvents: missing"),
    ],
)
def test_a_history_that_cannot_be_shown_is_refused_by_name(
    nostop: Nostop, kept: dict[str, Path], words: tuple[str, ...], error: str
) -> None:
    ended = nostop("link", "history", *[word.format(**kept) for word in words])
    assert ended.code == 2
    assert error in ended.err


def test_links_of_another_run_are_told(nostop: Nostop, kept: dict[str, Path]) -> None:
    days(("abc", "de")).links.write_parquet(kept["links"])
    ended = nostop("link", "history", kept["history"], "--links", kept["links"])
    assert ended.code == 2
    assert "differ in 2 of 5 records" in ended.err
