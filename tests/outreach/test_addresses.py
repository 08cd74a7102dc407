from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.frames import Links, SourceRecords
from nostop.model import FrameError
from nostop.outreach.addresses import PostalAddresses, postal

ON = date(2026, 11, 22)
LONG = date(2025, 1, 1)
TRUST = ("council_tax", "nhs_register")


def records(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "source": "council_tax",
        "record_id": "R1",
        "address_line_1": "12 Invented Road",
        "town": "Nowhere",
        "postcode": "ZZ1 1ZZ",
        "seen_on": LONG,
    }
    empty = dict.fromkeys(SourceRecords.columns())
    return pl.DataFrame(
        [empty | usual | {"record_id": f"R{turn}"} | row for turn, row in enumerate(rows)],
        schema=SourceRecords.create_empty().schema,
    )


def links(of: pl.DataFrame) -> pl.DataFrame:
    return of.select("source", "record_id", person_id=pl.lit("P1"), confidence=pl.lit(1.0))


def of_p1(*rows: dict[str, object], on: date = ON, previous: pl.DataFrame | None = None):
    frame = records(*rows)
    found = postal(frame, links(frame), trust=TRUST, on=on, previous=previous)
    assert found["person_id"].to_list() == ["P1"]
    return found


def lines(found: pl.DataFrame) -> list[str] | None:
    return found.row(0, named=True)["lines"]


def reason(found: pl.DataFrame) -> str | None:
    return found.row(0, named=True)["reason"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ["12 Invented Road", "Nowhere", "ZZ1 1ZZ"]),
        ({"postcode": "zz11zz"}, ["12 Invented Road", "Nowhere", "ZZ1 1ZZ"]),
        ({"town": None}, ["12 Invented Road", "ZZ1 1ZZ"]),
        (
            {"address_line_1": "Flat 2,12  Road , ", "town": "A"},
            ["Flat 2", "12 Road", "A", "ZZ1 1ZZ"],
        ),
        ({"address_line_1": "1 Road, Nowhere"}, ["1 Road", "Nowhere", "ZZ1 1ZZ"]),
        ({"address_line_1": "1,2,3,4"}, ["1", "2", "3", "4", "Nowhere", "ZZ1 1ZZ"]),
    ],
)
def test_an_address_has_its_lines_and_the_postcode_last(row, expected: list[str]):
    found = of_p1(row)
    assert (lines(found), reason(found)) == (expected, None)
    assert found.row(0, named=True)["source"] == "council_tax"
    assert found.row(0, named=True)["as_of"] == LONG


@pytest.mark.parametrize(
    "row",
    [
        {"address_line_1": None},
        {"address_line_1": " - "},
        {"postcode": None},
        {"postcode": "75001"},
        {"postcode": "ZZ1"},
        {"seen_on": None},
        {"seen_on": ON + timedelta(days=1)},
        {"source": "hearsay"},
    ],
)
def test_what_is_no_address_is_none(row):
    found = of_p1(row)
    assert (lines(found), reason(found)) == (None, "no_address")
    assert found.row(0, named=True)["since"] is None


def test_an_address_of_more_lines_than_a_window_has_is_none():
    found = of_p1({"address_line_1": "1,2,3,4,5,6"})
    assert (lines(found), reason(found)) == (None, "no_address")


def test_the_newest_counts_and_of_equally_new_ones_the_most_trusted():
    newer = {"source": "nhs_register", "address_line_1": "Invented Road 12", "seen_on": ON}
    assert lines(of_p1({}, newer)) == ["Invented Road 12", "Nowhere", "ZZ1 1ZZ"]
    equal = {"source": "nhs_register", "address_line_1": "12 INVENTED ROAD"}
    assert lines(of_p1(equal, {})) == ["12 Invented Road", "Nowhere", "ZZ1 1ZZ"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "sources_disagree"), (89, "sources_disagree"), (-89, "sources_disagree"), (90, None)],
)
def test_sources_that_disagree_at_about_the_same_time_give_no_address(days: int, expected):
    here = {"seen_on": date(2026, 6, 1)}
    there = {
        "source": "nhs_register",
        "postcode": "ZZ2 2ZZ",
        "seen_on": date(2026, 6, 1) - timedelta(days=days),
    }
    found = of_p1(here, there)
    assert reason(found) == expected
    assert (lines(found) is None) == (expected is not None)


def test_a_source_whose_own_records_disagree_gives_no_address():
    assert reason(of_p1({}, {"postcode": "ZZ2 2ZZ"})) == "sources_disagree"


def test_a_neighbours_number_is_disputed_and_a_flat_left_out_is_not():
    neighbour = {"source": "nhs_register", "address_line_1": "14 Invented Road"}
    assert reason(of_p1({}, neighbour)) == "sources_disagree"
    flat = {"source": "nhs_register", "address_line_1": "Flat 2, 12 Invented Road"}
    assert reason(of_p1({}, flat)) is None


def test_whom_nobody_trusts_cannot_dispute():
    assert reason(of_p1({}, {"source": "hearsay", "postcode": "ZZ2 2ZZ", "seen_on": ON})) is None


@pytest.mark.parametrize(
    ("days", "expected"), [(0, "moved_lately"), (27, "moved_lately"), (28, None)]
)
def test_a_person_who_moved_lately_has_no_address(days: int, expected):
    moved = {"postcode": "ZZ2 2ZZ", "seen_on": ON - timedelta(days=days)}
    found = of_p1({}, moved)
    assert reason(found) == expected
    assert (lines(found) is None) == (expected is not None)


def test_a_move_within_a_postcode_is_a_move_and_another_spelling_is_none():
    assert (
        reason(of_p1({}, {"address_line_1": "14 Invented Road", "seen_on": ON})) == "moved_lately"
    )
    assert reason(of_p1({}, {"address_line_1": "12 INVENTED RD.", "seen_on": ON})) is None


def test_somebody_new_to_us_has_not_moved():
    found = of_p1({"seen_on": ON})
    assert (reason(found), found.row(0, named=True)["since"]) == (None, ON)


def test_a_feed_that_holds_only_today_moves_people_too():
    """Charnwood: the letter that names a new address must not go where somebody has just left."""
    before = of_p1({"seen_on": ON}, on=ON)
    day = ON + timedelta(days=1)
    first = of_p1({"postcode": "ZZ2 2ZZ", "seen_on": day}, on=day, previous=before)
    assert (reason(first), first.row(0, named=True)["since"]) == ("moved_lately", day)
    soon = day + timedelta(days=27)
    second = of_p1({"postcode": "ZZ2 2ZZ", "seen_on": soon}, on=soon, previous=first)
    assert (reason(second), second.row(0, named=True)["since"]) == ("moved_lately", day)
    later = day + timedelta(days=28)
    third = of_p1({"postcode": "ZZ2 2ZZ", "seen_on": later}, on=later, previous=second)
    assert (reason(third), lines(third)) == (None, ["12 Invented Road", "Nowhere", "ZZ2 2ZZ"])


def test_an_address_that_was_lost_and_comes_back_waits():
    lost = of_p1({"postcode": None})
    found = of_p1({}, previous=lost)
    assert (reason(found), found.row(0, named=True)["since"]) == ("moved_lately", ON)
    # However old the feed says that it is, it is as new to us as it was yesterday.
    again = of_p1({}, on=ON + timedelta(days=1), previous=found)
    assert (reason(again), again.row(0, named=True)["since"]) == ("moved_lately", ON)
    assert reason(of_p1({}, on=ON + timedelta(days=28), previous=again)) is None


def test_who_stayed_keeps_the_day_since_when():
    before = of_p1({"seen_on": LONG}, on=LONG)
    found = of_p1({"seen_on": ON}, previous=before)
    assert (reason(found), found.row(0, named=True)["since"]) == (None, LONG)


def test_everybody_linked_has_one_row_and_others_none():
    frame = records({}, {}, {"postcode": None})
    linked = pl.DataFrame(
        {
            "source": ["council_tax"] * 2,
            "record_id": ["R0", "R2"],
            "person_id": ["P2", "P1"],
            "confidence": [1.0, 1.0],
        },
        schema=Links.create_empty().schema,
    )
    found = postal(frame, linked, trust=TRUST, on=ON)
    assert found.select("person_id", "reason").rows() == [("P1", "no_address"), ("P2", None)]
    nobody = postal(records({}), Links.create_empty(), trust=TRUST, on=ON)
    assert nobody.schema == PostalAddresses.create_empty().schema
    assert nobody.is_empty()


def test_a_table_that_lacks_a_column_is_refused():
    frame = records({})
    with pytest.raises(FrameError, match=r"SourceRecords: missing \['postcode'\]"):
        postal(frame.drop("postcode"), links(frame), trust=TRUST, on=ON)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(TRUST),
            st.sampled_from(["ZZ1 1ZZ", "ZZ2 2ZZ"]),
            st.integers(min_value=0, max_value=200),
        ),
        min_size=1,
        max_size=4,
    ),
    st.randoms(),
)
def test_order_of_records_changes_nothing_and_a_given_address_is_undisputed(said, random):
    rows = [
        {"source": source, "postcode": code, "seen_on": ON - timedelta(days=days)}
        for source, code, days in said
    ]
    frame = records(*rows)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=random.randrange(1000))
    found = postal(frame, links(frame), trust=TRUST, on=ON)
    assert found.equals(postal(shuffled, links(shuffled), trust=TRUST, on=ON))
    newest = min(days for *_, days in said)
    recent = {code for _, code, days in said if days - newest < 90}
    if len(recent) > 1:
        assert reason(found) == "sources_disagree"
    else:
        assert reason(found) in (None, "moved_lately")
