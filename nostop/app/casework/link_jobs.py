"""What takes longer than a page where links are looked at: undoing a change, pairs of records of
somebody whose link is questioned."""

import json
import os
from pathlib import Path
from typing import Protocol

from nostop.app.casework.link_undoing import undo
from nostop.app.casework.linking import load_questions
from nostop.app.forgotten import SECRET
from nostop.app.jobs import JobFile, Task
from nostop.model import SettingsError


class Places(Protocol):
    """Where links are: `nostop.app.job_kinds.Places`."""

    @property
    def run(self) -> Path | None:
        """The folder of the run that is shown."""


def undo_job(task: Task, places: Places) -> JobFile:
    """Take an event (`event`) of the history back, as somebody asked.

    Raises:
        NostopError: it cannot be undone, or a run is at work in the folder.
    """
    event = task.arguments.get("event")
    if not isinstance(event, int):
        raise SettingsError("jobs: the argument 'event' is missing or is no number")
    task.tell(10, "Putting the records back")
    done = undo(task.engine, _run(places), event, task.at)
    said = {"event": done.event_id, "records": done.records, "people": list(done.person_ids)}
    return JobFile(f"undone-{event}.json", "application/json", json.dumps(said, indent=1).encode())


def questions_job(task: Task, places: Places) -> JobFile:
    """Make pairs of the records of everybody whose link somebody questions.

    Raises:
        NostopError: the run's folder has no links or no records any more.
    """
    task.tell(10, "Looking for the records")
    pairs = load_questions(task.engine, _run(places), task.at, os.environ.get(SECRET))
    said = json.dumps({"pairs": pairs}, indent=1).encode()
    return JobFile("pairs.json", "application/json", said)


def _run(places: Places) -> Path:
    if places.run is None:
        raise SettingsError("jobs: no run was given (--run), so that its links cannot be reached")
    return places.run
