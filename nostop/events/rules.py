"""Event types and event rules as they are written in rules/events."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_SPAN = re.compile(r"([1-9][0-9]{0,3}) (day|days|week|weeks)")
_WORD = r"^[a-z][a-z0-9_]{0,60}$"

#: What an attribute may hold. There is none for free text, a name, an address or a number that
#: identifies somebody.
ATTRIBUTE_TYPES = ("id", "scheme", "date", "pence", "count", "yes_no")


def _days(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write a span as '28 days' or '4 weeks'")  # noqa: TRY004 - pydantic tells it
    found = _SPAN.fullmatch(value)
    if not found:
        raise ValueError("write a span as '28 days' or '4 weeks'; months have no fixed length")
    return int(found[1]) * (7 if found[2].startswith("week") else 1)


#: A span of whole days, written `28 days` or `4 weeks`.
Span = Annotated[int, BeforeValidator(_days)]
Word = Annotated[str, Field(pattern=_WORD)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Value = bool | int | date | str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Title(_Part):
    """What a rule is called, in both languages."""

    en: Text
    cy: Text


class Met(_Part):
    """A condition of a scheme's pack."""

    scheme: Word
    condition: Word


class EventType(_Part):
    """One type of event: whom it is about, what it must and may say.

    An attribute is one of `ATTRIBUTE_TYPES`, or the list of the words that it may be. `follows` is
    the signal that leads to this event, so that no rule can call itself. `when_met`: our runs make
    it when this condition no longer stands against the subject.
    """

    means: Text
    subject: Literal["person", "benefit_unit", "household"]
    has: dict[Word, str | list[Word]] = Field(default_factory=dict)
    may_have: dict[Word, str | list[Word]] = Field(default_factory=dict)
    follows: Literal["reopen", "follow_up"] | None = None
    when_met: Met | None = None

    @property
    def attributes(self) -> dict[str, str | list[Word]]:
        """Every attribute, whether it must be there or not."""
        return {**self.has, **self.may_have}


class TypesFile(_Part):
    """rules/events/types.yaml."""

    types: dict[Word, EventType]


class Compare(_Part):
    """How an attribute is compared, where it is not simply equal to a value."""

    is_not: Value | None = None
    at_least: int | date | None = None
    at_most: int | date | None = None
    one_of: Annotated[list[Value], Field(min_length=1)] | None = None


class Condition(_Part):
    """Another event about the same subject: `same` lists attributes that both have alike.

    `within` counts days from the first event, `before` days back from it.
    """

    event: Word
    where: dict[Word, Value | Compare] = Field(default_factory=dict)
    same: list[Word] = Field(default_factory=list)
    within: Span | None = None
    before: Span = 0


class When(_Part):
    """The event a rule is about, and what else there must be, or must not be, about its subject.

    `all`: each within so many days, before or after. `followed_by`: each on that day or within so
    many days after. `and_not`: none of these within so many days after; a tick decides it.
    `until`: it holds until one of these comes.
    """

    event: Word
    where: dict[Word, Value | Compare] = Field(default_factory=dict)
    all: list[Condition] = Field(default_factory=list)
    followed_by: list[Condition] = Field(default_factory=list)
    and_not: list[Condition] = Field(default_factory=list)
    until: list[Condition] = Field(default_factory=list)


class Then(_Part):
    """One signal."""

    signal: Literal["reopen", "follow_up", "stop", "hold", "close_case", "open_case"]
    schemes: Annotated[list[Word], Field(min_length=1)] | None = None
    step: Annotated[int, Field(ge=2)] | None = None
    reason: Word | None = None
    case: Literal["outreach", "wrong", "link", "returned", "override", "review"] | None = None
    after: Span | None = None
    for_: Annotated[Span | None, Field(alias="for")] = None


class EventRule(_Part):
    """One rule. `version` goes up when it means something else, and it then speaks anew of the
    events it is about; it hears none of before the day `in_force`."""

    id: Word
    version: Annotated[int, Field(ge=1)]
    title: Title
    says: Text
    reference: Text
    in_force: date
    when: When
    then: Annotated[list[Then], Field(min_length=1)]


class RulesFile(_Part):
    """One file of rules in rules/events."""

    rules: Annotated[list[EventRule], Field(min_length=1)]


#: How far a condition without an end looks ahead, in days: further than any log.
FOR_EVER = 400_000


@dataclass(frozen=True, slots=True)
class Look:
    """A condition as both executors take it: events of a type with these values, whose day is from
    `low` to `high` days after the first event's.

    Where `absent`, there must be none; with `waits`, that is settled only when a tick is past the
    last day.
    """

    condition: Condition
    low: int
    high: int
    absent: bool
    waits: bool


def looks(when: When) -> list[Look]:
    """Return the conditions of a rule, in the order of the file."""
    return [
        *(Look(c, -(c.within or 0), c.within or 0, absent=False, waits=False) for c in when.all),
        *(Look(c, 0, c.within or 0, absent=False, waits=False) for c in when.followed_by),
        *(Look(c, -c.before, c.within or 0, absent=True, waits=True) for c in when.and_not),
        *(Look(c, 0, FOR_EVER, absent=True, waits=False) for c in when.until),
    ]


@dataclass(frozen=True, slots=True)
class EventBook:
    """All that rules/events says: types by name, rules in order; and the schemes there are."""

    types: dict[str, EventType]
    rules: tuple[EventRule, ...]
    schemes: frozenset[str]

    @property
    def attributes(self) -> dict[str, str | list[Word]]:
        """Every attribute of any type: a name means the same wherever it stands."""
        return {
            name: kind for each in self.types.values() for name, kind in each.attributes.items()
        }
