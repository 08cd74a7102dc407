"""Facts and awards as somebody wrote them -> values of a table; what does not fit is refused by
name."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from nostop.model import AWARD_STATUSES, NEVER, Period, SituationError, nearest
from nostop.rulebook.catalogue import LARGEST_AMOUNT, Fact, too_large

_AWARD_DAYS = ("starts_on", "ends_on")
_AWARD_KEYS = ("scheme", "status", "amount", "per", *_AWARD_DAYS)


def facts_of(
    item: object, facts: Mapping[str, Fact], others: tuple[str, ...], where: str
) -> dict[str, Any]:
    """Return the facts of one person or group; besides facts it may have the keys in `others`."""
    given = an_object(item, where)
    known_keys(given, (*facts, *others), where)
    return {
        name: _fact(given[name], facts[name], f"{where}: {name}") for name in given if name in facts
    }


def _fact(value: object, fact: Fact, where: str) -> object:
    if value is None:
        return None
    if fact.type == "date":
        return NEVER if value == "never" else a_date(value, where)
    if not fact.accepts(value):
        listed = f"one of {', '.join(fact.values)}" if fact.values else _wanted(fact)
        raise SituationError(f"{where}: {value!r} must be {listed}")
    if isinstance(value, int):
        _check_size(value, fact, where)
    return value


def _check_size(value: int, fact: Fact, where: str) -> None:
    if fact.largest is not None and abs(value) > fact.largest:
        raise SituationError(f"{where}: {value} is {too_large(fact.type)}")
    if fact.non_negative and value < 0:
        raise SituationError(f"{where}: {value} must not be below 0")
    if fact.at_most is not None and value > fact.at_most:
        raise SituationError(f"{where}: {value} must not be above {fact.at_most}")


def _wanted(fact: Fact) -> str:
    words = {"bool": "true or false", "int": "a whole number", "code": "text"}
    per = f" for the {fact.per.value}" if fact.per else ""
    return words.get(fact.type, f"whole pence{per}")


def an_award(data: object, known: list[str], where: str) -> dict[str, Any]:
    """Return one award as a row of `Awards` without its person; `known` are the catalogue's."""
    given = an_object(data, where)
    known_keys(given, _AWARD_KEYS, where)
    scheme, status = given.get("scheme"), given.get("status")
    if scheme not in known:
        hint = nearest(str(scheme), known)
        raise SituationError(f"{where}: scheme '{scheme}' is no award{hint} ({', '.join(known)})")
    if status not in AWARD_STATUSES:
        listed = ", ".join(AWARD_STATUSES)
        raise SituationError(f"{where}: status '{status}' is none of {listed}")
    per = given.get("per")
    if per is not None and per not in list(Period):
        raise SituationError(f"{where}: per '{per}' is none of {', '.join(Period)}")
    days = {
        key: a_date(given[key], f"{where}: {key}") if given.get(key) is not None else None
        for key in _AWARD_DAYS
    }
    amount = _amount(given.get("amount"), where)
    return {"scheme": scheme, "status": status, "amount": amount, "per": per, **days}


def _amount(value: object, where: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SituationError(f"{where}: amount {value!r} must be whole pence")
    if value > LARGEST_AMOUNT:
        raise SituationError(f"{where}: amount {value} is {too_large('money')}")
    return value


def a_date(value: object, where: str) -> date:
    """Return a date, written as 2026-06-01."""
    if isinstance(value, date):
        return value
    message = f'{where}: {value!r} is no date such as "2026-06-01"'
    if not isinstance(value, str) or len(value) != 10:
        raise SituationError(message)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise SituationError(message) from error


def an_object(data: object, where: str) -> dict[str, Any]:
    """Return data that must have keys."""
    if not isinstance(data, dict):
        found = type(data).__name__
        raise SituationError(f"{where}: must be an object in braces, found {found}")
    return data


def objects(data: object, where: str) -> dict[str, dict[str, Any]]:
    """Return what is told of each person or group, by id; none where nothing is told."""
    found = {} if data is None else an_object(data, where)
    for name, item in found.items():
        an_object(item, f"{where}: {name}")
        if not name:
            raise SituationError(f"{where}: an id is empty")
    return found


def names(data: object, where: str) -> list[str]:
    """Return a list of person ids."""
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise SituationError(f"{where}: must be a list of person ids")
    return data


def known_keys(data: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a key, or a column, that nobody knows."""
    allowed = list(known)
    for key in data:
        if key not in allowed:
            raise SituationError(f"{where}: '{key}' is not known here{nearest(key, allowed)}")


def edges(column: pl.Series) -> list[int]:
    """Return the lowest and highest value of a column of whole numbers; none of any other."""
    found = (column.min(), column.max()) if column.dtype.is_integer() else ()
    return [value for value in found if isinstance(value, int)]
