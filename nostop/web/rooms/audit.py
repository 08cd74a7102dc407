"""Who saw or did what: entries of the audit log, whether it is whole, and extracts for citizens."""

import json
import re
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app import accounts, audit_pages
from nostop.app.audit_pages import Shown, Sieve
from nostop.app.citizen_extract import FORMS
from nostop.model import SettingsError, StoreError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter(prefix="/audit")
Auditor = Annotated[Visitor, Depends(visiting(Permission.AUDIT))]
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
#: What may be asked for, and how a page says it: actions that begin so.
_ACTIONS = {
    "person.read": "Somebody read a person's record",
    "case.": "Something was done on a case",
    "search.": "Somebody searched for a case",
    "message.": "A message was planned, sent or held back",
    "campaign.": "A campaign was planned or approved",
    "sending.": "Sending was stopped or allowed again",
    "link.": "Links between records",
    "export.": "Exports",
    "session.": "Somebody signed in or out",
    "account.": "Accounts",
    "tie.": "Ties of officials to people",
    "api_key.": "Keys of the API",
    "person.eras": "A person was erased",
    "work.": "Work was loaded or assigned",
}
_MOST_DIGITS = 18
_DATE = ("year", "month", "day")
_NAMES = ("subject", "actor", "action", "from_on", "to_on", "before")


@router.get("")
def index(request: Request, visitor: Auditor) -> Response:
    """Show entries: those that the address asks for, or the last of all."""
    given = {name: request.query_params.get(name, "") for name in _NAMES}
    problems: list[Problem] = []
    shown = None
    try:
        sieve = _sieve(given)
        house = house_of(request)
        shown = audit_pages.look(house.engine, sieve, visitor.account_id, house.now())
    except (SettingsError, ValueError):
        problems = [Problem("action", "Choose a day or an official besides the action")]
    return _index(request, visitor, given, shown, problems)


@router.post("")
def sieve_by(request: Request, visitor: Auditor, form: Posted) -> Response:
    """Go to the entries that a form asks for. What somebody typed gets into an address only where
    the log knows it as an id: it could be a name."""
    given = {name: form.text(name, most=100) for name in ("subject", "actor", "action")}
    for name in ("from_on", "to_on"):
        parts = [form.text(f"{name}-{part}") for part in ("day", "month", "year")]
        day = form.day(name) if any(parts) else None
        given[name] = day.isoformat() if day else ""
    if given["action"] and given["action"] not in _ACTIONS:
        form.problems.append(Problem("action", "Choose what was done"))
    subject = given["subject"]
    known = _ID.fullmatch(subject) and audit_pages.is_subject(house_of(request).engine, subject)
    if subject and not known:
        text = "Nothing in the log is of this number. Check it: names are not in the log"
        form.problems.append(Problem("subject", text))
    if given["action"] and not (subject or given["actor"] or given["from_on"]):
        text = "Choose a day or an official besides the action"
        form.problems.append(Problem("action", text))
    if form.problems:
        return _index(request, visitor, given, None, form.problems)
    query = urlencode({name: value for name, value in given.items() if value})
    return see_other(request, f"/audit?{query}" if query else "/audit")


@router.get("/searches")
def searches(request: Request, visitor: Auditor) -> Response:
    """Show who searched for cases lately, and why."""
    house = house_of(request)
    found = audit_pages.searches(house.engine, visitor.account_id, house.now())
    return page(request, visitor, "audit/searches.html", {"rows": found.to_dicts()})


@router.get("/chain")
def chain(request: Request, visitor: Auditor) -> Response:
    """Show whether the log was whole when it was last verified."""
    house = house_of(request)
    shown = {
        "entries": audit_pages.entries_so_far(house.engine),
        "last": audit_pages.last_verified(house.jobs, visitor.account_id),
    }
    return page(request, visitor, "audit/chain.html", shown)


@router.post("/chain")
def verify(request: Request, visitor: Auditor, form: Posted) -> Response:  # noqa: ARG001 - checks the token
    """Verify all of the log, as a job."""
    job_id = audit_pages.ask_verify(house_of(request).jobs, visitor.account_id)
    return see_other(request, f"/jobs/{job_id}")


@router.get("/extract")
def extract(request: Request, visitor: Auditor) -> Response:
    """Ask for whom an extract is."""
    return _extract(request, visitor, None)


@router.post("/extract")
def make_extract(request: Request, visitor: Auditor, form: Posted) -> Response:
    """Make a citizen's extract, as a job."""
    person = form.text("person", most=100, wanted="Enter the number of the person")
    kind = form.one_of("form", FORMS, "Choose what you need")
    if form.text("checked") != "yes":
        text = "Confirm that you know who asks: the extract is for the person alone"
        form.problems.append(Problem("checked", text))
    if not form.problems and kind:
        try:
            jobs = house_of(request).jobs
            job_id = audit_pages.ask_extract(jobs, person, kind, visitor.account_id)
        except StoreError:
            text = "Nothing is kept under this number. Check it: a name does not do"
            form.problems.append(Problem("person", text))
        else:
            return see_other(request, f"/jobs/{job_id}")
    return _extract(request, visitor, form)


def _extract(request: Request, visitor: Visitor, form: Form | None) -> Response:
    problems = form.problems if form else []
    shown = {
        "given": dict(form.data) if form else {},
        "problems": problems,
        "wrong": {problem.field: problem.text for problem in problems},
    }
    return page(request, visitor, "audit/extract.html", shown, 400 if form else 200)


def _index(
    request: Request,
    visitor: Visitor,
    given: dict[str, str],
    shown: Shown | None,
    problems: list[Problem],
) -> Response:
    house = house_of(request)
    officials = accounts.accounts(house.engine, house.now())
    names = {each.account_id: each.name for each in officials}
    rows = [] if shown is None else [_row(row, names) for row in shown.entries.to_dicts()]
    content = {
        "given": given | _parts(given, "from_on") | _parts(given, "to_on"),
        "rows": rows,
        "officials": officials,
        "actions": _ACTIONS,
        "older": _older(given, shown),
        "problems": problems,
        "wrong": {problem.field: problem.text for problem in problems},
    }
    return page(request, visitor, "audit/entries.html", content, 400 if problems else 200)


def _sieve(given: dict[str, str]) -> Sieve:
    """Return what an address asks for.

    Raises:
        ValueError: a day or a number cannot be read.
    """
    for name in ("subject", "actor"):
        if given[name] and not _ID.fullmatch(given[name]):
            raise ValueError(name)
    if len(given["before"]) > _MOST_DIGITS:
        raise ValueError("before")
    action = given["action"]
    if action and action not in _ACTIONS:
        raise ValueError("action")
    return Sieve(
        subject=given["subject"] or None,
        actor=given["actor"] or None,
        action=action or None,
        from_on=date.fromisoformat(given["from_on"]) if given["from_on"] else None,
        to_on=date.fromisoformat(given["to_on"]) if given["to_on"] else None,
        before=int(given["before"]) if given["before"] else None,
    )


def _row(row: dict[str, object], names: dict[str, str]) -> dict[str, object]:
    detail = json.loads(str(row["detail"]))
    said = ", ".join(f"{name}: {value}" for name, value in detail.items())
    return row | {"said": said, "name": names.get(str(row["actor"]), row["actor"])}


def _parts(given: dict[str, str], name: str) -> dict[str, str]:
    """Return a day as its three fields."""
    parts = given.get(name, "").split("-")
    year, month, day = parts if len(parts) == len(_DATE) else ("", "", "")
    return {f"{name}-year": year, f"{name}-month": month, f"{name}-day": day}


def _older(given: dict[str, str], shown: Shown | None) -> str | None:
    if shown is None or shown.next_before is None:
        return None
    query = {name: value for name, value in given.items() if value and name in _NAMES}
    return f"/audit?{urlencode(query | {'before': shown.next_before})}"
