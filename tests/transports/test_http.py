"""A web service over HTTP: pages, files, OAuth, and what goes wrong on the way."""

import json
import os
from pathlib import Path

import pytest

from connectors.json_bundle import JsonBundle
from nostop.model import FetchError, PluginError
from nostop.plugins import transport
from nostop.ports import Transport
from tests.transports.weather import HASTY, PATIENT, Line, contents, files_end_at, refused
from tests.transports.web import SECRET, TOKEN, Service

PEOPLE = [
    {"id": number, "surname": name, "weekly": amount, "changed": f"2026-05-0{number}T09:00:00Z"}
    for number, (name, amount) in enumerate(
        [("Marsh", 120.1), ("Dale", 7), ("Hill", 0), ("Moor", 88), ("Field", 31)], start=1
    )
]
IDS = [person["id"] for person in PEOPLE]
BIG = os.urandom(300_000)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOROUGH_ID", "nostop")
    monkeypatch.setenv("BOROUGH_SECRET", SECRET)


def listed(line: Line, **settings: object) -> Transport:
    url = f"http://127.0.0.1:{line.port}"
    oauth = {
        "token_url": f"{url}/token",
        "client_id_env": "BOROUGH_ID",
        "client_secret_env": "BOROUGH_SECRET",
    }
    standing = {"url": f"{url}/people", "save_as": "people.json", "items": "data.people"}
    return transport("http", {**standing, "auth": oauth, "patience": PATIENT, **settings})


def filed(line: Line, **settings: object) -> Transport:
    url = f"http://127.0.0.1:{line.port}/file"
    return transport("http", {"url": url, "save_as": "file.csv", "patience": PATIENT, **settings})


def ids(fetched: dict[str, bytes]) -> list[int]:
    return [person["id"] for person in json.loads(fetched["people.json"])["people"]]


@pytest.mark.parametrize(
    "paging",
    [
        {"next_in": "meta.link[relation=next].url"},
        {"link_header": True},
        {"page_parameter": "page"},
        {"cursor_parameter": "cursor", "cursor_in": "meta.cursor"},
    ],
    ids=lambda paging: next(iter(paging)),
)
def test_pages_become_one_file(
    paging: dict[str, object], line: Line, service: Service, tmp_path: Path
) -> None:
    service.people = PEOPLE
    fetched = listed(line, paging=paging).fetch(tmp_path, {})
    assert ids(contents(fetched)) == IDS
    assert service.tokens == 1


def test_the_connector_json_reads_what_was_landed_digit_for_digit(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.people = [{"id": "1", "weekly": 120.10, "changed": "2026"}]
    fetched = listed(line, keep=["kind"]).fetch(tmp_path, {})
    assert fetched.files[0].read_text() == (
        '{"kind":"people",\n"people":[\n{"id": "1", "weekly": 120.1, "changed": "2026"}\n]}\n'
    )
    reader = JsonBundle(list_under="people", columns={"id": "id", "weekly": "weekly"})
    assert reader.read(fetched.files[0]).rows.to_dicts() == [
        {"id": "1", "weekly": "120.1", "_line": 1}
    ]


def test_only_what_changed_is_asked_for_again(line: Line, service: Service, tmp_path: Path) -> None:
    service.people = PEOPLE[:3]
    source = listed(
        line,
        paging={"page_parameter": "page"},
        since={"parameter": "since", "field": "changed", "start": "2026-05-01T09:00:00Z"},
    )
    first = source.fetch(tmp_path, {})
    assert ids(contents(first)) == [2, 3]
    assert first.bookmark["since"] == "2026-05-03T09:00:00Z"
    service.people = PEOPLE
    second = source.fetch(tmp_path, first.bookmark)
    assert ids(contents(second)) == [4, 5]
    third = source.fetch(tmp_path, second.bookmark)
    assert (third.files, third.bookmark) == ((), second.bookmark)


def test_the_bookmark_of_another_request_is_not_used(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file = b"a,b\n1,2\n"
    first = filed(line).fetch(tmp_path, {})
    assert filed(line, parameters={"of": "all"}).fetch(tmp_path, first.bookmark).files
    assert not filed(line).fetch(tmp_path, first.bookmark).files


def test_a_file_that_did_not_change_is_not_sent_again(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, source = b"a,b\n1,2\n", filed(line)
    first = source.fetch(tmp_path, {})
    assert contents(first) == {"file.csv": b"a,b\n1,2\n"}
    again = source.fetch(tmp_path, first.bookmark)
    assert (again.files, again.bookmark) == ((), first.bookmark)
    service.file, service.etag = b"a,b\n3,4\n", '"two"'
    assert contents(source.fetch(tmp_path, again.bookmark)) == {"file.csv": b"a,b\n3,4\n"}


def test_a_reset_at_every_tenth_read_only_costs_time(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, line.resets_every = BIG, 10
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": BIG}
    assert line.resets >= 5
    assert all(asked["range"] for asked in service.headers[1:])


def test_without_ranges_a_reset_ends_the_fetch_and_the_next_completes(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, service.ranges, line.resets_every = BIG, False, 10
    refused(filed(line), tmp_path, "the connection broke off; tries that brought nothing: 3")
    line.fine()
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": BIG}


def test_half_a_file_is_gone_on_from_by_the_next_fetch(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, line.ends_after = BIG, 150_000
    once = {**PATIENT, "tries": 1}
    refused(filed(line, patience=once), tmp_path, "the connection broke off")
    assert 100_000 < (tmp_path / "file.csv.part").stat().st_size < 150_000
    line.fine()
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": BIG}
    assert service.headers[-1]["range"] > "bytes=100000-"
    assert {file.name for file in tmp_path.iterdir()} == {"file.csv"}


@pytest.mark.parametrize("etag", ['"two"', 'W/"two"', ""])
def test_half_of_one_file_is_never_joined_to_half_of_another(
    etag: str, line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, line.ends_after = BIG, 150_000
    refused(filed(line, patience={**PATIENT, "tries": 1}), tmp_path, "broke off")
    line.fine()
    service.file, service.etag = BIG[::-1], etag
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": BIG[::-1]}


def test_an_answer_of_unknown_length_is_not_taken(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, service.says_length = b"a,b\n1,2\n", False
    refused(filed(line), tmp_path, "half a file would pass for a whole one")


def test_half_a_list_is_never_in_place(line: Line, service: Service, tmp_path: Path) -> None:
    service.people, source = PEOPLE, listed(line, paging={"page_parameter": "page"})
    service.answers = [(401, {}), (200, {})]
    refused(source, tmp_path, "page 1: has no list 'data.people'")
    assert ids(contents(source.fetch(tmp_path, {}))) == IDS


def test_a_list_through_resets_is_the_same_bytes(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.people = [{**person, "padding": "x" * 9_000} for person in PEOPLE]
    source = listed(line, paging={"page_parameter": "page"})
    calm = contents(source.fetch(tmp_path, {}))
    service.answers = [(503, {}), (429, {"Retry-After": "0"})]
    line.resets_every, line.spared = 10, 0
    assert contents(source.fetch(tmp_path, {})) == calm


@pytest.mark.parametrize("items", ["data.people", ""])
def test_a_server_that_never_answers_is_left_in_time(
    items: str, line: Line, service: Service, tmp_path: Path
) -> None:
    line.silent = True
    source = listed(line, items=items, patience=HASTY)
    refused(source, tmp_path, r"did not answer within 0\.3 seconds; .* nothing: 2")
    line.fine()
    service.people = PEOPLE
    assert contents(listed(line).fetch(tmp_path, {}))


def test_a_server_that_drips_is_left_in_time(line: Line, service: Service, tmp_path: Path) -> None:
    service.file, line.resets_every = BIG, 2
    patience = {**PATIENT, "total_seconds": 0.2}
    refused(filed(line, patience=patience), tmp_path, r"not done after 0\.2 seconds in all|broke")


def test_a_server_that_is_not_there_is_told_from_one_that_refuses(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = transport("http", {"url": "http://127.0.0.1:9/x", "save_as": "x.csv", "patience": HASTY})
    refused(away, tmp_path, "cannot be reached")
    monkeypatch.setenv("BOROUGH_SECRET", "CANARY-wrong")
    refused(listed(line), tmp_path, r"refuses our client id or secret \(401\).*BOROUGH_SECRET")
    monkeypatch.delenv("BOROUGH_SECRET")
    with pytest.raises(FetchError, match="BOROUGH_SECRET is not set"):
        listed(line).fetch(tmp_path, {})


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"bearer_env": "KEY"}, ("authorization", "Bearer CANARY-key")),
        (
            {"user_env": "BOROUGH_ID", "password_env": "KEY"},
            ("authorization", "Basic bm9zdG9wOkNBTkFSWS1rZXk="),
        ),
        ({"header": "x-api-key", "header_env": "KEY"}, ("x-api-key", "CANARY-key")),
    ],
)
def test_other_ways_to_be_known(
    auth: dict[str, str],
    header: tuple[str, str],
    line: Line,
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "CANARY-key")
    service.file = b"a\n1\n"
    filed(line, auth=auth).fetch(tmp_path, {})
    assert service.headers[0][header[0]] == header[1]
    service.answers, tmp = [(401, {})], tmp_path / "again"
    tmp.mkdir()
    refused(filed(line, auth=auth), tmp, r"refuses our credentials \(401\)")


def test_a_token_that_ends_on_the_way_is_renewed_once(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.people, service.answers = PEOPLE, [(401, {})]
    source = listed(line, paging={"page_parameter": "page"})
    assert ids(contents(source.fetch(tmp_path, {}))) == IDS
    assert service.tokens == 2
    service.answers = [(401, {}), (401, {})]
    tmp = tmp_path / "again"
    tmp.mkdir()
    refused(source, tmp, "refuses our credentials")


def test_a_short_life_is_kept_to(line: Line, service: Service, tmp_path: Path) -> None:
    service.people, service.life = PEOPLE, 0
    listed(line, paging={"page_parameter": "page"}).fetch(tmp_path, {})
    assert service.tokens == len(service.asked) == 4


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(403, {})], "does not allow this"),
        ([(404, {})], "nothing at this address"),
        ([(400, {})], r"refuses what we ask \(400\)"),
        ([(503, {})] * 3, r"cannot serve us now \(503\); tries that brought nothing: 3"),
        ([(429, {"Retry-After": "3600"})], r"\(429\), and asks us to wait 3600 seconds; .*: 1"),
        (
            [
                (
                    503,
                    {"Date": "", "Retry-After": "Sat, 01 Jan 2999 00:00:00 GMT"},
                )
            ]
            * 3,
            r"\(503\)",
        ),
    ],
)
def test_what_the_service_says_is_told_and_its_words_are_not(
    answers: list[tuple[int, dict[str, str]]],
    message: str,
    line: Line,
    service: Service,
    tmp_path: Path,
) -> None:
    service.answers = list(answers)
    refused(filed(line), tmp_path, message)
    assert len(service.asked) == len(answers), "asked no more often than it may help"


def test_a_full_disk_is_told_and_the_next_fetch_goes_on(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file = BIG
    with files_end_at(100_000):
        refused(filed(line), tmp_path, "the disk is full")
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": BIG}
    assert "range" in service.headers[-1]


def test_a_full_disk_leaves_nothing_of_a_list(line: Line, service: Service, tmp_path: Path) -> None:
    service.people = PEOPLE
    with files_end_at(100):
        refused(listed(line), tmp_path, "the disk is full")
    assert list(tmp_path.iterdir()) == []


def test_a_larger_file_than_allowed_is_not_taken(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.file, service.people = BIG, PEOPLE
    refused(filed(line, bytes_at_most=1000), tmp_path, r"larger than 1,000 bytes")
    refused(listed(line, bytes_at_most=10), tmp_path, r"larger than 10 bytes")


def test_pages_without_end_are_an_error_not_a_short_file(
    line: Line, service: Service, tmp_path: Path
) -> None:
    service.people = PEOPLE
    refused(listed(line, paging={"page_parameter": "page", "at_most": 2}), tmp_path, "more than 2")
    circle = {"cursor_parameter": "stay", "cursor_in": "kind"}
    refused(listed(line, paging=circle), tmp_path, "page 2 leads back to an earlier one")


def test_another_host_is_never_asked(line: Line, service: Service, tmp_path: Path) -> None:
    service.answers = [(302, {"Location": "http://localhost:1/elsewhere"})]
    refused(filed(line), tmp_path, "points to another host")
    service.file, service.answers = b"a\n", [(302, {"Location": "/file?moved=1"})]
    assert contents(filed(line).fetch(tmp_path, {})) == {"file.csv": b"a\n"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "http://example.org/x"}, "has to begin with https://"),
        ({"url": "https://me:CANARY@example.org/x"}, "holds a user or password"),
        ({"headers": {"Authorization": "CANARY"}}, "'Authorization' holds a secret"),
        ({"auth": {"bearer_env": "CANARY-hunter2"}}, "names an environment variable"),
        ({"save_as": "../x.csv"}, "cannot be used"),
        ({"since": {"parameter": "since", "field": "x"}}, "paging and since need items"),
    ],
)
def test_settings_that_would_be_unsafe_are_refused(
    settings: dict[str, object], message: str, line: Line, tmp_path: Path
) -> None:
    refused(filed(line, **settings), tmp_path, message)


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": {"user_env": "X"}},
        {"auth": {"bearer_env": "X", "header": "y", "header_env": "Z"}},
        {"paging": {"link_header": True, "page_parameter": "page"}},
        {"paging": {"cursor_parameter": "cursor"}},
        {"patience": {"answer_seconds": 0}},
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    settings: dict[str, object], line: Line
) -> None:
    with pytest.raises(FetchError, match=r"write one of|every wait is more than 0"):
        filed(line, **settings)


def test_a_misspelt_inner_setting_is_refused(line: Line) -> None:
    with pytest.raises(PluginError, match=r"patience\.answer_second: "):
        filed(line, patience={"answer_second": 1})


def test_no_secret_is_in_what_is_left_behind(line: Line, service: Service, tmp_path: Path) -> None:
    service.people, service.file = PEOPLE, BIG
    fetched = listed(line).fetch(tmp_path, {})
    line.ends_after = 150_000
    url = f"http://127.0.0.1:{line.port}/file"
    half = listed(line, items="", url=url, save_as="x.csv", patience={**PATIENT, "tries": 1})
    with pytest.raises(FetchError):
        half.fetch(tmp_path, {})
    assert {file.name for file in tmp_path.iterdir()} == {
        "people.json",
        "x.csv.part",
        "x.csv.part.json",
    }
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SECRET.encode() not in left
    assert TOKEN.encode() not in left
    assert "CANARY" not in str(fetched)
