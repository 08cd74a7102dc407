"""The API held against its own description, by keys of every scope; and nothing leaks, whoever
asks: unknown and forbidden look the same."""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import schemathesis
from fastapi import FastAPI
from httpx import Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks
from sqlalchemy import Engine, update
from starlette.testclient import TestClient

from nostop.app import accounts
from nostop.app.accounts import KeyWanted
from nostop.app.api_keys import SCOPES
from nostop.store.rows import table_of
from nostop.store.tables_access import AccountTie
from nostop.store.tables_casework import WorkItem
from nostop.web.api.description import SCOPE, TAGS
from nostop.web.api.limits import Buckets
from nostop.web.api.problems import KINDS
from nostop.web.api.router import api_routes
from nostop.web.words import welsh
from tests.canaries import CANARIES
from tests.web.conftest import NOW
from tests.web.test_api import V1, WHY, Service, first_case

NIGHTLY = bool(os.environ.get("NOSTOP_NIGHTLY"))
#: Requests to each operation by a key of every scope, and by a key of one.
EXAMPLES, ALONE = (200, 30) if NIGHTLY else (6, 1)
HELD = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ROUTES = {str(route.operation_id): route for route in api_routes()}
ELSEWHERE = "E00ELSEWHERE"
EVENT = {
    "specversion": "1.0", "id": "e-9", "source": "x", "type": "x", "subject": "P1",
    "time": "2026-06-01T09:00:00Z",
}  # fmt: skip
SITUATION = {"situation": {"people": {"p": {"role": "adult"}}}, "on": "2026-06-01"}
#: A request of each operation that is right but for whose it is.
RIGHT: dict[str, tuple[object, dict[str, str]]] = {
    "evaluate": (SITUATION | {"schemes": ["pension_credit"]}, {}),
    "decide": (
        {**WHY, "kind": "phone", "reason": "rang"},
        {"Idempotency-Key": "decision-0009", "If-Match": '"1"'},
    ),
    "askForExport": ({"what": "queue", "reason": "x"}, {"Idempotency-Key": "export-0009"}),
    "sendEvents": (EVENT, {"Content-Type": "application/cloudevents+json"}),
}


@pytest.fixture
def api(app: FastAPI) -> FastAPI:
    """The application, with a limit that these tests do not reach."""
    app.state.api_buckets = Buckets(most=1_000_000, each_second=1_000.0)
    return app


@pytest.fixture
def service(api: FastAPI, work_store: Engine) -> Iterator[Callable[..., Service]]:
    with TestClient(api, raise_server_exceptions=False) as browser:

        def made(*scopes: str, areas: list[str] | None = None) -> Service:
            wanted = KeyWanted("A service", scopes, areas, date(2026, 12, 31))
            return Service(browser, accounts.make_key(work_store, wanted, "adam.admin", NOW))

        yield made


def call(service: Service, operation: str, **ids: str):
    """Send a right request of an operation."""
    route = ROUTES[operation]
    body, headers = RIGHT.get(operation, (None, {}))
    path = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "nobody"), route.path_format)
    (method,) = route.methods
    if body is not None:
        headers = {"Content-Type": "application/json"} | headers
    query = WHY if method == "GET" and "{" in route.path_format else {}
    if operation in ("readExport",):
        query = {}
    content = None if body is None else json.dumps(body).encode()
    return service.call(
        method, path.removeprefix(V1), content=content, headers=headers, params=query
    )


def seen(answer) -> tuple[int, str]:
    return answer.status_code, answer.text


# --- who sees what --------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_a_key_without_the_scope_learns_nothing(
    service: Callable[..., Service], work_store: Engine, operation: str
):
    item = first_case(work_store)
    ids = {name: item[name] for name in ("person_id", "benefit_unit_id")}
    route = ROUTES[operation]
    others = [scope for scope in SCOPES if scope != (route.openapi_extra or {})[SCOPE]]
    caller = service(*others)
    there, nobody = call(caller, operation, **ids), call(caller, operation)
    assert seen(there) == seen(nobody)
    assert there.status_code == (404 if "{" in route.path_format else 403)
    right = service((route.openapi_extra or {})[SCOPE])
    if "{" in route.path_format:
        assert seen(call(right, operation)) == seen(there)


@pytest.mark.parametrize("operation", [name for name in sorted(ROUTES) if "{" in ROUTES[name].path])
def test_what_is_not_for_a_key_looks_like_what_is_not_there(
    service: Callable[..., Service], work_store: Engine, operation: str
):
    item = first_case(work_store)
    ids = {name: item[name] for name in ("person_id", "benefit_unit_id")}
    scope = (ROUTES[operation].openapi_extra or {})[SCOPE]
    elsewhere, known = service(scope, areas=[ELSEWHERE]), service(scope)
    tie(work_store, known, item["person_id"])
    unplaced = service(scope, areas=[item["area"]])
    with work_store.begin() as connection:
        items = table_of(WorkItem)
        mine = items.c.benefit_unit_id == item["benefit_unit_id"]
        connection.execute(update(items).where(mine).values(area=None))
    for caller in (elsewhere, known, unplaced):
        nobody = call(caller, operation)
        assert nobody.status_code == 404
        assert seen(call(caller, operation, **ids)) == seen(nobody)


def tie(engine: Engine, service: Service, person_id: str) -> None:
    """Let a key know somebody, as an official does."""
    row = {
        "account_id": f"key:{service.key.split('_')[1]}",
        "person_id": person_id,
        "kind": "known",
        "said_by": "adam.admin",
        "at": NOW,
    }
    with engine.begin() as connection:
        connection.execute(table_of(AccountTie).insert(), [row])


def test_a_key_lists_cases_of_its_own_areas_only(
    service: Callable[..., Service], work_store: Engine
):
    area = first_case(work_store)["area"]
    mine = service("decisions:read", areas=[area]).get("/cases", limit=100).json()
    assert {each["area"] for each in mine["cases"]} == {area}
    none = service("decisions:read", areas=[ELSEWHERE]).get("/cases").json()
    assert (none["cases"], none["count"], none["next"]) == ([], 0, None)


def test_an_export_of_another_key_is_not_there(service: Callable[..., Service]):
    mine, other = service("exports"), service("exports")
    export_id = call(mine, "askForExport").json()["export_id"]
    assert mine.get(f"/exports/{export_id}").status_code == 200
    for operation in ("readExport", "fetchExport"):
        assert seen(call(other, operation, export_id=export_id)) == seen(call(other, operation))


# --- canaries -------------------------------------------------------------------------------------


def situations(canary: str) -> list[dict]:
    """Situations that cannot be used, each with what nobody may read of it again."""
    return [
        {"people": {canary: {"role": canary}}},
        {"people": {canary: {canary: canary}}},
        {"people": {"p": {"born_on": f"{canary}!"}}},
        {"people": {"p": {"awards": [{"scheme": canary, "status": canary}]}}},
        {"people": {"p": {}}, "households": {canary: {"members": [canary]}}},
        {"people": {"p": {}}, "benefit_units": {"b": {"adults": [canary], canary: 1}}},
        {canary: canary},
    ]


def sent_with(service: Service, canary: str, unit: str) -> list[Callable[[], Response]]:
    """Calls that are refused, each with what nobody may read of it again."""
    cloud = {"Content-Type": "application/cloudevents+json"}
    event = json.dumps(EVENT | {"subject": canary, "id": canary, canary: canary})
    asked = {"purpose": canary, "kind": canary, "reason": canary, "about": [canary]}
    plain = {"situation": {}, "on": "2026-06-01"}
    calls = [
        lambda: service.post("/evaluations", {"situation": {}, "on": canary, canary: 1}),
        lambda: service.post("/evaluations", plain | {"schemes": [canary]}),
        lambda: service.get("/cases", scheme=canary, cursor=canary, **{canary: canary}),
        lambda: service.get(f"/cases/{canary.replace('/', '-')}", purpose=canary),
        lambda: service.post(f"/cases/{unit}/decisions", asked, once="canary-01", If_Match='"1"'),
        lambda: service.post(f"/cases/{unit}/decisions", {}, once=f"{canary} !", If_Match="x"),
        lambda: service.call("POST", "/events", content=event, headers=cloud),
        lambda: service.post("/exports", {"what": canary, "reason": canary}, once="x" * 8),
        lambda: service.get("/cases", cursor="e30", sort=canary),
    ]
    calls += [
        lambda each=each: service.post("/evaluations", plain | {"situation": each})
        for each in situations(canary)
    ]
    return calls


def test_nothing_that_was_sent_of_a_person_is_said_again_or_logged(
    service: Callable[..., Service], work_store: Engine, capfd: pytest.CaptureFixture[str]
):
    caller, unit = service(*SCOPES), first_case(work_store)["benefit_unit_id"]
    for number, canary in enumerate(each for each in CANARIES.values() if each.isascii()):
        calls = sent_with(caller, canary, unit)
        # By day each of them is sent some of the calls, and each call has some of them.
        for send in calls if NIGHTLY else [calls[(number * 5 + n) % len(calls)] for n in range(5)]:
            answer = send()
            assert answer.status_code in (400, 404, 422), answer.text
            assert canary not in f"{answer.text}{dict(answer.headers)}"
    logged = "".join(capfd.readouterr())
    assert [canary for canary in CANARIES.values() if canary in logged] == []


# --- its description ------------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [*((scope,) for scope in SCOPES), SCOPES], ids="+".join)
def test_every_answer_is_as_the_description_says(
    api: FastAPI, service: Callable[..., Service], work_store: Engine, scopes: tuple[str, ...]
):
    caller, item = service(*scopes), first_case(work_store)
    headers = {"Authorization": f"Bearer {caller.key}"}
    schema = schemathesis.openapi.from_asgi(f"{V1}/openapi.json", api)
    answers = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        ids = {
            name: item[name]
            for name in ("person_id", "benefit_unit_id")
            if f"{{{name}}}" in operation.path
        }
        for chosen in ({}, ids) if ids else ({},):
            answers += hold(operation, chosen, headers, many=scopes == SCOPES)
    assert answers >= len(ROUTES)


def hold(operation, ids: dict[str, str], headers: dict[str, str], *, many: bool) -> int:
    """Send what the description allows, and what it does not, and hold the answers against it."""
    modes = [operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]
    answers = 0

    @settings(
        max_examples=EXAMPLES if many else ALONE,
        deadline=None,
        database=None,
        derandomize=not NIGHTLY,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(modes))
    def send(case) -> None:
        nonlocal answers
        if ids:
            case.path_parameters = {**(case.path_parameters or {}), **ids}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=HELD)
        answers += 1

    send()
    return answers


def test_every_word_of_the_documentation_page_has_its_welsh():
    words = {kind.title for kind in KINDS.values()} | {kind.advice for kind in KINDS.values()}
    words |= {*TAGS, *TAGS.values()} | {str(route.summary) for route in api_routes()}
    assert sorted(words - welsh().keys()) == []
