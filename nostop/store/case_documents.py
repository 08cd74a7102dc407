"""Documents of a case: what they are is told by what is in them, never by their name.

They are kept in the database, and go out only to be saved, never to be shown in a page of ours.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Engine, func, insert, select

from nostop.model import NotHere, StoreError
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.rows import table_of
from nostop.store.tables_casework import CaseDocument, WorkItem

LARGEST = 10 * 1024 * 1024
MOST_OF_A_CASE = 50
LONGEST_NAME = 80
PDF, PNG, JPEG, TEXT = "application/pdf", "image/png", "image/jpeg", "text/plain"
SUFFIXES = {PDF: ".pdf", PNG: ".png", JPEG: ".jpg", TEXT: ".txt"}
#: What a reader may skip before it takes the rest for markup: any space, and byte order marks.
_MARKUP = re.compile(r"[\s\ufeff]*<")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


class DocumentError(StoreError):
    """A document that is not kept; `args[0]` says why, for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it goes out again."""

    name: str
    media_type: str
    content: bytes


def add_document(engine: Engine, benefit_unit_id: str, name: str, content: bytes, act: Act) -> str:
    """Put a document to a case and return its id: that of before, where the same person has put the
    very same content there already.

    Raises:
        NotHere: there is no such case.
        DocumentError: it is empty, too large, of another kind than those of `SUFFIXES`, or the
            case has as many as it may.
    """
    media_type = kind_of(content)
    digest = sha256(content).hexdigest()
    key = "\x1f".join((benefit_unit_id, act.by, act.at.isoformat(), digest))
    document_id = "A" + sha256(key.encode()).hexdigest()[:24]
    items, table = table_of(WorkItem), table_of(CaseDocument)
    with engine.begin() as connection:
        known = select(items.c.benefit_unit_id).where(items.c.benefit_unit_id == benefit_unit_id)
        # Locked, so that two at once do not pass the bound together.
        if connection.execute(known.with_for_update()).first() is None:
            raise NotHere("documents: there is no such case")
        again = select(table.c.document_id).where(
            table.c.benefit_unit_id == benefit_unit_id,
            table.c.by == act.by,
            table.c.sha256 == digest,
        )
        same = connection.execute(again).scalar()
        if same is not None:
            return str(same)
        counted = select(func.count()).where(table.c.benefit_unit_id == benefit_unit_id)
        if connection.execute(counted).scalar_one() >= MOST_OF_A_CASE:
            raise DocumentError(f"This case already has {MOST_OF_A_CASE} documents")
        row = {
            "document_id": document_id,
            "benefit_unit_id": benefit_unit_id,
            "name": plain_name(name, media_type),
            "media_type": media_type,
            "size": len(content),
            "sha256": digest,
            "by": act.by,
            "at": act.at,
            "content": content,
        }
        connection.execute(insert(table), row)
        detail: dict[str, str | int] = {"document": document_id, "bytes": len(content)}
        entry = Entry("case.document_added", benefit_unit_id, detail)
        append(connection, act.by, [entry], act.at)
    return document_id


def take_document(engine: Engine, benefit_unit_id: str, document_id: str, act: Act) -> Kept:
    """Return a document of a case, once it is written down that somebody takes it.

    Raises:
        NotHere: the case has no such document.
    """
    table = table_of(CaseDocument)
    query = select(table.c.name, table.c.media_type, table.c.content).where(
        table.c.document_id == document_id, table.c.benefit_unit_id == benefit_unit_id
    )
    with engine.begin() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotHere("documents: there is no such document")
        entry = Entry("case.document_taken", benefit_unit_id, {"document": document_id})
        append(connection, act.by, [entry], act.at)
    return Kept(*row)


def kind_of(content: bytes) -> str:
    """Return what a document is, by its content.

    Raises:
        DocumentError: it is empty, larger than `LARGEST`, or of no kind that is kept.
    """
    if not content:
        raise DocumentError("The file is empty")
    if len(content) > LARGEST:
        raise DocumentError("The file must be 10 MB or smaller")
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if _is_text(content):
        return TEXT
    raise DocumentError("The file must be a PDF, a PNG or JPEG picture, or plain text")


def plain_name(name: str, media_type: str) -> str:
    """Return a name under which a document can be saved anywhere: letters, digits, `-` and `_`, and
    the ending of what it is."""
    stem = name.replace("\\", "/").rpartition("/")[2]
    stem = stem.rpartition(".")[0] if "." in stem else stem
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:LONGEST_NAME]
    return (plain or "document") + SUFFIXES[media_type]


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # A page or a picture made of text could act where it is opened: only plain text is kept.
    return not _CONTROLS.search(text) and not _MARKUP.match(text)
