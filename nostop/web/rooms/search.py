"""Finding a case for somebody who asks. Nothing that is searched for is in an address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.searching import REASONS, Found, Why, find, sought
from nostop.model import SettingsError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page
from nostop.web.permissions import Permission

router = APIRouter()
Worker = Annotated[Visitor, Depends(visiting(Permission.WORK))]
_TEMPLATE = "search/search.html"
_MOST_WORDS = 200
_FIELDS = (
    "reference", "surname", "born_on-day", "born_on-month", "born_on-year", "postcode", "reason",
    "words",
)  # fmt: skip
#: Each reason as a page shows it.
_SAYS = {
    "contact": "They contacted us",
    "post": "A letter or message came back",
    "colleague": "A colleague asked for help with it",
    "complaint": "A complaint or an appeal",
    "other": "Something else",
}


@router.get("/search")
def ask(request: Request, visitor: Worker) -> Response:
    """Ask whom to search for, and why."""
    return _page(request, visitor, {}, None)


@router.post("/search")
def search(request: Request, visitor: Worker, form: Posted) -> Response:
    """Search and show what was found, in answer to the form: a link to it would say whom."""
    house = house_of(request)
    reason = form.one_of("reason", REASONS, "Choose why you are searching")
    words = form.text("words", most=_MOST_WORDS, wanted="Say in a few words why you are searching")
    given = {name: form.text(name, most=100) for name in _FIELDS if name not in ("reason", "words")}
    dated = any(given[name] for name in _FIELDS if name.startswith("born_on"))
    born_on = form.day("born_on", "Enter a real date of birth") if dated else None
    found = None
    if not form.problems and reason:
        try:
            what = sought(given["reference"], given["surname"], born_on, given["postcode"])
            found = find(house.engine, visitor.who, what, Why(reason, words), house.now())
        except SettingsError as error:
            form.problems.append(Problem("reference", str(error)))
    return _page(request, visitor, given | {"reason": reason or "", "words": words}, found, form)


def _page(
    request: Request,
    visitor: Visitor,
    given: dict[str, str],
    found: Found | None,
    form: Form | None = None,
) -> Response:
    problems = form.problems if form else []
    shown = {
        "given": {name: given.get(name, "") for name in _FIELDS},
        "reasons": [{"value": each, "text": _SAYS[each]} for each in REASONS],
        "found": found,
        "problems": problems,
        "wrong": {problem.field: problem.text for problem in problems},
    }
    return page(request, visitor, _TEMPLATE, shown, 400 if problems else 200)
