"""Proposed versions of rules on the workbench: edited, checked, held against people, approved."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.proposals import Deed, Desk, Proposal
from nostop.app.rules import rules_at, titles_at
from nostop.model import NostopError, NotHere
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import download, page, see_other
from nostop.web.permissions import Permission

router = APIRouter(prefix="/workbench/proposals")
Author = Annotated[Visitor, Depends(visiting(Permission.WORKBENCH))]
Approver = Annotated[Visitor, Depends(visiting(Permission.APPROVE_RULES))]
#: A little more than the store takes of all files together, so that it can say so itself.
_MOST_TEXT = 256 * 1024
_ADDED = "cases/"


@router.get("/{proposal_id}")
def one(request: Request, visitor: Author, proposal_id: str) -> Response:
    """Show a proposal: its files, what the check and the population say, and what comes next."""
    return _shown(request, visitor, _desk(request).read(proposal_id), [])


@router.get("/{proposal_id}/file")
def file(request: Request, visitor: Author, proposal_id: str, name: str) -> Response:
    """Show one file of a proposal, to be edited by its author."""
    proposal = _desk(request).read(proposal_id)
    text = _desk(request).text_of(proposal, name)
    return _file_page(request, visitor, proposal, (name, text, []))


@router.post("/{proposal_id}/file")
def save(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Keep another text of one file: typed, or sent as a file."""
    desk = _desk(request)
    proposal = desk.read(proposal_id)
    name, text = form.text("name", most=200), _text_of(form)
    if not form.problems:
        try:
            desk.save(proposal, name, text, _deed(request, visitor, form, proposal))
        except NotHere:
            raise
        except NostopError as error:
            form.problems.append(Problem("text", str(error)))
    if form.problems:
        return _file_page(request, visitor, proposal, (name, text, form.problems))
    return see_other(request, f"/workbench/proposals/{proposal_id}", "The file was saved")


@router.post("/{proposal_id}/new-file")
def new_file(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:  # noqa: ARG001 - it lets in
    """Go to a new file of cases; it is there once it is saved."""
    name = form.text("case_file", most=60).lower().replace(" ", "_")
    _desk(request).read(proposal_id)
    return see_other(request, f"/workbench/proposals/{proposal_id}/file?name={_ADDED}{name}.yaml")


@router.post("/{proposal_id}/check")
def check(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Ask for the check of the files and the cases."""
    return _examined(request, visitor, (proposal_id, form), flips=False)


@router.post("/{proposal_id}/flips")
def flips(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Ask for who flips among the people of the run."""
    return _examined(request, visitor, (proposal_id, form), flips=True)


@router.post("/{proposal_id}/submit")
def submit(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Hand a proposal in for approval."""
    desk, proposal = _desk(request), _desk(request).read(proposal_id)
    deed = _deed(request, visitor, form, proposal)
    return _done(
        request, visitor, proposal, lambda: desk.submit(proposal, deed), "It was handed in"
    )


@router.post("/{proposal_id}/reopen")
def reopen(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Make a proposal a draft again."""
    desk, proposal = _desk(request), _desk(request).read(proposal_id)
    deed = _deed(request, visitor, form, proposal)
    return _done(request, visitor, proposal, lambda: desk.reopen(deed), "It is a draft again")


@router.post("/{proposal_id}/withdraw")
def withdraw(request: Request, visitor: Author, proposal_id: str, form: Posted) -> Response:
    """Give a proposal up."""
    desk, proposal = _desk(request), _desk(request).read(proposal_id)
    deed = _deed(request, visitor, form, proposal)
    return _done(request, visitor, proposal, lambda: desk.withdraw(deed), "It was withdrawn")


@router.post("/{proposal_id}/decide")
def decide(request: Request, visitor: Approver, proposal_id: str, form: Posted) -> Response:
    """Approve or refuse what somebody else handed in."""
    desk, proposal = _desk(request), _desk(request).read(proposal_id)
    word = form.one_of("decision", ("approve", "refuse"), "Choose whether to approve it")
    reason = form.text("reason", wanted="Say why")
    if form.problems:
        return _shown(request, visitor, proposal, form.problems)
    deed = _deed(request, visitor, form, proposal)
    approved = word == "approve"
    return _done(
        request,
        visitor,
        proposal,
        lambda: desk.decide(deed, reason, approved=approved),
        "Your decision was written down",
    )


@router.get("/{proposal_id}/changes.patch")
def patch(request: Request, visitor: Author, proposal_id: str) -> Response:  # noqa: ARG001 - it lets in
    """Give what a proposal changes as a patch."""
    desk = _desk(request)
    text = desk.patch(desk.read(proposal_id))
    return download(text, "changes.patch", "text/x-diff; charset=utf-8")


@router.get("/{proposal_id}/hand-over.zip")
def archive(request: Request, visitor: Author, proposal_id: str) -> Response:  # noqa: ARG001 - it lets in
    """Give an approved proposal as an archive for whoever releases rules."""
    desk = _desk(request)
    proposal = desk.read(proposal_id)
    return download(desk.handed_over(proposal), f"{proposal.scheme}.zip", "application/zip")


def _shown(
    request: Request, visitor: Visitor, proposal: Proposal, problems: list[Problem]
) -> Response:
    house, desk = house_of(request), _desk(request)
    jobs = {"check": proposal.check_job, "flips": proposal.flips_job}
    shown: dict[str, Any] = {
        "proposal": proposal,
        "title_of": titles_at(house.settings.rules, visitor.language, house.now()),
        "names": desk.names(proposal),
        "changed": desk.changed(proposal),
        "checked": desk.found(proposal, flips=False),
        "flipped": desk.found(proposal, flips=True),
        "jobs": {word: house.jobs.look(job_id) for word, job_id in jobs.items() if job_id},
        "lacking": desk.lacking(proposal) if proposal.state == "draft" else [],
        "is_mine": proposal.made_by == visitor.account_id,
        "problems": problems,
    }  # fmt: skip
    status = 400 if problems else 200
    return page(request, visitor, "workbench/proposal.html", shown, status)


def _file_page(
    request: Request,
    visitor: Visitor,
    proposal: Proposal,
    shown: tuple[str, str, list[Problem]],
) -> Response:
    name, text, problems = shown
    checked = _desk(request).found(proposal, flips=False)
    lines = text.split("\n")
    told = [
        {**each, "text": lines[each["line"] - 1] if each["line"] <= len(lines) else ""}
        for each in (*checked["problems"], *checked["failed"])
        if each["path"].endswith(f"/{name}")
    ] if checked else []  # fmt: skip
    may_edit = proposal.state == "draft" and proposal.made_by == visitor.account_id
    content = {
        "proposal": proposal,
        "name": name,
        "text": text,
        "told": told,
        "may_edit": may_edit,
        "problems": problems,
    }
    return page(request, visitor, "workbench/file.html", content, 400 if problems else 200)


def _text_of(form: Form) -> str:
    sent = form.file("upload")
    if sent is None:
        return form.text("text", most=_MOST_TEXT)
    with sent.file as content:
        raw = content.read(_MOST_TEXT + 1)
    try:
        if len(raw) <= _MOST_TEXT:
            return raw.decode("utf-8")
        form.problems.append(Problem("upload", "The file is too large: 200 KB at most"))
    except UnicodeDecodeError:
        form.problems.append(Problem("upload", "The file is no text in UTF-8"))
    return form.text("text", most=_MOST_TEXT)


def _examined(
    request: Request, visitor: Visitor, asked: tuple[str, Form], *, flips: bool
) -> Response:
    proposal_id, form = asked
    desk = _desk(request)
    proposal = desk.read(proposal_id)
    deed = _deed(request, visitor, form, proposal)
    try:
        job_id = desk.examine(proposal, deed, flips=flips)
    except NostopError as error:
        return _shown(request, visitor, proposal, [Problem("", str(error))])
    return see_other(request, f"/jobs/{job_id}")


def _done(
    request: Request, visitor: Visitor, proposal: Proposal, do: Callable[[], None], said: str
) -> Response:
    try:
        do()
    except NostopError as error:
        return _shown(request, visitor, proposal, [Problem("", str(error))])
    return see_other(request, f"/workbench/proposals/{proposal.proposal_id}", said)


def _deed(request: Request, visitor: Visitor, form: Form, proposal: Proposal) -> Deed:
    """What somebody does to the revision that their page showed them."""
    revision = form.whole("revision", "Open the proposal again")
    at = house_of(request).now()
    return Deed(proposal.proposal_id, -1 if revision is None else revision, visitor.account_id, at)


def _desk(request: Request) -> Desk:
    house = house_of(request)
    book = rules_at(house.settings.rules, house.now())
    return Desk(house.engine, house.settings.rules, house.jobs, book)
