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
from nostop.store.leading import LEASE, Leadership
from nostop.store.schedule import (
    CLOCK_TOLERANCE,
    Due,
    Hold,
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
        self,
        previous_fire_time: datetime | None,  # noqa: ARG002 - what was missed is ours to decide
        now: datetime,
    ) -> datetime | None:
        """Return the next planned moment after now."""
        return self._clock.following(self._when, now)


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
    _steady_since: float = 0.0
    _last: float | None = None
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
        self._got_through()
        if leads != self._leads:
            self.report("leads" if leads else "another scheduler leads")
        self._leads = leads
        if not leads:
            return
        if self._steady_for() >= self.lost_after:
            for job in mark_lost(self.doer.engine, self.lost_after, at):
                self.report(f"{job}: lost, not heard of any more")
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        standing = Standing(newest_runs(self.doer.engine), paused_jobs(self.doer.engine))
        for name in self.schedule.jobs:
            self._act(name, decide(name, self.schedule, self.clock, standing, at), standing, at)

    def _got_through(self) -> None:
        """Remember since when every look of ours got through to the store."""
        now = time.monotonic()
        if self._last is None or now - self._last > LEASE.total_seconds():
            self._steady_since = now
        self._last = now

    def _steady_for(self) -> timedelta:
        # While the store was out of reach, those who run jobs could not tell it either.
        return timedelta(seconds=time.monotonic() - self._steady_since)

    def _act(self, name: str, act: Act, standing: Standing, at: datetime) -> None:
        if act.due_at is None:
            return
        due = Due(name, act.due_at)
        if act.deed is Deed.SKIP:
            reason = act.reason or ""
            if skip(self.doer.engine, due, self.doer.holder, at, reason):
                self.report(f"{name}: skipped, {reason}")
            return
        hold = self._claim(act, due, standing, at)
        if hold is not None:
            claimed = Claimed(hold, name, self.schedule.jobs[name], act.due_at)
            thread = Thread(target=self._do, args=(claimed,), name=f"job {name}")
            self._threads.append(thread)
            thread.start()

    def _claim(self, act: Act, due: Due, standing: Standing, at: datetime) -> Hold | None:
        engine, holder = self.doer.engine, self.doer.holder
        if act.deed is Deed.RUN:
            return claim(engine, due, holder, at)
        return claim_again(engine, standing.newest[due.job], holder, at)

    def _do(self, claimed: Claimed) -> None:
        self.report(f"{claimed.name}: begins")
        ended = self.doer.do(claimed, self.schedule.time_zone)
        if ended is not None:
            self.report(f"{claimed.name}: {ended.state}{f', {ended.error}' if ended.error else ''}")

    def _told(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            self.report(problem)
        self.problem = problem
