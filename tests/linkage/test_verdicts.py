"""Clerks' verdicts: the newest of a pair binds, and contradictions are named with their path."""

from datetime import UTC, datetime

import polars as pl
import pytest

from nostop.frames import Verdicts
from nostop.linkage.verdicts import binding, given, no_verdicts
from nostop.model import FrameError, LinkageError

AT = datetime(2026, 6, 2, tzinfo=UTC)
SCHEMA = {
    name: pl.Datetime("us", "UTC") if name == "at" else pl.String for name in Verdicts.columns()
}


def said(*pairs: str) -> pl.DataFrame:
    """Return `Verdicts`: `said("a=b", "b!c", "c?d")` is same, different, cannot tell."""
    words = {"=": "same", "!": "different", "?": "cannot_tell"}
    rows = [("s", p[0], "s", p[2], words[p[1]], AT, "ann.clerk", "seen on paper") for p in pairs]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def bound(*pairs: str) -> list[tuple[str, str, str]]:
    return binding(said(*pairs)).select("record_id_l", "record_id_r", "verdict").rows()


def test_the_newest_verdict_on_a_pair_binds_whichever_way_round_it_was_asked() -> None:
    assert bound("a=b", "b!a") == [("a", "b", "different")]
    assert bound("a!b", "c=d", "b=a") == [("a", "b", "same"), ("c", "d", "same")]


def test_cannot_tell_binds_nobody_and_takes_back_what_was_said() -> None:
    assert bound("a?b") == []
    assert bound("a=b", "a?b") == []


def test_history_is_kept() -> None:
    everything = given(said("a=b"), said("a!b"))
    assert everything["verdict"].to_list() == ["same", "different"]


def test_a_contradiction_is_refused_with_the_shortest_path_that_makes_it() -> None:
    with pytest.raises(
        LinkageError, match=r"s\|a = s\|b = s\|c, but s\|a is said to differ from s\|c; look again"
    ):
        given(said("a=b", "b=c", "c=d", "d=e", "e=a"), said("a!c"))


def test_a_contradiction_that_was_taken_back_stands() -> None:
    assert bound("a=b", "b=c", "a!c", "b?c") == [("a", "b", "same"), ("a", "c", "different")]


def test_records_of_one_key_in_two_sources_are_two_records() -> None:
    other = said("a=b").with_columns(source_r=pl.lit("t"))
    assert binding(pl.concat([other, said("a!b")])).height == 2


def test_a_record_compared_with_itself_is_refused() -> None:
    with pytest.raises(LinkageError, match="compared with itself"):
        given(no_verdicts(), said("a=a"))


def test_a_word_that_is_no_verdict_is_refused() -> None:
    with pytest.raises(FrameError, match="verdict"):
        given(no_verdicts(), said("a=b").with_columns(verdict=pl.lit("maybe")))
