"""What a person can ask of the schedule, on the store that an address names."""

import platform
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import getpid
from threading import Event

from sqlalchemy import Engine

from nostop.app.health import health
from nostop.app.metrics import metrics
from nostop.app.opened import opened
from nostop.scheduler.declared import Schedule
from nostop.scheduler.doing import Claimed, Doer, Launch
from nostop.scheduler.endpoints import LOOPBACK, Asked, Endpoints
from nostop.scheduler.moments import Clockwork
from nostop.scheduler.serving import Scheduler
from nostop.store.schedule import (
    Ended,
    JobRunRecord,
    claim_by_hand,
    history,
    newest_runs,
    pause,
    paused_jobs,
    resume,
)

#: A scheduler that has not looked for so long hangs.
STUCK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Line:
    """A job as it stands: when it is due next, what became of it last, and who paused it."""

    job: str
    next_due: datetime | None
    last: JobRunRecord | None
    paused_by: str | None


@dataclass(frozen=True, slots=True)
class Desk:
    """The schedule of one store.

    url: what `NOSTOP_DATABASE_URL` says; where it says nothing, everything raises SettingsError.
    now: returns the moment, with its zone.
    """

    url: str | None
    schedule: Schedule
    now: Callable[[], datetime]

    def lines(self, clock: Clockwork) -> list[Line]:
        """Return each job as it stands."""
        with opened(self.url) as engine:
            newest, paused = newest_runs(engine), paused_jobs(engine)
        return [
            Line(name, clock.following(job.when, self.now()), newest.get(name), paused.get(name))
            for name, job in self.schedule.jobs.items()
        ]

    def history(self, job: str, *, most: int) -> list[JobRunRecord]:
        """Return the last moments of a job, the latest first.

        Raises:
            ScheduleError: there is no such job.
        """
        self.schedule.job(job)
        with opened(self.url) as engine:
            return history(engine, job, most=most)

    def pause(self, job: str, by: str) -> bool:
        """Let a job wait; False where it does already. Raises like `history`."""
        self.schedule.job(job)
        with opened(self.url) as engine:
            return pause(engine, job, by, self.now())

    def resume(self, job: str, by: str) -> bool:
        """Let a job go on; False where it was not paused. Raises like `history`."""
        self.schedule.job(job)
        with opened(self.url) as engine:
            return resume(engine, job, by, self.now())

    def run_now(self, job: str, by: str, launch: Launch, on_stop: "OnStop") -> Ended | None:
        """Run a job now and return how it ended; None where another process took it up.

        Args:
            job: its name.
            by: who wants it.
            launch: how its process is started.
            on_stop: given what to call when this process is told to stop.
        Raises:
            ScheduleError: there is no such job, or it is running.
        """
        declared, at = self.schedule.job(job), self.now()
        with opened(self.url) as engine:
            doer = self._doer(engine, launch)
            on_stop(doer.stop)
            claimed = Claimed(claim_by_hand(engine, job, doer.holder, by, at), job, declared, at)
            return doer.do(claimed, self.schedule.time_zone)

    def serve(self, clock: Clockwork, launch: Launch, serving: "Serving") -> None:
        """Run jobs when they are due until `serving.stop` is set.

        Raises:
            ScheduleError: the port cannot be had.
        """
        with opened(self.url) as engine:
            doer = self._doer(engine, launch)
            scheduler = Scheduler(doer, self.schedule, clock, serving.report)
            endpoints = None
            if serving.port is not None:
                endpoints = Endpoints(self._asked(scheduler, engine), serving.port)
                serving.report(f"answers on http://{LOOPBACK}:{endpoints.port}/health/ready")
            try:
                scheduler.start()
                serving.stop.wait()
                serving.report("stops")
                scheduler.stop(serving.grace)
            finally:
                if endpoints is not None:
                    endpoints.stop()

    def _doer(self, engine: Engine, launch: Launch) -> Doer:
        return Doer(engine, _holder(), launch, self.now)

    def _asked(self, scheduler: Scheduler, engine: Engine) -> Asked:
        def live() -> bool:
            looked_at = scheduler.looked_at
            return looked_at is None or abs(self.now() - looked_at) < STUCK

        return Asked(live, lambda: health(engine, self.now()), lambda: metrics(engine, self.now()))


OnStop = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Serving:
    """How a scheduler serves.

    stop: set when it is to stop.
    report: told in a line what happens.
    port: of this machine, for health and metrics; None answers nobody.
    grace: seconds that running jobs get to end when it stops.
    """

    stop: Event
    report: Callable[[str], None]
    port: int | None = None
    grace: float = 30


def _holder() -> str:
    """Return an id that no other process ever has: a machine, a process, and chance."""
    node = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:60] or "unnamed"
    return f"{node}:{getpid()}:{secrets.token_hex(4)}"
