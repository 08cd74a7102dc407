"""A database's values as text, in one form for each type."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from nostop.model import FetchError

#: What `:since` may be bound to.
Value = int | date | str


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _structure(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


_FORMS: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    Decimal: lambda value: format(value, "f"),
    date: date.isoformat,
    datetime: _moment,
    time: time.isoformat,
    UUID: str,
    dict: _structure,
    list: _structure,
}


def as_text(name: str, values: Sequence[object], source: str) -> list[str | None]:
    """Return a column's values as text; null stays null.

    Raises:
        FetchError: the column has a type that has no text of its own, such as bytes.
    """
    kinds = set(map(type, values)) - {type(None)}
    for kind in kinds - _FORMS.keys():
        raise FetchError(
            f"{source}: column '{name}' holds {kind.__name__}: cast it to text in the statement, "
            "or leave it out"
        )
    if kinds <= {str}:
        return list(values)  # type: ignore[arg-type]
    return [None if value is None else _FORMS[type(value)](value) for value in values]


def mark_of(name: str, values: Sequence[Any], greatest: str | None, source: str) -> str | None:
    """Return the greatest of a column's values and an earlier mark, as a mark; see `value_of`.

    Raises:
        FetchError: the values cannot be compared with each other, or not be kept.
    """
    found = [value for value in values if value is not None]
    before = [] if greatest is None else [value_of(greatest)]
    try:
        top = max([*before, *found], default=None)
    except TypeError:
        top = b""
    if isinstance(top, Decimal) and top == int(top):
        top = int(top)
    if top is None:
        return None
    kind = {int: "int", str: "text", date: "date", datetime: "time"}.get(type(top))
    if kind is None:
        raise FetchError(
            f"{source}: the column of since, '{name}', is not always a date, always a time, always "
            "a whole number or always text"
        )
    return f"{kind} {top.isoformat() if isinstance(top, date) else top}"


def value_of(mark: str) -> Value:
    """Return the value that a mark was made of, of the same type."""
    kind, _, text = mark.partition(" ")
    forms: dict[str, Callable[[str], Value]] = {
        "int": int,
        "date": date.fromisoformat,
        "time": datetime.fromisoformat,
    }
    return forms.get(kind, str)(text)
