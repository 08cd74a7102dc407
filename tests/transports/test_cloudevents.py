"""Life events as CloudEvents 1.0: batches, one at a time, what is none, and what goes wrong."""

import json
from pathlib import Path

import pytest

from connectors.json_bundle import JsonBundle
from nostop.plugins import transport
from nostop.ports import Fetched, Transport
from tests.transports.weather import HASTY, PATIENT, Line, contents, files_end_at, refused
from tests.transports.web import Service

BATCHES = "application/cloudevents-batch+json"
ONE_BY_ONE = "application/cloudevents+json"


def event(number: int, **other: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/registrars/borchester",
        "type": "org.example.birth",
        "time": f"2026-05-0{number}T09:30:00.123456789Z",
        "datacontenttype": "application/json",
        "data": {"child": {"nino": None, "born_on": "2026-05-01"}, "weight": 3.10},
        **other,
    }


def events(line: Line, **settings: object) -> Transport:
    url = f"http://127.0.0.1:{line.port}/events"
    standing = {"url": url, "save_as": "births.json", "patience": PATIENT}
    return transport("cloudevents", {**standing, **settings})


def ids(fetched: Fetched) -> list[str]:
    found = contents(fetched).get("births.json", b'{"events": []}')
    return [each["id"] for each in json.loads(found)["events"]]


@pytest.mark.parametrize("form", [BATCHES, ONE_BY_ONE])
def test_events_are_fetched_after_the_last_one_known(
    form: str, line: Line, service: Service, tmp_path: Path
) -> None:
    service.event_form, service.events = form, [[event(1)], [event(2)]]
    first = events(line).fetch(tmp_path, {})
    assert ids(first) == ["e1", "e2"]
    assert service.asked == [
        "/events",
        "/events?lastEventId=e1",
        "/events?lastEventId=e2",
    ]
    service.events += [[event(3)]]
    second = events(line).fetch(tmp_path, first.bookmark)
    assert ids(second) == ["e3"]
    assert events(line).fetch(tmp_path, second.bookmark) == Fetched((), second.bookmark)


def test_an_event_that_comes_twice_counts_once(
    line: Line, service: Service, tmp_path: Path
) -> None:
    elsewhere = event(1, source="/registrars/felpersham")
    service.events = [[event(1), event(2), event(1), elsewhere]]
    first = events(line).fetch(tmp_path, {})
    assert ids(first) == ["e1", "e2", "e1"]
    service.events += [[event(2), event(3)]]
    bookmark = {**first.bookmark, "last": "e1"}
    assert ids(events(line).fetch(tmp_path, bookmark)) == ["e3"]


def test_the_connector_json_reads_the_events(line: Line, service: Service, tmp_path: Path) -> None:
    service.events = [[event(1), event(2, data={"weight": "2.9"})]]
    fetched = events(line).fetch(tmp_path, {})
    columns = {"event": "id", "on": "time", "born": "data.child.born_on", "weight": "data.weight"}
    assert JsonBundle(list_under="events", columns=columns).read(fetched.files[0]).rows.rows() == [
        ("e1", "2026-05-01T09:30:00.123456789Z", "2026-05-01", "3.1", 1),
        ("e2", "2026-05-02T09:30:00.123456789Z", None, "2.9", 2),
    ]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"specversion": "0.3"}, "'specversion' is not 1.0"),
        ({"id": ""}, "'id' is missing or empty"),
        ({"id": 7}, "'id' is no text"),
        ({"source": None}, "'source' is missing"),
        ({"source": "CANARY of somebody"}, "'source' is no URI reference"),
        ({"type": None}, "'type' is missing"),
        ({"time": "01/05/2026"}, "'time' is no time of RFC 3339"),
        ({"time": "2026-02-30T09:00:00Z"}, "'time' is no time of RFC 3339"),
        ({"time": "2026-05-01T09:00:00"}, "'time' is no time of RFC 3339"),
        ({"data_base64": "aGk="}, "both 'data' and 'data_base64'"),
        ({"Severity": "CANARY"}, "an attribute besides data"),
        ({"who": {"name": "CANARY"}}, "an attribute besides data"),
    ],
)
def test_what_is_no_cloud_event_stops_the_fetch_and_is_not_lost(
    broken: dict[str, object], message: str, line: Line, service: Service, tmp_path: Path
) -> None:
    service.events = [[event(1), event(2, **broken)]]
    refused(events(line), tmp_path, f"answer 1: event 2: is no CloudEvent 1.0: .*{message}")
    assert list(tmp_path.iterdir()) == []


def test_other_answers_are_refused(line: Line, service: Service, tmp_path: Path) -> None:
    service.event_form, service.events = "application/json", [[event(1)]]
    refused(events(line), tmp_path, "answers with neither")
    service.event_form, service.events = BATCHES, [["CANARY"]]
    refused(events(line), tmp_path, "event 1: is no JSON object")


def test_a_service_that_forgets_the_last_event_is_noticed(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.events = [[event(1)]]
    refused(events(line, after="since"), tmp_path, "does it take the parameter 'since'")


def test_bad_weather_only_costs_time(line: Line, service: Service, tmp_path: Path) -> None:
    service.events = [[event(n, data="x" * 20_000)] for n in range(1, 6)]
    calm = contents(events(line).fetch(tmp_path, {}))
    service.answers, line.resets_every = [(503, {})], 10
    assert contents(events(line).fetch(tmp_path, {})) == calm


def test_half_an_answer_silence_and_a_full_disk_leave_nothing(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.events = [[event(1, data="x" * 20_000)]]
    line.ends_after = 10_000
    refused(events(line), tmp_path, "broke off")
    line.fine()
    line.silent = True
    refused(events(line, patience=HASTY), tmp_path, "did not answer within")
    line.fine()
    with files_end_at(1_000):
        refused(events(line), tmp_path, "the disk is full")
    assert list(tmp_path.iterdir()) == []
    assert ids(events(line).fetch(tmp_path, {})) == ["e1"]


def test_wrong_credentials_are_told(
    line: Line, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_KEY", "CANARY-key")
    service.answers = [(401, {})]
    refused(events(line, auth={"bearer_env": "EVENTS_KEY"}), tmp_path, "refuses our credentials")
