"""What the page of a case shows: plain values, in the order of the page. Texts that are no names
are English; the page translates them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from nostop.app.casework.why import WhyLine

#: One text in each language of the pages.
Both = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact as the case has it: `value` in words; `source` in words, None where it was concluded;
    `corrected` where a caseworker was told so."""

    fact: str
    means: str
    subject_id: str
    value: str
    source: str | None
    as_of: date | None
    corrected: bool = False
    in_conflict: bool = False


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody of the household; name and age None where they are not known."""

    person_id: str
    name: str | None
    role: str
    age: int | None
    in_unit: bool
    is_deceased: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next: a sentence with places for `names`, and where that is done."""

    says: str
    names: Mapping[str, Both]
    label: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class SchemeView:
    """One flagged scheme. `outcome` is entitled, unknown, not_entitled (only by a correction),
    not_shown or gone; `kinds` what may be decided of it now; `rules_changed`: the reasons are
    worked out by a newer version of its rules."""

    scheme: str
    title: Both
    outcome: str
    state: str
    amount: Both | None
    whose: str | None
    effective_on: date
    since: datetime
    backdate_months: int | None
    deadline: date | None
    lost_each_week: int | None
    receipt_known: bool
    why: tuple[WhyLine, ...]
    missing: tuple[str, ...]
    pack_version: str
    rules_changed: bool
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim of the path; `step` None where advice comes first."""

    scheme: str
    step: int | None
    title: Both
    whose: str | None
    gain: Both
    opens: Mapping[str, tuple[str, ...]]
    reasons: tuple[str, ...]
    deadline: date | None


@dataclass(frozen=True, slots=True)
class MissingView:
    """A fact that is missing: whose (None: the household's), which schemes it would settle and of
    which the amount, what answers would come to, in words, and where it is filled in (empty:
    nowhere here)."""

    fact: str
    means: str
    whose: str | None
    settles: Mapping[str, tuple[str, ...]]
    settles_amounts: Mapping[str, tuple[str, ...]]
    answers: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True)
class SaidView:
    """What one source says of a fact."""

    source: str
    value: str
    as_of: date
    is_used: bool


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A fact of which sources say different things."""

    means: str
    whose: str | None
    said: tuple[SaidView, ...]
    href: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """How sure it is that records are one person's, in words, and whose records these are."""

    name: str | None
    sure: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactGroup:
    """The facts of one subject; `name` None of the household."""

    level: str
    subject_id: str
    name: str | None
    facts: tuple[Stated, ...]


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A correction that stands."""

    id: str
    means: str
    whose: str | None
    old: str | None
    new: str | None
    evidence_kind: str
    evidence_note: str
    as_of: date
    by: str
    at: datetime
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing of the history, the newest first."""

    at: datetime
    title: str
    by: str | None = None
    scheme: Both | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message: to whom, how, and what became of it."""

    id: str
    title: Both
    to: str | None
    how: str
    status: str
    why: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document; `size` in words."""

    id: str
    name: str
    size: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseView:
    """The page of a case. `names` are of people, by id; `fact_means` words of facts, by id; `kinds`
    what may be decided of the whole benefit unit; `phones` telephone numbers of its adults, by
    name: none where somebody is protected."""

    id: str
    version: int
    state: str
    area: str | None
    nation: str | None
    assignee: str | None
    is_mine: bool
    due_on: date
    is_late: bool
    protected: bool
    people: tuple[PersonView, ...]
    names: Mapping[str, str]
    fact_means: Mapping[str, str]
    others: tuple[str, ...]
    next: NextStep
    schemes: tuple[SchemeView, ...]
    path: tuple[ClaimView, ...]
    missing: tuple[MissingView, ...]
    conflicts: tuple[ConflictView, ...]
    links: tuple[LinkView, ...]
    less_sure: bool
    facts: tuple[FactGroup, ...]
    corrections: tuple[CorrectionView, ...]
    timeline: tuple[Happened, ...]
    messages: tuple[MessageView, ...]
    notes: tuple[NoteView, ...]
    documents: tuple[DocumentView, ...]
    kinds: tuple[str, ...]
    phones: Mapping[str, str]
    household_id: str

    @property
    def adults(self) -> tuple[PersonView, ...]:
        """The adults of the benefit unit."""
        return tuple(each for each in self.people if each.in_unit and each.role == "adult")

    @property
    def advice_first(self) -> bool:
        """Whether a claim of the path needs advice before it."""
        return any(each.step is None for each in self.path)
