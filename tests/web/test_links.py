"""Link review: blind, pair after pair, and a change undone with what it touches."""

import re

import polars as pl
import pytest

from nostop.app.casework.linking import load_links
from nostop.linkage.review import Wanted
from nostop.store.rows import put, read_table
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_events import Case
from nostop.store.tables_work import LinkAnswer, LinkChange, LinkTask
from tests.web.conftest import NOW

#: Six links of the run, drawn at random; the demo's links are all sure.
SAMPLE = Wanted(low=0.9999, high=1.0, sample=6)
_TASK = re.compile(r'name="task_id" value="([0-9a-f]+)"')


@pytest.fixture
def pairs(work_store, work_run):
    load_links(work_store, work_run, SAMPLE, NOW)
    return read_table(work_store, LinkTask)


@pytest.fixture
def merged(work_store):
    """Somebody of a case of which two people became one."""
    person = flagged_people(work_store)["person_id"][0]
    change = pl.DataFrame(
        {
            "event_id": [9001],
            "at": [NOW],
            "kind": ["merged"],
            "person_id": [person],
            "other_id": ["P0000000000000000"],
            "records": [2],
            "evidence": ["confidence 0.97 to 0.99"],
            "actor": ["nostop run"],
        }
    )
    with work_store.begin() as connection:
        put(connection, LinkChange, change)
    return person


def flagged_people(engine):
    """The people of the benefit units in the queue."""
    items = read_table(engine, WorkItem)
    return read_table(engine, CasePerson).join(items, on="benefit_unit_id", how="semi")


def task_of(text: str) -> str:
    found = _TASK.search(text)
    assert found, text
    return found.group(1)


def test_a_caseworker_answers_pair_after_pair_until_there_is_none(client_as, work_store, pairs):
    carys = client_as("caseworker")
    seen = []
    shown = carys.get("/links")
    while "task_id" in shown.text:
        task_id = task_of(shown.text)
        assert task_id not in seen
        seen.append(task_id)
        answer = {"task_id": task_id, "verdict": "same", "why": "the same number"}
        after = carys.form("/links", answer)
        assert after.status_code == 303
        shown = carys.get(after.headers["location"])
    assert sorted(seen) == sorted(pairs["task_id"])
    assert "No pair for you to look at" in shown.text
    answers = read_table(work_store, LinkAnswer)
    assert set(answers["by"]) == {"carys.case"}
    assert set(answers["why"]) == {"the same number"}


@pytest.mark.usefixtures("pairs")
def test_nothing_on_the_page_says_how_sure_anybody_is(client_as):
    text = client_as("caseworker").get("/links").text.casefold()
    for word in ("confidence", "score", "sample", "band", "merge", "0.9"):
        assert word not in text.partition("<main")[2]


@pytest.mark.usefixtures("pairs")
def test_differences_are_in_words_in_a_table_with_a_caption(client_as):
    text = client_as("caseworker").get("/links").text
    assert "<caption" in text
    assert 'scope="row"' in text
    assert re.search(r"<td[^>]*>(<strong>)?(Same|Different|Only one says)", text)


@pytest.mark.usefixtures("pairs")
def test_without_an_answer_the_same_pair_stays_and_words_are_not_lost(client_as, work_store):
    carys = client_as("caseworker")
    task_id = task_of(carys.get("/links").text)
    again = carys.form("/links", {"task_id": task_id, "why": "I wrote this"})
    assert again.status_code == 422
    assert task_of(again.text) == task_id
    assert 'href="#verdict"' in again.text
    assert "I wrote this" in again.text
    assert read_table(work_store, LinkAnswer).is_empty()


def test_whoever_comes_second_is_told_and_nothing_is_written_over(client_as, work_store, pairs):
    carys, kofi = client_as("caseworker"), client_as("caseworker 2")
    once = pairs.filter(readings=1)["task_id"][0]
    assert carys.form("/links", {"task_id": once, "verdict": "same"}).status_code == 303
    late = kofi.form("/links", {"task_id": once, "verdict": "different"})
    assert late.status_code == 303
    assert "Somebody else answered this pair first" in kofi.get(late.headers["location"]).text
    assert read_table(work_store, LinkAnswer)["by"].to_list() == ["carys.case"]


@pytest.mark.usefixtures("pairs")
def test_a_skipped_pair_comes_back_later(client_as):
    carys = client_as("caseworker")
    first = task_of(carys.get("/links").text)
    second = task_of(carys.get(f"/links?after={first}").text)
    assert second != first


@pytest.mark.parametrize("role", ["rule_author", "auditor", "administrator", "policy_analyst"])
def test_others_have_no_such_room(client_as, role):
    assert client_as(role).get("/links").status_code == 404
    assert client_as(role).get("/links/history").status_code == 404


@pytest.mark.usefixtures("pairs")
def test_a_doubted_link_holds_letters_at_once_and_goes_to_others(client_as, work_store):
    people = flagged_people(work_store)
    unit = people["benefit_unit_id"][0]
    carys = client_as("caseworker")
    answer = carys.form("/links/question", {"benefit_unit_id": unit}, at="/links")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{unit}")
    held = read_table(work_store, Case).filter(kind="link")
    assert set(held["person_id"]) == set(people.filter(benefit_unit_id=unit)["person_id"])
    none = carys.form("/links/question", {"benefit_unit_id": "B0000000000000000"}, at="/links")
    assert none.status_code == 404


# --- undo ----------------------------------------------------------------------------------------


def test_a_change_shows_what_rests_on_it_before_anybody_undoes_it(client_as, merged):
    sian = client_as("senior")
    listed = sian.get("/links/history")
    assert "Two people became one" in listed.text
    shown = sian.get("/links/history/9001")
    assert merged in shown.text
    assert "Benefits that are flagged for them" in shown.text
    assert "Undo this change" in shown.text


@pytest.mark.usefixtures("pairs")
def test_an_undo_needs_a_reason_and_a_senior(client_as, work_store, merged):
    carys, sian = client_as("caseworker"), client_as("senior")
    assert "A senior caseworker can undo it" in carys.get("/links/history/9001").text
    path = "/links/history/9001/undo"
    assert carys.form(path, {"why": "x"}, at="/links/history/9001").status_code == 404
    missing = sian.form(path, {}, at="/links/history/9001")
    assert missing.status_code == 422
    assert 'href="#why"' in missing.text
    done = sian.form(path, {"why": "two people"}, at="/links/history/9001")
    assert done.headers["location"].startswith("/jobs/")
    assert set(read_table(work_store, Case)["person_id"]) == {merged, "P0000000000000000"}
    assert "being taken back" in sian.get("/links/history").text
    assert sian.form(path, {"why": "again"}, at="/links/history").status_code == 409


@pytest.mark.usefixtures("pairs")
def test_a_case_that_is_right_again_is_closed_by_a_senior(client_as, work_store, merged):
    sian = client_as("senior")
    sian.form("/links/history/9001/undo", {"why": "two people"}, at="/links/history/9001")
    listed = sian.get("/links/history")
    action = re.search(r'action="(/links/held/[^"]+/close)"', listed.text)
    assert action
    assert sian.form(action.group(1), {}, at="/links/history").status_code == 303
    state = read_table(work_store, Case).filter(person_id=merged)["state"].to_list()
    assert state == ["closed"]


@pytest.mark.usefixtures("merged")
def test_what_is_not_there_looks_like_what_is_not_allowed(client_as):
    sian = client_as("senior")
    assert sian.get("/links/history/4711").status_code == 404
    assert sian.get("/links/history/nothing").status_code == 404
    empty = sian.get("/links/history?person=P9999999999999999")
    assert "or it is not one of yours to see" in empty.text
