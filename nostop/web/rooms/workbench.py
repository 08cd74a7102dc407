"""The rule workbench: schemes, their rules as pages, and situations tried out as somebody types."""

from datetime import date
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from nostop.app.proposals import Desk
from nostop.app.rule_pages import RulePages, page_of
from nostop.app.rules import rules_at
from nostop.app.situation_forms import Sheet, first_sheet, problem_of, sheet_of_form
from nostop.app.workbench import Bench, Tried, scheme_lines
from nostop.model import NostopError, NotHere
from nostop.rulebook import Rulebook
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter()
Author = Annotated[Visitor, Depends(visiting(Permission.WORKBENCH))]
SHAPES = ("one_adult", "couple", "adult_and_child")
_MOST_TITLE = 200


@cache
def _bench() -> Bench:
    """Schemes kept warm for this process."""
    return Bench()


@cache
def _pages() -> RulePages:
    """Pages of rules made so far by this process."""
    return RulePages()


@router.get("/workbench")
def schemes(request: Request, visitor: Author) -> Response:
    """Show every scheme of the rules folder, and what waits for somebody."""
    house = house_of(request)
    lines = scheme_lines(house.engine, _book(request))
    waiting = [each for each in _desk(request).last() if each.state in ("draft", "submitted")]
    return page(request, visitor, "workbench/schemes.html", {"lines": lines, "waiting": waiting})


@router.get("/workbench/schemes/{scheme}")
def one_scheme(request: Request, visitor: Author, scheme: str) -> Response:
    """Show a scheme: what can be read, tried and proposed of it."""
    return _scheme_page(request, visitor, scheme, [])


@router.get("/workbench/schemes/{scheme}/rules/{file}")
def rules(request: Request, visitor: Author, scheme: str, file: str) -> Response:
    """Show the rules of a scheme as a page, or a page that it leads to."""
    found = _pages().page(_book(request), scheme, house_of(request).now().date(), file)
    if file.endswith(".csv"):
        return Response(found, media_type="text/csv; charset=utf-8")
    # The page is markup that `nostop.rulebook_docs` has escaped.
    shown = {"scheme": scheme, "title": _title(request, visitor, scheme), "content": Markup(found)}  # noqa: S704
    return page(request, visitor, "workbench/rules.html", shown)


@router.get("/workbench/schemes/{scheme}/cases")
def cases(request: Request, visitor: Author, scheme: str) -> Response:
    """Show the worked cases of a scheme: each can be taken into the form."""
    found = _bench().cases(_book(request), scheme)
    shown = {"scheme": scheme, "title": _title(request, visitor, scheme), "cases": found}
    return page(request, visitor, "workbench/cases.html", shown)


@router.get("/workbench/schemes/{scheme}/try")
def situation(
    request: Request, visitor: Author, scheme: str, case: int = -1, shape: str = SHAPES[0]
) -> Response:
    """Show the form of a situation: of a worked case, or an empty one."""
    book, today = _book(request), house_of(request).now().date()
    if case >= 0:
        sheet = _bench().sheet_of_case(book, scheme, case)
        return _tried(request, visitor, sheet, _bench().try_out(book, sheet, sheet.case or scheme))
    if shape not in SHAPES:
        raise NotHere("workbench: there is no such form")
    return _tried(request, visitor, first_sheet(book, scheme, today, shape), None)


@router.post("/workbench/schemes/{scheme}/try")
def try_out(request: Request, visitor: Author, scheme: str, form: Posted) -> Response:
    """Work out what was typed: the whole page, or only its answer for what asks as one types."""
    book = _book(request)
    typed = {name: form.text(name, most=200) for name in form.data}
    sheet = sheet_of_form(book, scheme, typed, _day(form))
    name = form.text("case_name", most=200) or "Tried on the workbench"
    tried = None
    if not form.problems:
        try:
            tried = _bench().try_out(book, sheet, name)
        except NostopError as error:
            field, told = problem_of(error)
            form.problems.append(Problem(field, told))
    return _tried(request, visitor, sheet, tried, form)


@router.post("/workbench/schemes/{scheme}/propose")
def propose(request: Request, visitor: Author, scheme: str, form: Posted) -> Response:
    """Begin a proposal for another version of a scheme."""
    title = form.text("title", most=_MOST_TITLE, wanted="Say in a sentence what is to change")
    if form.problems:
        return _scheme_page(request, visitor, scheme, form.problems)
    at = house_of(request).now()
    made = _desk(request).begin(scheme, title, visitor.account_id, at)
    return see_other(request, f"/workbench/proposals/{made}", "The proposal was begun")


def _scheme_page(
    request: Request, visitor: Visitor, scheme: str, problems: list[Problem]
) -> Response:
    book = _book(request)
    if scheme not in book.packs:
        raise NotHere("workbench: there is no such scheme")
    shown = {
        "scheme": scheme,
        "pack": book.packs[scheme],
        "title": _title(request, visitor, scheme),
        "rules_page": page_of(scheme),
        "proposals": _desk(request).last(scheme),
        "problems": problems,
    }
    return page(request, visitor, "workbench/scheme.html", shown, 400 if problems else 200)


def _tried(
    request: Request, visitor: Visitor, sheet: Sheet, tried: Tried | None, form: Form | None = None
) -> Response:
    problems = form.problems if form is not None else []
    shown: dict[str, Any] = {
        "sheet": sheet,
        "tried": tried,
        "title": _title(request, visitor, sheet.scheme),
        "shapes": SHAPES,
        "wrong": {each.field: each.text for each in problems},
        "case_name": sheet.case or (form.text("case_name", most=200) if form else ""),
    }
    if "hx-request" in request.headers:
        # What is half typed is told where the answer stands, not at the top of the page.
        return page(request, visitor, "workbench/_answer.html", {**shown, "told": problems})
    whole = {**shown, "problems": problems}
    return page(request, visitor, "workbench/try.html", whole, 400 if problems else 200)


def _day(form: Form) -> date:
    text = form.text("effective_on", most=10)
    try:
        return date.fromisoformat(text)
    except ValueError:
        form.problems.append(Problem("effective_on", "Enter a date, such as 2026-06-01"))
        return date(2000, 1, 1)


def _book(request: Request) -> Rulebook:
    house = house_of(request)
    return rules_at(house.settings.rules, house.now())


def _title(request: Request, visitor: Visitor, scheme: str) -> str:
    packs = _book(request).packs
    if scheme not in packs:
        raise NotHere("workbench: there is no such scheme")
    title: str = getattr(packs[scheme].title, visitor.language)
    return title


def _desk(request: Request) -> Desk:
    house = house_of(request)
    return Desk(house.engine, house.settings.rules, house.jobs, _book(request))
