"""A second caseworker reads a decided flag without seeing the decision: how far people agree."""

from dataclasses import dataclass, replace
from datetime import timedelta

from nostop.app.casework.case_view import CaseView, SchemeView
from nostop.app.casework.cases import Desk, conditions_for, read_open_case, view_of
from nostop.model import NotHere, StoreError
from nostop.store.second_readings import (
    ReadAgain,
    ToRead,
    draw,
    next_reading,
    reading_for,
    record_reading,
)

__all__ = ["ReadAgain", "ToRead"]

#: Which share of decisions is read a second time, per mille, and for how long after them.
SHARE_PER_MILLE = 100
READ_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BlindReading:
    """A flag as the first caseworker had it before they decided: nothing tells what they said.

    conditions: id and words of each condition, of which one may be said not to be met.
    """

    what: ToRead
    case: CaseView
    scheme: SchemeView
    conditions: tuple[tuple[str, str], ...]


def next_to_read(desk: Desk) -> ToRead | None:
    """Return the next flag for somebody to read, drawing from new decisions where none waits; None
    where there is none for them."""
    found = next_reading(desk.engine, desk.who)
    if found is None and draw(desk.engine, SHARE_PER_MILLE, desk.at - READ_WITHIN, desk.at):
        found = next_reading(desk.engine, desk.who)
    return found


def reading_shown(desk: Desk, what: ToRead) -> BlindReading:
    """Return a flag to be read, once it is written down that its people's records are read.

    Raises:
        NotHere: it was not drawn, has been read, or is not for them.
    """
    reading_for(desk.engine, desk.who, what)
    case = read_open_case(desk, what.benefit_unit_id)
    view = view_of(desk, case)
    found = next((each for each in view.schemes if each.scheme == what.scheme), None)
    if found is None:
        raise NotHere("second reading: nothing is kept of this flag any more")
    blind = replace(found, state="open", kinds=())
    return BlindReading(what, view, blind, conditions_for(case, what.scheme))


def read_again(desk: Desk, said: ReadAgain) -> None:
    """Keep what the second reader says.

    Raises:
        NotHere: it is not for them.
        MovedOn: somebody has read it meanwhile.
        StoreError: the verdict is none, or the condition is not one of the scheme.
    """
    if said.condition is not None:
        case = read_open_case(desk, said.what.benefit_unit_id)
        known = {name for name, _ in conditions_for(case, said.what.scheme)}
        if said.condition not in known:
            raise StoreError("second reading: the scheme has no such condition")
    record_reading(desk.engine, desk.who, said, desk.at)
