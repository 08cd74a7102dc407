"""Who may come in, whom they know, how a case is found, and tables that are taken away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest
from sqlalchemy import Engine, insert, select, update

from nostop.app import exports
from nostop.app.accounts import KeyWanted, make_key
from nostop.app.exports import Rows, Wanted
from nostop.app.searching import Found, Why, find, sought
from nostop.events.references import short_reference
from nostop.model import MovedOn, NotHere, SettingsError
from nostop.store import Act
from nostop.store.access import Who, put_people
from nostop.store.audit import entries_of
from nostop.store.exports import WHATS
from nostop.store.rows import read_table, table_of
from nostop.store.tables_access import Account, ApiKey, CasePerson, CaseSearch
from nostop.store.tables_casework import WorkItem
from nostop.web.house import House
from tests.web.conftest import NOW, Client

WHY = Why("contact", "They rang about a letter")
CARYS = Who("carys.case", None)


@dataclass(frozen=True)
class Somebody:
    """Somebody in a household with a case of their own."""

    person_id: str
    household_id: str
    unit: str
    area: str


@pytest.fixture
def somebody(work_store: Engine) -> Somebody:
    """Give somebody with a case a name, a birth date and a postcode that nobody else has."""
    person, item = table_of(CasePerson), table_of(WorkItem)
    query = (
        select(person.c.person_id, person.c.household_id, item.c.benefit_unit_id, item.c.area)
        .join(item, item.c.benefit_unit_id == person.c.benefit_unit_id)
        .where(item.c.state == "open", item.c.area.is_not(None))
        .order_by(person.c.person_id)
    )
    with work_store.begin() as connection:
        found = Somebody(*connection.execute(query.limit(1)).one())
    rows = read_table(work_store, CasePerson)
    theirs = pl.col("person_id") == found.person_id
    named = rows.with_columns(
        surname_key=pl.when(theirs).then(pl.lit("Quillmarkson")).otherwise("surname_key"),
        born_on=pl.when(theirs).then(pl.lit(date(1951, 2, 28))).otherwise("born_on"),
        postcode=pl.when(theirs).then(pl.lit("ZZ99 9ZZ")).otherwise("postcode"),
    )
    with work_store.begin() as connection:
        put_people(connection, named)
    return found


def asked(**given: str) -> dict[str, str]:
    return {"reason": "contact", "words": "They rang about a letter", **given}


def units(found: Found) -> list[str]:
    return [match.benefit_unit_id for match in found.matches]


# --- finding a case -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("surname", "born_on", "postcode"),
    [
        ("QUILLMARKSON", date(1951, 2, 28), ""),
        ("quill-markson", date(1951, 2, 28), ""),
        ("", None, "zz999zz"),
        ("Quillmarkson", None, "ZZ99 9ZZ"),
    ],
)
def test_a_case_is_found_by_what_somebody_says_of_themselves(
    work_store: Engine, somebody: Somebody, surname: str, born_on: date | None, postcode: str
):
    found = find(work_store, CARYS, sought("", surname, born_on, postcode), WHY, NOW)
    assert units(found) == [somebody.unit]


@pytest.mark.parametrize("of", ["person_id", "household_id", "unit"])
def test_a_case_is_found_by_each_of_its_numbers(work_store: Engine, somebody: Somebody, of: str):
    found = find(work_store, CARYS, sought(getattr(somebody, of), "", None, ""), WHY, NOW)
    assert somebody.unit in units(found)


@pytest.mark.parametrize(
    ("surname", "born_on", "postcode"),
    [
        ("Quillmarkson", date(1951, 2, 27), ""),
        ("Quillmarkso", date(1951, 2, 28), ""),
        ("Other", None, "ZZ99 9ZZ"),
    ],
)
def test_a_case_is_not_found_by_something_near(
    work_store: Engine, somebody: Somebody, surname: str, born_on: date | None, postcode: str
):
    what = sought("", surname, born_on, postcode)
    assert not find(work_store, CARYS, what, WHY, NOW).matches
    assert somebody.unit


def test_a_case_is_found_by_the_reference_of_a_letter(work_store: Engine):
    what = sought(short_reference("M" + "0f" * 16), "", None, "")
    assert what.message == "M0f0f0f0f0f"
    assert not find(work_store, CARYS, what, WHY, NOW).matches


@pytest.mark.parametrize(
    ("surname", "born_on", "postcode"), [("Quillmarkson", None, ""), ("", date(1951, 2, 28), "")]
)
def test_a_search_that_says_too_little_is_refused(
    surname: str, born_on: date | None, postcode: str
):
    with pytest.raises(SettingsError, match="Enter a reference"):
        sought("", surname, born_on, postcode)


def test_a_search_finds_only_what_may_be_opened(work_store: Engine, somebody: Somebody):
    what = sought("", "", None, "ZZ99 9ZZ")
    assert units(find(work_store, Who("k", frozenset({somebody.area})), what, WHY, NOW))
    assert not find(work_store, Who("k", frozenset({"nowhere"})), what, WHY, NOW).matches


def test_of_more_than_twenty_cases_none_is_told(work_store: Engine):
    people = read_table(work_store, CasePerson)
    with work_store.begin() as connection:
        put_people(connection, people.with_columns(postcode=pl.lit("ZZ99 9ZZ")))
    found = find(work_store, CARYS, sought("", "", None, "ZZ999ZZ"), WHY, NOW)
    assert found == Found((), too_many=True)
    last = entries_of(work_store, None, most=1).row(0, named=True)
    assert (last["action"], last["detail"]) == ("search.made", '{"found":21,"reason":"contact"}')


def test_a_search_is_written_down_without_what_was_searched_for(
    work_store: Engine, somebody: Somebody
):
    find(work_store, CARYS, sought("", "Quillmarkson", date(1951, 2, 28), ""), WHY, NOW)
    kept = read_table(work_store, CaseSearch).row(0, named=True)
    assert (kept["reason"], kept["words"], kept["found"]) == ("contact", WHY.words, 1)
    made, seen = entries_of(work_store, None, most=2).to_dicts()
    assert (made["action"], made["subject"]) == ("search.made", kept["search_id"])
    assert (seen["action"], seen["subject"]) == ("person.read", somebody.person_id)
    assert "Quill" not in f"{kept}{made}{seen}"


def test_the_page_asks_why_first_and_keeps_what_was_typed(
    client_as: Callable[[str], Client], work_store: Engine
):
    answer = client_as("caseworker").form("/search", {"surname": "Quillmarkson"})
    assert answer.status_code == 400
    assert "Choose why you are searching" in answer.text
    assert 'value="Quillmarkson"' in answer.text
    assert read_table(work_store, CaseSearch).is_empty()


def test_the_page_shows_the_case_and_nothing_in_an_address(
    client_as: Callable[[str], Client], somebody: Somebody
):
    answer = client_as("caseworker").form("/search", asked(postcode="zz99 9zz"))
    assert answer.status_code == 200
    assert f'href="/cases/{somebody.unit}"' in answer.text
    assert answer.url.path == "/search"
    assert not answer.url.query


# --- ties and accounts ----------------------------------------------------------------------------


def test_somebody_closes_a_record_to_themselves_and_is_not_told_whether_there_is_one(
    client_as: Callable[[str], Client], work_store: Engine, somebody: Somebody
):
    client = client_as("caseworker")
    said = {
        "kind": "relative", "born_on-day": "28", "born_on-month": "2", "born_on-year": "1951",
    }  # fmt: skip
    there = client.form("/access/known", said | {"surname": "Quillmarkson"})
    not_there = client.form("/access/known", said | {"surname": "Nobody"})
    assert there.headers["location"] == not_there.headers["location"] == "/access/known"
    answer = client.form("/search", asked(postcode="ZZ99 9ZZ"))
    assert "No case of yours matches" in answer.text
    what = sought(somebody.unit, "", None, "")
    assert units(find(work_store, Who("kofi.case", None), what, WHY, NOW)) == [somebody.unit]


def test_an_administrator_ties_an_account_and_takes_a_mistake_away(
    client_as: Callable[[str], Client], work_store: Engine, somebody: Somebody
):
    client_as("caseworker")
    admin = client_as("administrator")
    page = "/access/accounts/carys.case"
    made = {"kind": "own", "person_id": somebody.person_id}
    assert admin.form(f"{page}/ties", made, at=page).status_code == 303
    what = sought(somebody.unit, "", None, "")
    assert not find(work_store, CARYS, what, WHY, NOW).matches
    shown = admin.get(page).text
    assert somebody.person_id not in shown
    remove = shown.split('action="')[-2].split('"')[0]
    assert "/ties/" in remove
    assert admin.form(remove, at=page).status_code == 303
    assert units(find(work_store, CARYS, what, WHY, NOW)) == [somebody.unit]


def test_a_barred_account_is_out_at_once_and_stays_out(client_as: Callable[[str], Client]):
    carys, admin = client_as("caseworker"), client_as("administrator")
    page = "/access/accounts/carys.case"
    assert admin.form(f"{page}/bar", at=page).status_code == 303
    assert carys.get("/search", follow_redirects=False).status_code == 303
    again = carys.form("/sign-in", {"account": "carys.case", "next": "/"})
    assert again.status_code == 400
    assert "barred" in again.text
    assert admin.form(f"{page}/let-in", at=page).status_code == 303
    assert carys.form("/sign-in", {"account": "carys.case", "next": "/"}).status_code == 303


def test_an_administrator_ends_sessions_but_not_their_own_account(
    client_as: Callable[[str], Client],
):
    carys, admin = client_as("caseworker"), client_as("administrator")
    page = "/access/accounts/carys.case"
    admin.form(f"{page}/sign-out", at=page)
    assert carys.get("/search", follow_redirects=False).status_code == 303
    own = admin.form("/access/accounts/adam.admin/bar", at="/access/accounts/adam.admin")
    assert own.status_code == 400
    assert admin.get("/access").status_code == 200
    assert admin.get("/access/accounts/nobody").status_code == 404


# --- keys of the API ------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_only_its_hash_is_kept(
    client_as: Callable[[str], Client], work_store: Engine
):
    admin = client_as("administrator")
    wanted = {
        "name": "Housing service", "scopes": ["evaluate"], "which_areas": "some",
        "areas": "W06000015\r\nW06000001", "ends_on-day": "1", "ends_on-month": "1",
        "ends_on-year": "2027",
    }  # fmt: skip
    answer = admin.form("/access/keys", wanted)
    assert answer.status_code == 200
    key = answer.text.split('app-key">')[1].split("<")[0]
    _, key_id, secret = key.split("_", 2)
    row = read_table(work_store, ApiKey).row(0, named=True)
    assert (row["key_id"], row["areas"]) == (key_id, "W06000001\nW06000015")
    assert secret not in str(row)
    assert secret not in admin.get("/access/keys").text
    assert admin.form(f"/access/keys/{key_id}/revoke", at="/access/keys").status_code == 303
    assert read_table(work_store, ApiKey)["revoked_by"].to_list() == ["adam.admin"]


def test_a_key_for_nothing_or_for_yesterday_is_refused(work_store: Engine):
    with pytest.raises(SettingsError, match="scopes"):
        make_key(work_store, KeyWanted("x", ["everything"], None, date(2027, 1, 1)), "a", NOW)
    with pytest.raises(Exception, match="later day"):
        make_key(work_store, KeyWanted("x", ["evaluate"], None, NOW.date()), "a", NOW)


# --- exports --------------------------------------------------------------------------------------


def ask_for(house: House, what: str, by: str = "sian.senior", **rows: str) -> str:
    return exports.ask(house.engine, Wanted(what, Rows(**rows), "For a report"), by, NOW)


@pytest.fixture
def officials(work_store: Engine) -> None:
    """Sian sees every area; Pat sees one that no case is in."""
    rows = [
        {"account_id": "sian.senior", "name": "Sian Senior", "roles": "senior", "areas": None},
        {"account_id": "pat.policy", "name": "Pat Policy", "roles": "", "areas": "nowhere"},
    ]
    with work_store.begin() as connection:
        for row in rows:
            connection.execute(insert(table_of(Account)), row | {"first_at": NOW, "last_at": NOW})


@pytest.mark.usefixtures("officials")
@pytest.mark.parametrize("what", WHATS)
def test_an_export_is_asked_for_approved_made_and_fetched_once(house: House, what: str):
    export_id = ask_for(house, what)
    exports.approve(house.engine, house.jobs, export_id, Act("adam.admin", NOW))
    assert house.jobs.work_one("worker")
    made = exports.fetch(house.engine, house.jobs, export_id, Act("sian.senior", NOW))
    assert made.name == f"nostop-{what}.csv"
    header = made.content.decode().splitlines()[0]
    assert "name" not in header
    assert "reason" not in header
    with pytest.raises(NotHere):
        exports.fetch(house.engine, house.jobs, export_id, Act("sian.senior", NOW))
    log = entries_of(house.engine, export_id, most=9)
    assert log["action"].to_list() == ["export.asked", "export.approved", "export.fetched"]


@pytest.mark.usefixtures("officials")
def test_an_export_holds_only_what_its_asker_may_open(house: House):
    sizes = []
    for by in ("sian.senior", "pat.policy"):
        export_id = ask_for(house, "queue", by)
        exports.approve(house.engine, house.jobs, export_id, Act("adam.admin", NOW))
        assert house.jobs.work_one("worker")
        made = exports.fetch(house.engine, house.jobs, export_id, Act(by, NOW))
        sizes.append(len(made.content.decode().splitlines()) - 1)
    assert sizes[0] > 10
    assert sizes[1] == 0


@pytest.mark.usefixtures("officials")
def test_nobody_approves_their_own_and_nobody_decides_twice(house: House):
    export_id = ask_for(house, "queue", "adam.admin")
    with pytest.raises(MovedOn):
        exports.approve(house.engine, house.jobs, export_id, Act("adam.admin", NOW))
    exports.refuse(house.engine, export_id, Act("sian.senior", NOW))
    with pytest.raises(MovedOn):
        exports.approve(house.engine, house.jobs, export_id, Act("sian.senior", NOW))
    assert not house.jobs.work_one("worker")


@pytest.mark.usefixtures("officials")
def test_only_the_asker_fetches_an_export_and_only_one_that_is_made(house: House):
    export_id = ask_for(house, "queue")
    for by in ("sian.senior", "adam.admin"):
        with pytest.raises(NotHere):
            exports.fetch(house.engine, house.jobs, export_id, Act(by, NOW))
    exports.approve(house.engine, house.jobs, export_id, Act("adam.admin", NOW))
    assert house.jobs.work_one("worker")
    with pytest.raises(NotHere):
        exports.fetch(house.engine, house.jobs, export_id, Act("adam.admin", NOW))


@pytest.mark.usefixtures("officials")
def test_an_asker_who_is_barred_by_then_gets_nothing(house: House):
    export_id = ask_for(house, "queue")
    exports.approve(house.engine, house.jobs, export_id, Act("adam.admin", NOW))
    with house.engine.begin() as connection:
        connection.execute(update(table_of(Account)).values(barred_at=NOW))
    assert house.jobs.work_one("worker")
    with pytest.raises(NotHere):
        exports.fetch(house.engine, house.jobs, export_id, Act("sian.senior", NOW))


def test_counts_under_ten_are_not_told_nor_worked_back():
    counts = pl.DataFrame(
        {
            "scheme": ["a", "b", "c", "d"],
            "condition": ["x", "x", "x", "x"],
            "kind": ["confirm"] * 4,
            "decisions": [9, 30, 30, 30],
            "overrides": [0, 0, 9, 25],
        }
    )
    told = exports.without_few(counts)
    assert told["decisions"].to_list() == [None, 30, 30, 30]
    assert told["overrides"].to_list() == [None, 0, None, None]


def test_the_pages_take_an_export_from_asking_to_the_file(
    client_as: Callable[[str], Client], house: House
):
    senior, admin = client_as("senior"), client_as("administrator")
    assert senior.form("/exports", {"what": "queue"}).status_code == 400
    asked_for = senior.form("/exports", {"what": "queue", "reason": "For a report"})
    assert asked_for.status_code == 303
    shown = admin.get("/exports/approve").text
    assert "For a report" in shown
    approve = shown.split('action="/exports/')[1].split('"')[0]
    assert admin.form(f"/exports/{approve}", at="/exports/approve").status_code == 303
    assert admin.form(f"/exports/{approve}", at="/access/keys").status_code == 409
    assert house.jobs.work_one("worker")
    export_id = approve.split("/")[0]
    file = senior.form(f"/exports/{export_id}/file", at="/exports")
    assert file.status_code == 200
    assert file.headers["content-disposition"] == 'attachment; filename="nostop-queue.csv"'
    assert senior.form(f"/exports/{export_id}/file", at="/exports").status_code == 404
