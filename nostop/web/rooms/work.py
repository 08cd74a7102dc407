"""My work: the queue of flagged benefit units, and the next case of it. It names nobody."""

from collections.abc import Iterable, Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.casework.queue import (
    ME,
    NOBODY,
    Search,
    forget_search,
    give,
    give_back,
    keep_search,
    look,
    take_next,
)
from nostop.model import StoreError
from nostop.web.forms import Form, Posted, Problem
from nostop.web.guard import Visitor, visiting
from nostop.web.pages import page, see_other
from nostop.web.permissions import Permission
from nostop.web.rooms.case_common import desk_of
from nostop.web.rooms.work_filters import filters_of
from nostop.web.rooms.work_words import clock_words, tags_of

router = APIRouter()
Worker = Annotated[Visitor, Depends(visiting(Permission.WORK))]
#: Boxes that can be ticked on one page, with room to spare.
_MOST_TICKED = 100
_CHANGED = "{number} left alone: somebody else changed them meanwhile"
_NOT_PUT_BACK = "{number} left alone: they are not yours, or somebody else changed them meanwhile"
_THEIRS = "{number} left alone: a colleague has them"
_CLOSED = "{number} left alone: they are dealt with, or not theirs to open"


@router.get("/queue")
def work(request: Request, visitor: Worker) -> Response:
    """Show the queue: a whole page, or only the part that a change of the filters changes."""
    asked = request.query_params
    search, wrong = Search.from_query({name: asked.getlist(name) for name in asked})
    return _page(request, visitor, search, {"wrong": wrong})


@router.post("/queue/next")
def take(request: Request, visitor: Worker, form: Posted) -> Response:
    """Take the next case of a search, and open it."""
    search = _searched(form)
    taken = take_next(desk_of(request, visitor), search)
    if taken is None:
        said = visitor.t("No case was taken: none that fits is free")
        return see_other(request, _where(search), said)
    return see_other(request, f"/cases/{taken}")


@router.post("/queue/assign")
def assign(request: Request, visitor: Worker, form: Posted) -> Response:
    """Give the ticked cases to somebody, or put them back."""
    search, items, desk = _searched(form), _ticked(form), desk_of(request, visitor)
    to = form.text("to", most=100) or ME
    if not items:
        wrong = {"ticked": "Tick at least one case of the list"}
        return _page(request, visitor, search, {"wrong": wrong, "to": to}, 422)
    if to == NOBODY:
        back = give_back(desk, items)
        said = {"{number} put back for anybody to take": back, _NOT_PUT_BACK: len(items) - back}
        return see_other(request, _where(search), _told(visitor, said.items()))
    given = give(desk, to, items)
    if given is None:
        wrong = {"to": "Choose somebody of the list"}
        return _page(request, visitor, search, {"wrong": wrong}, 422)
    said = {
        "{number} given": len(given.given),
        _CHANGED: given.changed,
        _THEIRS: given.theirs,
        _CLOSED: given.closed,
    }
    return see_other(request, _where(search), _told(visitor, said.items()))


@router.post("/queue/saved")
def save(request: Request, visitor: Worker, form: Posted) -> Response:
    """Keep a search under a name."""
    search, name = _searched(form), form.text("name", most=200)
    try:
        keep_search(desk_of(request, visitor), name, search)
    except StoreError as error:
        content = {"wrong": {"name": str(error)}, "name": name}
        return _page(request, visitor, search, content, 422)
    return see_other(request, _where(search), visitor.t("Your search is saved"))


@router.post("/queue/saved/delete")
def forget(request: Request, visitor: Worker, form: Posted) -> Response:
    """Delete a saved search."""
    forget_search(desk_of(request, visitor), form.text("name", most=200))
    return see_other(request, _where(_searched(form)), visitor.t("Your search is deleted"))


def _page(
    request: Request,
    visitor: Visitor,
    search: Search,
    content: Mapping[str, object],
    status: int = 200,
) -> Response:
    """Return the queue's page; to htmx only what is found, but for the browser's way back."""
    desk = desk_of(request, visitor)
    asked, headers = request.query_params, request.headers
    queue = look(desk, search, asked.get("after"), asked.get("before"))
    wrong: Mapping[str, str] = content.get("wrong", {})  # type: ignore[assignment]
    is_part = "hx-request" in headers and "hx-history-restore-request" not in headers
    query = search.as_query()
    shown = {
        "search": search,
        "queue": queue,
        "query": query,
        "here": f"/queue?{query}&" if query else "/queue?",
        "is_part": is_part,
        "tags": list(tags_of(search, queue, visitor.language)),
        "clock_words": clock_words,
        "is_senior": desk.is_senior,
        "all_ticked": asked.get("all") == "1",
        "place": urlencode({k: asked[k] for k in ("after", "before") if k in asked}),
        "problems": [Problem(name, text) for name, text in wrong.items()],
        "name": "",
        "to": "",
        **content,
    }
    if is_part:
        return page(request, visitor, "work/_found.html", shown, status)
    typed = asked.get("gain", "")
    shown["filters"] = filters_of(search, queue, visitor.language, wrong, typed)
    return page(request, visitor, "work/queue.html", shown, status)


def _searched(form: Form) -> Search:
    """Return the search that the form was sent from."""
    return Search.of_text(form.text("query"))


def _where(search: Search) -> str:
    query = search.as_query()
    return f"/queue?{query}" if query else "/queue"


def _ticked(form: Form) -> dict[str, int]:
    """Return the cases that were ticked, with the version that was seen: `ID 3`."""
    found = {}
    for text in form.all("ticked")[:_MOST_TICKED]:
        ident, _, version = text.rpartition(" ")
        if ident and version.isascii() and version.isdigit() and len(version) < 10:
            found[ident] = int(version)
    return found


def _told(visitor: Visitor, said: Iterable[tuple[str, int]]) -> str:
    """Return what was done, by number."""
    return ". ".join(visitor.t(text).format(number=number) for text, number in said if number)
