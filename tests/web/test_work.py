"""My work: found, taken, given and saved, by pages that work without JavaScript."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from nostop.app.casework.queue import Search, clock, short_label
from nostop.hours import BankHolidays
from nostop.store.audit import entries_of
from nostop.store.rows import table_of
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import Flag, WorkItem
from tests.web.conftest import NOW

ITEM = table_of(WorkItem)
FEW = BankHolidays(frozenset({2026}), {"england_and_wales": frozenset({date(2026, 12, 25)})})


def items(engine):
    with engine.begin() as connection:
        query = select(ITEM).order_by(ITEM.c.lost_each_week.desc(), ITEM.c.benefit_unit_id.desc())
        return [row._mapping for row in connection.execute(query)]


def change(engine, ident, **values):
    with engine.begin() as connection:
        connection.execute(update(ITEM).where(ITEM.c.benefit_unit_id == ident).values(values))


def linked(page):
    return re.findall(r'href="/cases/([^"]+)"', page.text)


def test_the_queue_lists_every_case_to_do_and_names_nobody(client_as, work_store):
    page = client_as("caseworker").get("/queue")
    assert page.status_code == 200
    open_ones = [row["benefit_unit_id"] for row in items(work_store) if row["state"] == "open"]
    assert open_ones
    assert sorted(linked(page)) == sorted(open_ones)[:25] or len(open_ones) > 25
    with work_store.begin() as connection:
        names = connection.execute(select(table_of(CasePerson).c.surname_key)).scalars().all()
    text = page.text.casefold()
    assert [name for name in names if name and re.search(rf"\b{name.casefold()}\b", text)] == []


def test_whoever_does_no_casework_finds_no_queue(client_as):
    assert client_as("auditor").get("/queue").status_code == 404


def test_a_filter_narrows_the_list_and_can_be_taken_away(client_as, work_store):
    client = client_as("caseworker")
    ident = linked(client.get("/queue"))[0]
    change(work_store, ident, gain_year=99_000_00)
    page = client.get("/queue?gain=98000")
    assert linked(page) == [ident]
    assert "1 case" in page.text
    assert "£98,000" in page.text
    assert re.search(r'moj-filter__tag" href="/queue"', page.text)


def test_what_is_no_number_is_said_beside_its_field_and_kept(client_as):
    page = client_as("caseworker").get("/queue?gain=a+lot")
    assert page.text.count("Enter whole pounds, such as 500") == 2
    assert 'href="#gain"' in page.text
    assert 'value="a lot"' in page.text


def test_htmx_gets_the_table_alone_and_the_way_back_the_whole_page(client_as):
    client = client_as("caseworker")
    part = client.get("/queue", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="found">')
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<h1" in client.get("/queue", headers=back).text


def test_nothing_found_is_said_in_words(client_as, work_store):
    client = client_as("caseworker")
    assert "No case fits these filters" in client.get("/queue?gain=1000000").text
    assert "No case is in this state" in client.get("/queue?state=second").text
    with work_store.begin() as connection:
        connection.execute(update(ITEM).values(state="done"))
    assert "There is nothing left to do here" in client.get("/queue").text


def test_the_next_case_is_taken_and_opened(client_as, work_store):
    client = client_as("caseworker")
    first = linked(client.get("/queue"))[0]
    answer = client.form("/queue/next", {"query": ""}, at="/queue")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{first}"
    other = client_as("caseworker 2").form("/queue/next", {"query": ""}, at="/queue")
    assert other.headers["location"] != answer.headers["location"]
    assert "You" in client.get("/queue?assignee=me").text
    assert linked(client.get("/queue?assignee=me")) == [first]
    entry = entries_of(work_store, first, most=1).row(0, named=True)
    assert (entry["action"], entry["actor"]) == ("work.claimed", holder(work_store, first))


def holder(engine, ident):
    return next(row["assignee"] for row in items(engine) if row["benefit_unit_id"] == ident)


def test_where_none_is_free_none_is_taken(client_as, work_store):
    with work_store.begin() as connection:
        connection.execute(update(ITEM).values(state="done"))
    client = client_as("caseworker")
    answer = client.form("/queue/next", {"query": ""}, at="/queue")
    assert answer.headers["location"] == "/queue"
    assert "No case was taken" in client.get("/queue").text


def ticks(page):
    return re.findall(r'name="ticked" value="([^"]+)"', page.text)


def test_ticked_cases_are_given_and_what_changed_meanwhile_is_left_alone(client_as, work_store):
    client = client_as("caseworker")
    ticked = ticks(client.get("/queue"))[:3]
    changed = ticked[1].split()[0]
    change(work_store, changed, version=9)
    client.form("/queue/assign", {"query": "", "to": "me", "ticked": ticked}, at="/queue")
    page = client.get("/queue?assignee=me")
    assert "2 given. 1 left alone: somebody else changed them meanwhile" in page.text
    assert sorted(linked(page)) == sorted(t.split()[0] for t in ticked if changed not in t)
    again = ticks(client.get("/queue?assignee=me"))
    client.form("/queue/assign", {"query": "", "to": "nobody", "ticked": again}, at="/queue")
    assert "2 put back" in client.get("/queue").text
    assert linked(client.get("/queue?assignee=me")) == []


def test_only_a_senior_gives_cases_to_somebody_else(client_as):
    colleague = client_as("caseworker 2")
    kofi = next(
        value
        for value, name in re.findall(
            r'<option value="([^"]+)"[^>]*>([^<]+)', colleague.get("/queue").text
        )
        if name.strip() == "Kofi Case"
    )
    plain = client_as("caseworker")
    ticked = ticks(plain.get("/queue"))[:1]
    form = {"query": "", "to": kofi, "ticked": ticked}
    refused = plain.form("/queue/assign", form, at="/queue")
    assert refused.status_code == 422
    assert "Choose somebody of the list" in refused.text
    assert client_as("senior").form("/queue/assign", form, at="/queue").status_code == 303
    assert linked(colleague.get("/queue?assignee=me")) == [ticked[0].split()[0]]
    # A caseworker sees who has it, and has no box for it.
    assert ticked[0].split()[0] not in " ".join(ticks(plain.get("/queue")))


def test_nothing_ticked_is_said(client_as):
    answer = client_as("caseworker").form("/queue/assign", {"query": ""}, at="/queue")
    assert answer.status_code == 422
    assert "Tick at least one case of the list" in answer.text


def test_all_of_a_page_are_ticked_by_a_link(client_as):
    page = client_as("caseworker").get("/queue?all=1")
    assert page.text.count(" checked>") == len(ticks(page)) > 0


def test_a_case_of_somebody_they_know_is_not_in_the_list(client_as, work_store):
    client = client_as("caseworker")
    ident = linked(client.get("/queue"))[0]
    home = next(r["household_id"] for r in items(work_store) if r["benefit_unit_id"] == ident)
    client.form("/queue/next", {"query": ""}, at="/queue")
    account = holder(work_store, ident)
    person = table_of(CasePerson)
    with work_store.begin() as connection:
        who = select(person.c.person_id).where(person.c.household_id == home).limit(1)
        tie = {"person_id": connection.execute(who).scalar_one(), "kind": "relative"}
        tie |= {"account_id": account, "said_by": account, "at": NOW}
        connection.execute(table_of(AccountTie).insert().values(tie))
    assert ident not in linked(client.get("/queue"))
    assert ident not in linked(client.get("/queue?assignee=me"))
    assert ident in linked(client_as("caseworker 2").get("/queue"))


def test_a_search_is_saved_found_again_and_deleted(client_as):
    client = client_as("caseworker")
    query = "gain=500&sort=due"
    client.form("/queue/saved", {"query": query, "name": "Big and soon"}, at="/queue")
    page = client.get("/queue")
    assert f'href="/queue?{query.replace("&", "&amp;")}">Big and soon</a>' in page.text
    again = client.form("/queue/saved", {"query": query, "name": "Big and soon"}, at="/queue")
    assert again.status_code == 422
    assert "You have a saved search with this name. Enter another name" in again.text
    assert "Big and soon" not in client_as("caseworker 2").get("/queue").text
    client.form("/queue/saved/delete", {"query": "", "name": "Big and soon"}, at="/queue")
    assert "Big and soon" not in client.get("/queue?gain=1").text


def test_the_page_is_in_welsh(client_as):
    client = client_as("caseworker")
    client.get("/language/cy")
    page = client.get("/queue?assignee=nobody")
    assert 'lang="cy"' in page.text
    assert "Cymryd yr achos nesaf" in page.text


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"sort": ["money"]}, {"sort": "Choose one of the list"}),
        ({"age": ["-1"]}, {"age": "Enter a whole number of days"}),
        ({"gain": ["1e9"]}, {"gain": "Enter whole pounds, such as 500"}),
        ({"gain": ["99999999"]}, {"gain": "Enter whole pounds, such as 500"}),
    ],
)
def test_what_an_address_cannot_mean_is_left_out_and_said(query, wrong):
    assert Search.from_query(query) == (Search(), wrong)


def test_a_search_is_its_address_and_back():
    search = Search(
        ("pension_credit", "council_tax"), ("leeds",), 1200, 30, sort="due", links="less"
    )
    text = search.as_query()
    assert text == (
        "scheme=pension_credit&scheme=council_tax&area=leeds&gain=1200&deadline=30"
        "&links=less&sort=due"
    )
    assert Search.of_text(text) == search
    assert search.without("scheme", "council_tax").scheme == ("pension_credit",)
    assert search.without("gain").gain is None


def test_filters_mean_days_of_the_united_kingdom():
    # 23:30 UTC on a June evening is the next day there; this week ends with Sunday.
    at = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)
    found = Search(deadline=7, age=90, due="week", gain=10, assignee="me").filters("official-1", at)
    assert found.deadline_before == date(2026, 6, 11)
    assert found.facts_before == date(2026, 3, 5)
    assert found.due_from == at
    assert found.due_before == datetime(2026, 6, 7, 23, 0, tzinfo=UTC)
    assert (found.least_gain, found.assignee) == (1000, "official-1")


@pytest.mark.parametrize(
    ("due", "kind", "days"),
    [
        ("2026-12-29T09:00", "left", 3),  # Thursday, then Christmas, a weekend, Monday, Tuesday
        ("2026-12-23T17:00", "today", 0),
        ("2026-12-23T08:00", "late_today", 0),
        ("2026-12-18T17:00", "late", 3),
        ("2027-01-04T17:00", "day", 0),  # nobody has said which days of 2027 are holidays
    ],
)
def test_the_clock_counts_working_days(due, kind, days):
    at = datetime(2026, 12, 23, 12, 0, tzinfo=UTC)
    found = clock(datetime.fromisoformat(due).replace(tzinfo=UTC), at, "england", FEW)
    assert (found.kind, found.days) == (kind, days)


def test_a_short_label_is_the_end_of_an_id():
    assert short_label("benefit-unit-0123456789ab") == "456789ab"


def test_a_case_whose_flags_are_gone_is_listed_without_them(client_as, work_store):
    with work_store.begin() as connection:
        connection.execute(update(table_of(Flag)).values(state="gone"))
    assert linked(client_as("caseworker").get("/queue"))
