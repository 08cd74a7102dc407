"""Cases as services read and decide them: by opaque ids, in pence, nothing withheld told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from nostop.app.casework.access import NOT_HERE
from nostop.app.casework.case_file import sources_of
from nostop.app.casework.case_view import CaseView
from nostop.app.casework.cases import (
    Desk,
    OpenCase,
    colleagues_of,
    conditions_for,
    decided_now,
    read_open_case,
    view_of,
)
from nostop.app.casework.deciding import (
    KINDS,
    OF_THE_UNIT,
    Seen,
    Wish,
    decide_case,
    differs,
    needs_second,
    what_is_wrong,
)
from nostop.app.casework.why import Missing, WhyLine
from nostop.model import MovedOn, NotHere
from nostop.store import reading
from nostop.store.api_cases import case_of_person
from nostop.store.decisions import LONGEST_REASON
from nostop.store.work_items import Count, Filters, Page, find, flags_of

__all__ = [
    "LONGEST_REASON",
    "Answered",
    "Filters",
    "Finding",
    "Findings",
    "Listed",
    "conditions_of",
    "decide_for",
    "findings_of",
    "list_cases",
]

Row = Mapping[str, Any]


# --- the list -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of cases: rows of `work_items` with `flags` (scheme, outcome, state), how many match,
    and after which case the next page begins. `is_lost`: the case to begin after is not there."""

    rows: list[dict[str, Any]]
    count: Count
    next: str | None
    is_lost: bool


def list_cases(desk: Desk, filters: Filters, most: int, after: str | None) -> Listed:
    """Return a page of the cases that a service may open; nobody is named in it.

    Args:
        desk: who looks, and when.
        filters: what for.
        most: how many to a page.
        after: the case after which the page begins.
    """
    with reading(desk.engine) as connection:
        found = find(connection, desk.who, filters, Page(most, after))
        ids = found.rows["benefit_unit_id"].to_list()
        flags: dict[str, list[dict[str, Any]]] = {}
        for row in flags_of(connection, ids).to_dicts():
            flags.setdefault(row.pop("benefit_unit_id"), []).append(row)
    rows = [row | {"flags": flags.get(row["benefit_unit_id"], [])} for row in found.rows.to_dicts()]
    lost = after is not None and not found.has_previous
    return Listed(rows, found.count, ids[-1] if found.has_next and ids else None, lost)


def conditions_of(case: OpenCase) -> dict[str, list[dict[str, str]]]:
    """Return id and words of the conditions of each flagged scheme, which "not entitled" names."""
    return {
        scheme: [{"id": name, "means": means} for name, means in conditions_for(case, scheme)]
        for scheme in case.rows.flags["scheme"]
    }


# --- a person -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one scheme for somebody: `row` of `Determinations`, as it may be shown.

    subject_id: whom the scheme decides for. rules_changed: the reasons are those of a newer version
    of its rules than the one that decided.
    """

    row: Row
    subject_id: str
    why: tuple[WhyLine, ...]
    missing: tuple[Missing, ...]
    rules_changed: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found for a person. path: rows of `ClaimPaths` of their benefit unit, in order."""

    person_id: str
    benefit_unit_id: str
    run_id: str
    effective_on: date
    is_corrected: bool
    findings: tuple[Finding, ...]
    path: tuple[Row, ...]


def findings_of(desk: Desk, person_id: str) -> Findings:
    """Return what was found for a person with a case file, once it is written down that they and
    their household are read. Where a caseworker was told otherwise, it is worked out with that.

    Raises:
        NotHere: there is nobody of this id with a case file, or they are not for whoever asks.
    """
    with reading(desk.engine) as connection:
        unit = case_of_person(connection, desk.who, person_id)
    if unit is None:
        raise NotHere(NOT_HERE)
    case = read_open_case(desk, unit)
    theirs = {each.person_id: each.benefit_unit_id for each in case.file.people}.get(person_id)
    if theirs is None:
        raise NotHere(NOT_HERE)
    rows = [row for row in case.file.determinations if _is_of(row, person_id, theirs)]
    now = decided_now(case.home, sorted(_known(case, rows))) if case.corrections else {}
    return Findings(
        person_id=person_id,
        benefit_unit_id=theirs,
        run_id=case.file.run_id,
        effective_on=case.file.effective_on,
        is_corrected=bool(case.corrections),
        findings=tuple(_finding(case, row, now) for row in rows),
        path=tuple(row for row in case.file.paths if row["benefit_unit_id"] == theirs),
    )


def _is_of(row: Row, person_id: str, unit: str) -> bool:
    """Whether a determination is of somebody, their benefit unit or their household."""
    if row["person_id"] is not None:
        return bool(row["person_id"] == person_id)
    return row["benefit_unit_id"] in (unit, None)


def _subject(row: Row) -> str:
    return str(row["person_id"] or row["benefit_unit_id"] or row["household_id"])


def _known(case: OpenCase, rows: Collection[Row]) -> set[str]:
    return {row["scheme"] for row in rows} & case.warm.schemes


def _finding(case: OpenCase, row: Row, now: Mapping[tuple[str, str], Row]) -> Finding:
    scheme, subject = row["scheme"], _subject(row)
    told = now.get((scheme, subject), row)
    if scheme not in case.warm.schemes:
        return Finding(told, subject, (), (), rules_changed=True)
    return Finding(
        told,
        subject,
        case.home.why(scheme, subject, sources_of(case.facts)),
        case.home.missing(scheme, subject),
        rules_changed=case.warm.version_of(scheme) != row["pack_version"],
    )


# --- deciding -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a decision: its id and state, and the version that its case now has; or, by
    field, what is wrong with it, and nothing was written."""

    decision_id: str = ""
    is_awaiting: bool = False
    version: int = 0
    wrong: Mapping[str, str] | None = None


def decide_for(desk: Desk, seen: Seen, wish: Wish, default: Collection[str]) -> Answered:
    """Decide on a case as its page would, under the same checks.

    Args:
        desk: who decides.
        seen: the case, and the version of it that they looked at.
        wish: what they decide; `outcome` is filled in here.
        default: kinds that need a second person where no campaign is about the scheme.
    Raises:
        NotHere: there is no such case, or it is not theirs.
        MovedOn: somebody changed it since; nothing is written.
        StoreError: a value is not fit to be stored.
    """
    case = read_open_case(desk, seen.benefit_unit_id)
    view = view_of(desk, case)
    if view.version != seen.version:
        raise MovedOn("decisions: somebody changed this case since it was looked at")
    offered = _offered(view, wish)
    wrong = offered or _wrong(desk, case, view, wish)
    if wrong:
        return Answered(wrong=wrong)
    scheme = _scheme_of(view, wish)
    told = Wish(**{name: getattr(wish, name) for name in _GIVEN}, outcome=_outcome(view, wish))
    schemes = [scheme] if scheme else [each.scheme for each in view.schemes]
    second = needs_second(desk.engine, schemes, wish.kind, default)
    decision_id = decide_case(desk.engine, seen, told, desk.act, second_needed=second)
    return Answered(decision_id, second, seen.version + 1)


_GIVEN = ("kind", "reason", "scheme", "condition", "about", "until_on")


def _scheme_of(view: CaseView, wish: Wish) -> str | None:
    return next((each.scheme for each in view.schemes if each.scheme == wish.scheme), None)


def _outcome(view: CaseView, wish: Wish) -> str | None:
    return next((each.outcome for each in view.schemes if each.scheme == wish.scheme), None)


def _offered(view: CaseView, wish: Wish) -> dict[str, str]:
    """Return, by field, why a case has no such decision to take now."""
    if wish.kind not in KINDS:
        return {"kind": f"is one of {', '.join(KINDS)}"}
    if wish.kind in OF_THE_UNIT:
        if wish.scheme is not None:
            return {"scheme": "is left out: this is decided of the whole benefit unit"}
        kinds = view.kinds
    else:
        found = [each.kinds for each in view.schemes if each.scheme == wish.scheme]
        if not found:
            return {"scheme": "is one of the schemes that are flagged for this benefit unit"}
        kinds = found[0]
    return {} if wish.kind in kinds else {"kind": f"can now be one of: {', '.join(kinds)}"}


def _wrong(desk: Desk, case: OpenCase, view: CaseView, wish: Wish) -> dict[str, str]:
    adverse = wish.scheme is not None and differs(wish.kind, _outcome(view, wish))
    wrong = what_is_wrong(wish, desk.at.date(), adverse=adverse)
    found = {_FIELDS.get(name, name): text for name, text in wrong.items()}
    if wish.condition is not None and wish.condition not in {
        name for name, _ in conditions_for(case, wish.scheme or "")
    }:
        found["condition"] = "is one of the conditions that the case lists for the scheme"
    if not found.get("about") and not set(wish.about) <= _may_name(desk, view, wish.kind):
        found["about"] = _ABOUT.get(wish.kind, "is left out: nothing is named in this decision")
    return found


#: Fields of a page's form, and what they are called in the API.
_FIELDS = {"until-day": "until_on"}
_ABOUT = {
    "ask_evidence": "holds ids of facts",
    "suppress": "holds ids of adults of this benefit unit",
    "hand_over": "holds the account of one official who may take cases of this area",
}


def _may_name(desk: Desk, view: CaseView, kind: str) -> set[str]:
    """Return what a decision may be about."""
    if kind == "ask_evidence":
        return set(view.fact_means) | {each.fact for each in view.missing}
    if kind == "suppress":
        return {each.person_id for each in view.adults}
    return set(colleagues_of(desk, view.area)) if kind == "hand_over" else set()
