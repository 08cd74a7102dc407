"""How far something is that takes longer than a page, and the file that it made."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.job_kinds import KINDS
from nostop.app.jobs import JobRecord
from nostop.model import NotHere
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import download, page
from nostop.web.permissions import Permission

router = APIRouter()
Anybody = Annotated[Visitor, Depends(visiting(Permission.SIGNED_IN))]


@router.get("/jobs/{job_id}")
def standing(request: Request, visitor: Anybody, job_id: str) -> Response:
    """Show how far a job is; what asks again every two seconds gets only that part."""
    job = _theirs(request, visitor, job_id)
    kind = KINDS.get(job.kind)
    shown = {
        "job": job,
        "says": kind.says if kind else job.kind,
        "back": kind.page(job) if kind else None,
    }
    fragment = "hx-request" in request.headers
    return page(request, visitor, "jobs/_standing.html" if fragment else "jobs/job.html", shown)


@router.get("/jobs/{job_id}/file")
def file(request: Request, visitor: Anybody, job_id: str) -> Response:
    """Give the file that a job made, and write down who fetched it."""
    _theirs(request, visitor, job_id)
    made = house_of(request).jobs.fetch(job_id, visitor.account_id)
    if made is None:
        raise NotHere("jobs: there is no file")
    return download(made.content, made.name, made.media_type)


def _theirs(request: Request, visitor: Visitor, job_id: str) -> JobRecord:
    """Return a job that somebody asked for, or that their work lets them see.

    Raises:
        NotHere: there is none, or it is another's: which of the two is not told.
    """
    job = house_of(request).jobs.look(job_id)
    if job is None:
        raise NotHere("jobs: there is no such job")
    kind = KINDS.get(job.kind)
    others = kind is not None and kind.others is not None and visitor.may(kind.others)
    if job.asked_by != visitor.account_id and not others:
        raise NotHere("jobs: there is no such job")
    return job
