"""Link review: two records side by side, what happened to person ids, and taking it back."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from nostop.app.casework import link_undoing, linking
from nostop.app.casework.linking import LinkPair, LinkWords
from nostop.model import MovedOn, NotHere, StoreError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission

router = APIRouter()
Looker = Annotated[Visitor, Depends(visiting(Permission.LINKS))]
Senior = Annotated[Visitor, Depends(visiting(Permission.SENIOR))]
Worker = Annotated[Visitor, Depends(visiting(Permission.WORK))]
#: No database of ours counts further.
EventId = Annotated[int, Path(ge=0, lt=2**63)]
#: What may be said of a pair, in the order of the keys 1, 2, 3.
VERDICTS = {"same": "Same person", "different": "Different people", "cannot_tell": "Cannot tell"}
FIELDS = {
    "source": "Comes from",
    "record_id": "Its number there",
    "nino": "National Insurance number",
    "first_name": "First name",
    "middle_names": "Middle names",
    "surname": "Surname",
    "born_on": "Date of birth",
    "sex": "Sex",
    "uprn": "Property number (UPRN)",
    "address_line_1": "First line of the address",
    "postcode": "Postcode",
    "town": "Town",
    "seen_on": "Last seen on",
}
SAYS = {"same": "Same", "different": "Different", "only_one": "Only one says"}
KINDS = {
    "merged": "Two people became one",
    "split": "One person became two",
    "moved": "Records went to another person",
    "undone": "An earlier change was taken back",
}
CASE_WORDS = {
    "link_questioned": "A caseworker doubts the link",
    "undo_asked": "Somebody asked to undo a change",
    "link_undone": "A change was undone",
}
MESSAGE_STATES = {
    "planned": "planned",
    "suppressed": "will not be sent",
    "held_out": "not written to for now",
    "claimed": "on its way",
    "sent": "sent",
    "failed": "failed",
    "unknown": "may have gone: somebody looks",
}
CASE_KINDS = {
    "outreach": "follows a message",
    "wrong": "somebody says it is wrong",
    "link": "about a link",
    "returned": "a message came back",
    "override": "for the authors of rules",
    "review": "to be reviewed",
}
_ANSWERED = "Somebody else answered this pair first. Here is the next one"


@router.get("/links")
def next_pair(request: Request, visitor: Looker, after: str | None = None) -> Response:
    """Show the next pair; `after` is the one just seen or skipped: an opaque id."""
    house = house_of(request)
    pair = linking.next_pair(house.engine, visitor.who, house.now(), after)
    return _show(request, visitor, pair)


@router.post("/links")
def answer(request: Request, visitor: Looker, form: Posted) -> Response:
    """Keep what somebody says of a pair, and go on to the next."""
    house = house_of(request)
    task_id = form.text("task_id", most=100)
    verdict = form.one_of(
        "verdict", VERDICTS, "Choose whether this is the same person, or that you cannot tell"
    )
    why = form.text("why", most=500)
    if form.problems or verdict is None:
        pair = linking.pair_again(house.engine, visitor.who, task_id, house.now())
        return _show(request, visitor, pair, form)
    try:
        said = LinkWords(task_id, verdict, why)
        linking.answer_pair(house.engine, visitor.who, said, house.now())
    except MovedOn:
        return see_other(request, f"/links?after={task_id}", said=_ANSWERED)
    return see_other(request, f"/links?after={task_id}")


def _show(
    request: Request, visitor: Visitor, pair: LinkPair | None, form: Form | None = None
) -> Response:
    problems = form.problems if form else []
    content = {
        "pair": pair,
        "rows": linking.side_by_side(pair) if pair else [],
        "withheld": bool(pair and (pair.left.get("withheld") or pair.right.get("withheld"))),
        "fields": FIELDS,
        "says": SAYS,
        "verdicts": VERDICTS,
        "why": form.text("why") if form else "",
        "waiting": linking.waiting(house_of(request).engine, visitor.who),
        "problems": problems,
        "wrong": {each.field: each.text for each in problems},
    }
    return page(request, visitor, "links/pair.html", content, 422 if problems else 200)


@router.post("/links/question")
def question(request: Request, visitor: Worker, form: Posted) -> Response:
    """Take a caseworker's doubt that the records of a case are of one person each."""
    house = house_of(request)
    unit = form.text("benefit_unit_id", most=100)
    linking.question_link(house.engine, visitor.who, unit, house.now())
    if house.settings.run is not None:
        house.jobs.ask("link_questions", {}, visitor.account_id)
    return see_other(
        request,
        f"/cases/{unit}",
        said="Nobody writes to them until two other caseworkers have looked at their records",
    )


# --- what happened to person ids -----------------------------------------------------------------


@router.get("/links/history")
def history(request: Request, visitor: Looker, person: str | None = None) -> Response:
    """Show what happened to a person id, or what happened last."""
    house, who = house_of(request), visitor.who
    asked = (person or "").strip()
    content = {
        "person": asked,
        "changes": link_undoing.changes_shown(house.engine, who, asked or None, house.now()),
        "held": link_undoing.held(house.engine, who),
        "kinds": KINDS,
        "case_words": CASE_WORDS,
        "may_close": visitor.may(Permission.SENIOR),
    }
    return page(request, visitor, "links/history.html", content)


@router.get("/links/history/{event_id}")
def change(request: Request, visitor: Looker, event_id: EventId) -> Response:
    """Show one change, what rests on it, and the form that takes it back."""
    return _change(request, visitor, event_id)


@router.post("/links/history/{event_id}/undo")
def undo(request: Request, visitor: Senior, event_id: EventId, form: Posted) -> Response:
    """Take a change back: nobody writes to anybody concerned from now on; a job does the rest."""
    house = house_of(request)
    why = form.text("why", most=500, wanted="Say why these are not one person")
    if not form.problems and house.settings.run is None:
        form.problems.append(Problem("", "This server has no run at hand: ask who operates it"))
    if not form.problems:
        try:
            link_undoing.ask_undo(house.engine, visitor.who, event_id, why, house.now())
        except (NotHere, MovedOn):
            raise
        except StoreError:
            form.problems.append(Problem("", "This change cannot be undone from here"))
    if form.problems:
        return _change(request, visitor, event_id, form)
    job_id = house.jobs.ask("undo_link", {"event": event_id}, visitor.account_id)
    return see_other(request, f"/jobs/{job_id}")


@router.post("/links/held/{case_id}/close")
def close(request: Request, visitor: Senior, case_id: str, _form: Posted) -> Response:
    """Close a case about a link: letters may go again."""
    house = house_of(request)
    link_undoing.close_held(house.engine, visitor.who, case_id, house.now())
    return see_other(
        request, "/links/history", said="The case is closed: what waited for it may be sent again"
    )


def _change(
    request: Request, visitor: Visitor, event_id: EventId, form: Form | None = None
) -> Response:
    house = house_of(request)
    found = link_undoing.change_shown(house.engine, visitor.who, event_id, house.now())
    problems = form.problems if form else []
    content: dict[str, Any] = {
        "row": found.row,
        "touched": found.touched,
        "kinds": KINDS,
        "message_states": MESSAGE_STATES,
        "case_kinds": CASE_KINDS,
        "can_undo": _can_undo(visitor, found),
        "why": form.text("why") if form else "",
        "problems": problems,
        "wrong": {each.field: each.text for each in problems},
    }
    return page(request, visitor, "links/change.html", content, 422 if problems else 200)


def _can_undo(visitor: Visitor, found: link_undoing.Change) -> bool:
    row = found.row
    is_open = row["undone_by"] is None and row["undo_asked_at"] is None
    is_one = row["kind"] in link_undoing.CAN_BE_UNDONE
    return is_open and is_one and visitor.may(Permission.SENIOR)
