"""The rule workbench as authors use it, without JavaScript and with it."""

import html
import json
import re

import pytest

from nostop.app.jobs import JobFile, Jobs, Task
from nostop.web.house import House

TRY = "/workbench/schemes/child_benefit/try"
SHAPE = f"{TRY}?shape=adult_and_child"
_MEMBERS = re.compile(r'name="members" value="([^"]+)"')


def test_schemes_are_listed_and_lead_to_what_can_be_done(client_as):
    client = client_as("rule_author")
    shown = client.get("/workbench")
    assert 'href="/workbench/schemes/child_benefit"' in shown.text
    scheme = client.get("/workbench/schemes/child_benefit")
    assert "Read its rules" in scheme.text
    assert client.get("/workbench/schemes/no_scheme").status_code == 404


def test_who_may_not_use_the_workbench_sees_what_is_not_there(client_as):
    assert client_as("senior").get("/workbench").status_code == 404


def test_a_schemes_rules_are_read_as_a_page_within_the_app(client_as):
    shown = client_as("rule_author").get(
        "/workbench/schemes/child_benefit/rules/scheme-child_benefit.html"
    )
    assert shown.status_code == 200
    assert shown.text.count("<h1") == 1
    assert "Who is entitled" in shown.text
    assert shown.text.count("<html") == 1


def typed(client, **more: str) -> dict[str, object]:
    members = _MEMBERS.search(client.get(SHAPE).text)
    assert members
    facts = {
        "people.kim.born_on": "2024-01-01",
        "people.kim.lives_in_uk": "yes",
        "households.home.nation": "england",
        "awards.ann": "yes",
    }
    return {"members": members.group(1), "effective_on": "2026-06-01", **facts, **more}


def test_a_situation_is_answered_on_the_whole_page_without_javascript(client_as):
    client = client_as("rule_author")
    answer = client.form(TRY, typed(client), at=SHAPE)
    assert answer.status_code == 200
    assert "<html" in answer.text
    assert "Conditions for" in answer.text
    assert "situations:" in answer.text
    # What was typed is still there.
    assert 'value="2024-01-01"' in answer.text


def test_a_situation_is_answered_in_part_as_somebody_types(client_as):
    client = client_as("rule_author")
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(SHAPE).text).group(1)
    answer = client.post(TRY, data={"csrf": token, **typed(client)}, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="answer"')
    assert "Conditions for" in answer.text
    half = client.post(
        TRY,
        data={"csrf": token, **typed(client, **{"people.kim.born_on": "2024-01"})},
        headers={"HX-Request": "true"},
    )
    assert "is no date such as 1950-06-01" in html.unescape(half.text)
    assert half.status_code == 200


def test_what_does_not_fit_is_told_beside_its_field_and_is_not_lost(client_as):
    client = client_as("rule_author")
    wrong = typed(client, **{"people.kim.born_on": "yesterday", "effective_on": "soon"})
    first = client.form(TRY, wrong, at=SHAPE)
    assert first.status_code == 400
    assert 'href="#effective_on"' in first.text
    second = client.form(TRY, wrong | {"effective_on": "2026-06-01"}, at=SHAPE)
    assert 'href="#people.kim.born_on"' in second.text
    assert 'value="yesterday"' in second.text
    assert 'id="people.kim.born_on-error"' in second.text


def test_a_worked_case_is_taken_into_the_form(client_as):
    client = client_as("rule_author")
    cases = client.get("/workbench/schemes/child_benefit/cases")
    assert f"{TRY}?case=0" in cases.text
    loaded = client.get(f"{TRY}?case=0")
    assert "Conditions for" in loaded.text
    assert client.get(f"{TRY}?case=99999").status_code == 404


# --- proposals ------------------------------------------------------------------------------------


@pytest.fixture
def quick(house: House) -> Jobs:
    """The pages' jobs, of which the check and who flips are told their answers: both are tried in
    tests/app/test_workbench.py, and take long on all rules."""

    def check(task: Task) -> JobFile:
        wrong = {
            "path": "uk/child_benefit/rates.yaml",
            "line": 1,
            "column": 1,
            "message": "a rate is wrong",
        }
        problems = [wrong] if task.arguments["revision"] == 2 else []
        said = {"revision": task.arguments["revision"], "problems": problems, "cases": 7,
                "failed": []}  # fmt: skip
        return JobFile("check.json", "application/json", _json(said))

    def flips(task: Task) -> JobFile:
        said = {
            "revision": task.arguments["revision"],
            "made_up": True,
            "on": "2026-06-01",
            "schemes": ["child_benefit"],
            "matrix": [MATRIX],
            "groups": [],
            "reasons": [],
        }
        return JobFile("who_flips.json", "application/json", _json(said))

    handlers = {**house.jobs.handlers, "check_rules": check, "who_flips": flips}
    # The house is frozen: the same jobs learn other ways.
    object.__setattr__(house.jobs, "handlers", handlers)
    return house.jobs


MATRIX = {
    "scheme": "child_benefit",
    "old_outcome": "entitled",
    "new_outcome": "not_entitled",
    "subjects": 4,
    "gains": 0,
    "loses": 4,
    "same": 0,
    "unsettled": 0,
    "least_gained": 0,
    "least_lost": 520_000,
    "most_gained": 0,
    "most_lost": 520_000,
}


def _json(said: object) -> bytes:
    return json.dumps(said).encode()


def begun(client) -> str:
    answer = client.form(
        "/workbench/schemes/child_benefit/propose",
        {"title": "A new rate"},
        at="/workbench/schemes/child_benefit",
    )
    assert answer.status_code == 303
    return str(answer.headers["location"])


def saved(client, address: str, name: str, text: str, revision: int):
    return client.form(
        f"{address}/file",
        {"name": name, "text": text, "revision": revision},
        at=f"{address}/file?name={name}",
    )


def examined(client, address: str, word: str, jobs: Jobs, revision: int) -> None:
    answer = client.form(f"{address}/{word}", {"revision": revision}, at=address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/jobs/J")
    assert jobs.work_one("w")


def test_inv_29_from_a_first_change_to_an_archive_that_two_people_stand_behind(
    client_as, house: House, quick: Jobs
):
    rhys, aled = client_as("rule_author"), client_as("rule_author 2")
    folder = house.settings.rules / "uk/child_benefit"
    rates = (folder / "rates.yaml").read_text(encoding="utf-8")
    pack = (folder / "pack.yaml").read_text(encoding="utf-8")
    version = re.search(r'^version: "([^"]+)"', pack, re.M).group(1)
    address = begun(rhys)
    assert "Change a file first" in rhys.get(address).text

    assert saved(rhys, address, "rates.yaml", rates + "# new\n", 1).status_code == 303
    examined(rhys, address, "check", quick, 2)
    assert "a rate is wrong" in rhys.get(address).text
    assert "a rate is wrong" in rhys.get(f"{address}/file?name=rates.yaml").text
    assert (
        saved(
            rhys, address, "pack.yaml", pack.replace(f'"{version}"', f'"{version}9"', 1), 2
        ).status_code
        == 303
    )
    examined(rhys, address, "check", quick, 3)
    examined(rhys, address, "flips", quick, 3)
    ready = rhys.get(address)
    assert "all 7 cases come out as they say" in ready.text
    assert "£5,200" in ready.text
    assert rhys.form(f"{address}/submit", {"revision": 3}, at=address).status_code == 303

    # Its writer has no way to decide, and is refused where they try.
    assert "Your decision" not in rhys.get(address).text
    decision = {"revision": 3, "decision": "approve", "reason": "As the law says"}
    mine = rhys.form(f"{address}/decide", decision, at=address)
    assert mine.status_code == 400
    silent = aled.form(f"{address}/decide", {"revision": 3}, at=address)
    assert "Choose whether to approve it" in silent.text
    assert aled.get(f"{address}/hand-over.zip").status_code == 404
    assert aled.form(f"{address}/decide", decision, at=address).status_code == 303
    shown = aled.get(address)
    assert "Nothing is in force by this." in shown.text
    assert aled.get(f"{address}/hand-over.zip").content.startswith(b"PK")
    assert "+# new" in aled.get(f"{address}/changes.patch").text
    assert (folder / "rates.yaml").read_text(encoding="utf-8") == rates


def test_what_was_saved_meanwhile_is_told_and_what_was_typed_is_not_lost(client_as):
    client = client_as("rule_author")
    address = begun(client)
    saved(client, address, "rates.yaml", "rates: {}\n", 1)
    late = saved(client, address, "rates.yaml", "rates: {mine: 1}\n", 1)
    assert late.status_code == 400
    assert "changed or decided by somebody else meanwhile" in late.text
    assert "rates: {mine: 1}" in late.text


def test_another_author_reads_a_draft_and_cannot_change_it(client_as):
    address = begun(client_as("rule_author"))
    aled = client_as("rule_author 2")
    page = aled.get(f"{address}/file?name=rates.yaml")
    assert "readonly" in page.text
    answer = aled.form(
        f"{address}/file", {"name": "rates.yaml", "text": "x: 1", "revision": 1}, at=address
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["../../facts.yaml", "cases/../../../facts.yaml", "x.py"])
def test_no_file_outside_the_scheme_is_shown_or_written(client_as, name: str):
    client = client_as("rule_author")
    address = begun(client)
    assert client.get(f"{address}/file", params={"name": name}).status_code == 404
    answer = client.form(
        f"{address}/file", {"name": name, "text": "x: 1", "revision": 1}, at=address
    )
    assert answer.status_code == 404


def test_a_file_that_is_sent_takes_the_place_of_what_was_typed(client_as):
    client = client_as("rule_author")
    address = begun(client)
    token = re.search(
        r'name="csrf" value="([^"]+)"', client.get(f"{address}/file?name=rates.yaml").text
    ).group(1)
    data = {"csrf": token, "name": "rates.yaml", "text": "", "revision": 1}
    for sent, status in ((b"\xff\xfe", 400), (b"x" * 300_000, 400), (b"rates: {}\n", 303)):
        answer = client.post(
            f"{address}/file",
            data=data,
            files={"upload": ("rates.yaml", sent, "text/yaml")},
            follow_redirects=False,
        )
        assert answer.status_code == status
    assert "rates: {}" in client.get(f"{address}/file?name=rates.yaml").text
