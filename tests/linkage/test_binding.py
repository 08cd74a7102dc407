"""Clerks' verdicts and deduplicated sources: what holds whatever the records say."""

import polars as pl
import pytest

from nostop.linkage import link
from nostop.linkage.binding import VERDICT_COLUMNS
from nostop.model import LinkageError
from tests.linkage.people import AWAY, HOME, frame, groups, record, together

JOHN = [
    record("dwp:1", "John Okafor", "1958-05-05", nino="QQ111111A", **HOME),
    record("nhs:1", "John Okafor", "1958-05-05", nino="QQ111111A", **HOME),
    record("hmrc:1", "John Okafor", "1958-05-05", nino="QQ111111A", **AWAY),
]
SON = [
    record("dwp:2", "John Okafor", "1991-05-15", nino="QQ222222A", **HOME),
    record("nhs:2", "John Okafor", "1991-05-15", nino="QQ222222A", **HOME),
]


def verdicts(*told: str) -> pl.DataFrame:
    rows = [
        [*left.split(":"), *right.split(":"), verdict]
        for left, verdict, right in (each.split() for each in told)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(VERDICT_COLUMNS, pl.String), orient="row")


def people(*told: str, deduplicated: tuple[str, ...] = ()) -> set[frozenset[str]]:
    return groups(
        link(
            frame(*JOHN, *SON),
            verdicts=verdicts(*told) if told else None,
            deduplicated=deduplicated,
        )
    )


BOTH = {together("dwp:1", "nhs:1", "hmrc:1"), together("dwp:2", "nhs:2")}


def test_without_verdicts_father_and_son_are_two() -> None:
    assert people() == BOTH


def test_same_joins_two_people_whole_over_every_guard() -> None:
    assert people("dwp:1 same nhs:2") == {together("dwp:1", "nhs:1", "hmrc:1", "dwp:2", "nhs:2")}


def test_a_verdict_is_certain() -> None:
    one = frame(
        record("a:1", "Ada Cole", "1950-01-01", **HOME),
        record("b:1", "Zoe Wren", "1999-09-09", **AWAY),
    )
    found = link(one, verdicts=verdicts("a:1 same b:1"))
    assert found["person_id"].n_unique() == 1
    assert found["confidence"].to_list() == [1.0, 1.0]


def test_different_parts_what_is_alike_in_everything() -> None:
    found = people("dwp:1 different nhs:1")
    assert not any({"dwp:1", "nhs:1"} <= group for group in found)


def test_different_holds_by_way_of_others_too() -> None:
    found = people("dwp:1 different nhs:1", "dwp:1 same hmrc:1")
    assert together("dwp:1", "hmrc:1") in found
    assert together("nhs:1") in found


def test_verdicts_that_contradict_each_other_name_the_pair() -> None:
    with pytest.raises(LinkageError, match=r"record 1 of dwp and record 1 of hmrc"):
        people("dwp:1 same nhs:1", "nhs:1 same hmrc:1", "dwp:1 different hmrc:1")


def test_verdicts_on_records_that_are_gone_bind_nobody() -> None:
    assert people("dwp:9 same nhs:1", "dwp:8 different dwp:2") == BOTH


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (pl.DataFrame({"source_l": ["a"]}), "column 'record_id_l' is missing"),
        (verdicts("a:1 perhaps b:1"), "neither 'same' nor 'different'"),
        (verdicts("a:1 same a:1"), "compared with itself"),
        (verdicts("a:1 same b:1").with_columns(verdict=pl.lit(None)), "a cell is empty"),
    ],
)
def test_verdicts_that_say_nothing_are_refused(told: pl.DataFrame, message: str) -> None:
    with pytest.raises(LinkageError, match=message):
        link(frame(*JOHN), verdicts=told)


def test_a_deduplicated_source_has_one_record_a_person() -> None:
    twice = [
        record("dwp:1", "Ada Cole", "1950-01-01", **HOME),
        record("dwp:2", "Ada Cole", "1950-01-01", **HOME),
        record("nhs:1", "Ada Cole", "1950-01-01", **HOME),
    ]
    assert len(groups(link(frame(*twice)))) == 1
    found = groups(link(frame(*twice), deduplicated={"dwp"}))
    assert len(found) == 2
    assert not any({"dwp:1", "dwp:2"} <= group for group in found)
