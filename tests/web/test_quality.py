"""Quality in the browser: tables that say what to do, cases for rule authors, a second reading."""

import re
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import insert

from nostop.app.casework import second_reading
from nostop.store import NewCase, open_case
from nostop.store.audit import entries_of
from nostop.store.rows import read_table, table_of
from nostop.store.tables_casework import Decision, Flag, RunUnknown, SecondReading
from nostop.store.tables_events import Case
from tests.web.conftest import NOW

HEADINGS = ("overrides", "unknowns", "quarantine", "corrections", "agreement", "cases")


@pytest.fixture
def flag(work_store):
    """An entitled flag of the run: benefit unit and scheme."""
    flags = read_table(work_store, Flag).filter(outcome="entitled")
    return flags.row(0, named=True)


def decide(engine, flag, kind="not_entitled", **other):
    row = {
        "decision_id": "D1",
        "benefit_unit_id": flag["benefit_unit_id"],
        "scheme": flag["scheme"],
        "kind": kind,
        "reason": "her pension was counted twice",
        "by": "carys.case",
        "at": NOW - timedelta(days=1),
        "run_id": flag["run_id"],
        "outcome": "entitled",
        "pack_version": flag["pack_version"],
        "is_override": kind == "not_entitled",
        "state": "final",
        **other,
    }
    with engine.begin() as connection:
        connection.execute(insert(table_of(Decision)), row)


@pytest.fixture
def case_id(work_store, flag):
    """A case for the authors of the scheme's rules."""
    decide(work_store, flag)
    new = NewCase(
        "override", "decided_otherwise",
        benefit_unit_id=flag["benefit_unit_id"], scheme=flag["scheme"],
    )  # fmt: skip
    return open_case(work_store, new, NOW - timedelta(days=1), "carys.case")


@pytest.mark.parametrize("role", ["senior", "auditor", "rule_author", "policy_analyst"])
def test_every_table_has_a_caption_and_a_sentence_that_says_what_to_do(client_as, role):
    shown = client_as(role).get("/quality")
    assert shown.status_code == 200
    for name in HEADINGS:
        assert f'id="{name}"' in shown.text
    assert "Ask first for" in shown.text
    assert "too few to say" in shown.text
    assert shown.text.count("<table") == shown.text.count("<caption")


@pytest.mark.parametrize("role", ["caseworker", "campaign_approver", "administrator"])
def test_others_have_no_such_room(client_as, role):
    client = client_as(role)
    assert client.get("/quality").status_code == 404
    assert client.get("/quality/download/overrides").status_code == 404


def test_what_is_missing_adds_up_to_the_flags_that_are_open(work_store):
    unknown = read_table(work_store, RunUnknown)
    flags = read_table(work_store, Flag).filter(outcome="unknown")
    assert unknown.height > 0
    most = unknown.group_by("scheme").agg(pl.col("flags").max())
    of_scheme = flags.group_by("scheme").len("there")
    both = most.join(of_scheme, on="scheme", how="left")
    assert both.filter(pl.col("flags") > pl.col("there").fill_null(0)).is_empty()


def test_a_table_is_sorted_by_its_heading(client_as):
    senior = client_as("senior")
    by_flags = figures(senior.get("/quality?sort=unknowns.flags").text)
    assert by_flags == sorted(by_flags, reverse=True)
    text = senior.get("/quality?sort=unknowns.fact").text
    assert 'aria-sort="ascending"' in text
    assert senior.get("/quality?sort=nothing.there").status_code == 200


def figures(text: str) -> list[int]:
    """Return the flags of each row of the table of missing facts."""
    table = text.partition('id="unknowns-caption"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr.*?</tr>", table.partition("<tbody")[2], flags=re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    return [int(row[1].replace(",", "")) for row in cells]


def test_a_table_comes_as_csv_with_nobody_in_it(client_as, work_store):
    answer = client_as("policy_analyst").get("/quality/download/unknowns")
    assert answer.headers["content-type"].startswith("text/csv")
    first, *rows = answer.text.splitlines()
    assert first == "fact,scheme,flags,gain_year,priced"
    assert len(rows) == read_table(work_store, RunUnknown).height
    assert not re.search(r"\b[PBH][0-9a-f]{16}\b", answer.text)
    assert client_as("policy_analyst").get("/quality/download/people").status_code == 404


# --- rule authors --------------------------------------------------------------------------------


def test_an_override_comes_back_to_a_rule_author_who_closes_it(client_as, work_store, case_id):
    rhys = client_as("rule_author")
    listed = rhys.get("/quality").text
    assert f"/quality/overrides/{case_id}" in listed
    assert "her pension was counted twice" not in listed
    shown = rhys.get(f"/quality/overrides/{case_id}").text
    assert "her pension was counted twice" in shown
    reads = entries_of(work_store, None, most=50).filter(actor="rhys.rules", action="person.read")
    assert reads.height > 0
    path = f"/quality/overrides/{case_id}"
    missing = rhys.form(f"{path}/close", {}, at=path)
    assert missing.status_code == 422
    assert 'href="#word"' in missing.text
    assert rhys.form(f"{path}/close", {"word": "rules_right"}, at=path).status_code == 303
    assert read_table(work_store, Case)["state"].to_list() == ["closed"]
    assert rhys.get(path).status_code == 404


@pytest.mark.parametrize("role", ["senior", "auditor", "policy_analyst", "caseworker"])
def test_only_rule_authors_read_what_the_caseworker_wrote(client_as, case_id, role):
    assert client_as(role).get(f"/quality/overrides/{case_id}").status_code == 404


# --- second reading ------------------------------------------------------------------------------


@pytest.fixture
def everything_is_read(monkeypatch):
    monkeypatch.setattr(second_reading, "SHARE_PER_MILLE", 1000)


@pytest.mark.usefixtures("everything_is_read")
def test_a_second_caseworker_reads_without_seeing_the_decision(client_as, work_store, flag):
    decide(work_store, flag)
    first = client_as("caseworker")
    assert "Nothing to read a second time" in first.get("/quality/second-reading").text
    kofi = client_as("caseworker 2")
    shown = kofi.get("/quality/second-reading").text
    assert "What would you decide?" in shown
    assert "her pension was counted twice" not in shown
    assert "decided: not entitled" not in shown
    what = {"benefit_unit_id": flag["benefit_unit_id"], "scheme": flag["scheme"]}
    missing = kofi.form("/quality/second-reading", what)
    assert missing.status_code == 422
    assert 'href="#verdict"' in missing.text
    said = kofi.form("/quality/second-reading", {**what, "verdict": "confirm"})
    assert said.status_code == 303
    row = read_table(work_store, SecondReading).row(0, named=True)
    assert (row["reader"], row["verdict"]) == ("kofi.case", "confirm")
    assert "Nothing to read a second time" in kofi.get("/quality/second-reading").text


@pytest.mark.usefixtures("everything_is_read")
def test_nobody_reads_their_own_decision_by_asking_for_it(client_as, work_store, flag):
    decide(work_store, flag)
    client_as("caseworker 2").get("/quality/second-reading")
    what = {"benefit_unit_id": flag["benefit_unit_id"], "scheme": flag["scheme"]}
    carys = client_as("caseworker")
    mine = carys.form(
        "/quality/second-reading", {**what, "verdict": "confirm"}, at="/accessibility"
    )
    assert mine.status_code == 404
    assert read_table(work_store, SecondReading)["verdict"].to_list() == [None]
