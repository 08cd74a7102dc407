"""The moments at which a job is due: worked out from its declaration alone, so that every scheduler
of one store finds the same ones, whenever it wakes.

When clocks change, a time of day that comes twice (01:30 in October) is due once, the first time;
one that is left out (01:30 in March) is due when it would have been, at 02:30 by the new time. What
is due every so many minutes goes on as if nothing had happened.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nostop.hours import WEEKDAYS, BankHolidays
from nostop.scheduler.declared import When

#: Days that are looked at for a moment: nothing in a calendar is closed for longer.
_FARTHEST = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What turns a declaration into moments: the time zone, and the days that are holidays."""

    zone: ZoneInfo
    holidays: BankHolidays

    def latest(self, when: When, at: datetime) -> datetime | None:
        """Return the last moment (UTC) of a job that is not after `at`; None where there is none
        within a month."""
        today = at.astimezone(self.zone).date()
        for back in range(_FARTHEST):
            day = today - timedelta(days=back)
            found = [moment for moment in self._moments(when, day) if moment <= at]
            if found:
                return found[-1]
        return None

    def following(self, when: When, at: datetime) -> datetime | None:
        """Return the first moment (UTC) of a job after `at`; None where there is none within a
        month."""
        today = at.astimezone(self.zone).date()
        for ahead in range(_FARTHEST):
            day = today + timedelta(days=ahead)
            found = [moment for moment in self._moments(when, day) if moment > at]
            if found:
                return found[0]
        return None

    def _is_due(self, when: When, day: date) -> bool:
        if WEEKDAYS[day.weekday()] not in when.days:
            return False
        if when.bank_holidays:
            return True
        # Of a year without known holidays nobody can say; nothing is due.
        return day.year in self.holidays.years and not self.holidays.closes(day, None)

    def _moments(self, when: When, day: date) -> list[datetime]:
        """Return the moments of a day of the time zone, in order."""
        if not self._is_due(when, day):
            return []
        if when.at is not None:
            # A time that is left out keeps the offset of before the change: it comes an hour later.
            return [datetime.combine(day, when.at, self.zone).astimezone(UTC)]
        step = timedelta(minutes=when.every_minutes or 0)
        moment = datetime.combine(day, time.min, self.zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time.min, self.zone).astimezone(UTC)
        moment += -(moment - _EPOCH) % step
        found = []
        while moment < end:
            hands = moment.astimezone(self.zone).time()
            if when.begins <= hands and (when.until is None or hands < when.until):
                found.append(moment)
            moment += step
        return found
