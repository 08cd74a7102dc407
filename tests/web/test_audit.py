"""Who saw or did what: for auditors, and for the citizens whose records they are."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from sqlalchemy import Engine, insert, text

from nostop.app.audit_pages import Sieve, last_verified, look
from nostop.app.citizen_extract import as_csv, as_html, extract_of
from nostop.app.extract_words import ACTIONS, TEXTS
from nostop.model import SettingsError
from nostop.store.access import put_people
from nostop.store.audit import Entry, append, entries_of, record_read
from nostop.store.audit_reading import about
from nostop.store.rows import read_table, table_of
from nostop.store.tables import OutreachMessage, Run
from nostop.store.tables_access import Account
from nostop.store.tables_outreach import PersonHeir
from nostop.web.house import House
from tests.canaries import CANARIES
from tests.web.conftest import NOW, Client


def wrote(engine: Engine, actor: str, entry: Entry) -> None:
    with engine.begin() as connection:
        append(connection, actor, [entry], NOW)


def people(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """person_id, household_id, benefit_unit_id of people whom nobody finds otherwise."""
    frame = pl.DataFrame(
        rows, schema=["person_id", "household_id", "benefit_unit_id"], orient="row"
    )
    blank = pl.lit(None, pl.String)
    return frame.with_columns(surname_key=blank, born_on=pl.lit(None, pl.Date), postcode=blank)


@pytest.fixture
def world(work_store: Engine) -> Engine:
    """P1 lives alone, P2 and P3 are a couple; P0 became P1, and PX became P1 and P2."""
    with work_store.begin() as connection:
        put_people(connection, people(("P1", "H1", "B1"), ("P2", "H2", "B2"), ("P3", "H2", "B2")))
        heirs = [("P0", "P1"), ("PX", "P1"), ("PX", "P2")]
        connection.execute(
            insert(table_of(PersonHeir)), [{"was": was, "person_id": now} for was, now in heirs]
        )
        row = {"account_id": "carys.case", "name": "Carys Case", "roles": "caseworker"}
        connection.execute(insert(table_of(Account)), row | {"first_at": NOW, "last_at": NOW})
    return work_store


def told(engine: Engine, person_id: str) -> list[tuple[str, str]]:
    extract = extract_of(about(engine, person_id, most=100), NOW, with_names=False)
    return [(line.who[0], line.what[0]) for line in extract.lines]


# --- the citizen's extract ------------------------------------------------------------------------


def test_inv_36_a_citizen_is_shown_who_read_their_record_when_and_why(
    client_as: Callable[[str], Client], house: House, world: Engine
):
    record_read(world, "carys.case", ["P1"], "case_work", NOW)
    record_read(world, "carys.case", ["P2"], "search", NOW)
    auditor = client_as("auditor")
    wanted = {"person": "P1", "form": "html", "checked": "yes"}
    answer = auditor.form("/audit/extract", wanted)
    assert house.jobs.work_one("worker")
    made = auditor.get(f"{answer.headers['location']}/file")
    assert made.headers["content-disposition"].startswith("attachment")
    for words in (
        "A caseworker", "Read your record", "to work on your case",
        "Gweithiwr achos", "Darllenodd eich cofnod", "i weithio ar eich achos",
        "2026-06-02 10:00", "An auditor", "Made an extract such as this",
    ):  # fmt: skip
        assert words in made.text
    for words in ("P2", "P3", "Carys Case", "carys.case", "searching"):
        assert words not in made.text
    last = entries_of(world, "P1", most=1).row(0, named=True)
    assert (last["actor"], last["action"]) == ("audrey.audit", "extract.made")


def test_an_extract_says_what_was_done_on_the_case_of_somebody_alone(world: Engine):
    wrote(world, "carys.case", Entry("case.decided", "B1", {"kind": "confirm"}))
    wrote(world, "carys.case", Entry("case.decided", "B2", {"kind": "confirm"}))
    assert told(world, "P1") == [("A caseworker", "Decided something on your case")]
    # Of a couple's case it cannot be told whose an entry is.
    assert told(world, "P2") == []


def test_an_earlier_id_counts_where_it_is_nobody_elses(world: Engine):
    for was in ("P0", "PX"):
        record_read(world, "carys.case", [was], "case_work", NOW)
    assert len(told(world, "P1")) == 1
    assert told(world, "P2") == []


def test_what_has_no_sentence_is_counted_and_not_told(world: Engine):
    wrote(world, "carys.case", Entry("person.secret_word", "P1"))
    extract = extract_of(about(world, "P1", most=100), NOW, with_names=False)
    assert (len(extract.lines), extract.others) == (0, 1)
    assert "secret" not in as_html(extract).decode()


def test_officials_are_named_only_where_the_setting_says_so(
    world: Engine, house: House, monkeypatch: pytest.MonkeyPatch
):
    record_read(world, "carys.case", ["P1"], "case_work", NOW)
    monkeypatch.setenv("NOSTOP_EXTRACT_SHOWS", "name")
    job = house.jobs.ask("citizen_extract", {"person": "P1", "form": "csv"}, "audrey.audit")
    assert house.jobs.work_one("worker")
    assert "Carys Case" in house.jobs.result(job).content.decode()
    monkeypatch.setenv("NOSTOP_EXTRACT_SHOWS", "everything")
    job = house.jobs.ask("citizen_extract", {"person": "P1", "form": "csv"}, "audrey.audit")
    assert house.jobs.work_one("worker")
    assert house.jobs.look(job).state == "failed"


def test_an_extract_says_what_was_sent_and_to_nobody_else(world: Engine):
    run = read_table(world, Run)["run_id"][0]
    row = {
        "campaign": "spring", "scheme": "pension_credit", "step": 1, "kind": "entitled",
        "language": "en", "run_id": run, "state": "sent", "channel": "post", "claimed_at": NOW,
    }  # fmt: skip
    rows = [row | {"message_id": "M1", "recipient_id": "P1"}]
    rows += [row | {"message_id": "M2", "recipient_id": "P2", "scheme": "housing_benefit"}]
    with world.begin() as connection:
        connection.execute(insert(table_of(OutreachMessage)), rows)
    page = as_html(extract_of(about(world, "P1", most=100), NOW, with_names=False)).decode()
    assert "Letter" in page
    assert "Pension credit" in page
    assert "Housing" not in page


def test_a_table_of_an_extract_is_safe_in_a_spreadsheet(world: Engine):
    record_read(world, "carys.case", ["P1"], "case_work", NOW)
    with world.begin() as connection:
        connection.execute(text("UPDATE accounts SET name = '=cmd()'"))
    extract = extract_of(about(world, "P1", most=100), NOW, with_names=True)
    assert "'=cmd()" in as_csv(extract).decode()


def test_an_extract_needs_a_number_and_an_identity_check(client_as: Callable[[str], Client]):
    auditor = client_as("auditor")
    for wrong in ({"person": "P1"}, {"person": "Zebedee Quill", "checked": "yes"}):
        answer = auditor.form("/audit/extract", {"form": "html"} | wrong)
        assert answer.status_code == 400
    assert auditor.get("/jobs/none").status_code == 404


def test_every_sentence_of_an_extract_is_in_both_languages():
    for english, welsh in (*ACTIONS.values(), *TEXTS.values()):
        assert english
        assert welsh
        assert english != welsh


# --- what auditors see ----------------------------------------------------------------------------


def test_entries_are_sieved_by_subject_official_action_and_day(work_store: Engine):
    record_read(work_store, "carys.case", ["P1", "P2"], "case_work", NOW)
    record_read(work_store, "kofi.case", ["P1"], "case_work", NOW + timedelta(days=1))
    later = NOW.date() + timedelta(days=1)

    def seen(**sieve: object) -> list[tuple[str, str]]:
        found = look(work_store, Sieve(**sieve), "audrey.audit", NOW + timedelta(days=2))
        rows = found.entries.filter(pl.col("action") == "person.read")
        return list(rows.select("actor", "subject").iter_rows())

    assert seen(subject="P1") == [("kofi.case", "P1"), ("carys.case", "P1")]
    assert seen(actor="carys.case") == [("carys.case", "P2"), ("carys.case", "P1")]
    assert seen(from_on=later) == [("kofi.case", "P1")]
    assert seen(actor="carys.case", to_on=NOW.date(), action="person.read") == [
        ("carys.case", "P2"), ("carys.case", "P1"),
    ]  # fmt: skip
    assert seen(actor="kofi.case", action="case.") == []
    with pytest.raises(SettingsError, match="besides the action"):
        seen(action="person.read")


def test_that_an_auditor_looks_somebody_up_is_itself_written_down(work_store: Engine):
    look(work_store, Sieve(subject="P1"), "audrey.audit", NOW)
    last = entries_of(work_store, "P1", most=1).row(0, named=True)
    assert (last["actor"], last["action"]) == ("audrey.audit", "audit.read")


def test_pages_follow_each_other_without_gap_or_overlap(
    client_as: Callable[[str], Client], work_store: Engine
):
    record_read(work_store, "carys.case", [f"P{number}" for number in range(120)], "x", NOW)
    auditor = client_as("auditor")
    seen: list[str] = []
    address: str | None = "/audit?actor=carys.case"
    while address:
        page = auditor.get(address).text
        seen += [cell.split("<")[0] for cell in page.split('app-break">')[1:]]
        address = None
        if "Earlier entries" in page:
            address = page.split('href="/audit?')[1].split('"')[0].replace("&amp;", "&")
            address = f"/audit?{address}"
    assert seen == [f"P{number}" for number in reversed(range(120))]


def test_what_is_typed_gets_into_an_address_only_where_the_log_knows_it(
    client_as: Callable[[str], Client], work_store: Engine
):
    record_read(work_store, "carys.case", ["P1"], "case_work", NOW)
    auditor = client_as("auditor")
    for typed in (CANARIES["surname"], CANARIES["nino"], "Zebedee Quill"):
        answer = auditor.form("/audit", {"subject": typed})
        assert answer.status_code == 400
        assert "location" not in answer.headers
    answer = auditor.form("/audit", {"subject": "P1", "action": "person.read"})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query == {"subject": ["P1"], "action": ["person.read"]}
    shown = auditor.get(answer.headers["location"])
    assert "case_work" in shown.text


@pytest.mark.parametrize(
    "query",
    [
        "subject=a%20b",
        "before=x",
        "from_on=yesterday",
        "before=99999999999999999999",
        "action=person",
        "action=case.",
    ],
)
def test_an_address_that_cannot_be_is_told_plainly(client_as: Callable[[str], Client], query: str):
    assert client_as("auditor").get(f"/audit?{query}").status_code == 400


def test_the_log_is_verified_as_a_job(client_as: Callable[[str], Client], house: House):
    auditor = client_as("auditor")
    assert "have not had it verified" in auditor.get("/audit/chain").text
    auditor.form("/audit/chain")
    assert house.jobs.work_one("worker")
    assert "stand as they were written" in auditor.get("/audit/chain").text


def test_a_change_in_the_log_is_told(client_as: Callable[[str], Client], house: House):
    auditor = client_as("auditor")
    with house.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_update"))
        connection.execute(text("UPDATE audit_entries SET actor = 'nobody' WHERE seq = 1"))
    auditor.form("/audit/chain")
    assert house.jobs.work_one("worker")
    found = last_verified(house.jobs, "audrey.audit")
    assert found is not None
    assert not found[0].whole
    assert "edited: entry 1" in auditor.get("/audit/chain").text


def test_auditors_see_why_people_searched(client_as: Callable[[str], Client]):
    given = {"reason": "post", "words": "A letter came back", "postcode": "ZZ99 9ZZ"}
    client_as("caseworker").form("/search", given)
    auditor = client_as("auditor")
    page = auditor.get("/audit/searches").text
    assert "A letter came back" in page
    assert "ZZ99" not in page
    assert "audit.searches_read" in auditor.get("/audit").text
