from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nostop.model import ScheduleError, YamlError
from nostop.scheduler.declared import Schedule, read_schedule

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("audit", "events", "feeds", "outreach", "retention", "run")
GOOD = """\
time_zone: Europe/London
jobs:
  polls:
    command: [feeds, fetch, --into, feeds]
    when: {every_minutes: 15, from: "08:00", until: "20:00"}
    if_missed: skip
  nightly:
    command: [run, --on, "{due_on}", --note, "{due_at}"]
    when: {at: "00:30", days: [monday, friday]}
    after: [polls]
    if_missed: run_once
    within_minutes: 60
"""


def read(folder: Path, text: str) -> Schedule:
    (folder / "schedule.yaml").write_text(text, encoding="utf-8")
    return read_schedule(folder / "schedule.yaml", COMMANDS)


def test_the_example_that_ships_can_be_read():
    schedule = read_schedule(ROOT / "rules/calendar/example_schedule.yaml", COMMANDS)
    assert {"nightly_run", "outreach_window", "receipt_polling", "retention"} <= set(schedule.jobs)


def test_a_command_says_the_planned_day_and_moment(tmp_path):
    nightly = read(tmp_path, GOOD).job("nightly")
    # 00:30 in summer is the day before in UTC.
    due_at = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    said = nightly.arguments(due_at, ZoneInfo("Europe/London"))
    assert said == ["run", "--on", "2026-06-02", "--note", "2026-06-01T23:30:00+00:00"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[feeds, fetch", "[feedz, fetch", r"yaml:4:5: 'feedz' is no command .*mean 'feeds'"),
        ("every_minutes: 15, ", 'every_minutes: 15, at: "01:00", ', "one of the two"),
        ("every_minutes: 15, ", "", "one of the two"),
        ("every_minutes: 15", "every_minutes: 0", "greater than or equal to 1"),
        ('at: "00:30"', 'at: "00:30", until: "20:00"', "go with `every_minutes`"),
        ('until: "20:00"', 'until: "07:00"', "`until` has to be after `from`"),
        ('at: "00:30"', 'at: "24:30"', "'24:30' is no time of day"),
        ("[monday, friday]", "[mon]", "jobs.nightly.when.days.0: Input should be 'monday'"),
        ("    within_minutes: 60\n", "", "say with `within_minutes` how late"),
        ("if_missed: skip", "if_missed: skip\n    retry: 3", "'retry' is not known here"),
        ("after: [polls]", "after: [poll]", "waits for 'poll', which is no job"),
        ("after: [polls]", "after: [nightly]", "waits for itself"),
        ("Europe/London", "Europe/Londn", "'Europe/Londn' is no time zone"),
        ("Europe/London", "../../etc/passwd", "is no time zone"),
        ("  nightly:", "  Nightly Run:", "should match pattern"),
    ],
)
def test_what_cannot_stand_is_refused_with_its_place(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(ScheduleError, match=message):
        read(tmp_path, GOOD.replace(old, new))


def test_a_bare_time_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(YamlError, match="could be read in more than one way"):
        read(tmp_path, GOOD.replace('at: "00:30"', "at: 00:30"))
    with pytest.raises(YamlError, match="cannot be read"):
        read_schedule(tmp_path / "nowhere.yaml", COMMANDS)


def test_an_unknown_job_is_named_with_the_nearest(tmp_path):
    with pytest.raises(ScheduleError, match=r"no job 'nightli'.*did you mean 'nightly'"):
        read(tmp_path, GOOD).job("nightli")
