"""What no page may let happen, tried on every address that there is."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Engine, delete, insert, select, update
from starlette.testclient import TestClient

from nostop import logs
from nostop.app.web_sessions import Official, sign_in
from nostop.store.access import Who, within
from nostop.store.rows import table_of
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_outreach import Recipient
from nostop.web.application import create_app
from nostop.web.headers import HEADERS
from nostop.web.house import IDLE, LONGEST, House
from nostop.web.permissions import MAY, Permission, Role
from tests.canaries import CANARIES
from tests.web.conftest import NOW, OFFICIALS, Client
from tests.web.words_used import WEB

#: What is open to everybody: signing in, the choice of language, and how accessible it all is.
#: `/oidc/ended` is the identity provider's: it proves by a signature who it is.
PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/accessibility"),
    ("GET", "/language/{code}"),
    ("GET", "/oidc/sign-in"),
    ("GET", "/oidc/back"),
    ("GET", "/oidc/signed-out"),
    ("POST", "/oidc/ended"),
}
ROLES = [role.value for role in Role]
NIGHTLY = bool(os.environ.get("NOSTOP_NIGHTLY"))
#: What the policy forbids, so that no page may need it.
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", re.IGNORECASE)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
#: The way back from the choice of language, and which room the address is one of.
_WHERE = re.compile(r'back=[^"]*|<nav.*?</nav>', re.DOTALL)
_PARAMETER = re.compile(r"\{\w+\}")


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Yield every route of the application that is not a static file."""
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        else:
            router = getattr(route, "original_router", route)
            waiting += getattr(router, "routes", None) or []


def permission_of(route: APIRoute) -> Permission | None:
    """Return what a route asks of whoever comes; None: nothing."""
    waiting: list[Dependant] = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        permission = getattr(dependant.call, "permission", None)
        if permission is not None:
            return Permission(permission)
        waiting += dependant.dependencies
    return None


def rooms(app: FastAPI, method: str) -> list[APIRoute]:
    """Return the routes of the pages that are not for everybody; the API has its own tests."""
    found = [
        route
        for route in routes_of(app)
        if method in route.methods
        and (method, route.path) not in PUBLIC
        and not route.path.startswith("/api/")
    ]
    return sorted(found, key=lambda route: route.path)


def address(route: APIRoute, unit: str = "none") -> str:
    """Return an address of a route: of a case, or of what is not there."""
    return _PARAMETER.sub("none", route.path.replace("{unit}", unit))


def as_official(app: FastAPI, house: House, official: Official) -> Client:
    """Return a browser in which an official is signed in, whoever they are."""
    client = Client(app, raise_server_exceptions=False)
    token = sign_in(house.engine, official, house.now(), LONGEST)
    client.cookies.set("nostop_session", token)
    return client


def plain(page: str) -> str:
    """Return a page without what only says which address was asked for."""
    return _WHERE.sub("", page)


def token_of(client: TestClient) -> str:
    """Return what the forms of a session carry."""
    found = _CSRF.search(client.get("/access/known").text)
    assert found
    return found.group(1)


# --- every address asks for something -------------------------------------------------------------


def test_every_address_asks_for_a_permission_or_is_one_of_a_few_for_everybody(app: FastAPI):
    without = {
        (method, route.path)
        for route in routes_of(app)
        for method in route.methods - {"HEAD"}
        if permission_of(route) is None and not route.path.startswith("/api/")
    }
    assert without == PUBLIC
    assert len(rooms(app, "GET")) > 20
    assert len(rooms(app, "POST")) > 20


def test_whoever_is_not_signed_in_gets_nowhere(anybody: Client, app: FastAPI):
    for method in ("GET", "POST"):
        for route in rooms(app, method):
            answer = anybody.request(method, address(route), follow_redirects=False)
            assert answer.status_code == 303, route.path
            assert answer.headers["location"].startswith("/sign-in?next=/"), route.path


def may(role: str, route: APIRoute) -> bool:
    permission = permission_of(route)
    return permission is Permission.SIGNED_IN or permission in MAY[Role(role)]


@pytest.mark.parametrize("role", ROLES)
def test_inv_44_a_role_gets_its_pages_and_of_every_other_the_same_as_of_none(
    client_as: Callable[[str], Client], app: FastAPI, role: str
):
    client = client_as(role)
    missing = plain(client.get("/no-such-page").text)
    assert "Sign out" in missing
    for route in rooms(app, "GET"):
        path = address(route)
        answer = client.get(path, follow_redirects=False)
        if may(role, route):
            wanted = (200, 303) if path == route.path else (200, 303, 400, 404)
            assert answer.status_code in wanted, (role, path, answer.status_code)
            assert not _INLINE.search(answer.text), (role, path)
        else:
            assert answer.status_code == 404, (role, path)
            assert plain(answer.text) == missing, (role, path)


def test_inv_44_a_form_of_another_role_is_as_if_it_were_not_there(
    client_as: Callable[[str], Client], app: FastAPI
):
    clients = {role: client_as(role) for role in ROLES}
    tokens = {role: token_of(client) for role, client in clients.items()}
    tried = 0
    for number, route in enumerate(rooms(app, "POST")):
        closed = [role for role in ROLES if not may(role, route)]
        # By day two of those who may not; by night everybody.
        some = closed if NIGHTLY else (closed[number:] + closed[:number])[:2]
        for role in some:
            data = {"csrf": tokens[role]}
            answer = clients[role].post(address(route), data=data, follow_redirects=False)
            assert answer.status_code == 404, (role, route.path)
            tried += 1
    assert tried > 50


# --- every form is ours ---------------------------------------------------------------------------


def test_every_form_is_refused_without_its_token_or_from_another_site(
    client_as: Callable[[str], Client], app: FastAPI
):
    clients = {role: client_as(role) for role in ROLES}
    tokens = {role: token_of(client) for role, client in clients.items()}
    for route in rooms(app, "POST"):
        role = next(role for role in ROLES if may(role, route))
        other = next(each for each in ROLES if each != role)
        client, path = clients[role], address(route)
        for data in ({}, {"csrf": tokens[other]}):
            assert client.post(path, data=data).status_code == 403, (route.path, data)
        from_elsewhere = client.post(
            path, data={"csrf": tokens[role]}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert from_elsewhere.status_code == 403, route.path


@pytest.mark.parametrize("said", ["", "é", "x" * 10_000])
def test_a_token_that_cannot_be_is_refused(client_as: Callable[[str], Client], said: str):
    assert client_as("senior").post("/sign-out", data={"csrf": said}).status_code == 403


def test_what_no_database_can_hold_is_refused_beside_its_field(
    client_as: Callable[[str], Client],
):
    answer = client_as("caseworker").form("/search", {"reason": "post", "words": "a\x00b"})
    assert answer.status_code == 400
    assert "Take out what cannot be read" in answer.text


def test_the_sign_in_form_is_refused_without_its_token(anybody: Client):
    anybody.get("/sign-in")
    answer = anybody.post("/sign-in", data={"account": "carys.case", "csrf": "guessed"})
    assert answer.status_code == 403
    assert "nostop_session" not in anybody.cookies


# --- headers and cookies --------------------------------------------------------------------------


def with_a_fault(app: FastAPI) -> FastAPI:
    """Add an address that breaks with somebody's name in the error."""

    def broken() -> None:
        raise RuntimeError(f"{CANARIES['surname']} {CANARIES['nino']} {CANARIES['email']}")

    app.add_api_route("/broken", broken)
    return app


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/accessibility", 200),
        ("/", 303),
        ("/no-such-page", 404),
        ("/static/nostop.css", 200),
        ("/static/no-such-file", 404),
        ("/broken", 500),
    ],
)
def test_every_answer_says_what_browsers_must_not_do(app: FastAPI, path: str, status: int):
    with Client(with_a_fault(app), raise_server_exceptions=False) as client:
        answer = client.get(path, follow_redirects=False)
    assert answer.status_code == status
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    kept = path == "/static/nostop.css" or path.startswith("/static/")
    assert ("no-store" in answer.headers["cache-control"]) is not kept
    assert "strict-transport-security" not in answer.headers


def test_the_policy_lets_nothing_inline_run_and_nobody_frame_a_page():
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"


def secure_house(house: House) -> House:
    return replace(house, settings=replace(house.settings, secure=True))


def test_by_https_cookies_are_bound_to_this_server_and_browsers_keep_to_it(house: House):
    with Client(create_app(secure_house(house)), base_url="https://testserver") as client:
        shown = client.get("/sign-in")
        assert shown.headers["strict-transport-security"].startswith("max-age=63072000")
        answer = client.form("/sign-in", {"account": "carys.case", "next": "/"})
        assert answer.status_code == 303
        cookies = [*shown.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
        language = client.get("/language/cy", follow_redirects=False)
        cookies += language.headers.get_list("set-cookie")
    assert any(cookie.startswith("__Host-nostop_session=") for cookie in cookies)
    set_now = [cookie for cookie in cookies if "Max-Age=0" not in cookie]
    for cookie in set_now:
        assert cookie.startswith("__Host-"), cookie
        for word in ("HttpOnly", "Secure", "Path=/", "SameSite="):
            assert word in cookie, cookie
        assert "Domain" not in cookie


def test_a_session_cookie_is_lax_and_has_256_bits_that_are_kept_as_a_hash(
    client_as: Callable[[str], Client], work_store: Engine
):
    client = client_as("caseworker")
    token = client.cookies["nostop_session"]
    assert len(token) >= 43
    with work_store.begin() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM web_sessions").all())
    assert token not in kept


# --- sessions -------------------------------------------------------------------------------------


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(house: House, clock: Clock) -> Iterator[Client]:
    with Client(create_app(replace(house, clock=clock))) as client:
        client.form("/sign-in", {"account": "carys.case", "next": "/"})
        yield client


def is_in(client: Client) -> bool:
    return client.get("/access/known", follow_redirects=False).status_code == 200


def test_a_session_that_nobody_uses_ends(timed: Client, clock: Clock):
    clock.at += IDLE - timedelta(minutes=2)
    assert is_in(timed)
    clock.at += IDLE - timedelta(minutes=2)
    assert is_in(timed)
    clock.at += IDLE + timedelta(minutes=1)
    assert not is_in(timed)


def test_a_session_ends_after_a_day_however_much_it_is_used(timed: Client, clock: Clock):
    step = timedelta(minutes=20)
    while clock.at + step < NOW + LONGEST:
        clock.at += step
        assert is_in(timed)
    clock.at = NOW + LONGEST
    assert not is_in(timed)


def test_a_session_that_somebody_else_chose_is_not_taken_up(anybody: Client):
    anybody.cookies.set("nostop_session", "chosen-by-somebody-else")
    anybody.form("/sign-in", {"account": "carys.case", "next": "/"})
    kept = [cookie.value for cookie in anybody.cookies.jar if cookie.name == "nostop_session"]
    assert set(kept) != {"chosen-by-somebody-else"}
    anybody.cookies.clear()
    anybody.cookies.set("nostop_session", "chosen-by-somebody-else")
    assert not is_in(anybody)


# --- areas and ties -------------------------------------------------------------------------------


def cases_of(engine: Engine) -> dict[str, str | None]:
    item = table_of(WorkItem)
    with engine.begin() as connection:
        rows = connection.execute(
            select(item.c.benefit_unit_id, item.c.area).order_by(item.c.benefit_unit_id)
        )
        return {row.benefit_unit_id: row.area for row in rows}


@pytest.fixture
def areas(work_store: Engine) -> dict[str, str | None]:
    """Six cases: two in each of two areas, one nowhere known, one of somebody Carys knows."""
    cases = list(cases_of(work_store))[:6]
    placed = dict(zip(cases, ("one", "one", "two", "two", None, "one"), strict=True))
    item, person = table_of(WorkItem), table_of(CasePerson)
    with work_store.begin() as connection:
        for unit, area in placed.items():
            change = update(item).where(item.c.benefit_unit_id == unit)
            connection.execute(change.values(area=area, household_id=f"H-{unit}"))
        connection.execute(
            insert(person), {"person_id": "P-known", "household_id": f"H-{cases[5]}"}
        )
        row = {"account_id": "carys.case", "person_id": "P-known", "kind": "known"}
        connection.execute(insert(table_of(AccountTie)), row | {"said_by": "a", "at": NOW})
    return placed


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [(None, [0, 1, 2, 3, 4]), (frozenset({"one"}), [0, 1]), (frozenset({"two"}), [2, 3]),
     (frozenset(), [])],
)  # fmt: skip
def test_inv_44_every_address_of_a_case_is_closed_to_whoever_may_not_open_it(
    app: FastAPI,
    house: House,
    areas: dict[str, str | None],
    seen: frozenset[str] | None,
    wanted: list[int],
):
    roles = frozenset({"senior"})
    official = Official("carys.case", "Carys Case", roles, seen)
    client = as_official(app, house, official)
    token = token_of(client)
    allowed = {list(areas)[number] for number in wanted}
    with house.engine.begin() as connection:
        item = table_of(WorkItem)
        query = select(item.c.benefit_unit_id).where(within(Who("carys.case", seen)))
        assert set(connection.execute(query).scalars()) & set(areas) == allowed
    before = snapshot(house.engine)
    missing = plain(client.get("/cases/no-such-case").text)
    for unit in areas.keys() - allowed:
        for route in rooms(app, "GET"):
            if "{unit}" in route.path:
                path = address(route, unit)
                answer = client.get(path)
                assert answer.status_code == 404, path
                assert plain(answer.text) == missing, path
        for route in rooms(app, "POST"):
            if "{unit}" in route.path:
                path = address(route, unit)
                assert client.post(path, data={"csrf": token}).status_code == 404, path
    assert snapshot(house.engine) == before


def snapshot(engine: Engine) -> dict[str, int]:
    """Count what could have been written of a case, or read of a person."""
    tables = ("decisions", "corrections", "case_notes", "case_documents", "audit_entries")
    with engine.begin() as connection:
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
            for name in tables
        }


def test_inv_46_a_case_that_is_not_there_and_one_that_is_closed_are_answered_alike(
    app: FastAPI, house: House, areas: dict[str, str | None]
):
    client = as_official(
        app, house, Official("carys.case", "C", frozenset({"caseworker"}), frozenset({"one"}))
    )
    closed = next(unit for unit, area in areas.items() if area == "two")
    answers = [client.get(f"/cases/{unit}") for unit in (closed, "no-such-case")]
    assert {answer.status_code for answer in answers} == {404}
    texts = {answer.text.replace(closed, "").replace("no-such-case", "") for answer in answers}
    assert len(texts) == 1
    assert answers[0].headers.keys() == answers[1].headers.keys()


# --- somebody's name gets nowhere -----------------------------------------------------------------


@pytest.fixture
def canary_case(work_store: Engine) -> str:
    """Put marks in the place of what is known of the first person with a case; return the case."""
    person, item, known = table_of(CasePerson), table_of(WorkItem), table_of(Recipient)
    query = (
        select(person.c.person_id, item.c.benefit_unit_id)
        .join(item, item.c.benefit_unit_id == person.c.benefit_unit_id)
        .order_by(person.c.person_id)
    )
    with work_store.begin() as connection:
        who, unit = connection.execute(query.limit(1)).one()
        connection.execute(delete(known).where(known.c.person_id == who))
        row = {"person_id": who, "language": "en", "first_name": CANARIES["first_name"]}
        connection.execute(insert(known), row | {"surname": CANARIES["surname"]})
    return str(unit)


def marks_in(text: str) -> list[str]:
    return [name for name, mark in CANARIES.items() if mark in text]


@pytest.mark.parametrize("role", ROLES)
def test_inv_37_marks_of_a_person_get_in_no_log_address_header_or_error_page(
    client_as: Callable[[str], Client],
    app: FastAPI,
    canary_case: str,
    capfd: pytest.CaptureFixture[str],
    role: str,
):
    logs.set_up("debug")
    client = client_as(role)
    token = token_of(client)
    typed = dict(zip(field_names(), _marks(), strict=False)) | {"csrf": token}
    for route in rooms(app, "POST"):
        if route.path == "/sign-out":
            continue
        answer = client.post(address(route, canary_case), data=typed, follow_redirects=False)
        said = json.dumps(dict(answer.headers))
        assert not marks_in(said), (route.path, marks_in(said))
        if answer.status_code in (403, 404, 405, 413, 500, 503):
            assert not marks_in(answer.text), route.path
        assert answer.status_code != 500, (role, route.path)
    with_a_fault(app)
    assert not marks_in(client.get("/broken").text)
    logged = "".join(capfd.readouterr())
    assert marks_in(logged) == []


def _marks() -> Iterator[str]:
    while True:
        yield from CANARIES.values()


def field_names() -> list[str]:
    """Return the name of every field of every form."""
    texts = [path.read_text(encoding="utf-8") for path in (WEB / "templates").rglob("*.html")]
    found = re.findall(r'"name": "([a-z_-]+)"|\bname="([a-z_-]+)"', "\n".join(texts))
    return sorted({one or other for one, other in found} - {"csrf", "viewport"})


def test_there_is_an_official_for_each_role():
    assert set(ROLES) <= set(OFFICIALS)


def header_names(answer: Any) -> set[str]:
    return {name.lower() for name in answer.headers}


def test_no_answer_tells_what_it_runs_on(anybody: Client):
    assert {"server", "x-powered-by", "etag"}.isdisjoint(header_names(anybody.get("/sign-in")))


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_ways_of_asking_lead_nowhere(client_as: Callable[[str], Client], method: str):
    answer = client_as("caseworker").request(method, "/search", headers={"Origin": "https://x.org"})
    assert answer.status_code in (404, 405)
    assert "access-control-allow-origin" not in answer.headers


def test_what_was_refused_is_logged(
    client_as: Callable[[str], Client], capfd: pytest.CaptureFixture[str]
):
    logs.set_up("info")
    client = client_as("auditor")
    client.get("/search")
    client.get("/no-such-page")
    client.post("/sign-out", data={})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    events = [(line["event"], line.get("kind")) for line in lines if line["logger"] == "nostop.web"]
    assert ("a page was not shown", "NotAllowed") in events
    assert ("a form was refused", None) in events
