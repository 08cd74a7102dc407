"""One record looked up: the right person first, what is uncertain said, and too little refused."""

from datetime import date

import polars as pl
import pytest

from nostop.linkage.link import variants
from nostop.linkage.lookup import Lookup
from nostop.linkage.model import MODEL_FILE, read_model, score
from nostop.linkage.nodes import mentions
from nostop.linkage.standing import standing
from nostop.model import LinkageError
from tests.linkage.towns import town

RECORDS = town(24)
#: Who they are by construction: a person's records have one number.
LINKS = RECORDS.select("source", "record_id", person_id="record_id", confidence=pl.lit(0.9999))


@pytest.fixture(scope="module")
def everyone() -> Lookup:
    return Lookup(RECORDS, LINKS)


def known(person: str, *columns: str) -> dict[str, object]:
    row = RECORDS.filter(pl.col("source") == "dwp", pl.col("record_id") == person)
    return row.select(columns).row(0, named=True)


@pytest.mark.parametrize(
    "columns",
    [
        ("nino",),
        ("surname", "born_on"),
        ("first_name", "born_on"),
        ("first_name", "surname", "postcode"),
        ("first_name", "surname", "uprn", "born_on"),
    ],
)
def test_the_person_comes_first_by_whatever_is_known(
    everyone: Lookup, columns: tuple[str, ...]
) -> None:
    found = everyone.find(known("013", *columns))
    assert found["person_id"][0] == "013"
    assert found["record_id"][0] == "013"
    assert not found["forbidden"][0]
    assert found["confidence"].is_between(0, 1).all()


def test_more_that_agrees_makes_more_sure(everyone: Lookup) -> None:
    some = everyone.find(known("013", "surname", "born_on"))
    more = everyone.find(known("013", "first_name", "surname", "born_on", "nino"))
    assert more["confidence"][0] >= some["confidence"][0]
    assert more["confidence"][0] > 0.99


def test_a_slip_in_the_name_still_finds_them(everyone: Lookup) -> None:
    asked = {**known("013", "first_name", "born_on", "postcode"), "surname": "Xyz"}
    assert everyone.find(asked)["person_id"][0] == "013"


def test_whom_a_guard_forbids_comes_last_and_is_marked(everyone: Lookup) -> None:
    asked = {**known("013", "surname", "postcode", "sex"), "first_name": "Bartholomew"}
    found = everyone.find({**asked, **known("013", "born_on")})
    assert found.filter(pl.col("person_id") == "013")["forbidden"].to_list() == [True]
    assert found["forbidden"].is_sorted()


def test_each_person_comes_once_and_at_most_so_many(everyone: Lookup) -> None:
    found = everyone.find({"postcode": "ZZ9 9ZZ", "surname": "Amadi", "born_on": date(1950, 1, 1)})
    assert found["person_id"].is_unique().all()
    assert everyone.find(known("013", "surname", "born_on"), most=1).height == 1


def test_nobody_is_no_rows(everyone: Lookup) -> None:
    found = everyone.find({"nino": "QQ999999D"})
    assert found.is_empty()
    assert found.columns == ["person_id", "confidence", "forbidden", "source", "record_id"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"sex": "female"}, "too little to look anybody up by; give a National Insurance number"),
        ({}, "too little"),
        ({"shoe_size": "42"}, "no column is called shoe_size"),
        ({"born_on": "1 March"}, "one of born_on has another type than its column"),
    ],
)
def test_what_cannot_be_looked_up_is_refused_by_name(
    everyone: Lookup, asked: dict[str, object], error: str
) -> None:
    with pytest.raises(LinkageError, match=error) as refused:
        everyone.find(asked)
    assert "1 March" not in str(refused.value)


def test_a_pair_weighs_what_it_weighs_where_all_are_linked() -> None:
    nodes = mentions(RECORDS).nodes
    forms = variants(nodes, nodes.select("node", cluster="node"))
    linked = score(forms, read_model(MODEL_FILE))
    alone = RECORDS.with_columns(person_id=pl.concat_str("source", "record_id"))
    own = alone.select("source", "record_id", "person_id", confidence=pl.lit(1.0))
    weighing = standing(RECORDS, own).weighing
    kept = weighing.weighed(weighing.prepared(forms), linked.select("l", "r"))
    assert linked.height > 20
    both = linked.join(kept, on=["l", "r"], how="left", validate="1:1")
    assert both["bits"].to_list() == pytest.approx(both["bits_right"].to_list())
    assert both["confidence"].to_list() == pytest.approx(both["confidence_right"].to_list())
