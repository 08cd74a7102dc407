"""Campaigns: planned by one person, looked at and approved by another, followed, and stopped."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.outreach import overview
from nostop.app.outreach.overview import ALL, MOST_IN_DOUBT, Act, Shown, State, Who
from nostop.model import MovedOn, NostopError, NotHere, StoreError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission
from nostop.web.rooms import campaign_words as words

router = APIRouter()
Looker = Annotated[Visitor, Depends(visiting(Permission.CAMPAIGNS))]
Approver = Annotated[Visitor, Depends(visiting(Permission.APPROVE))]
Stopper = Annotated[Visitor, Depends(visiting(Permission.STOP))]
_LOOKED = "Tick the box when you have read every message and looked at the numbers"
_CHANGED = "The plan was changed while you looked at it. Look at the new plan, then approve it"


@router.get("/campaigns")
def listing(request: Request, visitor: Looker) -> Response:
    """Show every campaign and its state."""
    house = house_of(request)
    shown = {
        "lines": overview.campaign_lines(house.engine, house.now().date()),
        "all_stopped": overview.stop_of_all(house.engine),
        "titles": overview.scheme_titles(house.engine, visitor.language),
    }
    return _page(request, visitor, "list.html", shown)


@router.get("/campaigns/{campaign}")
def one(request: Request, visitor: Looker, campaign: str) -> Response:
    """Show one campaign: its state, its numbers, and who is not told."""
    return _page(request, visitor, "campaign.html", _of(request, visitor, campaign))


@router.get("/campaigns/{campaign}/messages")
def messages(request: Request, visitor: Looker, campaign: str) -> Response:
    """Show every message as it will look, to somebody made up."""
    content = _of(request, visitor, campaign)
    problems: list[Problem] = []
    looks: list[overview.Look] = []
    try:
        looks = overview.looks(house_of(request).engine, content["shown"])
    except NotHere:
        raise
    except NostopError as error:
        problems.append(Problem("", str(error)))
    return _page(
        request, visitor, "messages.html", content | {"looks": looks, "problems": problems}
    )


@router.get("/campaigns/{campaign}/results")
def results(request: Request, visitor: Looker, campaign: str) -> Response:
    """Show what followed a campaign: claims and refusals, and what a holdout shows."""
    content = _of(request, visitor, campaign)
    found = overview.results(house_of(request).engine, campaign)
    return _page(request, visitor, "results.html", content | {"results": found})


@router.get("/campaigns/{campaign}/approve")
def look_to_approve(request: Request, visitor: Approver, campaign: str) -> Response:
    """Show what an approval would be of."""
    return _page(request, visitor, "approve.html", _of(request, visitor, campaign))


@router.post("/campaigns/{campaign}/approve")
def approve(request: Request, visitor: Approver, campaign: str, form: Posted) -> Response:
    """Approve the very plan that was shown; never one's own."""
    house = house_of(request)
    plan = form.text("plan", most=64)
    form.one_of("looked", ["yes"], wanted=_LOOKED)
    status = 422
    if not form.problems:
        try:
            overview.approve_shown(house.engine, campaign, plan, _who(visitor), house.now())
            return see_other(
                request, f"/campaigns/{campaign}", "You approved the campaign. It may be sent now"
            )
        except MovedOn:
            status = 409
            form.problems.append(Problem("", _CHANGED))
        except StoreError:
            status = 409
            form.problems.append(Problem("", words.WHY_NOT_APPROVE["planner"]))
    content = _of(request, visitor, campaign) | {"problems": form.problems}
    return _page(request, visitor, "approve.html", content, status)


@router.get("/campaigns/{campaign}/stop")
def look_to_stop(request: Request, visitor: Stopper, campaign: str) -> Response:
    """Ask once whether a campaign is to stop."""
    return _page(request, visitor, "stop.html", _of(request, visitor, campaign))


@router.post("/campaigns/{campaign}/stop")
def stop(request: Request, visitor: Stopper, campaign: str, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Stop a campaign, at once and everywhere."""
    house = house_of(request)
    overview.stop_sending(house.engine, campaign, Act(visitor.account_id, house.now()))
    return see_other(
        request, f"/campaigns/{campaign}", "The campaign is stopped. Nothing more of it goes"
    )


@router.get("/campaigns/{campaign}/go-on")
def look_to_go_on(request: Request, visitor: Stopper, campaign: str) -> Response:
    """Ask once whether a stopped campaign is to go on."""
    return _page(request, visitor, "go_on.html", _of(request, visitor, campaign))


@router.post("/campaigns/{campaign}/go-on")
def go_on(request: Request, visitor: Stopper, campaign: str, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Lift the stop of a campaign."""
    house = house_of(request)
    overview.allow_sending(house.engine, campaign, Act(visitor.account_id, house.now()))
    return see_other(request, f"/campaigns/{campaign}", "The campaign may go on")


@router.get("/sending/stop")
def look_to_stop_all(request: Request, visitor: Stopper) -> Response:
    """Ask once whether all sending is to stop."""
    found = overview.stop_of_all(house_of(request).engine)
    return _page(request, visitor, "stop_all.html", {"all_stopped": found})


@router.post("/sending/stop")
def stop_all(request: Request, visitor: Stopper, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Stop all sending, at once and everywhere."""
    house = house_of(request)
    overview.stop_sending(house.engine, ALL, Act(visitor.account_id, house.now()))
    return see_other(
        request, "/sending/stop", "All sending is stopped. No message goes until it is lifted"
    )


@router.post("/sending/go-on")
def go_on_all(request: Request, visitor: Stopper, form: Posted) -> Response:  # noqa: ARG001 - it checks
    """Lift the stop of all sending."""
    house = house_of(request)
    overview.allow_sending(house.engine, ALL, Act(visitor.account_id, house.now()))
    return see_other(request, "/sending/stop", "Sending may go on")


@router.get("/campaigns/{campaign}/in-doubt")
def in_doubt(request: Request, visitor: Looker, campaign: str) -> Response:
    """Show the messages of which only a person can say whether they went."""
    return _in_doubt(request, visitor, campaign, [])


@router.post("/campaigns/{campaign}/in-doubt")
def settle(request: Request, visitor: Stopper, campaign: str, form: Posted) -> Response:
    """Write down what somebody knows of one message in doubt."""
    message = form.text("message", most=100)
    word = form.one_of("became", ["sent", "failed"], wanted="Say whether it was sent or failed")
    how = form.one_of("how", words.HOW, wanted="Say how you know")
    if form.problems or word is None or how is None:
        return _in_doubt(request, visitor, campaign, form.problems, form)
    house = house_of(request)
    act = Act(visitor.account_id, house.now())
    overview.settle_in_doubt(house.engine, campaign, (message, word, how), act)
    return see_other(request, f"/campaigns/{campaign}/in-doubt", "Written down")


def _in_doubt(
    request: Request,
    visitor: Visitor,
    campaign: str,
    problems: list[Problem],
    form: Form | None = None,
) -> Response:
    house = house_of(request)
    rows = overview.in_doubt(house.engine, campaign, house.now(), most=MOST_IN_DOUBT)
    typed = {name: form.text(name) for name in ("message", "became", "how")} if form else {}
    content = _of(request, visitor, campaign) | {
        "rows": rows.to_dicts(),
        "most": MOST_IN_DOUBT,
        "typed": typed,
        "problems": problems,
    }
    return _page(request, visitor, "in_doubt.html", content, 422 if problems else 200)


def _of(request: Request, visitor: Visitor, campaign: str) -> dict[str, Any]:
    """Return what every page of a campaign shows."""
    house = house_of(request)
    shown = overview.campaign_shown(house.engine, campaign, house.now().date())
    return {
        "shown": shown,
        "told": shown.messages - shown.statuses["suppressed"],
        "cost": overview.pence_at_most(shown),
        "why_not": overview.why_not_approve(shown, _who(visitor)),
        "titles": overview.scheme_titles(house.engine, visitor.language),
        "tabs": _tabs(shown, request.url.path),
    }


def _tabs(shown: Shown, path: str) -> list[Mapping[str, object]]:
    here = f"/campaigns/{shown.row.campaign}"
    names = {
        here: "Numbers",
        f"{here}/messages": "Messages as they look",
        f"{here}/results": "What followed",
        f"{here}/in-doubt": "Messages in doubt",
    }
    return [{"href": href, "text": text, "current": path == href} for href, text in names.items()]


def _who(visitor: Visitor) -> Who:
    return Who(visitor.account_id, visitor.name)


def _page(
    request: Request,
    visitor: Visitor,
    template: str,
    content: Mapping[str, Any],
    status: int = 200,
) -> Response:
    t = visitor.t
    known = {
        "words": words,
        "State": State,
        "said_of": _said(t),
        "may_stop": visitor.may(Permission.STOP),
        "may_approve": visitor.may(Permission.APPROVE),
    }
    return page(request, visitor, f"campaigns/{template}", known | dict(content), status)


def _said(t: Callable[[str], str]) -> Callable[[Mapping[str, str], str | None], str]:
    return lambda known, name: partial(words.said, known, t)(name)
