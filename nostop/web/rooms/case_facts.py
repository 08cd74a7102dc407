"""Correcting a fact of a case: see what it changes, then save; and undo."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.casework.case_view import CaseView
from nostop.app.casework.cases import Desk, OpenCase
from nostop.app.casework.correcting import (
    EVIDENCE_KINDS,
    FactAsked,
    Telling,
    changes_of,
    evidence_text,
    fact_asked,
    save,
    take_back,
    typed_value,
)
from nostop.app.casework.deciding import Seen
from nostop.model import MovedOn
from nostop.web.forms import Form, Posted
from nostop.web.guard import Visitor
from nostop.web.pages import see_other
from nostop.web.rooms.case_common import (
    Caseworker,
    both,
    case_page,
    desk_of,
    moved_on,
    the_case,
    version_of,
)

router = APIRouter()
_FORM, _CHANGES, _CASE = "case/fact.html", "case/_changes.html", "case/case.html"
_GIVEN = ("value", "value-day", "value-month", "value-year")
_AS_OF = ("as_of-day", "as_of-month", "as_of-year")


@dataclass(frozen=True, slots=True)
class FactAt:
    """Which fact of whom an address names: opaque ids only."""

    unit: str
    level: str
    subject: str
    name: str


At = Annotated[FactAt, Depends()]


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody typed: the canonical value, its evidence, and what is wrong, by field."""

    value: str | None
    kind: str | None
    note: str
    as_of: date | None
    version: int
    wrong: dict[str, str]
    shown: dict[str, str]


@router.get("/cases/{unit}/facts/{level}/{subject}/{name}")
def fact(request: Request, visitor: Caseworker, where: At) -> Response:
    """Show the form of a fact, filled in with what is known."""
    read, case = both(request, visitor, where.unit)
    asked = fact_asked(read, where.level, where.subject, where.name)
    today = desk_of(request, visitor).at.date()
    days = {"as_of-day": today.day, "as_of-month": today.month, "as_of-year": today.year}
    typed = {**asked.given, **{key: str(value) for key, value in days.items()}}
    return case_page(request, visitor, _FORM, {"case": case, "asked": asked, "typed": typed})


@router.post("/cases/{unit}/facts/{level}/{subject}/{name}")
def correct_it(request: Request, visitor: Caseworker, form: Posted, where: At) -> Response:
    """Show what a correction would change, or save it."""
    read, case = both(request, visitor, where.unit)
    asked = fact_asked(read, where.level, where.subject, where.name)
    desk = desk_of(request, visitor)
    typed = _typed(form, asked, desk.at.date())
    shown: dict[str, object] = {"case": case, "asked": asked, "typed": typed.shown}
    if form.text("step", most=10) != "save":
        return _preview(request, visitor, (desk, read, asked, typed), shown)
    if typed.version != case.version:
        return moved_on(request, visitor, _FORM, shown)
    if typed.wrong:
        return case_page(request, visitor, _FORM, shown | {"wrong": typed.wrong}, 422)
    try:
        save(desk, read, asked, _telling(typed), Seen(where.unit, typed.version))
    except MovedOn:
        newer = the_case(request, visitor, where.unit)
        return moved_on(request, visitor, _FORM, shown | {"case": newer})
    return see_other(request, f"/cases/{where.unit}", "The fact is corrected on this case")


@router.post("/cases/{unit}/corrections/{correction_id}/undo")
def undo(
    request: Request, visitor: Caseworker, form: Posted, unit: str, correction_id: str
) -> Response:
    """Undo a correction; where the case moved on, show it as it is now."""
    case = the_case(request, visitor, unit)
    try:
        take_back(desk_of(request, visitor), Seen(unit, version_of(form)), correction_id)
    except MovedOn:
        newer: CaseView = the_case(request, visitor, unit)
        return moved_on(request, visitor, _CASE, {"case": newer})
    return see_other(request, f"/cases/{case.id}", "The correction is undone")


def _preview(
    request: Request,
    visitor: Visitor,
    work: tuple[Desk, OpenCase, FactAsked, _Typed],
    shown: dict[str, object],
) -> Response:
    """Show what a value would change: in place, or as the same page with the form below it."""
    desk, read, asked, typed = work
    # What it rests on matters to saving alone.
    wrong = {key: text for key, text in typed.wrong.items() if key.startswith("value")}
    template = _CHANGES if "hx-request" in request.headers else _FORM
    if wrong:
        # htmx puts nothing of an answer of 422 into the page.
        status = 200 if template == _CHANGES else 422
        return case_page(request, visitor, template, shown | {"wrong": wrong}, status)
    changes = changes_of(desk, read, asked, typed.value)
    return case_page(request, visitor, template, shown | {"preview": changes})


def _typed(form: Form, asked: FactAsked, today: date) -> _Typed:
    given = {name: form.text(name, most=200) for name in _GIVEN}
    ticked = form.all("known")
    given["known"] = ticked[0] if ticked else ""
    found = typed_value(asked, given)
    kind = form.one_of("evidence", EVIDENCE_KINDS, "Choose what it rests on")
    as_of = form.day("as_of", "Enter the day of what it rests on")
    note = form.text("note")
    version = version_of(form)
    wrong = {**found.wrong, **{each.field: each.text for each in form.problems}}
    if as_of is not None and as_of > today:
        wrong["as_of-day"] = "Enter today or a day before it"
    shown = {
        **given,
        "evidence": kind or "",
        "note": note,
        **{name: form.text(name, most=4) for name in _AS_OF},
    }
    return _Typed(found.value, kind, note, as_of, version, wrong, shown)


def _telling(typed: _Typed) -> Telling:
    if typed.kind is None or typed.as_of is None:
        # Whoever calls has seen that nothing is wrong.
        raise ValueError("a correction without evidence")
    return Telling(typed.value, evidence_text(typed.kind, typed.note), typed.as_of)
