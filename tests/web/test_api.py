"""The API, called as a service calls it."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import Engine, select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from nostop.app import accounts
from nostop.app.accounts import KeyWanted
from nostop.app.api_keys import PURPOSES, SCOPES, caller_of
from nostop.app.events import read_event_rules
from nostop.app.opened import VARIABLE
from nostop.app.outreach.doors import Doors
from nostop.cli.api_keys import commands
from nostop.store.audit import entries_of
from nostop.store.rows import read_table, table_of
from nostop.store.tables_access import ApiKey, CasePerson
from nostop.store.tables_casework import Decision, Flag, WorkItem
from nostop.web.api import models
from nostop.web.api.limits import Buckets
from nostop.web.application import create_app
from nostop.web.house import House
from tests.web.conftest import NOW

V1 = "/api/v1"
WHY = {"purpose": "case_work"}
ANN = {
    "people": {"ann": {"role": "adult", "born_on": "1950-03-01", "awards": []}},
    "households": {"home": {"members": ["ann"], "nation": "england"}},
}


@dataclass
class Service:
    """A service with a key."""

    browser: TestClient
    key: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **more) -> Response:
        more["headers"] = {"Authorization": f"Bearer {self.key}"} | more.pop("headers", {})
        return self.browser.request(method, f"{V1}{path}", **more)

    def get(self, path: str, **query) -> Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object, *, once: str = "", **headers: str) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Idempotency-Key": once} if once else {}
        return self.call("POST", path, json=body, headers=sent)


ServiceFor = Callable[..., Service]


@pytest.fixture
def service(app: FastAPI, work_store: Engine) -> Iterator[ServiceFor]:
    """Return a function that gives a service whose key has some scopes and areas."""
    with TestClient(app, raise_server_exceptions=False) as browser:

        def made(*scopes: str, areas: list[str] | None = None) -> Service:
            wanted = KeyWanted("Housing service", scopes or SCOPES, areas, date(2026, 12, 31))
            return Service(browser, accounts.make_key(work_store, wanted, "another.admin", NOW))

        yield made


@pytest.fixture
def item(work_store: Engine) -> dict:
    """An open case of somebody with an area, with a flag that is open."""
    return first_case(work_store)


def first_case(engine: Engine) -> dict:
    items, flags, people = table_of(WorkItem), table_of(Flag), table_of(CasePerson)
    query = (
        select(items, flags.c.scheme, flags.c.outcome, people.c.person_id)
        .join(flags, flags.c.benefit_unit_id == items.c.benefit_unit_id)
        .join(people, people.c.benefit_unit_id == items.c.benefit_unit_id)
        .where(items.c.state == "open", flags.c.outcome == "entitled", items.c.area.is_not(None))
        .order_by(items.c.benefit_unit_id, flags.c.scheme, people.c.person_id)
    )
    with engine.begin() as connection:
        return dict(connection.execute(query).mappings().first())


def told(answer: Response) -> str:
    """Return which kind of problem an answer tells."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.json()["type"].partition("#")[2]


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", ["", "Bearer ", "Bearer nostop_x_y", "Basic YTpi", "Bearer nostop_" + "0" * 300]
)
def test_without_a_key_nothing_opens(service: ServiceFor, sent: str):
    answer = service().call("GET", "/cases", headers={"Authorization": sent})
    assert (answer.status_code, told(answer)) == (401, "no-key")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_with_another_secret_opens_nothing(service: ServiceFor):
    caller, other = service(), service()
    mixed = caller.key.rsplit("_", 1)[0][:25] + other.key[25:]
    assert mixed not in (caller.key, other.key)
    caller.key = mixed
    assert caller.get("/cases").status_code == 401


def test_a_revoked_key_opens_nothing_at_once(service: ServiceFor, work_store: Engine):
    caller = service()
    assert caller.get("/cases").status_code == 200
    accounts.revoke_key(work_store, caller.key.split("_")[1], "adam.admin", NOW)
    assert caller.get("/cases").status_code == 401


def test_a_key_opens_nothing_from_its_last_day_on(service: ServiceFor, work_store: Engine):
    caller = service()
    with work_store.begin() as connection:
        connection.execute(update(table_of(ApiKey)).values(ends_on=NOW.date()))
    assert caller.get("/cases").status_code == 401


def test_every_call_is_in_the_audit_log_with_its_key(service: ServiceFor, work_store: Engine):
    caller = service()
    caller.get("/cases")
    last = entries_of(work_store, None, most=1).row(0, named=True)
    assert last["actor"] == f"key:{caller.key.split('_')[1]}"
    assert (last["action"], json.loads(last["detail"])) == (
        "api.called",
        {"operation": "listCases"},
    )


def test_the_purposes_of_the_description_are_those_that_people_are_told():
    assert set(models.Purpose.__args__) == set(PURPOSES)


# --- evaluating -----------------------------------------------------------------------------------


def test_a_situation_is_worked_out_with_its_reasons(service: ServiceFor):
    body = {"situation": ANN, "on": "2026-06-01", "schemes": ["pension_credit"]}
    answer = service("evaluate").post("/evaluations", body)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["determinations"]
    assert (found["scheme"], found["outcome"]) == ("pension_credit", "unknown")
    assert found["missing"]
    assert any(line["met"] is None and line["citation"] for line in found["reasons"])


def test_nothing_adverse_is_said_of_what_may_be_claimed(service: ServiceFor):
    rich = {"role": "adult", "born_on": "1990-03-01"}
    body = {"situation": {"people": {"p": rich}}, "on": "2026-06-01", "schemes": ["pension_credit"]}
    (found,) = service("evaluate").post("/evaluations", body).json()["determinations"]
    assert found["outcome"] is None
    assert found["reasons"] == []


@pytest.mark.parametrize(
    ("situation", "detail"),
    [
        (
            {"people": {"Zebedee": {"rolle": "adult"}}},
            "person 1: what was sent is not known here; did you mean 'role'?",
        ),
        (
            {"people": {"Zebedee": {"born_on": "28/02/1951"}}},
            'person 1: born_on: what was sent is no date such as "2026-06-01"',
        ),
        ({}, "'people' is missing: name at least one person"),
        (
            {"people": {"p": {}}, "households": {"h": {"members": ["Zebedee"]}}},
            "households: household 1: what was sent is nobody in people",
        ),
        (
            {"people": {f"p{n}": {} for n in range(21)}},
            "'benefit_units' is missing: say who belongs together, as adults and children",
        ),
    ],
)
def test_what_is_wrong_with_a_situation_is_told_without_repeating_it(
    service: ServiceFor, situation: dict, detail: str
):
    answer = service("evaluate").post("/evaluations", {"situation": situation, "on": "2026-06-01"})
    assert (answer.status_code, told(answer)) == (422, "invalid")
    assert answer.json()["errors"] == [{"pointer": "/situation", "detail": detail}]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"situation": {}, "situation": {}}', 400),
        (b'{"situation": NaN}', 400),
        (b"[" * 100 + b"]" * 100, 400),
        (b'{"situation": "\xff"}', 400),
        (b'{"situation": {"on": "\\u0000"}}', 422),
        (b"{", 400),
        (b"", 422),
        (b'{"situation": {"people": ' + b" " * 300_000 + b"}}", 413),
    ],
)
def test_hostile_bodies_are_refused(service: ServiceFor, raw: bytes, status: int):
    headers = {"Content-Type": "application/json"}
    answer = service("evaluate").call("POST", "/evaluations", content=raw, headers=headers)
    assert answer.status_code == status, answer.text
    told(answer)


def test_another_content_type_is_refused(service: ServiceFor):
    answer = service("evaluate").call(
        "POST", "/evaluations", content=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, told(answer)) == (415, "wrong-content-type")


# --- people and cases -----------------------------------------------------------------------------


def test_what_was_found_for_a_person_is_read_with_reasons(
    service: ServiceFor, item: dict, work_store: Engine
):
    caller = service("determinations:read")
    answer = caller.get(f"/people/{item['person_id']}/determinations", purpose="claim_support")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["benefit_unit_id"] == item["benefit_unit_id"]
    assert item["scheme"] in [step["scheme"] for step in found["claim_path"]]
    entitled = [each for each in found["determinations"] if each["scheme"] == item["scheme"]]
    assert entitled[0]["outcome"] == "entitled"
    assert all(line["met"] for line in entitled[0]["reasons"])
    read = entries_of(work_store, item["person_id"], most=1).row(0, named=True)
    assert (read["action"], json.loads(read["detail"])) == (
        "person.read",
        {"purpose": "claim_support"},
    )


def test_a_record_is_not_read_without_a_purpose(
    service: ServiceFor, item: dict, work_store: Engine
):
    answer = service().get(f"/people/{item['person_id']}/determinations", purpose="curiosity")
    assert (answer.status_code, answer.json()["errors"][0]["query"]) == (422, "purpose")
    assert entries_of(work_store, item["person_id"], most=5).is_empty()


def test_cases_are_listed_page_by_page_without_a_gap(service: ServiceFor, work_store: Engine):
    caller, seen, query = service("decisions:read"), [], {"limit": 7}
    while True:
        answer = caller.get("/cases", **query)
        page = answer.json()
        seen += [each["benefit_unit_id"] for each in page["cases"]]
        if page["next"] is None:
            assert "link" not in answer.headers
            break
        assert f"cursor={page['next']}" in answer.headers["link"]
        query["cursor"] = page["next"]
    items = read_table(work_store, WorkItem)
    wanted = items.filter(items["state"] == "open")["benefit_unit_id"].to_list()
    assert len(seen) == len(wanted) == page["count"]
    assert set(seen) == set(wanted)


def test_a_cursor_of_other_filters_leads_nowhere(service: ServiceFor):
    caller = service()
    cursor = caller.get("/cases", limit=1).json()["next"]
    for query in ({"cursor": cursor, "sort": "gain"}, {"cursor": "bm9uZQ"}, {"cursor": "%00é"}):
        assert told(caller.get("/cases", **query)) == "stale-cursor"


def test_a_filter_that_nobody_knows_is_refused(service: ServiceFor):
    assert told(service().get("/cases", schme="pension_credit")) == "invalid"


def test_a_case_names_its_version_and_what_may_be_decided(service: ServiceFor, item: dict):
    answer = service("decisions:read").get(f"/cases/{item['benefit_unit_id']}", **WHY)
    assert answer.headers["etag"] == f'"{item["version"]}"'
    (flag,) = [each for each in answer.json()["flags"] if each["scheme"] == item["scheme"]]
    assert "confirm" in flag["may_decide"]
    assert {each["id"] for each in flag["conditions"]} > {"applies_in"}


# --- decisions ------------------------------------------------------------------------------------


def decision(item: dict, **more: object) -> dict:
    return {**WHY, "kind": "confirm", "scheme": item["scheme"], **more}


def test_a_decision_is_written_once_however_often_it_is_sent(
    service: ServiceFor, item: dict, work_store: Engine
):
    caller, path = service(), f"/cases/{item['benefit_unit_id']}/decisions"
    sent = {"once": "decision-0001", "If_Match": f'"{item["version"]}"'}
    first, again = (caller.post(path, decision(item), **sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.json() == again.json()
    assert (first.headers["etag"], again.headers["idempotent-replayed"]) == (
        f'"{item["version"] + 1}"',
        "true",
    )
    made = read_table(work_store, Decision).row(0, named=True)
    assert made["by"] == f"key:{caller.key.split('_')[1]}"
    assert made["decision_id"] == first.json()["decision_id"]
    listed = caller.get(path, **WHY).json()["decisions"]
    assert [each["kind"] for each in listed] == ["confirm"]
    other = caller.post(path, decision(item, kind="phone"), **sent)
    assert told(other) == "other-request"


def test_of_the_same_decision_sent_by_many_at_once_one_is_written(
    service: ServiceFor, item: dict, work_store: Engine
):
    caller, path = service(), f"/cases/{item['benefit_unit_id']}/decisions"
    sent = {"once": "decision-0001", "If_Match": f'"{item["version"]}"'}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: caller.post(path, decision(item), **sent), range(4)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["decision_id"] for answer in answers if answer.status_code == 201} == {
        read_table(work_store, Decision).item(0, "decision_id")
    }
    assert read_table(work_store, Decision).height == 1


def test_of_two_decisions_at_once_the_second_is_told(
    service: ServiceFor, item: dict, work_store: Engine
):
    caller, path = service(), f"/cases/{item['benefit_unit_id']}/decisions"

    def decide(number: int) -> int:
        once, version = f"decision-000{number}", f'"{item["version"]}"'
        return caller.post(path, decision(item), once=once, If_Match=version).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, range(2))) == [201, 412]
    assert read_table(work_store, Decision).height == 1


def test_a_decision_on_an_older_version_is_refused(service: ServiceFor, item: dict):
    caller, path = service(), f"/cases/{item['benefit_unit_id']}/decisions"
    headers = {"If_Match": f'"{item["version"] + 4}"'}
    answer = caller.post(path, decision(item), once="decision-0001", **headers)
    assert (answer.status_code, told(answer)) == (412, "moved-on")


def test_a_decision_without_a_version_is_refused(service: ServiceFor, item: dict):
    path = f"/cases/{item['benefit_unit_id']}/decisions"
    answer = service().post(path, decision(item), once="decision-0001")
    assert (answer.status_code, told(answer)) == (428, "version-needed")


def test_a_decision_without_an_idempotency_key_is_refused(service: ServiceFor, item: dict):
    path = f"/cases/{item['benefit_unit_id']}/decisions"
    answer = service().post(path, decision(item), If_Match=f'"{item["version"]}"')
    assert (answer.status_code, told(answer)) == (400, "malformed")
    assert answer.json()["errors"][0]["header"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "not_entitled"}, "/condition"),
        ({"kind": "not_entitled", "condition": "made_up", "reason": "x"}, "/condition"),
        ({"kind": "ask_evidence", "until_on": "2027-01-01"}, "/about"),
        ({"kind": "ask_evidence", "about": ["made_up"], "until_on": "2027-01-01"}, "/about"),
        ({"kind": "phone", "reason": "rang", "until_on": "2020-01-01"}, "/until_on"),
        ({"scheme": "state_pension"}, "/scheme"),
        ({"kind": "reopen", "reason": "x"}, "/kind"),
        ({"kind": "suppress", "about": ["P1"], "reason": "x"}, "/scheme"),
        ({"kind": "suppress", "scheme": None, "about": ["P1"], "reason": "x"}, "/about"),
        ({"about": ["P1"]}, "/about"),
    ],
)
def test_a_decision_is_held_to_what_the_page_asks(
    service: ServiceFor, item: dict, work_store: Engine, more: dict, field: str
):
    path, version = f"/cases/{item['benefit_unit_id']}/decisions", f'"{item["version"]}"'
    answer = service().post(path, decision(item, **more), once="decision-0001", If_Match=version)
    assert (answer.status_code, told(answer)) == (422, "invalid"), answer.text
    assert field in [each["pointer"] for each in answer.json()["errors"]]
    assert read_table(work_store, Decision).is_empty()


def test_what_was_refused_may_be_sent_again_with_its_key(service: ServiceFor, item: dict):
    path, version = f"/cases/{item['benefit_unit_id']}/decisions", f'"{item["version"]}"'
    caller = service()
    wrong = decision(item, kind="not_entitled")
    assert caller.post(path, wrong, once="decision-0001", If_Match=version).status_code == 422
    right = caller.post(path, decision(item), once="decision-0001", If_Match=version)
    assert right.status_code == 201


# --- events ---------------------------------------------------------------------------------------

EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "council/housing",
    "type": "uk.nostop.moved",
    "subject": "P000001",
    "time": "2026-06-01T09:00:00Z",
}
ONE = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture(scope="module")
def event() -> dict:
    """An event of a type that there is, which needs no data."""
    book = read_event_rules()
    kind = next(
        name
        for name, each in sorted(book.types.items())
        if each.subject == "person" and not each.has and not each.follows
    )
    return EVENT | {"type": kind}


def test_events_come_in_one_by_one_and_in_batches(service: ServiceFor, event: dict):
    caller = service("events:write")
    first = caller.call("POST", "/events", content=json.dumps(event), headers=ONE)
    assert (first.status_code, first.json()["added"]) == (200, 1), first.text
    both = json.dumps([event, event | {"id": "e-2"}])
    second = caller.call("POST", "/events", content=both, headers=BATCH)
    assert (second.json()["added"], second.json()["known"]) == (1, 1)


def test_events_with_a_fault_are_all_refused_without_repeating_it(service: ServiceFor, event: dict):
    caller = service("events:write")
    both = json.dumps([event, event | {"id": "e-2", "subject": "Zebedee Quill"}])
    answer = caller.call("POST", "/events", content=both, headers=BATCH)
    assert (answer.status_code, told(answer)) == (422, "invalid")
    assert "Zebedee" not in answer.text
    assert (
        caller.call("POST", "/events", content=json.dumps(event), headers=ONE).json()["added"] == 1
    )


@pytest.mark.parametrize(
    ("raw", "headers"),
    [(b"[]{}", BATCH), (b"{}", BATCH), (b"[]", ONE), (b'{"events": []}', ONE), (b"{},{}", ONE)],
)
def test_events_of_another_shape_are_refused(service: ServiceFor, raw: bytes, headers: dict):
    answer = service("events:write").call("POST", "/events", content=raw, headers=headers)
    assert (answer.status_code, told(answer)) == (422, "invalid")


def test_a_key_for_some_areas_sends_no_events(service: ServiceFor, event: dict):
    caller = service("events:write", areas=["E09000033"])
    answer = caller.call("POST", "/events", content=json.dumps(event), headers=ONE)
    assert (answer.status_code, told(answer)) == (403, "not-for-this-key")


# --- exports --------------------------------------------------------------------------------------


def test_an_export_is_asked_for_approved_made_and_fetched_once(
    service: ServiceFor, client_as: Callable, app: FastAPI
):
    caller = service("exports")
    body = {"what": "queue", "reason": "To plan visits"}
    answer = caller.post("/exports", body, once="export-0001")
    assert answer.status_code == 201, answer.text
    where = answer.headers["location"].removeprefix(V1)
    assert caller.get(where).json()["state"] == "asked"
    assert caller.call("POST", f"{where}/content").status_code == 404
    export_id = answer.json()["export_id"]
    approved = client_as("administrator").form(
        f"/exports/{export_id}/approve", at="/exports/approve"
    )
    assert approved.status_code == 303
    assert app.state.house.jobs.work_one("worker")
    assert caller.get(where).json() == answer.json() | {"state": "ready", "progress": 100}
    fetched = caller.call("POST", f"{where}/content")
    assert fetched.text.startswith("benefit_unit_id,scheme,")
    assert caller.call("POST", f"{where}/content").status_code == 404
    assert caller.get(where).json()["state"] == "fetched"


# --- the rest -------------------------------------------------------------------------------------


def test_the_description_is_open_to_all_and_of_openapi_3_1(service: ServiceFor):
    answer = service().browser.get(f"{V1}/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    ids = [o["operationId"] for p in answer.json()["paths"].values() for o in p.values()]
    assert len(ids) == len(set(ids)) == 10


def test_the_documentation_page_is_for_people_in_both_languages(anybody):
    page = anybody.get(f"{V1}/docs")
    assert "POST /api/v1/evaluations" in page.text
    welsh = anybody.get(f"/language/cy?back={V1}/docs", follow_redirects=True)
    assert "Gweithio sefyllfa allan" in welsh.text


def test_head_and_options_and_other_methods_are_answered_sanely(service: ServiceFor):
    caller = service()
    head = caller.call("HEAD", "/cases")
    assert (head.status_code, head.content) == (200, b"")
    options = caller.call("OPTIONS", "/cases/x/decisions", headers={"Authorization": ""})
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    other = caller.call("DELETE", "/cases")
    assert (other.status_code, told(other)) == (405, "wrong-method")
    assert other.headers["allow"] == "GET, HEAD, OPTIONS"
    assert told(caller.call("GET", "/no-such-thing")) == "not-found"


def test_who_asks_too_often_is_told_when_to_come_back(service: ServiceFor, app: FastAPI):
    app.state.api_buckets = Buckets(most=2, each_second=0.5)
    caller, other = service(), service()
    left = [caller.get("/cases").headers["ratelimit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    answer = caller.get("/cases")
    assert (answer.status_code, told(answer)) == (429, "too-many")
    assert (answer.headers["retry-after"], answer.headers["ratelimit-limit"]) == ("2", "2")
    assert other.get("/cases").status_code == 200


def test_a_bucket_fills_again():
    buckets = Buckets(most=2, each_second=0.5)
    assert [buckets.take("k", 1, NOW).allowed for _ in range(3)] == [True, True, False]
    assert buckets.take("k", 1, NOW + timedelta(seconds=2)).allowed
    assert not buckets.take("k", 1, NOW + timedelta(seconds=2)).allowed


def test_no_cookie_opens_the_api(client_as: Callable):
    assert client_as("senior").get(f"{V1}/cases").status_code == 401


# --- callbacks and commands -----------------------------------------------------------------------


def test_callbacks_are_answered_where_their_secrets_are_set(house: House, anybody):
    assert anybody.get("/unsubscribe/token").status_code == 404
    doors = Doors(house.engine, house.now, "t" * 20, [b"s" * 32])
    with TestClient(create_app(replace(house, doors=doors))) as browser:
        told = browser.post("/callbacks/govuk-notify/delivery_receipt", content=b"{}")
        assert told.status_code == 401
        page = browser.post("/unsubscribe/made-up")
        assert "This link does not work" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'; form-action")


def test_keys_are_made_listed_and_revoked_by_command(
    work_store: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, work_store.url.render_as_string(hide_password=False))
    make = ["make", "Housing", "--scope", "exports", "--area", "E1", "--by", "adam.admin"]
    made = CliRunner().invoke(commands, make)
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    far = caller_of(work_store, key, datetime.now(UTC))
    assert far is not None
    assert (far.scopes, far.areas) == (frozenset({"exports"}), frozenset({"E1"}))
    listed = CliRunner().invoke(commands, ["list"]).stdout
    assert far.key_id in listed
    assert key.rpartition("_")[2] not in listed
    revoked = CliRunner().invoke(commands, ["revoke", far.key_id, "--by", "adam.admin"])
    assert revoked.exit_code == 0
    assert caller_of(work_store, key, datetime.now(UTC)) is None
