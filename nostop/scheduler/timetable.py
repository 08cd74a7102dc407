"""The schedule as pages look at it: which jobs there are, and when each is due next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nostop.scheduler.declared import Schedule
from nostop.scheduler.moments import Clockwork


@dataclass(frozen=True, slots=True)
class Timetable:
    """A schedule and the clock that its moments are worked out with: a
    `nostop.app.run_overview.Calendar`."""

    schedule: Schedule
    clock: Clockwork

    @property
    def jobs(self) -> Sequence[str]:
        """The names of the jobs, in the order of the file."""
        return tuple(self.schedule.jobs)

    def next_due(self, job: str, at: datetime) -> datetime | None:
        """Return the first moment (UTC) of a job after `at`; None where there is none within a
        month.

        Raises:
            ScheduleError: there is no such job.
        """
        return self.clock.following(self.schedule.job(job).when, at)
