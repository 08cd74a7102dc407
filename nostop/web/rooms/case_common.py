"""What the pages of a case share: whose desk it is, and what is said where it moved on."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from nostop.app.casework.case_parts import label, source_words
from nostop.app.casework.case_view import CaseView
from nostop.app.casework.cases import Desk, OpenCase, read_open_case, view_of
from nostop.web.forms import Form, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import day, page
from nostop.web.permissions import Permission

Caseworker = Annotated[Visitor, Depends(visiting(Permission.WORK))]
Senior = Annotated[Visitor, Depends(visiting(Permission.SENIOR))]

KIND_WORDS = {
    "confirm": "Confirm",
    "ask_evidence": "Ask for evidence",
    "phone": "Contact by phone",
    "not_entitled": "Not entitled",
    "suppress": "Do not contact",
    "hand_over": "Hand over",
    "reopen": "Reopen",
}
STATE_WORDS = {
    "open": "to look at",
    "waiting": "waiting for an answer",
    "second": "waiting for a second person",
    "confirmed": "confirmed",
    "not_entitled": "decided: not entitled",
    "suppressed": "not to be contacted",
    "gone": "no longer found",
}
EVIDENCE_WORDS = {
    "seen_document": "A document that I have seen",
    "said_by_phone": "What they said on the telephone",
    "letter": "A letter from them",
    "department_confirmed": "The department confirmed it",
}
OUTCOME_WORDS = {
    "entitled": "may be entitled",
    "unknown": "not everything is known",
    "not_entitled": "the rules do not find it",
    "not_shown": "not shown: they may already get this",
    "gone": "no longer found",
}
STATE_COLOURS = {
    "waiting": "yellow",
    "second": "purple",
    "confirmed": "green",
    "not_entitled": "grey",
    "suppressed": "grey",
    "gone": "grey",
}
#: How much of what others did meanwhile is told.
_MOST_MEANWHILE = 5


def desk_of(request: Request, visitor: Visitor) -> Desk:
    """Return what somebody works on cases with."""
    house = house_of(request)
    return Desk(
        engine=house.engine,
        shelf=house.shelf,
        rules=house.settings.rules,
        who=visitor.who,
        at=house.now(),
        is_senior=visitor.may(Permission.SENIOR),
    )


def case_page(
    request: Request,
    visitor: Visitor,
    template: str,
    content: dict[str, object],
    status: int = 200,
) -> Response:
    """Return a page of a case: `content` has it as `case`, and what is wrong as `wrong`."""
    wrong = content.get("wrong") or {}
    problems = [Problem(name, text) for name, text in dict(wrong).items()]  # type: ignore[call-overload]
    shown = {
        "kind_words": KIND_WORDS,
        "state_words": STATE_WORDS,
        "state_colours": STATE_COLOURS,
        "outcome_words": OUTCOME_WORDS,
        "evidence_words": EVIDENCE_WORDS,
        "source_words": source_words,
        "label": label,
        "in_words": lambda text: in_words(text, visitor.language),
        "wrong": wrong,
        "typed": {},
        "problems": problems,
        "meanwhile": (),
        **content,
    }
    return page(request, visitor, template, shown, status)


def moved_on(
    request: Request, visitor: Visitor, template: str, content: dict[str, object]
) -> Response:
    """Return the same form with what was typed in it, and who did what meanwhile: 409.

    `content` has the case as it is now, so that the form names its newest version.
    """
    case: CaseView = content["case"]  # type: ignore[assignment]
    told = {"meanwhile": case.timeline[:_MOST_MEANWHILE]}
    return case_page(request, visitor, template, content | told, 409)


def the_case(request: Request, visitor: Visitor, unit: str) -> CaseView:
    """Return a case for its page, once it is written down that somebody reads it.

    Raises:
        NotHere: there is none, or it is not theirs.
    """
    return both(request, visitor, unit)[1]


def both(request: Request, visitor: Visitor, unit: str) -> tuple[OpenCase, CaseView]:
    """Return a case as it is read and as it is shown; as `the_case`."""
    desk = desk_of(request, visitor)
    case = read_open_case(desk, unit)
    return case, view_of(desk, case)


def version_of(form: Form) -> int:
    """Return the version that a form was filled in on; one that cannot be is no version."""
    return form.whole("version", "This page is too old. Go back, refresh it, and try again.") or 0


def in_words(text: str, language: str) -> str:
    """Return a value for people: a day as people write it, anything else as it is."""
    try:
        return day(date.fromisoformat(text), language)
    except ValueError:
        return text
