"""A campaign as a service team declares it in YAML: who is told of what, by which channels in which
order, when, and how much at most."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from nostop.hours import WEEKDAYS, TimeOfDay, Window
from nostop.model import OutreachError, YamlError, nearest
from nostop.outreach.allow_list import checked_pattern
from nostop.outreach.policy import CAMPAIGN_NAME
from nostop.strict_yaml import Document, parse_yaml, read_yaml

NATIONS = ("england", "wales", "scotland", "northern_ireland")


def _percent(value: object) -> object:
    if not isinstance(value, str) or not value.endswith("%"):
        raise ValueError("write a share as 10%")
    try:
        return Fraction(value[:-1].strip()) / 100
    except ValueError:
        raise ValueError(f"'{value}' is not a share: write 10% or 97.5%") from None


Percent = Annotated[Fraction, BeforeValidator(_percent), Field(ge=0, le=1)]
Kind = Literal["entitled", "worth_asking"]
Nation = Literal["england", "wales", "scotland", "northern_ireland"]
Name = Annotated[str, Field(pattern=rf"^{CAMPAIGN_NAME.pattern}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Audience(_Part):
    """Whom the campaign is for: rules over determinations. What is left out does not choose.

    confidence_at_least: the weakest link among the records that a determination rests on.
    pounds_a_year_at_least: of what somebody is known to gain at least; a year is 52 weeks or 12
        months. Who may gain from nothing upwards is left out by any such bar.
    facts_no_older_than_days: the oldest record behind what the scheme reads of the unit.
    """

    kinds: tuple[Kind, ...] = ("entitled", "worth_asking")
    confidence_at_least: Percent = Fraction(95, 100)
    pounds_a_year_at_least: Annotated[int, Field(ge=0)] | None = None
    facts_no_older_than_days: Annotated[int, Field(ge=1)] | None = None
    nations: tuple[Nation, ...] = ("england", "wales", "scotland", "northern_ireland")
    local_authorities: tuple[str, ...] | None = None
    minimum_age: Annotated[int, Field(ge=16)] = 18


class ChannelUse(_Part):
    """One channel of the campaign: `use` names it, `settings` are its own; secrets are in the
    environment. `pence` is what a message costs until the provider says."""

    use: str
    settings: dict[str, str | int | bool | tuple[str, ...]] = Field(default_factory=dict)
    pence: Annotated[int, Field(ge=0)] = 0


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Hours(_Part):
    """When messages may go, by the clock of the recipient's nation."""

    from_: TimeOfDay = Field(alias="from")
    until: TimeOfDay
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS[:5]  # type: ignore[assignment]  # the same words
    bank_holidays: Literal["open", "closed"] = "closed"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Hours":
        if not self.from_ < self.until:
            raise ValueError("hours: until is not after from, on the same day")
        return self

    @property
    def window(self) -> Window:
        """The same, as `nostop.hours` asks for it."""
        return Window(
            self.from_, self.until, frozenset(self.days), bank_holidays=self.bank_holidays == "open"
        )


class PerPerson(_Part):
    """At most so many messages to one person in so many days, whatever campaign they are of."""

    messages: Annotated[int, Field(ge=1)] = 1
    days: Annotated[int, Field(ge=1)] = 28


class Limits(_Part):
    """How much at most.

    messages: in the whole campaign. per_minute: of this campaign, over every sender there is.
    in_flight: how many calls one sender has open at a time: so many are unknown if it is killed.
    """

    per_person: PerPerson = PerPerson()
    messages: Annotated[int, Field(ge=1)] | None = None
    per_minute: Annotated[int, Field(ge=1)] = 3000
    budget_pounds: Annotated[int, Field(ge=0)] | None = None
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8


class Trial(_Part):
    """A holdout: a share of households that nobody writes to until a day, to measure what messages
    do. Never near a deadline: nobody loses a claim for the sake of a trial."""

    trial: Name
    share: Percent
    until: date
    deadline: date | None = None
    days_before_deadline: Annotated[int, Field(ge=0)] = 56


class FollowUp(_Part):
    """What happens where a message was sent and nothing was heard for so many days: a case is
    opened, so that somebody can call. No second message goes: nobody has written words for one."""

    after_days: Annotated[int, Field(ge=14)]


class Review(_Part):
    """What a caseworker decides about a scheme of the campaign, and a second person has to approve
    before it counts."""

    second_approval: tuple[Literal["confirm", "not_entitled", "suppress"], ...] = ()


class Register(_Part):
    """How old, at most, the lists of whom not to write to may be when a message goes."""

    no_older_than_hours: Annotated[int, Field(ge=1)] = 48


#: A telephone number, or an address on one line: it is printed as it stands.
Contact = Annotated[str, Field(pattern=r"^[^\W_][\w ,.()+'&/:-]{4,119}$")]
HttpsAddress = Annotated[
    str,
    Field(pattern=r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$"),
]


class Campaign(_Part):
    """One campaign. See docs/guides/outreach.md for each key.

    contact: how somebody who got a letter reaches the sender, to say that they want no more, or
        that it is wrong.
    unsubscribe_url: the address of `nostop outreach callbacks` as the world sees it, with
        `/unsubscribe` at its end: e-mails then have a link of one click.
    follow_up: what happens where nothing is heard.
    review: which decisions of caseworkers need a second person.
    """

    id: Name
    sender: Annotated[str, Field(min_length=2, max_length=60)]
    schemes: Annotated[tuple[str, ...], Field(min_length=1)]
    channels: Annotated[tuple[ChannelUse, ...], Field(min_length=1)]
    hours: Hours | Literal["any_time"]
    run: str | None = None
    audience: Audience = Audience()
    limits: Limits = Limits()
    register_: Register = Field(default=Register(), alias="register")
    holdout: Trial | None = None
    starts: date | None = None
    ends: date | None = None
    contact: Contact | None = None
    unsubscribe_url: HttpsAddress | None = None
    follow_up: FollowUp | None = None
    review: Review | None = None
    ask_provider_after_minutes: Annotated[int, Field(ge=1)] = 60
    allow_list: tuple[Annotated[str, BeforeValidator(checked_pattern)], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "Campaign":
        uses = [channel.use for channel in self.channels]
        if len(set(uses)) < len(uses):
            raise ValueError("channels: each channel once")
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError("ends is before starts")
        trial = self.holdout
        if trial and trial.deadline:
            left = (trial.deadline - trial.until).days
            if left < trial.days_before_deadline:
                raise ValueError(
                    f"holdout: ends {left} days before the deadline, expected at least "
                    f"{trial.days_before_deadline}: nobody may lose a claim for a trial"
                )
        return self


def read_campaign(path: Path) -> Campaign:
    """Read a campaign and check that its parts fit each other.

    Raises:
        OutreachError: with file, line, column, what was found and what to write, one line for each.
    """
    try:
        return _checked(read_yaml(path))
    except YamlError as error:
        raise OutreachError(str(error)) from error


def parse_campaign(text: str, name: str) -> Campaign:
    """Read a campaign from its text, as `read_campaign` does; `name` names it in messages."""
    try:
        return _checked(parse_yaml(text, Path(name)))
    except YamlError as error:
        raise OutreachError(str(error)) from error


def _checked(document: Document) -> Campaign:
    try:
        return Campaign.model_validate(document.data)
    except ValidationError as error:
        lines = dict.fromkeys(_line(document, detail) for detail in error.errors())
        raise OutreachError("\n".join(lines)) from error


def _line(document: Document, detail: ErrorDetails) -> str:
    where: object = document.data
    keys: list[str | int] = []
    part: type[BaseModel] = Campaign
    for step in detail["loc"]:
        known = isinstance(where, dict) and step in where
        listed = isinstance(where, list) and isinstance(step, int) and step < len(where)
        if not known and not listed:
            continue
        keys.append(step)
        where = where[step]  # type: ignore[index]  # looked at just above
        part = _PARTS.get(str(step), part)
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "missing":
        return str(document.problem(f"key '{name}' is missing", *keys))
    if detail["type"] == "extra_forbidden":
        takes = [field.alias or key for key, field in part.model_fields.items()]
        return str(document.problem(f"key '{name}' is not known{nearest(name, takes)}", *keys))
    said = detail["msg"].removeprefix("Value error, ")
    return str(document.problem(f"{name}: {said}" if name else said, *keys))


_PARTS: dict[str, type[BaseModel]] = {
    "audience": Audience,
    "hours": Hours,
    "channels": ChannelUse,
    "limits": Limits,
    "per_person": PerPerson,
    "holdout": Trial,
    "register": Register,
    "follow_up": FollowUp,
    "review": Review,
}
