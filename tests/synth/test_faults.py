"""How a source miswrites people: each fault alone, at all or not at all."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.synth.chance import Chance
from nostop.synth.faults import MENTION, Writer, bad_lines, miswrite

FAULTS = [
    "typo",
    "nickname",
    "initial",
    "former_address",
    "missing_nino",
    "nino_typo",
    "birth_swap",
    "missing_middle",
]
NICKNAMES = {"Elizabeth": "Liz"}


def someone(**changes: object) -> dict[str, object]:
    return {
        "person_id": "p1",
        "first_name": "Elizabeth",
        "middle_names": "Ann",
        "surname": "Thornley",
        "born_on": date(1950, 3, 21),
        "sex": "female",
        "nino": "QQ123456A",
        "uprn": "999000000001",
        "address_line_1": "1 Larkdale Road",
        "town": "Skelbeck",
        "postcode": "ZZ1 0AA",
        "former_uprn": "999000000002",
        "former_address_line_1": "2 Rookgate Lane",
        "former_town": "Wexhill",
        "former_postcode": "ZZ1 0AB",
        "former_surname": None,
        "former_name_in": None,
    } | changes


def written(*people: dict[str, object], seed: int = 1, **rates: int) -> pl.DataFrame:
    schema = {"former_surname": pl.String, "former_name_in": pl.String, "nino": pl.String}
    frame = pl.DataFrame(list(people), schema_overrides=schema)
    writer = Writer("dwp", dict.fromkeys(FAULTS, 0) | rates, NICKNAMES, Chance(seed))
    return miswrite(frame, writer)


def only(frame: pl.DataFrame) -> dict[str, object]:
    return frame.row(0, named=True)


def test_miswrite_without_faults_keeps_everything() -> None:
    truth = someone()
    assert only(written(truth)) == {name: truth[name] for name in ("person_id", *MENTION)}


@pytest.mark.parametrize(
    ("fault", "column", "value"),
    [
        ("nickname", "first_name", "Liz"),
        ("initial", "first_name", "E"),
        ("missing_nino", "nino", None),
        ("missing_middle", "middle_names", None),
        ("former_address", "postcode", "ZZ1 0AB"),
        ("former_address", "uprn", "999000000002"),
    ],
)
def test_miswrite_does_what_the_fault_says(fault: str, column: str, value: object) -> None:
    assert only(written(someone(), **{fault: 10_000}))[column] == value


def test_miswrite_shows_a_former_surname_in_its_one_source() -> None:
    here = someone(former_surname="Maitland", former_name_in="dwp")
    there = someone(former_surname="Maitland", former_name_in="hmrc")
    assert written(here, there)["surname"].to_list() == ["Maitland", "Thornley"]


def test_miswrite_exchanges_day_and_month_only_where_that_is_a_date() -> None:
    people = [someone(born_on=date(1950, 3, 12)), someone(born_on=date(1950, 3, 13))]
    frame = written(*people, birth_swap=10_000)
    assert frame["born_on"].to_list() == [date(1950, 12, 3), date(1950, 3, 13)]


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyzéø'", min_size=3, max_size=12), st.integers(0, 10**6))
def test_miswrite_slips_keep_the_first_letter_and_change_one_place(name: str, seed: int) -> None:
    slipped = only(written(someone(surname=name), seed=seed, typo=10_000))["surname"]
    assert isinstance(slipped, str)
    assert slipped[0] == name[0]
    assert abs(len(slipped) - len(name)) <= 1
    assert sum(a != b for a, b in zip(slipped, name, strict=False)) <= len(name)


@pytest.mark.parametrize("name", ["", "A", "Ng"])
def test_miswrite_leaves_names_too_short_to_slip(name: str) -> None:
    assert only(written(someone(surname=name), typo=10_000))["surname"] == name


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_miswrite_misreads_at_most_one_digit_of_a_nino(seed: int) -> None:
    nino = only(written(someone(), seed=seed, nino_typo=10_000))["nino"]
    assert isinstance(nino, str)
    assert (nino[:2], nino[-1], len(nino)) == ("QQ", "A", 9)
    assert sum(a != b for a, b in zip(nino, "QQ123456A", strict=True)) <= 1


def test_miswrite_leaves_a_missing_nino_missing() -> None:
    assert only(written(someone(nino=None), nino_typo=10_000))["nino"] is None


@pytest.mark.parametrize(("rows", "bad"), [(0, 0), (499, 0), (500, 1), (10_000, 10)])
def test_bad_lines_are_one_in_a_thousand(rows: int, bad: int) -> None:
    assert bad_lines(rows, "dwp", {"bad_rows_per_10000": 10}, Chance(1)).sum() == bad
