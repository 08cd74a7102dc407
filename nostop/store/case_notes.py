"""What caseworkers write down of a case, in their own words."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Engine, insert, select

from nostop.model import NotHere, StoreError
from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.decisions import check_words
from nostop.store.rows import table_of
from nostop.store.tables_casework import CaseNote, WorkItem

SAME_WITHIN = timedelta(minutes=1)


def add_note(engine: Engine, benefit_unit_id: str, text: str, act: Act) -> str:
    """Put a note to a case and return its id: it changes nothing that others decide on.

    The same words again by the same person within `SAME_WITHIN` are the same note: somebody clicked
    twice, or sent a form again because the answer was lost.

    Raises:
        NotHere: there is no such case.
        StoreError: there is no text, or it is not fit to be stored.
    """
    if not check_words(text).strip():
        raise StoreError("notes: there is nothing in this note")
    key = "\x1f".join((benefit_unit_id, act.by, act.at.isoformat(), text))
    note_id = "N" + sha256(key.encode()).hexdigest()[:24]
    items, notes = table_of(WorkItem), table_of(CaseNote)
    with engine.begin() as connection:
        known = select(items.c.benefit_unit_id).where(items.c.benefit_unit_id == benefit_unit_id)
        # Locked, so that of two clicks at once the second sees the first.
        if connection.execute(known.with_for_update()).first() is None:
            raise NotHere("notes: there is no such case")
        again = select(notes.c.note_id).where(
            notes.c.benefit_unit_id == benefit_unit_id,
            notes.c.at > act.at - SAME_WITHIN,
            notes.c.by == act.by,
            notes.c.text == text,
        )
        same = connection.execute(again).scalar()
        if same is not None:
            return str(same)
        row = {
            "note_id": note_id,
            "benefit_unit_id": benefit_unit_id,
            "by": act.by,
            "at": act.at,
            "text": text,
        }
        connection.execute(insert(notes), row)
        entry = Entry("case.noted", benefit_unit_id, {"note": note_id})
        append(connection, act.by, [entry], act.at)
    return note_id
