"""Deciding on a case, and what a second person says of it."""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from nostop.app.casework.access import openable
from nostop.app.casework.case_view import CaseView, SchemeView
from nostop.app.casework.cases import Desk, OpenCase, colleagues_of, conditions_for
from nostop.app.casework.deciding import (
    KINDS,
    OF_THE_UNIT,
    SecondWord,
    Seen,
    Wish,
    awaited_case,
    decide_case,
    differs,
    needs_reason,
    needs_second,
    second_word,
    waiting_for_second,
    what_is_wrong,
)
from nostop.model import MovedOn, NotHere
from nostop.web.forms import Form, Posted
from nostop.web.guard import Visitor, house_of
from nostop.web.pages import see_other
from nostop.web.rooms.case_common import (
    KIND_WORDS,
    Caseworker,
    Senior,
    both,
    case_page,
    desk_of,
    moved_on,
    the_case,
    version_of,
)

router = APIRouter()
_FORM = "case/decide.html"
_NOBODY = "nobody"


@router.get("/cases/{unit}/decide/{kind}")
def decide_page(
    request: Request, visitor: Caseworker, unit: str, kind: str, scheme: str = ""
) -> Response:
    """Show the form of one kind of decision."""
    read, case = both(request, visitor, unit)
    shown = _form_of(desk_of(request, visitor), read, case, _Asked(kind, scheme))
    return case_page(request, visitor, _FORM, shown)


@router.post("/cases/{unit}/decide/{kind}")
def decide_it(
    request: Request, visitor: Caseworker, form: Posted, unit: str, kind: str
) -> Response:
    """Decide, and go back to the case; what is missing is said beside its field."""
    read, case = both(request, visitor, unit)
    desk = desk_of(request, visitor)
    seen = Seen(unit, version_of(form))
    # What somebody else settled meanwhile is offered no more: then they are told that, and keep
    # what they typed.
    is_old = seen.version != case.version
    scheme = form.text("scheme", most=100)
    shown = _form_of(desk, read, case, _Asked(kind, scheme, whatever=is_old))
    found: SchemeView | None = shown["scheme"]  # type: ignore[assignment]
    wish = _wish(form, kind, found)
    wrong = _wrong(form, wish, desk.at.date(), shown)
    shown |= {"typed": _typed(form, wish)}
    if is_old:
        return moved_on(request, visitor, _FORM, shown)
    if wrong:
        return case_page(request, visitor, _FORM, shown | {"wrong": wrong}, 422)
    house = house_of(request)
    schemes = [found.scheme] if found else [each.scheme for each in case.schemes]
    second = needs_second(house.engine, schemes, kind, house.settings.second_approval)
    try:
        decide_case(house.engine, seen, wish, desk.act, second_needed=second)
    except MovedOn:
        newer = the_case(request, visitor, unit)
        return moved_on(request, visitor, _FORM, shown | {"case": newer})
    where = "/queue" if kind == "hand_over" else f"/cases/{unit}"
    if second:
        return see_other(request, where, "Saved. A second person has to approve it first.")
    return see_other(request, where, "Your decision is saved")


@router.get("/approvals")
def approvals(request: Request, visitor: Senior) -> Response:
    """List decisions that wait for somebody like the visitor."""
    who = desk_of(request, visitor).who
    waiting = waiting_for_second(house_of(request).engine, who)
    titles = desk_of(request, visitor).titles()
    return case_page(
        request,
        visitor,
        "case/approvals.html",
        {"waiting": waiting, "titles": titles, "kind_words": KIND_WORDS},
    )


@router.get("/approvals/{decision_id}")
def approval(request: Request, visitor: Senior, decision_id: str) -> Response:
    """Show a decision that waits, beside its case."""
    shown = _awaited(request, visitor, decision_id)
    return case_page(request, visitor, "case/approval.html", shown)


@router.post("/approvals/{decision_id}")
def approve(request: Request, visitor: Senior, form: Posted, decision_id: str) -> Response:
    """Approve or refuse a decision of somebody else."""
    shown = _awaited(request, visitor, decision_id)
    answer = form.one_of("answer", ("approve", "refuse"), "Choose approve or refuse")
    reason = form.text("reason")
    version = version_of(form)
    wrong = {each.field: each.text for each in form.problems}
    if answer == "refuse" and not reason:
        wrong["reason"] = "Say why, in your own words"
    shown |= {"typed": {"answer": answer, "reason": reason}, "wrong": wrong}
    if wrong:
        return case_page(request, visitor, "case/approval.html", shown, 422)
    word = SecondWord(version, reason, approves=answer == "approve")
    try:
        second_word(house_of(request).engine, decision_id, word, desk_of(request, visitor).act)
    except MovedOn:
        newer = _awaited(request, visitor, decision_id)
        return moved_on(request, visitor, "case/approval.html", newer | {"typed": shown["typed"]})
    return see_other(request, "/approvals", "Your answer is saved")


def _awaited(request: Request, visitor: Visitor, decision_id: str) -> dict[str, object]:
    """Return a decision that waits for a second person, and its case.

    Raises:
        NotHere: there is none, or it is not for them: their own, or of a case that they may not
            open.
    """
    who = desk_of(request, visitor).who
    engine = house_of(request).engine
    unit = awaited_case(engine, decision_id)
    openable(engine, who, unit)
    waiting = {each.decision_id: each for each in waiting_for_second(engine, who)}
    if decision_id not in waiting:
        raise NotHere("decisions: nothing waits for this person under this id")
    read, case = both(request, visitor, unit)
    decision = waiting[decision_id]
    return {
        "case": case,
        "decision": decision,
        "conditions": dict(conditions_for(read, decision.scheme or "")),
        "titles": desk_of(request, visitor).titles(),
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which form is asked for; `whatever`: also where it is not offered any more."""

    kind: str
    scheme: str
    whatever: bool = False


def _form_of(desk: Desk, read: OpenCase, case: CaseView, asked: _Asked) -> dict[str, object]:
    """Return what the form of a decision shows.

    Raises:
        NotHere: there is no such kind, or it cannot be decided of this case as it is.
    """
    kind = asked.kind
    found = next((each for each in case.schemes if each.scheme == asked.scheme), None)
    of_unit = kind in OF_THE_UNIT
    if kind not in KINDS or (found is None and not of_unit):
        raise NotHere("decisions: there is no such decision of this case")
    offered = case.kinds if found is None or of_unit else found.kinds
    if kind not in offered and not asked.whatever:
        raise NotHere("decisions: this cannot be decided now")
    return {
        "case": case,
        "kind": kind,
        "is_offered": kind in offered,
        "scheme": None if of_unit else found,
        "conditions": conditions_for(read, asked.scheme) if kind == "not_entitled" else (),
        "colleagues": colleagues_of(desk, case.area) if kind == "hand_over" else {},
        "reason_needed": needs_reason(
            kind, adverse=found is not None and differs(kind, found.outcome)
        ),
    }


def _wrong(form: Form, wish: Wish, today: date, shown: dict[str, object]) -> dict[str, str]:
    """Return what is missing or wrong of a decision: field -> what to do."""
    found: SchemeView | None = shown["scheme"]  # type: ignore[assignment]
    adverse = found is not None and differs(wish.kind, found.outcome)
    wrong = what_is_wrong(wish, today, adverse=adverse)
    return wrong | {each.field: each.text for each in form.problems} | _not_offered(wish, shown)


def _wish(form: Form, kind: str, scheme: SchemeView | None) -> Wish:
    about = tuple(each for each in form.all("about") if each != _NOBODY)
    return Wish(
        kind=kind,
        reason=form.text("reason"),
        scheme=scheme.scheme if scheme else None,
        condition=form.text("condition", most=100) or None,
        about=about,
        until_on=_until(form),
        outcome=scheme.outcome if scheme else None,
    )


def _until(form: Form) -> date | None:
    """Return the day until which it waits, None where no field of it was filled in."""
    parts = [form.text(f"until-{part}", most=4) for part in ("day", "month", "year")]
    return form.day("until") if any(parts) else None


def _not_offered(wish: Wish, shown: dict[str, object]) -> dict[str, str]:
    """Return what was chosen that the form does not offer."""
    case: CaseView = shown["case"]  # type: ignore[assignment]
    conditions = {name for name, _ in shown["conditions"]}  # type: ignore[attr-defined]
    offered: dict[str, set[str]] = {
        "ask_evidence": {each.fact for each in case.missing} | set(case.fact_means),
        "suppress": {each.person_id for each in case.adults},
        "hand_over": set(shown["colleagues"]),  # type: ignore[call-overload]
    }
    if wish.condition is not None and wish.condition not in conditions:
        return {"condition": "Choose the condition that is not met"}
    if wish.kind in offered and not set(wish.about) <= offered[wish.kind]:
        return {"about": "Choose from the list"}
    return {}


def _typed(form: Form, wish: Wish) -> dict[str, object]:
    parts = {
        f"until-{part}": form.text(f"until-{part}", most=4) for part in ("day", "month", "year")
    }
    return {
        "reason": wish.reason,
        "condition": wish.condition,
        "about": form.all("about"),
        **parts,
    }
