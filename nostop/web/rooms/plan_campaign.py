"""Planning a campaign from a file or a pasted text and a finished run; the work itself is a job."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.outreach.plan_pages import (
    LONGEST_CAMPAIGN,
    CampaignFile,
    Flaw,
    campaign_files,
    finished_runs,
    flaws_of,
    keep_pasted,
    pasted_id,
)
from nostop.model import SettingsError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter()
Planner = Annotated[Visitor, Depends(visiting(Permission.CAMPAIGNS))]
JOB = "plan_campaign"
_FILE = "Choose a campaign file, or paste a campaign"
_BOTH = "Choose a file or paste a campaign, not both"
_BAD_FILE = "This file cannot be planned as it is: look at what is wrong with it"
_RUN = "Choose the run that it is planned from"
_WRONG = "The campaign cannot be used yet: look at what is wrong, line by line"
_NO_FOLDER = "The campaign cannot be kept here: choose a file, or ask an operator"


@router.get("/plan-campaign")
def ask(request: Request, visitor: Planner) -> Response:
    """Show the files and runs that may be chosen."""
    return _form(request, visitor, {}, [], ())


@router.post("/plan-campaign")
def plan(request: Request, visitor: Planner, form: Posted) -> Response:
    """Ask for a plan; nothing is sent before somebody else approves it."""
    house = house_of(request)
    text = form.text("text", most=LONGEST_CAMPAIGN)
    runs = [run.name for run in finished_runs(house.settings.run)]
    run = form.one_of("run", runs, wanted=_RUN)
    flaws: list[Flaw] = []
    if text:
        flaws = flaws_of(text, house.settings.campaigns)
        if flaws:
            form.problems.append(Problem("text", _WRONG))
    file = _chosen(form, campaign_files(house.settings.campaigns), pasted=bool(text))
    if form.problems or run is None:
        return _form(request, visitor, _typed(form), form.problems, flaws)
    if text:
        try:
            name = keep_pasted(text, house.settings.campaigns)
        except SettingsError:
            form.problems.append(Problem("text", _NO_FOLDER))
            return _form(request, visitor, _typed(form), form.problems, flaws)
        file = (name, pasted_id(text))
    if file is None:
        return _form(request, visitor, _typed(form), form.problems, flaws)
    arguments = {"file": file[0], "run": run, "campaign": file[1]}
    job = house.jobs.ask(JOB, arguments, visitor.account_id)
    return see_other(request, f"/jobs/{job}")


def _chosen(form: Form, files: list[CampaignFile], *, pasted: bool) -> tuple[str, str] | None:
    """Return the name of the chosen file and its campaign's id; None where a text was pasted."""
    name = form.text("file", most=100)
    if pasted:
        if name:
            form.problems.append(Problem("file", _BOTH))
        return None
    known = {file.name: file for file in files}
    if name not in known:
        form.problems.append(Problem("file", _FILE))
        return None
    campaign = known[name].campaign
    if campaign is None:
        form.problems.append(Problem("file", _BAD_FILE))
        return None
    return name, campaign.id


def _typed(form: Form) -> dict[str, str]:
    return {name: form.text(name, most=LONGEST_CAMPAIGN) for name in ("file", "run", "text")}


def _form(
    request: Request,
    visitor: Visitor,
    typed: dict[str, str],
    problems: list[Problem],
    flaws: list[Flaw] | tuple[()],
) -> Response:
    settings = house_of(request).settings
    shown = {
        "files": campaign_files(settings.campaigns),
        "has_folder": settings.campaigns is not None,
        "runs": finished_runs(settings.run),
        "typed": typed,
        "flaws": _beside(typed.get("text", ""), list(flaws)),
        "flaws_of_all": [flaw.text for flaw in flaws if flaw.line is None],
        "problems": problems,
    }
    return page(request, visitor, "campaigns/plan.html", shown, 422 if problems else 200)


def _beside(text: str, flaws: list[Flaw]) -> list[tuple[int, str, list[str]]]:
    """Return the lines of a text of which something is wrong: number, line, what."""
    lines = text.split("\n")
    numbers = sorted({flaw.line for flaw in flaws if flaw.line is not None})
    return [
        (
            number,
            lines[number - 1] if number <= len(lines) else "",
            [flaw.text for flaw in flaws if flaw.line == number],
        )
        for number in numbers
    ]
