"""Doing a job that was claimed: its process, its signs of life in the store, and how it ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nostop.scheduler.child import Child, Pace
from nostop.scheduler.declared import Job
from nostop.store.schedule import Ended, finish, heard

#: A running job that the store has not heard of for so long is lost. Longer than twice the silence
#: that a job bears: by then it has ended itself.
LOST_AFTER = timedelta(seconds=60)
_TRIES = 5
_STOPPED = "its scheduler was told to stop"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a job's process is started: what comes before its arguments, and its environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job whose row we made: what to do, for which planned moment."""

    job_run_id: int
    name: str
    job: Job
    due_at: datetime


@dataclass
class Doer:
    """Does jobs for one scheduler, or for one person who runs one now.

    now: returns the moment, with its zone.
    """

    engine: Engine
    holder: str
    launch: Launch
    now: Callable[[], datetime]
    pace: Pace = field(default_factory=Pace)
    _running: dict[int, Child] = field(default_factory=dict)
    _hurry: Event = field(default_factory=Event)

    def do(self, claimed: Claimed, zone: ZoneInfo) -> Ended | None:
        """Run a claimed job to its end and write down how it ended; None where it was not ours any
        more before it began."""
        # We may have been stopped for long since the row was made.
        if not self._heard(claimed.job_run_id):
            return None
        arguments = claimed.job.arguments(claimed.due_at, zone)
        child = Child([*self.launch.command, *arguments], self.launch.environment, self.pace)
        self._running[claimed.job_run_id] = child
        if self._hurry.is_set():
            child.stop(_STOPPED)
        try:
            seconds = claimed.job.at_most_minutes * 60
            ended = child.run(lambda: self._heard(claimed.job_run_id), seconds)
        finally:
            del self._running[claimed.job_run_id]
        self._finish(claimed.job_run_id, ended)
        return ended

    def stop(self) -> None:
        """Have every running job ended, and each that is about to begin."""
        self._hurry.set()
        for child in list(self._running.values()):
            child.stop(_STOPPED)

    @property
    def is_idle(self) -> bool:
        """Whether no job runs."""
        return not self._running

    def _heard(self, job_run_id: int) -> bool | None:
        try:
            return heard(self.engine, job_run_id, self.holder, self.now())
        except DBAPIError:
            return None

    def _finish(self, job_run_id: int, ended: Ended) -> None:
        """Write down how a job ended. A store that does not answer is asked a few times; after that
        the job counts as lost, which is shown."""
        for _ in range(_TRIES):
            try:
                finish(self.engine, job_run_id, self.holder, self.now(), ended)
            except DBAPIError:
                self._hurry.wait(self.pace.beat)
            else:
                return
