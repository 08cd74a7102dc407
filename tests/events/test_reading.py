"""CloudEvents as they come: what is taken, and what is refused by name and line."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.events import event_key, read_events
from nostop.model import EventError
from tests.events.build import NOW, book_of, rule

GOOD = {
    "specversion": "1.0",
    "id": "a1",
    "source": "dwp/awards",
    "type": "award",
    "subject": "P00000000000000a1",
    "time": "2026-06-01T09:30:00.123456789+01:00",
    "datacontenttype": "application/json",
    "data": {"scheme": "pension_credit", "amount": 21810, "per": "week"},
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return book_of(tmp_path_factory.mktemp("rules"), rule("{event: born}"))


def take(book, events) -> list[dict]:
    raw = events if isinstance(events, bytes) else json.dumps(events, indent=1).encode()
    return read_events(raw, "events.json", book, NOW).rows(named=True)


def test_one_event_is_taken_as_it_is(book):
    (row,) = take(book, GOOD)
    assert row.pop("at").isoformat() == "2026-06-01T08:30:00.123456+00:00"
    assert row == {
        "event_key": event_key("dwp/awards", "a1"),
        "source": "dwp/awards",
        "event_id": "a1",
        "type": "award",
        "subject": "P00000000000000a1",
        "data": '{"amount":21810,"per":"week","scheme":"pension_credit"}',
    }


def test_a_list_and_what_a_transport_landed_are_taken_too(book):
    assert len(take(book, [GOOD, {**GOOD, "id": "a2"}])) == 2
    assert len(take(book, {"events": [GOOD, {**GOOD, "id": "a2"}, GOOD]})) == 2
    assert take(book, []) == take(book, {"events": []}) == []


def test_an_attribute_that_is_null_is_not_there(book):
    (row,) = take(book, {**GOOD, "data": {"scheme": "pension_credit", "amount": None}})
    assert row["data"] == '{"scheme":"pension_credit"}'
    assert len(take(book, {**GOOD, "datacontenttype": None})) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": None}, "'id' is missing"),
        ({"id": "x" * 101}, "'id' is no plain id"),
        ({"specversion": "0.3"}, "'specversion' is not 1.0"),
        ({"type": "awrad"}, "'awrad' is no type of life event; did you mean 'award'?"),
        ({"type": "tick"}, "a tick is not sent"),
        ({"subject": None}, "'subject' is missing"),
        ({"subject": "Rhys Example"}, "'subject' is no plain id"),
        ({"subject": "QQ123456C"}, "'subject' looks like a National Insurance or telephone number"),
        ({"id": "award-07700900123"}, "'id' looks like a National Insurance or telephone number"),
        ({"time": "2026-06-01T09:30:00"}, "'time' is no time with a zone"),
        ({"time": "2026-02-30T09:30:00Z"}, "'time' is no day or hour that there is"),
        ({"time": "2026-11-24T12:00:00Z"}, "'time' lies ahead"),
        ({"data": [1]}, "'data' is no JSON object"),
        ({"data_base64": "AAAA"}, "'data_base64' is not known of an event"),
        ({"surname": "Example"}, "'surname' is not known of an event"),
        ({"datacontenttype": "text/plain"}, "is not application/json"),
        ({"data": {}}, "'award' must say 'scheme'"),
        ({"data": {"scheme": "pension_credit", "note": "called"}}, "'note' is not known of award"),
        ({"data": {"scheme": "pension_cerdit"}}, "'scheme' is no scheme"),
        ({"data": {"scheme": "pension_credit", "amount": 1.5}}, "'amount' is no whole number"),
        ({"data": {"scheme": "pension_credit", "amount": -1}}, "'amount' is no whole number"),
        ({"data": {"scheme": "pension_credit", "amount": True}}, "'amount' is no whole number"),
        ({"data": {"scheme": "pension_credit", "per": "day"}}, "'per' is not one of week, month"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_name_and_line_and_nothing_is_taken(book, change, told):
    with pytest.raises(EventError) as refused:
        take(book, [GOOD, {**GOOD, "id": "a2", **change}])
    assert str(refused.value).startswith("events.json:16: ")
    assert told in str(refused.value)


def test_inv_37_no_value_is_repeated_in_a_fault(book):
    bad = {**GOOD, "subject": "Rhys Example", "type": "Rhys Example"}
    for change in ({}, {"type": "award"}, {"type": "award", "subject": "P1", "Rhys Example": "x"}):
        with pytest.raises(EventError) as refused:
            take(book, {**bad, **change})
        assert "Rhys" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "events.json:1: is not JSON"),
        (b"[1]", "events.json:1: is no JSON object"),
        (b"[\n\n{]", "events.json:3: is not JSON"),
        (b"[{},\n]", "events.json:2: is not JSON: expected a comma or the end of the list"),
        (b"[] []", "something follows after the end"),
        (b'{"events": [], "more": 1}', "expected } after it"),
        (b'{"id": "a", "id": "b"}', "a key is written twice"),
        (b'{"id": NaN}', "NaN is no number of JSON"),
        (b"[" * 100_000, "is nested too deep"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "a number has too many digits"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"id": "\x00"}', "holds a NUL"),
    ],
)
def test_what_is_no_json_is_refused(book, raw, told):
    with pytest.raises(EventError, match=r"events\.json") as refused:
        take(book, raw)
    assert told in str(refused.value)


def test_the_same_id_with_other_content_in_one_file_is_refused(book):
    with pytest.raises(EventError, match="stand there twice, with other content"):
        take(book, [GOOD, {**GOOD, "subject": "P2"}])


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=60) | st.text(alphabet='[]{}",:ae1 \n', max_size=40).map(str.encode))
def test_whatever_comes_is_read_or_refused(book, raw):
    with suppress(EventError):
        assert read_events(raw, "x", book, NOW).is_empty()
