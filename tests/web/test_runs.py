"""Runs, feeds and the schedule in the pages."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.app.run_overview import WhyNot, job_lines, run_shown, take_in, why_nobody
from nostop.model import SettingsError
from nostop.store import open_store, read_table, upgrade
from nostop.store.schedule import Ended, claim_by_hand, finish, paused_jobs
from nostop.store.tables import Run
from nostop.store.tables_work import RunStage
from nostop.web.house import House
from nostop.web.rooms import runs as room
from nostop.web.words import welsh
from tests.web.conftest import NOW, OFFICIALS
from tests.web.outreach_world import house_of, small_run
from tests.web.test_campaigns import plain

NEXT = datetime(2026, 6, 3, 1, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timetable:
    """A schedule of one nightly run."""

    jobs: Sequence[str] = ("nightly_run",)

    def next_due(self, job: str, at: datetime) -> datetime | None:
        return NEXT if job == "nightly_run" and at < NEXT else None


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, and the run that was taken into it."""
    folder = tmp_path_factory.mktemp("runs")
    engine = open_store(f"sqlite:///{folder / 'store.db'}")
    upgrade(engine)
    take_in(engine, small_run(folder / "june"))
    engine.dispose()
    return folder


@pytest.fixture
def work_store(taken_in: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def house(work_store: Engine, tmp_path: Path) -> House:
    made = house_of(work_store, None, tmp_path, tmp_path / "june")
    return replace(made, calendar=Timetable())


def ran(engine: Engine, state: str, error: str | None = None) -> None:
    """Leave one moment of the nightly run that ended."""
    at = NOW - timedelta(hours=8)
    hold = claim_by_hand(engine, "nightly_run", "machine:1", "schedule", at)
    assert finish(engine, hold, at + timedelta(seconds=75), Ended(state, 1, error))


# --- the pages ----------------------------------------------------------------------------------


def test_feeds_stand_with_what_needs_somebody_first_and_why(client_as):
    page = plain(client_as("policy_analyst").get("/runs").text)
    held, stale, fresh = (page.index(name) for name in ("hmrc rti", "school census", "dwp awards"))
    assert held < stale < fresh
    assert "hmrc rti Held" in page
    assert "hmrc rti : hmrc_rti.csv: 100 rows, expected 900 at least" in page
    assert "school census Too old now 30 May 2026 (3 days ago)" in page
    assert "dwp awards Runs out soon 5 June 2026 (in 3 days) 31 May 2026 1,200 1,188 12" in page


def test_the_last_runs_stand_with_their_days_and_how_long_they_took(client_as):
    page = plain(client_as("policy_analyst").get("/runs").text)
    assert "1 June 2026 (made-up people)" in page
    assert "all that there is 1 June 2026, 02:30 1 min 5 s 2 used, 1 held, 0 missing" in page
    assert "People may be written to from it." in page


def test_a_run_shows_its_stages_counts_rules_and_what_was_left_out(client_as):
    page = plain(client_as("rule_author").get("/runs/Stiny").text)
    assert "Stages: 1 min 5 s in all" in page
    assert "Linking the records 1 min 4 s as before LOOK AT 3 MESSAGES" in page
    assert "People 5" in page
    assert "messages sent 2" in page
    assert "Released: 2026.06" in page
    assert "pension credit v1" in page
    assert "winter fuel payment: is not in the release" in page
    assert "The lists of whom not to write to are of 31 May 2026." in page


def test_a_run_that_is_not_there_is_no_page(client_as):
    assert client_as("senior").get("/runs/S0").status_code == 404


def test_the_schedule_says_what_comes_next_and_what_went_wrong(client_as, work_store: Engine):
    ran(work_store, "failed", "feeds: the folder is not there")
    page = plain(client_as("senior").get("/runs").text)
    assert "nightly run 3 June 2026, 01:30 2 June 2026, 02:00 Failed 1 min 15 s" in page
    assert "feeds: the folder is not there" in page
    shown = plain(client_as("senior").get("/schedule/nightly_run").text)
    assert "Failed 1 min 15 s feeds: the folder is not there" in shown


def test_a_job_is_paused_and_goes_on_again(client_as, work_store: Engine):
    client = client_as("administrator")
    assert client.form("/schedule/nightly_run/pause", at="/runs").status_code == 303
    assert paused_jobs(work_store) == {"nightly_run": "adam.admin"}
    assert "Paused by Adam Admin" in plain(client.get("/runs").text)
    assert client.form("/schedule/nightly_run/resume", at="/runs").status_code == 303
    assert paused_jobs(work_store) == {}


def test_a_job_that_nobody_knows_cannot_be_paused(client_as, work_store: Engine):
    answer = client_as("administrator").form("/schedule/nightly/pause", at="/runs")
    assert answer.status_code == 404
    assert paused_jobs(work_store) == {}


def test_without_the_schedules_file_the_page_says_that_it_does_not_know(work_store: Engine):
    ran(work_store, "done")
    (line,) = job_lines(work_store, None, NOW)
    assert (line.job, line.next_due, line.is_declared) == ("nightly_run", None, None)


@pytest.mark.parametrize("role", list(OFFICIALS))
def test_each_role_sees_only_what_it_may(client_as, role: str):
    client = client_as(role)
    sees = not role.startswith(("caseworker", "auditor"))
    stops = role in ("senior", "campaign_approver", "administrator")
    page = client.get("/runs")
    assert page.status_code == (200 if sees else 404)
    assert ("Stop all sending" in page.text) == stops
    assert client.get("/runs/Stiny").status_code == (200 if sees else 404)
    answer = client.form("/schedule/nightly_run/pause", at="/runs" if stops else "/accessibility")
    assert answer.status_code == (303 if stops else 404)


def test_a_store_without_runs_says_so(client_as, house: House):
    with house.engine.begin() as connection:
        for table in ("run_stages", "run_notes", "feed_files", "run_counts", "run_packs",
                      "run_inputs", "runs"):  # fmt: skip
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own tables
    assert "No run is known here yet." in client_as("senior").get("/runs").text


# --- taking a run in ----------------------------------------------------------------------------


def test_a_run_is_taken_in_once(work_store: Engine, tmp_path: Path):
    assert take_in(work_store, tmp_path / "june") == "Stiny"
    assert read_table(work_store, Run).height == 1
    assert read_table(work_store, RunStage).height == 2


def test_a_run_of_before_timings_is_taken_in_without(work_store: Engine, tmp_path: Path):
    older = small_run(tmp_path / "may", snapshot="Solder")
    (older / ".checkpoints" / "timings.json").unlink()
    take_in(work_store, older)
    found = run_shown(work_store, "Solder")
    assert found.stages.is_empty()
    assert found.row.started_at == datetime(2026, 6, 1, tzinfo=UTC)


def test_a_folder_without_a_finished_run_is_refused(work_store: Engine, tmp_path: Path):
    with pytest.raises(SettingsError, match="holds no finished run"):
        take_in(work_store, tmp_path)


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ({}, WhyNot(may=True, because=None)),
        ({"may_write_to_people": False}, WhyNot(may=False, because="register")),
        (
            {"may_write_to_people": False, "known_on": "2026-05-20"},
            WhyNot(may=False, because="known_on"),
        ),
        ({"may_write_to_people": None}, WhyNot(may=False, because="not_said")),
    ],
)
def test_a_run_says_whether_people_may_be_written_to_and_why_not(
    work_store: Engine, tmp_path: Path, manifest: dict[str, object], why: WhyNot
):
    take_in(work_store, small_run(tmp_path / "other", snapshot="Sother", **manifest))
    assert why_nobody(run_shown(work_store, "Sother")) == why


def test_every_word_for_a_run_has_its_welsh():
    said = set(room.WHY_NOBODY.values()) | set(room.COUNTS.values())
    said |= {word for word, _ in (*room.STANDINGS.values(), *room.JOB_STATES.values())}
    assert sorted(said - welsh().keys()) == []


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(None, ""), (0, "0.0 s"), (59_900, "59.9 s"), (75_000, "1 min 15 s")]
)
def test_how_long_something_took_is_said_for_people(milliseconds: int | None, said: str):
    assert room.took(milliseconds) == said
