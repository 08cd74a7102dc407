"""Quality: where people and rules differ, how far people agree, what is missing, what feeds get
wrong; and flags that are read a second time."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.casework import quality
from nostop.app.casework.agreement import FEWEST, Agreement
from nostop.app.casework.quality import CLOSES, NAMES, Column, Finding, Words
from nostop.app.casework.second_reading import (
    ReadAgain,
    ToRead,
    next_to_read,
    read_again,
    reading_shown,
)
from nostop.model import pounds
from nostop.web.forms import Form, Posted
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import download, page, see_other
from nostop.web.permissions import Permission
from nostop.web.rooms.case_common import KIND_WORDS, case_page, desk_of

router = APIRouter()
Looker = Annotated[Visitor, Depends(visiting(Permission.QUALITY))]
Author = Annotated[Visitor, Depends(visiting(Permission.WORKBENCH))]
Worker = Annotated[Visitor, Depends(visiting(Permission.WORK))]
#: Why a case came to the authors of the rules.
CASE_WORDS = {
    "decided_otherwise": "A caseworker decided otherwise than the rules",
    "fact_corrected": "A fact was put right, and the rules say something else with it",
}
READINGS = {
    "confirm": "The rules are right: they may be entitled",
    "not_entitled": "Not entitled",
    "cannot_tell": "Cannot tell from what is here",
}
_SECOND = "/quality/second-reading"


def _words(request: Request, visitor: Visitor) -> Words:
    house = house_of(request)
    return quality.words_of(
        house.engine, house.shelf, house.settings.rules, house.now(), visitor.language
    )


@router.get("/quality")
def overview(request: Request, visitor: Looker, sort: str = "") -> Response:
    """Show every table; `sort` is TABLE.COLUMN."""
    house, words = house_of(request), _words(request, visitor)
    table, _, column = sort.partition(".")
    content = {
        "findings": [
            _shown(
                visitor,
                quality.finding(house.engine, name, words, column if name == table else None),
            )
            for name in NAMES
        ],
        "sorted": sort,
        "agreements": _agreements(quality.agreements(house.engine)),
        "cases": quality.override_cases(house.engine, visitor.who),
        "case_words": CASE_WORDS,
        "title_of": words.scheme,
        "is_author": visitor.may(Permission.WORKBENCH),
        "is_worker": visitor.may(Permission.WORK),
        "fewest": FEWEST,
        "fewest_of_a_share": quality.FEWEST,
        "kind_words": KIND_WORDS,
    }
    return page(request, visitor, "quality/overview.html", content)


@router.get("/quality/download/{name}")
def file(request: Request, visitor: Looker, name: str) -> Response:
    """Give a table as CSV: counts only, nobody is in it."""
    made = quality.as_csv(house_of(request).engine, name, _words(request, visitor))
    return download(made, f"quality-{name}.csv", "text/csv; charset=utf-8")


def _shown(visitor: Visitor, found: Finding) -> dict[str, Any]:
    """Return a table with its figures as words."""
    rows = [
        [(column, _cell(visitor, column, row[column.key])) for column in found.columns]
        for row in found.rows.iter_rows(named=True)
    ]
    return {"of": found, "rows": rows}


def _cell(visitor: Visitor, column: Column, value: Any) -> str | None:  # noqa: ANN401 - of any column
    if value is None:
        return None
    if column.key == "kind":
        return visitor.t(KIND_WORDS.get(value, value))
    if column.kind == quality.MONEY:
        return pounds(value)
    if column.kind == quality.SHARE:
        return f"{value:.1%}"
    return f"{value:,}" if column.kind == quality.NUMBER else str(value)


def _agreements(found: quality.Agreements) -> dict[str, Any]:
    return {
        "flags": _as_words(found.flags),
        "links": _as_words(found.links),
        "waiting": found.waiting,
        "strata": found.link_quality.to_dicts(),
    }


def _as_words(found: Agreement) -> dict[str, Any]:
    kappa = found.kappa
    return {
        "pairs": found.pairs,
        "agreed": found.agreed,
        "is_enough": found.is_enough,
        "share": None if found.share is None else f"{found.share:.0%}",
        "low": f"{found.low:.0%}",
        "high": f"{found.high:.0%}",
        "kappa": None if kappa is None else f"{kappa:.2f}",
        "kappa_low": None if found.kappa_low is None else f"{found.kappa_low:.2f}",
        "kappa_high": None if found.kappa_high is None else f"{found.kappa_high:.2f}",
    }


# --- what comes back to rule authors -------------------------------------------------------------


@router.get("/quality/overrides/{case_id}")
def override(request: Request, visitor: Author, case_id: str) -> Response:
    """Show a case of rule authors with what the caseworker wrote; it is written down who looked."""
    return _override(request, visitor, case_id)


@router.post("/quality/overrides/{case_id}/close")
def close(request: Request, visitor: Author, case_id: str, form: Posted) -> Response:
    """Close a case of rule authors."""
    house = house_of(request)
    word = form.one_of("word", CLOSES, "Choose what you found")
    if word is None:
        return _override(request, visitor, case_id, form)
    quality.close_override(house.engine, visitor.who, case_id, word, house.now())
    return see_other(request, "/quality#cases", said="The case is closed")


def _override(
    request: Request, visitor: Visitor, case_id: str, form: Form | None = None
) -> Response:
    house, words = house_of(request), _words(request, visitor)
    case = quality.override_shown(house.engine, visitor.who, case_id, house.now())
    says, law = words.condition(case.scheme, case.condition)
    problems = form.problems if form else []
    content = {
        "case": case,
        "title": words.scheme(case.scheme),
        "condition": says,
        "law": law,
        "facts": [words.fact(each) for each in case.facts],
        "case_words": CASE_WORDS,
        "kind_words": KIND_WORDS,
        "closes": CLOSES,
        "problems": problems,
        "wrong": {each.field: each.text for each in problems},
    }
    return page(request, visitor, "quality/override.html", content, 422 if problems else 200)


# --- second reading ------------------------------------------------------------------------------


@router.get(_SECOND)
def second(request: Request, visitor: Worker) -> Response:
    """Show the next flag to be read a second time, without what the first caseworker decided."""
    found = next_to_read(desk_of(request, visitor))
    return _second(request, visitor, found)


@router.post(_SECOND)
def second_said(request: Request, visitor: Worker, form: Posted) -> Response:
    """Keep what the second reader says, and go on to the next."""
    what = ToRead(form.text("benefit_unit_id", most=100), form.text("scheme", most=100))
    verdict = form.one_of("verdict", READINGS, "Choose what you would decide")
    condition = form.text("condition", most=100) or None
    if form.problems or verdict is None:
        return _second(request, visitor, what, form)
    chosen = condition if verdict == "not_entitled" else None
    read_again(desk_of(request, visitor), ReadAgain(what, verdict, chosen))
    return see_other(request, _SECOND, said="Thank you. Here is the next one, if there is one")


def _second(
    request: Request, visitor: Visitor, what: ToRead | None, form: Form | None = None
) -> Response:
    shown = None if what is None else reading_shown(desk_of(request, visitor), what)
    wrong = {each.field: each.text for each in form.problems} if form else {}
    content: dict[str, object] = {
        "reading": shown,
        "case": shown.case if shown else None,
        "scheme": shown.scheme if shown else None,
        "readings": READINGS,
        "wrong": wrong,
    }
    return case_page(request, visitor, "quality/second.html", content, 422 if wrong else 200)
