"""A case, as a caseworker works on it: without JavaScript, form by form."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select, text, update

from nostop.store.rows import table_of
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_casework import CaseFile, Decision, Flag, WorkItem
from nostop.web.house import House
from tests.web.conftest import Client

ClientAs = Callable[[str], Client]


def rows(engine: Engine, query: object) -> list[tuple]:
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(query)]  # type: ignore[call-overload]


def flagged(engine: Engine, outcome: str, **wanted: object) -> tuple[str, str]:
    """Return (benefit unit, scheme) of a flag with this outcome."""
    table = table_of(Flag)
    query = select(table.c.benefit_unit_id, table.c.scheme).where(table.c.outcome == outcome)
    for name, value in wanted.items():
        query = query.where(table.c[name] == value)
    found = rows(engine, query.order_by(table.c.benefit_unit_id, table.c.scheme))
    assert found, "the made-up people have no such flag"
    return found[0]


@pytest.fixture
def entitled(work_store: Engine) -> tuple[str, str]:
    return flagged(work_store, "entitled")


def version(engine: Engine, unit: str) -> int:
    table = table_of(WorkItem)
    query = select(table.c.version).where(table.c.benefit_unit_id == unit)
    return int(rows(engine, query)[0][0])


def test_a_case_says_who_what_why_and_what_next(client_as: ClientAs, entitled: tuple[str, str]):
    page = client_as("caseworker").get(f"/cases/{entitled[0]}")
    assert page.status_code == 200, page.text
    for words in ("What to do next", "Why", "Indicative: only people decide", "History"):
        assert words in page.text


def test_reading_a_case_is_written_down_before_anything_is_shown(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    client_as("caseworker").get(f"/cases/{entitled[0]}")
    table = table_of(AuditEntry)
    query = select(table.c.actor, table.c.detail).where(table.c.action == "person.read")
    assert ("carys.case", '{"purpose":"case_work"}') in rows(work_store, query)


def test_a_case_that_is_not_there_looks_like_one_that_is_not_theirs(
    client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    missing = client_as("caseworker").get("/cases/B00000000000000")
    closed = client_as("policy_analyst").get(f"/cases/{unit}")
    assert (missing.status_code, closed.status_code) == (404, 404)
    assert client_as("caseworker").get(f"/cases/{unit}/decide/approve").status_code == 404
    reopen = f"/cases/{unit}/decide/reopen?scheme={scheme}"
    assert client_as("caseworker").get(reopen).status_code == 404


def decide(client: Client, unit: str, kind: str, scheme: str = "", **data: object):
    address = f"/cases/{unit}/decide/{kind}"
    return client.form(address, {"scheme": scheme, **data}, at=f"{address}?scheme={scheme}")


def test_confirmed_in_two_steps(work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]):
    unit, scheme = entitled
    client = client_as("caseworker")
    answer = decide(client, unit, "confirm", scheme, version=version(work_store, unit))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{unit}")
    page = client.get(f"/cases/{unit}")
    assert "Your decision is saved" in page.text
    assert "Carys Case" in page.text
    table = table_of(Flag)
    mine = (table.c.benefit_unit_id == unit) & (table.c.scheme == scheme)
    assert rows(work_store, select(table.c.state).where(mine)) == [("confirmed",)]


def test_what_is_missing_is_said_beside_its_field_and_what_was_typed_is_kept(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    answer = decide(
        client_as("caseworker"), unit, "not_entitled", scheme, version=1, reason="Moved <abroad>"
    )
    assert answer.status_code == 422
    assert 'href="#condition"' in answer.text
    assert "Moved &lt;abroad&gt;" in answer.text
    assert rows(work_store, select(table_of(Decision).c.kind)) == []


def test_not_entitled_names_the_condition_and_comes_back_to_the_authors_of_the_rule(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    client = client_as("caseworker")
    form = client.get(f"/cases/{unit}/decide/not_entitled?scheme={scheme}").text
    condition = re.findall(r'name="condition" type="radio" value="([^"]+)"', form)[1]
    answer = decide(
        client, unit, "not_entitled", scheme, version=1, condition=condition, reason="Moved abroad"
    )
    assert answer.status_code == 303
    table = table_of(Decision)
    query = select(table.c.condition, table.c.is_override, table.c.by)
    assert rows(work_store, query) == [(condition, True, "carys.case")]
    override = text("SELECT benefit_unit_id, scheme FROM cases WHERE kind = 'override'")
    assert rows(work_store, override) == [(unit, scheme)]


def test_of_two_who_decide_one_case_the_second_is_told_who_did_what_and_keeps_their_words(
    client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    kofi = client_as("caseworker 2")
    address = f"/cases/{unit}/decide/confirm"
    shown = kofi.get(f"{address}?scheme={scheme}").text
    token = re.findall(r'name="csrf" value="([^"]+)"', shown)[0]
    decide(client_as("caseworker"), unit, "confirm", scheme, version=1)
    late = {"csrf": token, "scheme": scheme, "version": 1, "reason": "Looks right to me"}
    answer = kofi.post(address, data=late, follow_redirects=False)
    assert answer.status_code == 409
    assert "Somebody changed this case" in answer.text
    assert "Confirmed" in answer.text
    assert "Carys Case" in answer.text
    assert "Looks right to me" in answer.text


def missing_fact(client: Client, unit: str, name: str) -> str:
    page = client.get(f"/cases/{unit}").text
    return next(
        each for each in re.findall(r'href="(/cases/[^"]+)"', page) if each.endswith(f"/{name}")
    )


EVIDENCE = {
    "evidence": "letter",
    "as_of-day": "1",
    "as_of-month": "6",
    "as_of-year": "2026",
    "note": "Bank letter",
}


def test_a_fact_shows_what_it_changes_then_stands_and_can_be_undone(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, _ = entitled
    client = client_as("caseworker")
    address = missing_fact(client, unit, "in_prison")
    preview = client.form(address, {"step": "preview", "version": 1, "value": "true"})
    assert preview.status_code == 200
    assert "What this would change" in preview.text
    assert "the rules do not find it" in preview.text
    assert rows(work_store, text("SELECT value FROM corrections")) == []
    in_place = client.post(
        address,
        data={"csrf": token_of(preview.text), "step": "preview", "version": 1, "value": "true"},
        headers={"HX-Request": "true"},
    )
    assert "<html" not in in_place.text
    assert "What this would change" in in_place.text
    saved = client.form(address, {"step": "save", "version": 1, "value": "true", **EVIDENCE})
    assert saved.status_code == 303, saved.text
    page = client.get(f"/cases/{unit}").text
    assert "Facts corrected here" in page
    assert "With what was corrected, the rules do not find this any more" in page
    (correction,) = rows(work_store, text("SELECT correction_id FROM corrections"))[0]
    undone = client.form(
        f"/cases/{unit}/corrections/{correction}/undo", {"version": 2}, at=f"/cases/{unit}"
    )
    assert undone.status_code == 303
    assert "Facts corrected here" not in client.get(f"/cases/{unit}").text


def token_of(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


def test_a_fact_that_does_not_fit_is_not_saved(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, _ = entitled
    client = client_as("caseworker")
    address = missing_fact(client, unit, "born_on")
    wrong = {"value-day": "31", "value-month": "2", "value-year": "1950"}
    answer = client.form(address, {"step": "save", "version": 1, **wrong})
    assert answer.status_code == 422
    assert 'href="#value-day"' in answer.text
    assert 'href="#evidence"' in answer.text
    assert 'value="31"' in answer.text
    assert rows(work_store, text("SELECT value FROM corrections")) == []


def test_a_fact_of_nobody_in_the_case_is_not_there(client_as: ClientAs, entitled: tuple[str, str]):
    client, unit = client_as("caseworker"), entitled[0]
    for address in ("person/P0/born_on", "person/P0/role", f"benefit_unit/{unit}/nonsense"):
        assert client.get(f"/cases/{unit}/facts/{address}").status_code == 404


def test_nobody_is_contacted_from_the_moment_that_somebody_says_so(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    client = client_as("caseworker")
    form = client.get(f"/cases/{unit}/decide/suppress").text
    who = re.findall(r'name="about" type="checkbox" value="([^"]+)"', form)
    answer = decide(client, unit, "suppress", version=1, about=who, reason="Fled their home")
    assert answer.status_code == 303, answer.text
    stops = text("SELECT person_id FROM suppressions WHERE reason = 'caseworker_no_contact'")
    assert sorted(each for (each,) in rows(work_store, stops)) == sorted(who)
    # Only a senior lifts it.
    reopen = f"/cases/{unit}/decide/reopen?scheme={scheme}"
    assert client.get(reopen).status_code == 404
    assert client_as("senior").get(reopen).status_code == 200


def test_a_second_person_approves_where_that_is_asked_for(
    work_store: Engine, app: FastAPI, house: House, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, _ = entitled
    asks = replace(house.settings, second_approval=frozenset({"suppress"}))
    app.state.house = replace(house, settings=asks)
    carys, sian = client_as("caseworker"), client_as("senior")
    form = carys.get(f"/cases/{unit}/decide/suppress").text
    who = re.findall(r'name="about" type="checkbox" value="([^"]+)"', form)
    decide(carys, unit, "suppress", version=1, about=who, reason="Fled their home")
    table = table_of(Decision)
    assert rows(work_store, select(table.c.state)) == [("awaiting",)]
    listed = sian.get("/approvals").text
    (address,) = re.findall(r'href="(/approvals/[^"]+)"', listed)
    assert carys.get(address).status_code == 404
    assert "Fled their home" in sian.get(address).text
    version_now = version(work_store, unit)
    refused = sian.form(address, {"answer": "refuse", "version": version_now})
    assert refused.status_code == 422
    approved = sian.form(address, {"answer": "approve", "version": version_now})
    assert approved.status_code == 303
    assert rows(work_store, select(table.c.state, table.c.second_by)) == [
        ("approved", "sian.senior")
    ]
    assert sian.get(address).status_code == 404


def test_the_second_person_sees_which_condition_is_said_not_to_be_met(
    app: FastAPI, house: House, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, scheme = entitled
    asks = replace(house.settings, second_approval=frozenset({"not_entitled"}))
    app.state.house = replace(house, settings=asks)
    carys, sian = client_as("caseworker"), client_as("senior")
    said = {"scheme": scheme, "condition": "not_in_prison", "reason": "A letter says so"}
    form = carys.get(f"/cases/{unit}/decide/not_entitled?scheme={scheme}").text
    assert 'value="not_in_prison"' in form
    decide(carys, unit, "not_entitled", version=1, **said)
    (address,) = re.findall(r'href="(/approvals/[^"]+)"', sian.get("/approvals").text)
    page = sian.get(address).text
    assert "Which condition is not met?" in page
    assert "You are not in prison" in page


def test_handed_over_it_is_somebody_elses(client_as: ClientAs, entitled: tuple[str, str]):
    unit, _ = entitled
    client_as("caseworker 2")
    carys = client_as("caseworker")
    answer = decide(carys, unit, "hand_over", version=1, about="kofi.case", reason="Speaks Welsh")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    assert "Kofi Case" in carys.get(f"/cases/{unit}").text
    stranger = decide(carys, unit, "hand_over", version=2, about="adam.admin", reason="Why not")
    assert stranger.status_code == 422


def test_notes_stay_with_the_case(client_as: ClientAs, entitled: tuple[str, str]):
    unit, _ = entitled
    client = client_as("caseworker")
    empty = client.form(f"/cases/{unit}/notes", {"text": "  "}, at=f"/cases/{unit}")
    assert empty.status_code == 422
    assert "Write something first" in empty.text
    note = {"text": "Rang at ten.\n<b>No answer</b>"}
    assert client.form(f"/cases/{unit}/notes", note, at=f"/cases/{unit}").status_code == 303
    page = client.get(f"/cases/{unit}").text
    assert "Rang at ten.\n&lt;b&gt;No answer&lt;/b&gt;" in page


def test_a_document_is_kept_and_goes_out_only_to_be_saved(
    client_as: ClientAs, entitled: tuple[str, str]
):
    unit, _ = entitled
    client = client_as("caseworker")
    token = token_of(client.get(f"/cases/{unit}").text)
    address = f"/cases/{unit}/documents"

    def send(name: str, content: bytes):
        files = {"document": (name, content, "text/html")}
        return client.post(address, data={"csrf": token}, files=files, follow_redirects=False)

    refused = send("bank.pdf", b"<html><script>alert(1)</script>")
    assert refused.status_code == 422
    assert "must be a PDF" in refused.text
    assert send("../Edna's bank.html", b"%PDF-1.7 statement").status_code == 303
    found = re.findall(rf'href="({address}/[^"]+)"', client.get(f"/cases/{unit}").text)
    taken = client.get(found[0])
    assert taken.content == b"%PDF-1.7 statement"
    assert taken.headers["content-disposition"] == 'attachment; filename="Edna-s-bank.pdf"'
    assert taken.headers["content-type"] == "application/pdf"
    assert taken.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in taken.headers["content-security-policy"]
    assert client_as("senior").get(f"/cases/B0/documents/{found[0][-25:]}").status_code == 404


def test_what_is_withheld_is_not_shown(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    """Of a scheme that may be claimed already no amount is told, and nothing adverse."""
    unit, _ = entitled
    receipt_is_not_known(work_store, unit)
    client = client_as("caseworker")
    assert "they may already get it. Ask first." in client.get(f"/cases/{unit}").text
    address = missing_fact(client, unit, "in_prison")
    page = client.form(address, {"step": "preview", "version": 1, "value": "true"}).text
    changed = re.findall(r"<th[^>]*>Pension Credit.*?</tr>", page, re.DOTALL)
    assert len(changed) == 1
    assert "not shown: they may already get this" in changed[0]
    assert "do not find it" not in page
    assert "£" not in changed[0].rpartition("<td")[2]


def receipt_is_not_known(engine: Engine, unit: str) -> None:
    """Let the feed of awards not have arrived: who gets what is not known."""
    flags, items, files = table_of(Flag), table_of(WorkItem), table_of(CaseFile)
    mine = items.c.benefit_unit_id == unit
    with engine.begin() as connection:
        home = connection.execute(select(items.c.household_id).where(mine)).scalar_one()
        theirs = files.c.household_id == home
        text_of = connection.execute(select(files.c.document).where(theirs)).scalar_one()
        document = json.loads(text_of)
        document |= {"receipt_known": False, "receipt_known_for": [], "awards": []}
        connection.execute(update(files).where(theirs).values(document=json.dumps(document)))
        of_unit = update(flags).where(flags.c.benefit_unit_id == unit)
        connection.execute(of_unit.values(amount=None))


def test_no_words_of_the_page_are_adverse(work_store: Engine, client_as: ClientAs):
    client = client_as("caseworker")
    units = rows(work_store, select(table_of(WorkItem).c.benefit_unit_id))
    for (unit,) in units[:6]:
        page = client.get(f"/cases/{unit}").text.lower()
        for word in ("fraud", "overpa", "repay", "sanction", "must stop", "suspect"):
            assert word not in page


def test_the_page_speaks_welsh(client_as: ClientAs, entitled: tuple[str, str]):
    client = client_as("caseworker")
    page = client.get(f"/language/cy?back=/cases/{entitled[0]}", follow_redirects=True).text
    assert '<html lang="cy"' in page
    assert "Beth i&#39;w wneud nesaf" in page or "Beth i'w wneud nesaf" in page


def test_nothing_personal_is_in_an_address_of_the_page(
    work_store: Engine, client_as: ClientAs, entitled: tuple[str, str]
):
    unit, _ = entitled
    page = client_as("caseworker").get(f"/cases/{unit}").text
    page = page[page.index("<main") :]
    document = json.loads(rows(work_store, text("SELECT document FROM case_files"))[0][0])
    names = {each["surname"] for each in document["people"] if each["surname"]}
    for address in re.findall(r'(?:href|action)="([^"]+)"', page):
        assert re.fullmatch(r"[a-z0-9_/.?=#&;-]+", address, re.IGNORECASE), address
        assert not any(name.lower() in address.lower() for name in names)
