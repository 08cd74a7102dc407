"""Notes and documents of a case."""

from nostop.app.casework.cases import Desk
from nostop.store.case_documents import (
    LARGEST,
    DocumentError,
    Kept,
    add_document,
    take_document,
)
from nostop.store.case_notes import add_note

__all__ = ["LARGEST", "DocumentError", "Kept", "keep_document", "keep_note", "open_document"]


def keep_note(desk: Desk, unit: str, text: str) -> str:
    """Put a note to a case that somebody may open, and return its id."""
    return add_note(desk.engine, unit, text, desk.act)


def keep_document(desk: Desk, unit: str, name: str, content: bytes) -> str:
    """Put a document to a case that somebody may open, and return its id.

    Raises:
        DocumentError: it is not kept; its words say why.
    """
    return add_document(desk.engine, unit, name, content, desk.act)


def open_document(desk: Desk, unit: str, document_id: str) -> Kept:
    """Return a document of a case that somebody may open, once it is written down that they do.

    Raises:
        NotHere: the case has no such document.
    """
    return take_document(desk.engine, unit, document_id, desk.act)
