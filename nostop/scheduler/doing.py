"""Doing a job that was claimed: its process, its signs of life in the store, and how it ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event, Thread
from time import monotonic
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nostop.scheduler.child import Child, Pace
from nostop.scheduler.declared import Job
from nostop.store.schedule import Ended, Hold, finish, heard

#: A running job that the store has not heard of for so long is lost. Longer than twice the silence
#: that a job bears: by then it has ended itself. Only a scheduler that itself has got through to
#: the store for as long may say so.
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

    hold: Hold
    name: str
    job: Job
    due_at: datetime


class Pulse:
    """Says that a job lives, in a thread of its own: a store that is busy must not keep its
    scheduler from looking after it."""

    def __init__(self, say: Callable[[], bool | None], beat: float, *, patient: bool) -> None:
        """Begin.

        Args:
            say: tells the store; returns what `Child.run` wants to know.
            beat: seconds between two times.
            patient: a store that does not answer is no sign that the job is not ours.
        """
        self._say = say
        self._beat = beat
        self._patient = patient
        self._heard: bool | None = True
        self._heard_at = monotonic()
        self._over = Event()
        self._thread = Thread(target=self._go_on, name="pulse")
        self._thread.start()

    def __call__(self) -> bool | None:
        """Return what the store last said; None where it has said nothing of late."""
        if self._heard is False:
            return False
        of_late = self._heard and monotonic() - self._heard_at < 3 * self._beat
        return True if self._patient or of_late else None

    def stop(self) -> None:
        """Say nothing any more."""
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(self._beat):
            self._heard = self._say()
            if self._heard:
                self._heard_at = monotonic()


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
    _running: dict[Hold, Child] = field(default_factory=dict)
    _hurry: Event = field(default_factory=Event)

    def do(self, claimed: Claimed, zone: ZoneInfo) -> Ended | None:
        """Run a claimed job to its end and write down how it ended; None where it was not ours any
        more before it began."""
        # We may have been stopped for long since the row was made.
        if not self._heard(claimed.hold):
            return None
        arguments = claimed.job.arguments(claimed.due_at, zone)
        child = Child([*self.launch.command, *arguments], self.launch.environment, self.pace)
        self._running[claimed.hold] = child
        if self._hurry.is_set():
            child.stop(_STOPPED)
        # Who else is on a file is on this machine, and whoever writes to it keeps all others out:
        # that the store does not answer says nothing there.
        patient = self.engine.dialect.name == "sqlite"
        pulse = Pulse(lambda: self._heard(claimed.hold), self.pace.beat, patient=patient)
        try:
            ended = child.run(pulse, claimed.job.at_most_minutes * 60)
        finally:
            pulse.stop()
            del self._running[claimed.hold]
        if ended.state == "failed" and ended.exit_code in claimed.job.fine_exit_codes:
            ended = replace(ended, state="done")
        self._finish(claimed.hold, ended)
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

    def _heard(self, hold: Hold) -> bool | None:
        try:
            return heard(self.engine, hold, self.now())
        except DBAPIError:
            return None

    def _finish(self, hold: Hold, ended: Ended) -> None:
        """Write down how a job ended. A store that does not answer is asked a few times; after that
        the job counts as lost, which is shown."""
        for _ in range(_TRIES):
            try:
                finish(self.engine, hold, self.now(), ended)
            except DBAPIError:
                self._hurry.wait(self.pace.beat)
            else:
                return
