"""What the API takes and gives, as its description says it. Money is whole pence, days are ISO
8601, null is "not known" or "not shown", never nothing."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from nostop.app.casework.for_api import LONGEST_REASON
from nostop.app.casework.why import Missing, WhyLine

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    """A day as ISO 8601 writes it, and no other of the many things that could be read as one."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("is no day such as 2026-06-01")
    if not isinstance(value, (str, date)) or isinstance(value, datetime):
        raise ValueError("is no day such as 2026-06-01")  # noqa: TRY004 - pydantic's own way
    return value


Day = Annotated[date, BeforeValidator(_day)]
#: Opaque ids of ours: nothing that could be somebody's name has a place in an address.
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$", examples=["bu-7f3a91"])]
SchemeId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$", examples=["pension_credit"])]
Area = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$", examples=["E09000033"])]
Pence = Annotated[int | None, Field(description="Whole pence; null where it is not known.")]
Purpose = Literal["case_work", "claim_support", "complaint", "quality_check", "subject_access"]
KindOfDecision = Literal[
    "confirm", "ask_evidence", "phone", "not_entitled", "suppress", "hand_over", "reopen"
]
Outcome = Literal["entitled", "not_entitled", "unknown"]


class Strict(BaseModel):
    """What is sent: a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid")


class ProblemError(BaseModel):
    """One thing that is wrong: where (a JSON pointer, or the name of a header or of a part of the
    query), and what."""

    pointer: str | None = None
    header: str | None = None
    query: str | None = None
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which kind of problem: an address of the documentation page.")
    title: str
    status: int
    detail: str
    instance: str | None = Field(
        default=None, description="The address of the operation, its ids left open."
    )
    errors: list[ProblemError] | None = None


class PurposeQuery(Strict):
    """Why a record is read: it is written down before it is, and told to the person if they ask."""

    purpose: Purpose


# --- reasons --------------------------------------------------------------------------------------


class FactRead(BaseModel):
    """A fact that a condition read."""

    subject_id: str
    fact: str
    text: str
    value: str | None = Field(description="In words; null where it is not known.")
    source: str | None = Field(description="The feed, or caseworker; null where it was concluded.")
    as_of: date | None
    in_conflict: bool


class Figure(BaseModel):
    """What was worked out on the way."""

    text: str
    value: str


class Reason(BaseModel):
    """One condition: whether it is met (null: open), and what it rests on."""

    condition: str
    text: str
    met: bool | None
    citation: str
    figures: list[Figure]
    facts: list[FactRead]


class Answer(BaseModel):
    """What one answer to a missing fact would come to; a null outcome is not shown."""

    value: str
    text: str
    outcome: Outcome | None


class MissingFact(BaseModel):
    """A fact that no record holds and that could settle an outcome, or an amount."""

    fact: str
    text: str
    means: str
    subject_ids: list[str]
    effort: int | None = Field(description="How hard it is to ask, 1 to 4.")
    settles: Literal["outcome", "amount"] = Field(
        description="Of somebody who is entitled, it is how much that is not settled."
    )
    answers: list[Answer]


class Determination(BaseModel):
    """What the rules find of one scheme: indicative. Only people decide.

    Where the scheme is claimed, or may be, nothing adverse is shown: outcome and amounts are null.
    """

    scheme: str
    title: str
    person_id: str | None
    benefit_unit_id: str | None
    household_id: str | None
    effective_on: date
    outcome: Outcome | None
    amount: Pence
    amount_low: Pence
    amount_high: Pence
    per: str
    claimed: bool | None = Field(description="Whether it is claimed; null where nobody knows.")
    missing: list[str] | None
    rules_version: str
    reasons: list[Reason]


class PersonDetermination(Determination):
    """One of a person, with what is missing and what each answer would come to."""

    missing_facts: list[MissingFact]
    rules_changed: bool = Field(
        description="The reasons are those of a newer version of the rules than the one that found "
        "the outcome."
    )


class PathStep(BaseModel):
    """One claim that the benefit unit could make; a null step needs advice first."""

    step: int | None
    scheme: str
    title: str
    person_id: str
    status: str
    reasons: list[str] | None
    amount: Pence
    per: str
    gain_year: Pence
    gain_year_low: Pence
    gain_year_high: Pence
    opens: list[str] | None
    backdate_months: int | None
    deadline: date | None
    lost_each_week: Pence


class PersonDeterminations(BaseModel):
    """What was found for a person, as of the run that was loaded last."""

    person_id: str
    benefit_unit_id: str
    run_id: str
    effective_on: date
    is_corrected: bool = Field(description="Worked out with what caseworkers were told since.")
    determinations: list[PersonDetermination]
    claim_path: list[PathStep]


# --- evaluating -----------------------------------------------------------------------------------


class EvaluationRequest(Strict):
    """A situation as `nostop evaluate` takes it. A fact that is left out is unknown."""

    situation: dict[str, Any] = Field(
        description="people, and if there are several benefit_units and households.",
        examples=[{"people": {"p1": {"role": "adult", "born_on": "1950-03-01", "awards": []}}}],
    )
    on: Day | None = Field(default=None, description="The day, unless the situation names it.")
    schemes: list[SchemeId] | None = Field(
        default=None, min_length=1, max_length=200, description="By default all in force that day."
    )


class Evaluation(BaseModel):
    """What the rules say of a situation. Nothing of it was stored."""

    effective_on: date
    determinations: list[Determination]


# --- cases and decisions --------------------------------------------------------------------------


class CaseQuery(Strict):
    """Which cases, in which order, and how many of them."""

    state: Literal["open", "waiting", "second", "done"] = "open"
    scheme: list[SchemeId] = Field(default=[], max_length=50)
    area: list[Area] = Field(default=[], max_length=50)
    least_gain: int | None = Field(
        default=None, ge=0, le=100_000_000, description="At least so many pence a year."
    )
    deadline_before: Day | None = None
    facts_before: Day | None = Field(default=None, description="The oldest fact is from before.")
    links: Literal["sure", "less"] | None = None
    unknown_facts: Literal["none", "few", "many"] | None = None
    outcome: Literal["entitled", "unknown"] | None = None
    in_conflict: bool | None = None
    unassigned: bool = False
    sort: Literal["lost", "gain", "deadline", "due", "age"] = "lost"
    limit: int = Field(default=25, ge=1, le=100)
    cursor: str | None = Field(
        default=None, max_length=400, description="From `next` of the page before; opaque."
    )


class FlagListed(BaseModel):
    """One flagged scheme of a case."""

    scheme: str
    outcome: str
    state: str


class CaseListed(BaseModel):
    """One flagged benefit unit. Nobody is named."""

    benefit_unit_id: str
    version: int
    state: str
    area: str | None
    nation: str | None
    gain_year: Pence
    lost_each_week: Pence
    deadline: date | None
    due_at: datetime
    confidence_per_mille: int | None
    oldest_fact_on: date | None
    unknown_facts: int
    in_conflict: bool
    is_assigned: bool
    flags: list[FlagListed]


class CasePage(BaseModel):
    """A page of cases. `count` is at least so many where it is not exact."""

    cases: list[CaseListed]
    count: int
    count_is_exact: bool
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class Condition(BaseModel):
    """A condition that "not entitled" can name."""

    id: str
    means: str


class CaseFlag(BaseModel):
    """One flagged scheme of a case, and what may be decided of it now."""

    scheme: str
    title: str
    subject_id: str
    person_id: str | None
    outcome: str
    state: str
    amount: Pence
    amount_low: Pence
    amount_high: Pence
    per: str
    gain_year: Pence
    lost_each_week: Pence
    deadline: date | None
    rules_version: str
    may_decide: list[str]
    conditions: list[Condition]


class Case(BaseModel):
    """A case. Its `version` is its ETag: a decision names it in If-Match."""

    benefit_unit_id: str
    household_id: str
    version: int
    state: str
    area: str | None
    nation: str | None
    assignee: str | None
    flagged_at: datetime
    due_at: datetime
    person_ids: list[str]
    may_decide: list[str] = Field(description="What may be decided of the whole benefit unit.")
    flags: list[CaseFlag]


class DecisionRequest(Strict):
    """A decision of a person, which a service brings."""

    purpose: Purpose
    kind: KindOfDecision
    scheme: SchemeId | None = Field(default=None, description="Left out of the whole benefit unit.")
    reason: str = Field(default="", max_length=LONGEST_REASON)
    condition: Id | None = Field(default=None, description="Of not_entitled: which is not met.")
    about: list[Id] = Field(
        default=[],
        max_length=50,
        description="Facts to ask for, adults not to be written to, or who takes the case.",
    )
    until_on: Day | None = None


class DecisionMade(BaseModel):
    """A decision that was written down; `awaiting`: a second person has to approve it first."""

    decision_id: str
    benefit_unit_id: str
    state: Literal["final", "awaiting"]
    version: int = Field(description="The version that the case now has.")


class Decision(BaseModel):
    """What was decided, and what the rules had said then."""

    decision_id: str
    scheme: str | None
    kind: str
    condition: str | None
    reason: str
    by: str
    at: datetime
    outcome: str | None
    rules_version: str | None
    is_override: bool
    about: list[str]
    until_on: date | None
    state: str
    second_by: str | None
    second_at: datetime | None


class Decisions(BaseModel):
    """What was decided of a case: the newest 100, the oldest of them first."""

    benefit_unit_id: str
    version: int
    decisions: list[Decision]


# --- events and exports ---------------------------------------------------------------------------


class EventsTaken(BaseModel):
    """What events changed: how many are new, how many were known already, and how many signals were
    raised and withdrawn."""

    added: int
    known: int
    raised: int
    withdrawn: int


class ExportRequest(Strict):
    """A table that a service asks for: an official has to approve it."""

    what: Literal["queue", "decisions", "quality"]
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")
    scheme: SchemeId | None = None
    area: Area | None = None
    since: Day | None = None


class Export(BaseModel):
    """An export as it stands: asked, refused, making, failed, ready, fetched, or over."""

    export_id: str
    what: str
    asked_at: datetime
    state: Literal["asked", "refused", "making", "failed", "ready", "fetched", "over"]
    progress: int = Field(ge=0, le=100)


# --- out of what nostop knows ---------------------------------------------------------------------


def reasons(lines: Iterable[WhyLine]) -> list[Reason]:
    """Return why lines as the API tells them."""
    return [
        Reason(
            condition=line.condition,
            text=line.says,
            met=line.truth,
            citation=line.cite,
            figures=[Figure(text=each.words, value=each.value) for each in line.figures],
            facts=[
                FactRead(
                    subject_id=each.subject_id,
                    fact=each.fact,
                    text=each.words,
                    value=each.value,
                    source=each.source,
                    as_of=each.as_of,
                    in_conflict=each.conflict,
                )
                for each in line.reads
            ],
        )
        for line in lines
    ]


def missing_facts(missing: Iterable[Missing]) -> list[MissingFact]:
    """Return missing facts as the API tells them."""
    return [
        MissingFact(
            fact=each.fact,
            text=each.words,
            means=each.means,
            subject_ids=list(each.subject_ids),
            effort=each.effort,
            settles="amount" if each.is_of_amount else "outcome",
            answers=[
                Answer(
                    value=answer.value,
                    text=answer.words,
                    outcome=None if answer.outcome is None else answer.outcome.value,
                )
                for answer in each.answers
            ],
        )
        for each in missing
    ]


def determination(row: Mapping[str, Any], title: str, why: Iterable[WhyLine]) -> dict[str, Any]:
    """Return the fields of `Determination` of a row that may be shown."""
    same = (
        "scheme", "person_id", "benefit_unit_id", "household_id", "outcome", "amount",
        "amount_low", "amount_high", "per", "claimed", "missing",
    )  # fmt: skip
    return {
        **{name: row.get(name) for name in same},
        "title": title,
        "effective_on": row["effective_date"],
        "rules_version": row["pack_version"],
        "reasons": reasons(why),
    }
