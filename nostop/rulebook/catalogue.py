"""rules/facts.yaml and rules/awards.yaml: every fact and award a rule may read, with its level,
type and period."""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nostop.model import Level, Period, Problem, RuleError, pounds
from nostop.rulebook.reading.models import read_model
from nostop.strict_yaml import Document

FactType = Literal["bool", "int", "money", "date", "enum", "code"]
#: What is done with a fact of which departments say different things.
InConflict = Literal["unknown", "review", "take_best"]
_SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,3}) (?P<unit>day|week|month|year)s?")
_UNITS = {"day": "d", "week": "w", "month": "mo", "year": "y"}


def _how_long(text: str) -> str:
    if text != "always" and not _SPAN.fullmatch(text):
        raise ValueError(f"'{text}' is no span: write always, 90 days, 6 months or 1 year")
    return text


#: The most that an amount (in pence) and a number may be: ten thousand million pounds, a million.
#: Formulas hold fractions of a penny as whole numbers over denominators of up to a million
#: (`compile.LARGEST_DENOMINATOR`), and sums of those must fit into 64 bits: beyond, they would come
#: out as other amounts without a word.
LARGEST_AMOUNT = 10**12
LARGEST_NUMBER = 10**6
LARGEST = {"money": LARGEST_AMOUNT, "int": LARGEST_NUMBER}


class Fact(BaseModel):
    """One fact of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    means: str
    level: Level
    type: FactType
    per: Period | None = None
    values: tuple[str, ...] = Field(default=(), max_length=500)
    applies_to: tuple[Literal["adult", "child"], ...] = ("adult", "child")
    nil: bool | int | date | str | None = None
    non_negative: bool = False
    at_most: int | None = None
    protected: bool = False
    valid_for: Annotated[str, AfterValidator(_how_long)]
    believe: tuple[str, ...] = Field(default=(), max_length=50)
    prefer: Literal["source", "newest"] = "source"
    in_conflict: InConflict = "unknown"
    effort: int = Field(ge=1, le=4)
    absent_means: Literal["unknown"]

    @model_validator(mode="after")
    def _fits_its_type(self) -> "Fact":
        if (self.type == "enum") != bool(self.values):
            raise ValueError("an enum, and only an enum, lists its values")
        if self.per is not None and self.type != "money":
            raise ValueError("only money has a period (per)")
        if self.nil is not None and not self.accepts(self.nil):
            raise ValueError(f"nil {self.nil!r} is no {self.type}")
        return self

    def accepts(self, value: object) -> bool:
        """Whether a value is of this fact's type (and, for an enum, one of its values)."""
        if self.type == "bool":
            return isinstance(value, bool)
        if self.type in ("int", "money"):
            return isinstance(value, int) and not isinstance(value, bool)
        if self.type == "date":
            return isinstance(value, date)
        return isinstance(value, str) and (self.type == "code" or value in self.values)

    @property
    def lasts(self) -> str | None:
        """How long a value stays good, as polars writes a span (`6mo`); None where for ever."""
        found = _SPAN.fullmatch(self.valid_for)
        return f"{found['count']}{_UNITS[found['unit']]}" if found else None

    @property
    def largest(self) -> int | None:
        """The most that an amount or a number of this fact may be, up or down; None for others."""
        return LARGEST.get(self.type)


class FactsFile(BaseModel):
    """facts.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    facts: dict[str, Fact]


class AwardKind(BaseModel):
    """One award that departments report: the period in which its amounts are stated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    means: str
    per: Period


class Offer(BaseModel):
    """Something that an award opens, and that no department reports as an award."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    means: str


class AwardsFile(BaseModel):
    """awards.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    awards: dict[str, AwardKind]
    offers: dict[str, Offer] = {}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All facts, awards and offers, in file order; the order settles which of two equally cheap
    facts is asked first."""

    facts: dict[str, Fact]
    awards: dict[str, AwardKind]
    offers: dict[str, Offer] = field(default_factory=dict)

    def at(self, level: Level) -> dict[str, Fact]:
        """Return the facts of one level."""
        return {name: fact for name, fact in self.facts.items() if fact.level == level}

    def asking_order(self) -> list[str]:
        """Return all fact ids, the cheapest to ask first."""
        names = list(self.facts)
        return sorted(names, key=lambda name: (self.facts[name].effort, names.index(name)))


def too_large(type_: str) -> str:
    """Return what is said of an amount (`money`) or number (`int`) that is too large."""
    if type_ == "money":
        return f"larger than any amount can be: {pounds(LARGEST_AMOUNT)} is the most"
    return f"larger than any number can be: {LARGEST_NUMBER:,} is the most"


def canonical(value: object) -> str | None:
    """Return a fact's value as the text that feeds and tables carry: `true`, `15000`, `2026-06-01`,
    `lcwra`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


N = TypeVar("N")
#: Where facts, awards and gateways of one topic stand, apart from those that all topics share.
TOPICS = "topics"


def topic_files(folder: Path, name: str) -> list[Path]:
    """Return the files of one name in a rules folder: the shared one, then those of the topics."""
    return [folder / name, *sorted(folder.glob(f"{TOPICS}/*/{name}"))]


def load_catalogue(folder: Path) -> Catalogue:
    """Read facts.yaml and awards.yaml of a rules folder and of its topics.

    Raises:
        RuleError: with one problem for each thing wrong.
    """
    problems: list[Problem] = []
    facts: dict[str, Fact] = {}
    awards: dict[str, AwardKind] = {}
    offers: dict[str, Offer] = {}
    for file in topic_files(folder, "facts.yaml"):
        found, wrong, document = read_model(file, FactsFile)
        problems += wrong
        if found is not None and document is not None:
            problems += _added(facts, found.facts, document, "facts")
    for file in topic_files(folder, "awards.yaml"):
        stated, wrong, document = read_model(file, AwardsFile)
        problems += wrong
        if stated is not None and document is not None:
            problems += _added(awards, stated.awards, document, "awards")
            problems += _added(offers, stated.offers, document, "offers")
    if problems:
        raise RuleError(problems)
    return Catalogue(facts, awards, offers)


def _added(known: dict[str, N], more: dict[str, N], document: Document, key: str) -> list[Problem]:
    """Put what one file has to what others have; a name that is taken is a problem."""
    twice = [name for name in more if name in known]
    known |= more
    return [
        document.problem(f"'{name}' stands in another {key} file too", key, name) for name in twice
    ]
