"""When people may be written to: hours of the day, days of the week, bank holidays of their nation.

Hours are those of the United Kingdom's clocks, summer time or not. A day of which the calendar of
bank holidays says nothing is closed, and so is a holiday anywhere for somebody whose nation is not
known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from nostop.model import SettingsError
from nostop.strict_yaml import read_yaml

#: One for the whole country, Northern Ireland too.
LONDON = ZoneInfo("Europe/London")
#: Where bank holidays stand in a folder of rules.
CALENDAR = Path("calendar", "bank_holidays.yaml")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: The list of bank holidays that each nation keeps.
LISTS = {
    "england": "england_and_wales",
    "wales": "england_and_wales",
    "scotland": "scotland",
    "northern_ireland": "northern_ireland",
}


class Closed(StrEnum):
    """Why nobody is written to at a moment."""

    WEEKDAY = "closed_weekday"
    HOUR = "quiet_hours"
    BANK_HOLIDAY = "bank_holiday"
    CALENDAR_ENDS = "no_bank_holidays_known"


@dataclass(frozen=True, slots=True)
class Window:
    """When messages may go: from `from_` until just before `until`, on some days of the week.

    bank_holidays: whether it is open on bank holidays too.

    Raises:
        SettingsError: it would never be open, or `days` names no day of the week.
    """

    from_: time
    until: time
    days: frozenset[str] = frozenset(WEEKDAYS[:5])
    bank_holidays: bool = False

    def __post_init__(self) -> None:
        if not self.from_ < self.until:
            raise SettingsError(
                f"hours: from {self.from_:%H:%M} until {self.until:%H:%M} is never: it has to "
                "begin before it ends, on the same day"
            )
        strange = sorted(self.days - set(WEEKDAYS))
        if strange or not self.days:
            raise SettingsError(f"hours: days {strange} are none of {', '.join(WEEKDAYS)}")


@dataclass(frozen=True, slots=True)
class BankHolidays:
    """The days of each list, and the years for which every list is whole."""

    years: frozenset[int]
    days: Mapping[str, frozenset[date]]

    def closes(self, day: date, nation: str | None) -> bool:
        """Whether `day` is a holiday of a nation, or of any where it is None.

        Raises:
            SettingsError: there is no such nation.
        """
        if nation is None:
            return day in frozenset(chain.from_iterable(self.days.values()))
        if nation not in LISTS:
            raise SettingsError(f"hours: '{nation}' is none of the nations {', '.join(LISTS)}")
        return day in self.days[LISTS[nation]]


def closed_because(
    window: Window, at: datetime, nation: str | None, holidays: BankHolidays
) -> Closed | None:
    """Return why nobody of a nation is written to at a moment; None where they may be.

    Args:
        window: when messages may go.
        at: the moment, with its zone.
        nation: england, wales, scotland or northern_ireland; None where it is not known.
        holidays: of the years that matter.

    Raises:
        SettingsError: there is no such nation.
        ValueError: `at` says no zone.
    """
    local = _local(at)
    if not window.bank_holidays:
        if local.year not in holidays.years:
            return Closed.CALENDAR_ENDS
        if holidays.closes(local.date(), nation):
            return Closed.BANK_HOLIDAY
    if WEEKDAYS[local.weekday()] not in window.days:
        return Closed.WEEKDAY
    return None if window.from_ <= local.time() < window.until else Closed.HOUR


def is_open(window: Window, at: datetime, nation: str | None, holidays: BankHolidays) -> bool:
    """Whether people of a nation may be written to; see `closed_because`."""
    return closed_because(window, at, nation, holidays) is None


def next_opening(
    window: Window, at: datetime, nation: str | None, holidays: BankHolidays
) -> datetime | None:
    """Return the first moment from `at` on (in UTC) at which the window is open.

    None where it does not open before the calendar of bank holidays ends, or within a year.
    """
    if is_open(window, at, nation, holidays):
        return at.astimezone(UTC)
    first = _local(at).date()
    for ahead in range(367):
        for moment in _openings(window, first + timedelta(days=ahead)):
            if moment > at and is_open(window, moment, nation, holidays):
                return moment
    return None


def _openings(window: Window, day: date) -> Iterable[datetime]:
    """Return the moments of a day at which a window can begin to be open.

    Clocks change at 01:00 UTC (Summer Time Act 1972). In October `from_` may come twice, in March
    it may be among the minutes that are left out: then the window begins with the change.
    """
    local = datetime.combine(day, window.from_, LONDON)
    twice = {local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)}
    return sorted(twice | {datetime.combine(day, time(1), UTC)})


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone says no hour")
    return at.astimezone(LONDON)


def parse_time(text: object) -> time:
    """Return the time of day of a text such as "08:30".

    Raises:
        ValueError: it is none.
    """
    found = (
        re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text) if isinstance(text, str) else None
    )
    if found is None:
        raise ValueError(f'{text!r} is no time of day: write it in quotes, such as "08:30"')
    return time(int(found[1]), int(found[2]))


#: A time of day in a YAML file: `"08:30"`.
TimeOfDay = Annotated[time, BeforeValidator(parse_time)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Day(_Part):
    day: date
    name: str
    instead_of: date | None = None


class _List(_Part):
    reference: str
    days: Annotated[list[_Day], Field(min_length=1)]


class _File(_Part):
    reference: str
    checked_on: date
    years: Annotated[list[int], Field(min_length=1)]
    holidays: dict[Literal["england_and_wales", "scotland", "northern_ireland"], _List]


def read_bank_holidays(rules: Path) -> BankHolidays:
    """Read the bank holidays of a folder of rules. A substitute closes the day it stands for too.

    Raises:
        YamlError: the file is missing or cannot be read as YAML.
        SettingsError: it says something unknown, or a nation's list lacks one of the years.
    """
    document = read_yaml(rules / CALENDAR)
    try:
        file = _File.model_validate(document.data)
    except ValidationError as error:
        wrong = (str(document.problem(e["msg"], *e["loc"])) for e in error.errors())
        raise SettingsError("\n".join(wrong)) from error
    lacking = sorted(set(LISTS.values()) - set(file.holidays))
    if lacking:
        raise SettingsError(str(document.problem(f"lacks the holidays of {lacking}", "holidays")))
    for name, found in file.holidays.items():
        years = {each.day.year for each in found.days}
        if years != set(file.years):
            other = sorted(years ^ set(file.years))
            message = f"the years {other} are not both in `years` and in the list"
            raise SettingsError(str(document.problem(message, "holidays", name)))
    days = {str(name): frozenset(_all_days(found)) for name, found in file.holidays.items()}
    return BankHolidays(frozenset(file.years), days)


def _all_days(found: _List) -> Iterator[date]:
    for each in found.days:
        yield each.day
        if each.instead_of is not None:
            yield each.instead_of
