"""The scheduler: APScheduler wakes it, the store decides whether it acts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread

# The ignores: apscheduler 3 says nothing of its types.
from apscheduler.schedulers.background import (  # type: ignore[import-untyped]
    BackgroundScheduler,
)
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError

from nostop.model import StoreError
from nostop.scheduler.deciding import Act, Deed, Standing, decide
from nostop.scheduler.declared import Schedule, When
from nostop.scheduler.doing import LOST_AFTER, Claimed, Doer
from nostop.scheduler.moments import Clockwork
from nostop.store.leading import Leadership
from nostop.store.schedule import (
    CLOCK_TOLERANCE,
    Due,
    claim,
    claim_again,
    mark_lost,
    newest_runs,
    paused_jobs,
    skip,
)

#: How often a scheduler looks, and says that it leads.
EVERY = timedelta(seconds=2)


class Planned(BaseTrigger):  # type: ignore[misc]
    """Wakes us at the planned moments of a job."""

    def __init__(self, clock: Clockwork, when: When) -> None:
        self._clock = clock
        self._when = when

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the next planned moment after the last one, or after now."""
        return self._clock.following(self._when, previous_fire_time or now)


def _elapsed() -> float:
    """Return seconds that no setting of a clock changes, and that go on while a machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


@dataclass
class ClockWatch:
    """Notices that this machine's clock was set while we ran: a file as a store has none of its
    own to compare with.

    elapsed: seconds that only ever go on.
    """

    elapsed: Callable[[], float] = _elapsed
    _began: tuple[datetime, float] | None = None

    def check(self, at: datetime) -> None:
        """Compare the clock with the time that went by.

        Raises:
            StoreError: it was set by more than is believed.
        """
        if self._began is None:
            self._began = (at, self.elapsed())
        began, elapsed = self._began
        off = at - began - timedelta(seconds=self.elapsed() - elapsed)
        if abs(off) > CLOCK_TOLERANCE:
            raise StoreError(
                f"schedule: this machine's clock was set by {off} since the scheduler started: no "
                "job is run on a wrong clock; put it right, or start the scheduler again if it is"
            )


@dataclass
class Scheduler:
    """One scheduler of a store; of several, one leads and acts.

    report: told in a line what happens.
    """

    doer: Doer
    schedule: Schedule
    clock: Clockwork
    report: Callable[[str], None]
    lost_after: timedelta = LOST_AFTER
    watch: ClockWatch = field(default_factory=ClockWatch)
    looked_at: datetime | None = None
    problem: str | None = None
    _leads: bool | None = None
    _busy: Lock = field(default_factory=Lock)
    _threads: list[Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._leadership = Leadership(self.doer.engine, self.doer.holder)
        self._alarm = BackgroundScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        # A look that finds another under way ends at once.
        always = {"coalesce": True, "max_instances": 1_000, "misfire_grace_time": None}
        begin = self.doer.now()
        self._alarm.add_job(
            self.look, "interval", seconds=EVERY.total_seconds(), next_run_time=begin, **always
        )
        for job in self.schedule.jobs.values():
            self._alarm.add_job(self.look, Planned(self.clock, job.when), **always)
        self._alarm.start()

    def stop(self, grace: float) -> None:
        """Take nothing up any more, let what runs end within `grace` seconds, end the rest, and
        give up the lead."""
        if self._alarm.running:
            self._alarm.shutdown(wait=True)
        until = time.monotonic() + grace
        while not self.doer.is_idle and time.monotonic() < until:
            time.sleep(0.1)
        self.doer.stop()
        for thread in self._threads:
            thread.join()
        try:
            self._leadership.release()
        except DBAPIError:
            self.report("the store does not answer: the lead ends by itself")

    def look(self) -> None:
        """Keep or take the lead and do what is due. What goes wrong is reported, and ends here."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._look(self.doer.now())
            self._told(None)
        except StoreError as error:
            self._told(str(error))
        except DBAPIError:
            # Its words may hold the address of the database, and what was to be stored.
            self._told("the store does not answer")
        finally:
            self._busy.release()

    def _look(self, at: datetime) -> None:
        self.looked_at = at
        self.watch.check(at)
        leads = self._leadership.hold(at)
        if leads != self._leads:
            self.report("leads" if leads else "another scheduler leads")
        self._leads = leads
        if not leads:
            return
        for job in mark_lost(self.doer.engine, self.lost_after, at):
            self.report(f"{job}: lost, not heard of any more")
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        standing = Standing(newest_runs(self.doer.engine), paused_jobs(self.doer.engine))
        for name in self.schedule.jobs:
            self._act(name, decide(name, self.schedule, self.clock, standing, at), standing, at)

    def _act(self, name: str, act: Act, standing: Standing, at: datetime) -> None:
        if act.due_at is None:
            return
        due = Due(name, act.due_at)
        if act.deed is Deed.SKIP:
            reason = act.reason or ""
            if skip(self.doer.engine, due, self.doer.holder, at, reason):
                self.report(f"{name}: skipped, {reason}")
            return
        job_run_id = self._claim(act, due, standing, at)
        if job_run_id is not None:
            claimed = Claimed(job_run_id, name, self.schedule.jobs[name], act.due_at)
            thread = Thread(target=self._do, args=(claimed,), name=f"job {name}")
            self._threads.append(thread)
            thread.start()

    def _claim(self, act: Act, due: Due, standing: Standing, at: datetime) -> int | None:
        engine, holder = self.doer.engine, self.doer.holder
        if act.deed is Deed.RUN:
            return claim(engine, due, holder, at)
        lost = standing.newest[due.job]
        return lost.job_run_id if claim_again(engine, lost, holder, at) else None

    def _do(self, claimed: Claimed) -> None:
        self.report(f"{claimed.name}: begins")
        ended = self.doer.do(claimed, self.schedule.time_zone)
        if ended is not None:
            self.report(f"{claimed.name}: {ended.state}{f', {ended.error}' if ended.error else ''}")

    def _told(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            self.report(problem)
        self.problem = problem
