"""What somebody tried who wanted to break the pages: each of these went through once."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, func, select

from nostop.app import accounts
from nostop.app.accounts import KeyWanted
from nostop.store.rows import table_of
from nostop.store.tables_access import CasePerson, ExportRequest
from nostop.store.tables_casework import CaseNote, Flag, WorkItem
from nostop.store.tables_outreach import Suppression
from nostop.store.tables_work import Job
from tests.web.conftest import _CSRF, NOW, Client

ClientAs = Callable[[str], Client]


def first_case(engine: Engine) -> str:
    table = table_of(WorkItem)
    with engine.begin() as connection:
        return str(connection.execute(select(func.min(table.c.benefit_unit_id))).scalar_one())


@pytest.mark.parametrize("charset", ["unicode_escape", "punycode", '"undefined"', "utf-16"])
def test_a_form_in_a_charset_that_no_browser_sends_is_refused_and_not_decoded(
    work_store: Engine, client_as: ClientAs, charset: str
):
    client, unit = client_as("caseworker"), first_case(work_store)
    token = _CSRF.search(client.get(f"/cases/{unit}").text)
    assert token
    part = '--X\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format("csrf", token[1]) + part.format("text", "a\\ud800b") + "--X--\r\n"
    kind = f"multipart/form-data; charset={charset}; boundary=X"
    answer = client.post(f"/cases/{unit}/notes", content=body, headers={"content-type": kind})
    assert answer.status_code == 403
    with work_store.begin() as connection:
        assert connection.execute(select(func.count()).select_from(CaseNote)).scalar_one() == 0
    # As browsers send it, it is kept.
    plain = {"content-type": "multipart/form-data; charset=UTF-8; boundary=X"}
    answer = client.post(
        f"/cases/{unit}/notes", content=body, headers=plain, follow_redirects=False
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "9" * 400])
def test_a_number_larger_than_any_is_an_address_that_is_not_there(client_as: ClientAs, number: str):
    assert client_as("senior").get(f"/links/history/{number}").status_code == 404


def test_what_a_key_asks_for_is_approved_by_somebody_else_than_who_made_the_key(
    work_store: Engine, client_as: ClientAs, anybody: Client
):
    administrator = client_as("administrator")
    wanted = KeyWanted("A service", ["exports"], None, date(2027, 1, 1))
    key = accounts.make_key(work_store, wanted, "adam.admin", NOW)
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "export-0001"}
    asked = anybody.post(
        "/api/v1/exports", json={"what": "queue", "reason": "All of it"}, headers=headers
    )
    assert asked.status_code == 201, asked.text
    where = f"/exports/{asked.json()['export_id']}/approve"
    assert administrator.form(where, at="/exports/approve").status_code == 409
    table = table_of(ExportRequest)
    with work_store.begin() as connection:
        assert connection.execute(select(table.c.state)).scalars().all() == ["asked"]


def test_inv_37_a_name_typed_for_a_number_gets_into_no_job(work_store: Engine, client_as: ClientAs):
    form = {"person": "Zebedee", "form": "csv", "checked": "yes"}
    answer = client_as("auditor").form("/audit/extract", form)
    assert answer.status_code == 400
    assert "Nothing is kept under this number" in answer.text
    with work_store.begin() as connection:
        assert connection.execute(select(func.count()).select_from(Job)).scalar_one() == 0


def an_entitled_case(engine: Engine) -> tuple[str, str]:
    """A case of which something is found, and whoever would claim it."""
    flags, people = table_of(Flag), table_of(CasePerson)
    query = (
        select(flags.c.benefit_unit_id, people.c.person_id)
        .join(people, people.c.benefit_unit_id == flags.c.benefit_unit_id)
        .where(flags.c.outcome == "entitled", flags.c.scheme == "pension_credit")
        .order_by(flags.c.benefit_unit_id, people.c.person_id)
    )
    with engine.begin() as connection:
        unit, person = connection.execute(query).first() or ("", "")
        return unit, person


def correct(client: Client, address: str, version: int, **value: str) -> None:
    given = {"step": "save", "version": version, "evidence": "letter", **value}
    day = {"as_of-day": "1", "as_of-month": "6", "as_of-year": "2026"}
    answer = client.form(address, given | day)
    assert answer.status_code == 303, answer.text


def test_inv_06_a_death_on_a_case_is_the_first_thing_that_its_page_says(
    work_store: Engine, client_as: ClientAs
):
    client, (unit, person) = client_as("caseworker"), an_entitled_case(work_store)
    died = {"value-day": "20", "value-month": "5", "value-year": "2026"}
    correct(client, f"/cases/{unit}/facts/person/{person}/died_on", 1, **died)
    page = client.get(f"/cases/{unit}").text
    assert "Speak to your senior before you ring anybody" in page
    assert "has died, says a record" in page
    assert "If the reasons below look right, confirm" not in page
    stops = table_of(Suppression)
    with work_store.begin() as connection:
        found = select(stops.c.reason).where(stops.c.person_id == person, stops.c.source == "added")
        assert connection.execute(found).scalars().all() == ["reported_deceased"]


def test_what_a_correction_made_another_is_not_worth_what_the_run_said(
    work_store: Engine, client_as: ClientAs
):
    client, (unit, person) = client_as("caseworker"), an_entitled_case(work_store)
    before = client.get(f"/cases/{unit}").text
    assert "Lost each week without a claim" in before
    assert "What to claim, in which order" in before
    correct(client, f"/cases/{unit}/facts/person/{person}/in_prison", 1, value="true")
    after = client.get(f"/cases/{unit}").text
    assert "the rules do not find this any more" in after
    assert "Lost each week without a claim" not in after
    assert "What to claim, in which order" not in after
