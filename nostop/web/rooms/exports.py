"""Exports: asked for by one person, approved by another, fetched once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app import exports
from nostop.app.exports import WHATS, Asked, Rows, Wanted
from nostop.model import MovedOn
from nostop.store import Act
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import download, page, see_other
from nostop.web.permissions import Permission

router = APIRouter(prefix="/exports")
Asker = Annotated[Visitor, Depends(visiting(Permission.EXPORT))]
Approver = Annotated[Visitor, Depends(visiting(Permission.APPROVE_EXPORT))]
#: What each export holds, and how it stands, as a page shows it.
_SAYS = {
    "queue": "Cases to look at: benefits, amounts, dates and states, without names",
    "decisions": "Decisions: what was decided of which benefit and when, without reasons or names",
    "quality": "Quality: decisions and overrides by benefit and condition, none under 10",
}
_APPROVE = "/exports/approve"


@router.get("")
def index(request: Request, visitor: Asker) -> Response:
    """Show somebody's exports, and ask for another."""
    return _index(request, visitor, None)


@router.post("")
def ask(request: Request, visitor: Asker, form: Posted) -> Response:
    """Ask for an export."""
    house = house_of(request)
    what = form.one_of("what", WHATS, "Choose what you need")
    reason = form.text("reason", most=exports.MOST_REASON, wanted="Say what it is for")
    dated = any(form.text(f"since-{part}") for part in ("day", "month", "year"))
    since = form.day("since", "Enter a real date") if dated else None
    rows = Rows(form.text("scheme", most=100) or None, form.text("area", most=100) or None, since)
    if form.problems or what is None:
        return _index(request, visitor, form)
    wanted = Wanted(what, rows, reason)
    exports.ask(house.engine, wanted, visitor.account_id, house.now())
    said = "It is asked for. An administrator has to approve it"
    return see_other(request, "/exports", said=said)


@router.get("/approve")
def to_approve(request: Request, visitor: Approver) -> Response:
    """Show what waits for somebody to approve it."""
    return _to_approve(request, visitor, [])


@router.post("/{export_id}/approve")
def approve(request: Request, visitor: Approver, export_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Approve somebody else's export."""
    house = house_of(request)
    act = Act(visitor.account_id, house.now())
    try:
        exports.approve(house.engine, house.jobs, export_id, act)
    except MovedOn:
        return _moved_on(request, visitor)
    return see_other(request, _APPROVE, said="It is approved, and is being made")


@router.post("/{export_id}/refuse")
def refuse(request: Request, visitor: Approver, export_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Refuse somebody else's export."""
    house = house_of(request)
    try:
        exports.refuse(house.engine, export_id, Act(visitor.account_id, house.now()))
    except MovedOn:
        return _moved_on(request, visitor)
    return see_other(request, _APPROVE, said="It is refused")


@router.post("/{export_id}/file")
def fetch(request: Request, visitor: Asker, export_id: str, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Give the file to whoever asked for it, once: a form, so that no link fetches it by itself."""
    house = house_of(request)
    act = Act(visitor.account_id, house.now())
    made = exports.fetch(house.engine, house.jobs, export_id, act)
    return download(made.content, made.name, made.media_type)


def _index(request: Request, visitor: Visitor, form: Form | None) -> Response:
    found = exports.of_asker(house_of(request).engine, visitor.account_id)
    problems = form.problems if form else []
    shown = {
        "exports": [_row(request, each) for each in found],
        "whats": [(what, _SAYS[what]) for what in WHATS],
        "given": dict(form.data) if form else {},
        "problems": problems,
        "wrong": {problem.field: problem.text for problem in problems},
    }
    return page(request, visitor, "exports/exports.html", shown, 400 if form else 200)


def _to_approve(request: Request, visitor: Visitor, problems: list[Problem]) -> Response:
    found = exports.waiting(house_of(request).engine)
    shown = {
        "exports": [_row(request, each) for each in found],
        "says": _SAYS,
        "problems": problems,
    }
    return page(request, visitor, "exports/approve.html", shown, 409 if problems else 200)


def _moved_on(request: Request, visitor: Visitor) -> Response:
    text = "It is your own, or somebody has decided already. Look at it again"
    return _to_approve(request, visitor, [Problem("", text)])


def _row(request: Request, asked: Asked) -> dict[str, object]:
    """Return an export as a page shows it, with how far its making is."""
    job = house_of(request).jobs.look(asked.job_id) if asked.job_id else None
    return {
        "asked": asked,
        "rows": exports.rows_of(asked),
        "state": _state(asked, job.state if job else None, has_file=bool(job and job.has_result)),
        "progress": job.progress if job else 0,
    }


def _state(asked: Asked, job: str | None, *, has_file: bool) -> str:
    """Return how an export stands: asked, refused, fetched, failed, making, ready or over."""
    if asked.state != "approved":
        return asked.state
    if job == "failed":
        return "failed"
    if job == "done":
        return "ready" if has_file else "over"
    return "making" if job else "stuck"
