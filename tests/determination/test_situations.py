"""Situations from JSON and Parquet: left out is unknown, and a name nobody knows is refused."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nostop.determination import Given, read_frames, read_json
from nostop.model import NEVER, SituationError
from nostop.rulebook import default_rules_dir
from nostop.rulebook.catalogue import Catalogue, load_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(default_rules_dir())


def read(tmp_path: Path, catalogue: Catalogue, data: Any) -> list[Given]:
    file = tmp_path / "case.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return read_json(file, catalogue)


def test_one_person_is_their_own_unit_and_household(tmp_path: Path, catalogue: Catalogue) -> None:
    (given,) = read(tmp_path, catalogue, {"people": {"ann": {"capital": 5}}})
    assert given.effective_on is None
    assert given.situation.people.select("person_id", "role", "capital", "sex").rows() == [
        ("ann", "adult", 5, None)
    ]
    assert given.situation.benefit_units["benefit_unit_id"].to_list() == ["ann"]
    assert given.situation.households["nation"].to_list() == [None]


def test_no_awards_key_is_unknown_and_an_empty_list_is_none(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    people = {"ann": {}, "bob": {"awards": []}, "cat": {"awards": None}}
    units = {"b1": {"adults": ["ann", "bob"]}, "b2": {"adults": ["cat"]}}
    data = {"people": people, "benefit_units": units, "households": {"h1": {"nation": "wales"}}}
    (given,) = read(tmp_path, catalogue, data)
    assert dict(given.situation.people.select("person_id", "awards_known").rows()) == {
        "ann": False, "bob": True, "cat": False,
    }  # fmt: skip


def test_dates_may_say_that_something_never_happened(tmp_path: Path, catalogue: Catalogue) -> None:
    data = {"on": "2026-06-01", "people": {"ann": {"in_hospital_since": "never", "died_on": None}}}
    (given,) = read(tmp_path, catalogue, data)
    assert given.effective_on == date(2026, 6, 1)
    assert given.situation.people.select("in_hospital_since", "died_on").row(0) == (NEVER, None)


def test_awards_are_read_with_their_dates(tmp_path: Path, catalogue: Catalogue) -> None:
    award = {
        "scheme": "carers_allowance", "status": "in_payment", "amount": 8645, "per": "week",
        "starts_on": "2026-04-06",
    }  # fmt: skip
    (given,) = read(tmp_path, catalogue, {"people": {"ann": {"awards": [award]}}})
    assert given.situation.awards is not None
    assert given.situation.awards.row(0, named=True) == {
        "person_id": "ann", "scheme": "carers_allowance", "status": "in_payment", "amount": 8645,
        "per": "week", "starts_on": date(2026, 4, 6), "ends_on": None,
    }  # fmt: skip


def couple(**units: Any) -> dict[str, Any]:
    return {
        "people": {"ann": {}, "bob": {}},
        "benefit_units": units,
        "households": {"h1": {"members": ["ann", "bob"]}},
    }


ONE = {"ann": {"capital": 1}}
MISTAKES = [
    ("{", ":1:2: is not JSON: Expecting property name"),
    ("[]", "holds an empty list"),
    ("[1]", "must be an object in braces, found int"),
    ('{"people": {"ann": {"capital": NaN}}}', "NaN is no number of JSON"),
    ('{"people": {"ann": {"capital": Infinity}}}', "Infinity is no number of JSON"),
    ('{"people": {"ann": {"capital": 1, "capital": 2}}}', "key 'capital' is written twice"),
    ('{"people": {"ann": {"capital": ' + "9" * 5000 + "}}}", "a number has too many digits"),
    ("[" * 70 + "]" * 70, "is nested more than 64 deep"),
    ('{"people": {"a\x00": {}}}', "holds a NUL character"),
    ('{"people": {"a\\ud800": {}}}', "holds half of a character"),
    ({}, "'people' is missing: name at least one person"),
    ({"people": {}}, "'people' is missing"),
    ({"peple": ONE}, "'peple' is not known here; did you mean 'people'?"),
    ({"people": {"ann": {"capitol": 1}}}, "'capitol' is not known here; did you mean 'capital'?"),
    ({"people": {"ann": {"capital": "1"}}}, "capital: '1' must be whole pence"),
    ({"people": {"ann": {"capital": 1.5}}}, "capital: 1.5 must be whole pence"),
    ({"people": {"ann": {"capital": True}}}, "capital: True must be whole pence"),
    ({"people": {"ann": {"capital": -1}}}, "capital: -1 must not be below 0"),
    ({"people": {"ann": {"hours_worked": 169}}}, "hours_worked: 169 must not be above 168"),
    ({"people": {"ann": {"in_prison": "no"}}}, "in_prison: 'no' must be true or false"),
    ({"people": {"ann": {"sex": "F"}}}, "sex: 'F' must be one of female, male"),
    ({"people": {"ann": {"born_on": "01/03/1950"}}}, "born_on: '01/03/1950' is no date"),
    ({"people": {"ann": {"born_on": "2025-02-29"}}}, "born_on: '2025-02-29' is no date"),
    ({"people": ONE, "on": "June"}, "on: 'June' is no date"),
    ({"people": {"ann": {}, "bob": {}}}, "'benefit_units' is missing: say who belongs together"),
    (
        {"people": {"ann": {}, "bob": {}}, "benefit_units": {"b1": {"adults": ["ann", "bob"]}}},
        "'households' is missing: say who lives together",
    ),
    (couple(b1={"adults": ["ann"]}), "'bob' is in none: add them to adults or children of one"),
    (couple(b1={"adults": ["ann", "bobb"]}), "'bobb' is nobody in people; did you mean 'bob'?"),
    (
        couple(b1={"adults": ["ann", "bob"]}, b2={"children": ["bob"]}),
        "'bob' is named in 'b1' and again in 'b2'",
    ),
    (couple(b1={"adults": "ann"}), "adults: must be a list of person ids"),
    (
        {"people": {"ann": {"role": "child"}}, "benefit_units": {"b1": {"adults": ["ann"]}}},
        "role is 'child', but 'b1' names them as adult",
    ),
    ({"people": {"ann": {"awards": {}}}}, "awards must be a list in square brackets"),
    (
        {"people": {"ann": {"awards": [{"scheme": "pension_credits", "status": "pending"}]}}},
        "scheme 'pension_credits' is no award; did you mean 'pension_credit'?",
    ),
    (
        {"people": {"ann": {"awards": [{"scheme": "pension_credit", "status": "paid"}]}}},
        "status 'paid' is none of in_payment",
    ),
    (
        {"people": {"ann": {"awards": [
            {"scheme": "pip", "status": "in_payment", "amount": 10.5, "per": "week"}
        ]}}},
        "amount 10.5 must be whole pence",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), MISTAKES)
def test_a_mistake_in_a_situation_is_named(
    data: Any, message: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    with pytest.raises(SituationError) as raised:
        read(tmp_path, catalogue, data)
    assert message in str(raised.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "case.json"
    file.write_bytes('{"people": {"ann": {}}}'.encode("utf-16"))
    with pytest.raises(SituationError, match="is not UTF-8"):
        read_json(file, catalogue)


def frames(folder: Path, people: dict[str, Any] | None = None) -> Path:
    row = {"person_id": "p1", "benefit_unit_id": "b1", "household_id": "h1", "role": "adult"}
    pl.DataFrame([row | (people or {})]).write_parquet(folder / "people.parquet")
    pl.DataFrame([{"benefit_unit_id": "b1", "household_id": "h1"}]).write_parquet(
        folder / "benefit_units.parquet"
    )
    pl.DataFrame([{"household_id": "h1"}]).write_parquet(folder / "households.parquet")
    return folder


def test_frames_without_awards_leave_receipt_unknown(tmp_path: Path, catalogue: Catalogue) -> None:
    assert read_frames(frames(tmp_path), catalogue).awards is None


def test_frames_with_awards_take_absence_as_no_claim(tmp_path: Path, catalogue: Catalogue) -> None:
    pl.DataFrame({"person_id": ["p1"], "scheme": ["pip"], "status": ["ended"]}).write_parquet(
        frames(tmp_path) / "awards.parquet"
    )
    awards = read_frames(tmp_path, catalogue).awards
    assert awards is not None
    assert awards.row(0) == ("p1", "pip", "ended", None, None, None, None)


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ({"capitol": 1}, "'capitol' is not known here; did you mean 'capital'?"),
        ({"capital": -1}, "capital: a value is below 0"),
        ({"caring_hours": 169}, "caring_hours: a value is above 168"),
        ({"education": "uni"}, "education: 'uni' is none of none, school, further, higher"),
    ],
)
def test_a_mistake_in_frames_is_named(
    people: dict[str, Any], message: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    with pytest.raises(SituationError) as raised:
        read_frames(frames(tmp_path, people), catalogue)
    assert message in str(raised.value)


def test_a_missing_or_broken_frame_is_named(tmp_path: Path, catalogue: Catalogue) -> None:
    frames(tmp_path)
    (tmp_path / "households.parquet").write_text("not parquet")
    with pytest.raises(SituationError, match=r"households\.parquet: cannot be read as Parquet"):
        read_frames(tmp_path, catalogue)
    (tmp_path / "households.parquet").unlink()
    with pytest.raises(SituationError, match=r"households\.parquet: is missing"):
        read_frames(tmp_path, catalogue)


def test_an_award_nobody_knows_is_refused_in_frames(tmp_path: Path, catalogue: Catalogue) -> None:
    frame = pl.DataFrame({"person_id": ["p1"], "scheme": ["dole"], "status": ["in_payment"]})
    frame.write_parquet(frames(tmp_path) / "awards.parquet")
    with pytest.raises(SituationError, match="scheme 'dole' is none of"):
        read_frames(tmp_path, catalogue)
