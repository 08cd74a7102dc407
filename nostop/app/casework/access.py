"""Who may open what. What is not there and what is not for somebody look the same."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from nostop.model import NotHere
from nostop.store import reading
from nostop.store.access import Who, finds_case, finds_household, finds_person

__all__ = ["Who", "household_openable", "openable", "person_openable"]

#: One sentence for every reason, so that none can be told from another.
NOT_HERE = "access: there is no such case, or it is not one of yours"


def openable(store: Engine | Connection, who: Who, benefit_unit_id: str) -> None:
    """Do nothing where somebody may open a case: it is there, in an area of theirs, and nobody of
    its household is tied to them.

    Raises:
        NotHere: one of these does not hold; the error does not say which.
    """
    _open(store, finds_case, who, benefit_unit_id)


def household_openable(store: Engine | Connection, who: Who, household_id: str) -> None:
    """The same of a household: one of its cases is open to them.

    Raises:
        NotHere: none is.
    """
    _open(store, finds_household, who, household_id)


def person_openable(store: Engine | Connection, who: Who, person_id: str) -> None:
    """The same of a person: a case of their household is open to them.

    Raises:
        NotHere: none is.
    """
    _open(store, finds_person, who, person_id)


def _open(
    store: Engine | Connection, finds: Callable[[Connection, Who, str], bool], who: Who, what: str
) -> None:
    if isinstance(store, Connection):
        found = finds(store, who, what)
    else:
        with reading(store) as connection:
            found = finds(connection, who, what)
    if not found:
        raise NotHere(NOT_HERE)
