"""A case on one page; its notes, documents and messages."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from nostop.app.casework.access import openable
from nostop.app.casework.keeping import (
    LARGEST,
    DocumentError,
    keep_document,
    keep_note,
    open_document,
)
from nostop.app.casework.messages import message_of, reference_of
from nostop.web.forms import Posted
from nostop.web.guard import house_of
from nostop.web.pages import download, see_other
from nostop.web.rooms.case_common import Caseworker, case_page, desk_of, the_case

router = APIRouter()
_CASE = "case/case.html"
#: What goes out as a file is saved, never shown: not even a browser that disobeys may run it.
_NOTHING_RUNS = "default-src 'none'; sandbox"


@router.get("/cases/{unit}")
def case(request: Request, visitor: Caseworker, unit: str) -> Response:
    """Show a case, once it is written down that somebody reads it."""
    return case_page(request, visitor, _CASE, {"case": the_case(request, visitor, unit)})


@router.post("/cases/{unit}/notes")
def add_note(request: Request, visitor: Caseworker, form: Posted, unit: str) -> Response:
    """Put a note to a case."""
    desk = desk_of(request, visitor)
    openable(desk.engine, desk.who, unit)
    text = form.text("text", wanted="Write something first")
    if form.problems:
        wrong = {each.field: each.text for each in form.problems}
        shown = {"case": the_case(request, visitor, unit), "wrong": wrong, "typed": {"text": text}}
        return case_page(request, visitor, _CASE, shown, 422)
    keep_note(desk, unit, text)
    return see_other(request, f"/cases/{unit}#notes", "Your note is saved")


@router.post("/cases/{unit}/documents")
def add_document(request: Request, visitor: Caseworker, form: Posted, unit: str) -> Response:
    """Put a document to a case, if it is of a kind that is kept."""
    desk = desk_of(request, visitor)
    openable(desk.engine, desk.who, unit)
    sent = form.file("document")
    why = "Choose a file first" if sent is None else ""
    if sent is not None:
        with sent.file as opened:
            # One byte more than may be tells that there is more, without reading all of it.
            content = opened.read(LARGEST + 1)
        try:
            keep_document(desk, unit, sent.filename or "", content)
        except DocumentError as error:
            why = str(error)
    if why:
        shown = {"case": the_case(request, visitor, unit), "wrong": {"document": why}}
        return case_page(request, visitor, _CASE, shown, 422)
    return see_other(request, f"/cases/{unit}#documents", "The document is saved")


@router.get("/cases/{unit}/documents/{document_id}")
def document(request: Request, visitor: Caseworker, unit: str, document_id: str) -> Response:
    """Give a document to be saved, and write down who took it."""
    desk = desk_of(request, visitor)
    openable(desk.engine, desk.who, unit)
    kept = open_document(desk, unit, document_id)
    return download(kept.content, kept.name, kept.media_type, policy=_NOTHING_RUNS)


@router.get("/cases/{unit}/messages/{message_id}")
def message(request: Request, visitor: Caseworker, unit: str, message_id: str) -> Response:
    """Show a message as it was sent."""
    found = message_of(desk_of(request, visitor), unit, message_id)
    house = house_of(request)
    shown = {
        "case_id": unit,
        "message": found,
        "row": found.row,
        "reference": reference_of(message_id),
        "now": house.now(),
    }
    return case_page(request, visitor, "case/message.html", shown)
