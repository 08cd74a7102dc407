"""How a job stands on its page, and who may see it."""

import pytest

from nostop.app import job_kinds
from nostop.app.job_kinds import Kind, Places
from nostop.app.jobs import JobFile, Jobs, Task
from nostop.web.house import House


def greet(task: Task, _places: Places) -> JobFile:
    return JobFile("greeting.txt", "text/plain", task.word("name").encode())


@pytest.fixture
def jobs(house: House, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The pages' jobs, with a kind more that takes no time."""
    kinds = {**job_kinds.KINDS, "greet": Kind("Greeting", greet, "/queue", "approve_export")}
    monkeypatch.setattr("nostop.web.rooms.jobs.KINDS", kinds)
    places = Places(house.settings.rules, None)
    handlers = {**house.jobs.handlers, "greet": lambda task: greet(task, places)}
    # The house is frozen: the same jobs learn the new kind.
    object.__setattr__(house.jobs, "handlers", handlers)
    return house.jobs


def test_whoever_asked_sees_it_wait_and_then_its_file(client_as, jobs: Jobs):
    client = client_as("caseworker")
    job_id = jobs.ask("greet", {"name": "S1"}, "carys.case")
    waiting = client.get(f"/jobs/{job_id}")
    assert "It waits for its turn." in waiting.text
    assert f'hx-get="/jobs/{job_id}"' in waiting.text
    assert ">Refresh</a>" in waiting.text
    assert client.get(f"/jobs/{job_id}/file").status_code == 404
    jobs.work_one("w")
    done = client.get(f"/jobs/{job_id}")
    assert "Download greeting.txt" in done.text
    assert "hx-get" not in done.text
    file = client.get(f"/jobs/{job_id}/file")
    assert file.content == b"S1"
    assert file.headers["content-disposition"] == 'attachment; filename="greeting.txt"'


def test_what_asks_again_gets_only_how_far_it_is(client_as, jobs: Jobs):
    client = client_as("caseworker")
    job_id = jobs.ask("greet", {"name": "S1"}, "carys.case")
    part = client.get(f"/jobs/{job_id}", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="job"')
    assert "<html" not in part.text


def test_anothers_job_looks_like_one_that_is_not_there(client_as, jobs: Jobs):
    job_id = jobs.ask("greet", {"name": "S1"}, "kofi.case")
    jobs.work_one("w")
    client = client_as("caseworker")
    other, none = client.get(f"/jobs/{job_id}/file"), client.get("/jobs/J0/file")
    assert other.status_code == none.status_code == 404
    assert other.text.replace(job_id, "J0") == none.text
    assert client_as("administrator").get(f"/jobs/{job_id}/file").content == b"S1"


def test_a_failed_job_says_why(client_as, jobs: Jobs):
    client = client_as("caseworker")
    job_id = jobs.ask("greet", {}, "carys.case")
    jobs.work_one("w")
    assert "It could not be done." in client.get(f"/jobs/{job_id}").text
    assert "argument &#39;name&#39; is missing" in client.get(f"/jobs/{job_id}").text
