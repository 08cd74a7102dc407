"""Runs and feeds: what was worked out from what, how fresh it is, and the schedule."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.outreach.overview import Act, stop_of_all
from nostop.app.run_overview import (
    RunShown,
    feeds_on,
    job_history,
    job_lines,
    last_runs,
    pause_job,
    resume_job,
    run_shown,
    why_nobody,
)
from nostop.model import NotHere
from nostop.web.forms import Posted
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter()
Looker = Annotated[Visitor, Depends(visiting(Permission.RUNS))]
Stopper = Annotated[Visitor, Depends(visiting(Permission.STOP))]
_RUNS, _MOMENTS = 20, 50
#: Why nobody may be written to, in plain words; each has its Welsh in `words/cy/runs.yaml`.
WHY_NOBODY: Mapping[str, str] = {
    "known_on": "Nobody: this run leaves out what is known by now, or looks ahead. A wish not to "
    "be written to, or a death, could be missing",
    "register": "Nobody: the list of whom not to write to, or the record of deaths, did not "
    "arrive whole",
    "not_said": "Nobody: nothing is known here of whether people may be written to",
}
#: How a feed stands, and the colour of its tag; the word alone says it.
STANDINGS: Mapping[str, tuple[str, str]] = {
    "fresh": ("Fresh", "green"),
    "soon": ("Runs out soon", "yellow"),
    "stale": ("Too old now", "red"),
    "held": ("Held", "red"),
    "missing": ("Missing", "red"),
    "no_limit": ("No age limit", "grey"),
}
JOB_STATES: Mapping[str, tuple[str, str]] = {
    "running": ("Running", "blue"),
    "done": ("Done", "green"),
    "failed": ("Failed", "red"),
    "lost": ("Lost: its process ended", "red"),
    "skipped": ("Skipped", "grey"),
}
COUNTS: Mapping[str, str] = {
    "records": "Records that arrived",
    "quarantined_rows": "Rows set aside",
    "people": "People",
    "benefit_units": "Benefit units",
    "households": "Households",
    "determinations": "Results worked out",
    "planned_messages": "Messages planned by the run itself",
}


@router.get("/runs")
def overview(request: Request, visitor: Looker) -> Response:
    """Show the last runs, the feeds of the newest, and the schedule."""
    house = house_of(request)
    now = house.now()
    runs = last_runs(house.engine, most=_RUNS)
    try:
        newest: RunShown | None = run_shown(house.engine)
    except NotHere:
        newest = None
    shown = {
        "runs": runs.to_dicts(),
        "newest": newest,
        "why_nobody": why_nobody(newest) if newest else None,
        "feeds": feeds_on(newest, now.date()) if newest else [],
        "jobs": job_lines(house.engine, house.calendar, now),
        "has_calendar": house.calendar is not None,
        "all_stopped": stop_of_all(house.engine),
    }
    return _page(request, visitor, "overview.html", shown)


@router.get("/runs/{run_id}")
def one(request: Request, visitor: Looker, run_id: str) -> Response:
    """Show one run: its stages, what it counted, its rules and its feeds."""
    house = house_of(request)
    found = run_shown(house.engine, run_id)
    as_of = found.notes.get("lists_as_of")
    shown = {
        "run": found,
        "lists_as_of": date.fromisoformat(as_of) if as_of else None,
        "stages": found.stages.to_dicts(),
        "took": None if found.stages.is_empty() else int(found.stages["milliseconds"].sum()),
        "why_nobody": why_nobody(found),
        "feeds": feeds_on(found, house.now().date()),
        "left_out": {
            name.removeprefix("left_out."): why
            for name, why in found.notes.items()
            if name.startswith("left_out.")
        },
    }
    return _page(request, visitor, "run.html", shown)


@router.get("/schedule/{job}")
def moments(request: Request, visitor: Looker, job: str) -> Response:
    """Show what became of a job at each moment that it was due."""
    house = house_of(request)
    found = job_history(house.engine, house.calendar, job, most=_MOMENTS)
    return _page(request, visitor, "job.html", {"job": job, "moments": found})


@router.post("/schedule/{job}/pause")
def pause(request: Request, visitor: Stopper, job: str, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Let a job wait: its moments pass without it."""
    house = house_of(request)
    act = Act(visitor.account_id, house.now())
    done = pause_job(house.engine, house.calendar, job, act)
    return see_other(request, "/runs", "The job is paused" if done else "It was paused already")


@router.post("/schedule/{job}/resume")
def resume(request: Request, visitor: Stopper, job: str, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Let a paused job go on with its next moment."""
    house = house_of(request)
    done = resume_job(house.engine, job, Act(visitor.account_id, house.now()))
    return see_other(request, "/runs", "The job goes on" if done else "It was not paused")


def took(milliseconds: int | None) -> str:
    """Return how long something took, for people; an empty text where nobody knows."""
    if milliseconds is None:
        return ""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _page(
    request: Request, visitor: Visitor, template: str, content: Mapping[str, Any]
) -> Response:
    known = {
        "took_of": took,
        "why_words": WHY_NOBODY,
        "standings": STANDINGS,
        "job_states": JOB_STATES,
        "counts": COUNTS,
        "may_stop": visitor.may(Permission.STOP),
    }
    return page(request, visitor, f"runs/{template}", known | dict(content))
