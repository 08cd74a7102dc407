"""What rule files say: packs, libraries, rates, tables and gateways, as pydantic models. No law
lives here."""

import re
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from nostop.model import Level, Period
from nostop.rulebook.catalogue import LARGEST, too_large

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Cite = Annotated[str, StringConstraints(min_length=3, max_length=600)]
Sentence = Annotated[str, StringConstraints(min_length=3, max_length=1000)]
Formula = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]+$")]
Nation = Literal["england", "wales", "scotland", "northern_ireland"]
LocalAuthority = Annotated[str, StringConstraints(pattern=r"^[ENSW][0-9]{8}$")]
Direction = Literal["up", "down", "nearest"]


#: Far more than any law needs: what has more is broken, or meant to break something.
MOST_WORKINGS = 300
MOST_CONDITIONS = 30
MOST_PARTS = 50
MOST_NAMES = 500
MOST_RATES = 1000

#: A day as YAML writes it; text and numbers are not turned into one.
Day = Annotated[date, Field(strict=True)]


RateType = Literal["money", "int", "ratio", "date", "bool"]
_RATIO = re.compile(r"[0-9]{1,9}/[1-9][0-9]{0,8}\Z")
RateValue = StrictBool | StrictInt | Day | StrictStr


class Strict(BaseModel):
    """Unknown keys are refused everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Strict):
    """One text in English and Welsh."""

    en: Sentence
    cy: Sentence


class Span(Strict):
    """From a day, to a day or for good."""

    from_: Day = Field(alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> "Span":
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"ends on {self.to}, before it begins on {self.from_}")
        return self


class Periods(Strict):
    """How many weeks the law takes a year to have; months are twelve."""

    weeks_in_year: Literal["52", "365/7"]
    cite: Cite


class Working(Strict):
    """A named step: an amount, a number, a date or a yes/no that conditions and parts may read."""

    says: Sentence
    formula: Formula
    cite: Cite
    level: Level | None = None
    turning_points: tuple[Name, ...] = ()
    unverified: Sentence | None = None


class Condition(Strict):
    """One thing the law asks for."""

    id: Name
    says: Sentence
    when: Formula
    cite: Cite
    evidence: tuple[Sentence, ...] = ()
    if_not: Sentence
    unverified: Sentence | None = None


class Part(Strict):
    """One part of an award."""

    says: Sentence | None = None
    formula: Formula
    cite: Cite
    unverified: Sentence | None = None


class Rounding(Strict):
    """To what, and which way, the law rounds the award."""

    to: Literal["penny", "pound"]
    direction: Direction
    cite: Cite


class InKind(Strict):
    """What is given where it is no money: free meals, a pass, a credit on a record."""

    says: Bilingual
    cite: Cite


class Award(Strict):
    """How much: the parts are added, then rounded. What is given in kind has no parts; its amount
    is 0."""

    parts: dict[Name, Part] = Field(default={}, max_length=MOST_PARTS)
    per: Period = Period.ONCE
    round: Rounding | None = None
    in_kind: InKind | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> "Award":
        if self.in_kind is not None and (self.parts or self.model_fields_set & {"per", "round"}):
            raise ValueError("what is given in kind has no parts, per or round: take them out")
        if self.in_kind is None and not self.parts:
            raise ValueError("needs parts, or in_kind where no money is paid")
        if self.in_kind is None and "per" not in self.model_fields_set:
            raise ValueError("needs per: week, month, year or once")
        return self


class Invitation(Strict):
    """Whom to ask, of those whose outcome is open: policy, not law. Nobody else is worth asking."""

    says: Sentence
    when: Formula


class Backdate(Strict):
    """How far back a claim can reach."""

    months: int = Field(ge=0, le=120)
    cite: Cite


class Closing(Strict):
    """An award that ends when this one is claimed; `for_good` where it cannot be had again."""

    award: Name
    says: Sentence
    cite: Cite
    when: Formula | None = None
    for_good: StrictBool = False


class Change(Strict):
    """A fact of the claimant's own that an award changes."""

    fact: Name
    to: RateValue
    says: Sentence
    cite: Cite
    when: Formula | None = None


class ChangeToOther(Change):
    """A fact of another person that an award changes; `whose` is the fact with that person's id."""

    whose: Name


class Deadline(Strict):
    """The last day on which a claim can be made: a date, worked out of facts."""

    says: Sentence
    formula: Formula
    cite: Cite


class Claim(Strict):
    """How to claim."""

    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    phone: str | None = None
    backdate: Backdate | None = None
    deadline: Deadline | None = None
    how: Bilingual | None = None


class Note(Strict):
    """Something shown beside a result (`beside` says of which outcomes) that never changes it."""

    id: Name
    says: Sentence
    formula: Formula | None = None
    per: Period | None = None
    cite: Cite
    beside: tuple[Literal["entitled", "unknown", "not_entitled"], ...] = Field(
        default=("entitled", "unknown"), min_length=1
    )


class Library(Strict):
    """Workings that several packs share."""

    library: Name
    says: Sentence
    protected_facts: dict[Name, Cite] = {}
    periods: Periods | None = None
    work_out: dict[Name, Working] = Field(min_length=1, max_length=MOST_WORKINGS)
    left_out: tuple[Sentence, ...] = ()


class Pack(Strict):
    """One scheme in one jurisdiction."""

    scheme: Name
    template: Name | None = None
    cited_as: Sentence | None = None
    version: Version
    title: Bilingual
    summary: Bilingual
    owner: Sentence
    authority: str
    applies_in: tuple[Nation, ...] = Field(min_length=1)
    local_authorities: tuple[LocalAuthority, ...] = Field(default=(), max_length=MOST_NAMES)
    in_force: Span
    decides_for: Level
    receipt: Name
    uses: tuple[Name, ...] = Field(default=(), max_length=MOST_NAMES)
    protected_facts: dict[Name, Cite] = {}
    periods: Periods | None = None
    work_out: dict[Name, Working] = Field(default={}, max_length=MOST_WORKINGS)
    entitled_when: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)
    award: Award
    ask_person: tuple[Name, ...] = Field(default=(), max_length=MOST_NAMES)
    invite_when: Invitation | None = None
    opens: tuple[Name, ...] = Field(default=(), max_length=MOST_NAMES)
    closes: tuple[Closing, ...] = Field(default=(), max_length=MOST_CONDITIONS)
    changes: tuple[Change, ...] = Field(default=(), max_length=MOST_CONDITIONS)
    changes_for_others: tuple[ChangeToOther, ...] = Field(default=(), max_length=MOST_CONDITIONS)
    claim: Claim
    notes: tuple[Note, ...] = Field(default=(), max_length=MOST_WORKINGS)
    left_out: tuple[Sentence, ...] = ()


class DatedValue(Strict):
    """A value from a day until the next one."""

    from_: Day = Field(alias="from")
    value: RateValue
    reference: Cite


class Rate(Strict):
    """One number of law over time."""

    means: Sentence
    type: RateType
    per: Period | None = None
    uprated: Literal["yearly"] | None = None
    values: tuple[DatedValue, ...] = Field(min_length=1)
    unverified: Sentence | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> "Rate":
        _fits(self.type, self.per, [each.value for each in self.values])
        _in_order([each.from_ for each in self.values])
        return self


class DatedRows(Strict):
    """The rows of a table from a day until the next one."""

    from_: Day = Field(alias="from")
    reference: Cite
    rows: tuple[dict[str, RateValue], ...] = Field(min_length=1)


class Table(Strict):
    """A rate that depends on keys: a band (from this key up) or an exact key."""

    means: Sentence
    keys: dict[Name, Literal["band", "exact"]] = Field(min_length=1)
    type: Literal["money", "int", "ratio", "date"]
    per: Period | None = None
    uprated: Literal["yearly"] | None = None
    values: tuple[DatedRows, ...] = Field(min_length=1)
    unverified: Sentence | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> "Table":
        wanted = {*self.keys, "value"}
        for dated in self.values:
            for row in dated.rows:
                if set(row) != wanted:
                    raise ValueError(f"a row has {sorted(row)}: it needs {sorted(wanted)}")
            _fits(self.type, self.per, [row["value"] for row in dated.rows])
            self._keys_hold_together(dated.rows)
        if sum(kind == "band" for kind in self.keys.values()) > 1:
            raise ValueError("at most one key may be a band")
        _in_order([each.from_ for each in self.values])
        return self

    def _keys_hold_together(self, rows: tuple[dict[str, RateValue], ...]) -> None:
        for name, kind in self.keys.items():
            types = {type(row[name]) for row in rows}
            if kind == "exact" and types not in ({str}, {int}):
                raise ValueError(
                    f"key '{name}' is exact: each row needs a word for it, or each a whole number"
                )
            if kind == "band" and types not in ({int}, {date}):
                raise ValueError(
                    f"key '{name}' is a band: each row needs the number, or the date, it begins at"
                )
        counted = Counter(tuple(row[name] for name in self.keys) for row in rows)
        for keys, times in counted.items():
            if times > 1:
                shown = ", ".join(str(key) for key in keys)
                raise ValueError(f"the row for {shown} is written {times} times: keep one of them")


class RatesFile(Strict):
    """rates.yaml: dated, cited amounts, ages, limits and tables."""

    rates: dict[Name, Rate] = Field(default={}, max_length=MOST_RATES)
    tables: dict[Name, Table] = Field(default={}, max_length=MOST_RATES)


class Gateway(Strict):
    """The law under which a fact may be used for a scheme."""

    id: Name
    law: Sentence
    fields: tuple[Name, ...] = Field(min_length=1, max_length=MOST_NAMES)
    from_body: str
    to_body: str
    purpose: Sentence
    schemes: tuple[Name, ...] = Field(min_length=1, max_length=MOST_NAMES)
    from_: Day = Field(alias="from")
    to: Day | None = None
    status: Literal["in_force", "proposed", "synthetic_only"]
    note: Sentence | None = None


class GatewaysFile(Strict):
    """gateways.yaml."""

    gateways: tuple[Gateway, ...] = ()


class Signpost(Strict):
    """Help that somebody decides upon case by case: shown, never worked out. `from` and `to` are
    the days on which it is shown."""

    id: Name
    title: Bilingual
    says: Bilingual
    applies_in: tuple[Nation, ...] = Field(min_length=1)
    from_: Day = Field(alias="from")
    to: Day | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    cite: Cite

    @model_validator(mode="after")
    def _holds_together(self) -> "Signpost":
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"ends on {self.to}, before it begins on {self.from_}")
        return self

    def is_shown(self, nation: str | None, on: date) -> bool:
        """Whether it is shown on a day to a household of a nation; where that is not known, no."""
        return nation in self.applies_in and self.from_ <= on <= (self.to or date.max)


class SignpostsFile(Strict):
    """signposts.yaml."""

    signposts: tuple[Signpost, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> "SignpostsFile":
        for name, times in Counter(each.id for each in self.signposts).items():
            if times > 1:
                raise ValueError(f"id '{name}' is used {times} times")
        return self


def _fits(type_: str, per: Period | None, values: list[RateValue]) -> None:
    if per is not None and type_ != "money":
        raise ValueError("only money has a period (per)")
    for value in values:
        if not _is_of(type_, value):
            raise ValueError(f"value {value!r} is no {type_}: {_HINTS[type_]}")
        if isinstance(value, int) and abs(value) > LARGEST.get(type_, abs(value)):
            raise ValueError(f"value {value} is {too_large(type_)}")


def _is_of(type_: str, value: RateValue) -> bool:
    if type_ == "bool" or isinstance(value, bool):
        return type_ == "bool" and isinstance(value, bool)
    if type_ == "ratio":
        return isinstance(value, str) and bool(_RATIO.match(value))
    if type_ == "date":
        return isinstance(value, date)
    return isinstance(value, int)


_HINTS = {
    "ratio": 'write it as "55/100"',
    "money": "write whole pence",
    "int": "write a whole number",
    "date": "write a day such as 2026-04-06",
    "bool": "write true or false",
}


def _in_order(days: list[date]) -> None:
    for earlier, later in pairwise(days):
        if earlier >= later:
            wanted = "values must follow in time, each from a later day"
            raise ValueError(f"{wanted}: {earlier} stands before {later}")
