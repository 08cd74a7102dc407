"""The words everything else is written in: outcomes, money, dates, and every error class.

NostopError                 a mistake the person who runs nostop can mend; shown without a traceback
├── FrameError              a table lacks a column, or a column has another type
├── YamlError               a YAML file cannot be read as written
├── JsonError               JSON cannot be read as written
├── RuleError               a rule pack, its rates or its cases say something that cannot stand
├── SituationError          a case to evaluate names something unknown, or contradicts itself
├── FeedError               a feed's declaration or file breaks its contract
├── FetchError              a source cannot be reached, refuses, or breaks off
├── LinkageError            records cannot be linked as asked
├── OutreachError           a plan or a template cannot be used
├── EventError              a life event, or a rule about them, cannot be taken
├── ScheduleError           a schedule cannot stand, or a job of it cannot be run
├── StoreError              the database cannot be used safely
├── MovedOn                 somebody else changed it meanwhile
├── NotHere                 it is not there, or not for whoever asks; nobody is told which
├── SignInError             somebody cannot be signed in as they came
│   └── NoRoleError         they are who they say, and have no role here
├── PluginError             a transport, connector or channel is missing or does not fit its seam
└── SettingsError           a command's setting is unknown or impossible
"""

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What the rules say of one subject and one scheme. Unknown is an answer."""

    ENTITLED = "entitled"
    NOT_ENTITLED = "not_entitled"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """Whose fact it is, or whom a scheme decides for."""

    PERSON = "person"
    BENEFIT_UNIT = "benefit_unit"
    HOUSEHOLD = "household"


class Period(StrEnum):
    """What span of time an amount is for. A stock such as capital has none."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ONCE = "once"


#: How often an amount for a period comes in a year: 52 weeks or 12 months; a one-off counts once.
TIMES_A_YEAR = {Period.WEEK: 52, Period.MONTH: 12, Period.YEAR: 1, Period.ONCE: 1}

#: A date fact with this value is known never to have happened ("not in hospital"); null would be
#: unknown.
NEVER = date(9999, 12, 31)

#: Award statuses that count as claimed: a nil award, a claim in progress and an opt-out are claims.
CLAIMED_STATUSES = ("in_payment", "nil_award", "pending", "opted_out")
AWARD_STATUSES = (*CLAIMED_STATUSES, "ended")


class NostopError(Exception):
    """A mistake that the person who runs nostop can mend."""


class FrameError(NostopError):
    """A table lacks a column, or a column has another type."""


class YamlError(NostopError):
    """A YAML file cannot be read as written."""


class JsonError(NostopError):
    """JSON cannot be read as written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where it is, what was found, what to write instead."""

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class RuleError(NostopError):
    """Rule files that cannot stand; holds one problem for each root cause."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class SituationError(NostopError):
    """A case to evaluate names something unknown, or contradicts itself."""


class FeedError(NostopError):
    """A feed's declaration or file breaks its contract."""


class FetchError(NostopError):
    """A source cannot be reached, refuses, or breaks off."""


class LinkageError(NostopError):
    """Records cannot be linked as asked."""


class OutreachError(NostopError):
    """A plan or a template cannot be used."""


class EventError(NostopError):
    """A life event, or a rule about them, cannot be taken."""


class ScheduleError(NostopError):
    """A schedule cannot stand, or a job of it cannot be run."""


class StoreError(NostopError):
    """The database cannot be used safely."""


class MovedOn(NostopError):  # noqa: N818 - no error of anybody's: it is told
    """Somebody else changed it since it was looked at: nothing was written, look again."""


class NotHere(NostopError):  # noqa: N818 - the answer, not a fault
    """What was asked for is not there, or not for whoever asks: nobody is told which."""


class SignInError(NostopError):
    """Somebody cannot be signed in as they came."""


class NoRoleError(SignInError):
    """Somebody is who they say, and has no role here."""


class PluginError(NostopError):
    """A transport, connector or channel is missing or does not fit its seam."""


class SettingsError(NostopError):
    """A command's setting is unknown or impossible."""


def nearest(name: str, known: list[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or an empty text."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def pounds(pence: int) -> str:
    """Return whole pence as pounds for people: 123456 -> '£1,234.56'."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"
