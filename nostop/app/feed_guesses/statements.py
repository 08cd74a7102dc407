"""Which facts, awards and contacts a sample's columns may state, by likeness with the catalogue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from nostop.app.feed_guesses.columns import Column, listed, words_of
from nostop.app.feed_guesses.meanings import Mentioned
from nostop.model import Level
from nostop.rulebook.catalogue import Catalogue, Fact

_T = TypeVar("_T")
_SMALL = listed("is in has of on the gets a an for to and or by")
_VAGUE = listed("status period number amount benefit person claim award income payment record")
_PERIODS = {
    **dict.fromkeys(("weekly", "week", "wk"), "week"),
    **dict.fromkeys(("monthly", "month"), "month"),
    **dict.fromkeys(("annual", "annually", "yearly", "year", "annum"), "year"),
}
_UNITS = {"pence", "pounds", "gbp", "amount", "value"}
_KINDS = {"date": ("date",), "int": ("whole",), "money": ("pounds", "pence")}
_TRUTHS = {
    **dict.fromkeys(("y", "yes", "true", "1", "t"), True),
    **dict.fromkeys(("n", "no", "false", "0", "f"), False),
}
#: What makes the record of a person, and is stated as a fact only by a register of them.
_IDENTITY = ("born_on", "sex", "role")
#: Words of columns that name a fact otherwise than the catalogue.
_ALSO = {"died_on": listed("deceased death died dod")}
_STATUSES = {
    **dict.fromkeys(
        ("ip", "paid", "in payment", "in_payment", "live", "active", "current"), "in_payment"
    ),
    **dict.fromkeys(("nil", "nil award", "nil_award"), "nil_award"),
    **dict.fromkeys(("pend", "pending", "awaiting"), "pending"),
    **dict.fromkeys(("opt", "opted out", "opted_out"), "opted_out"),
    **dict.fromkeys(("end", "ended", "closed", "ceased", "terminated"), "ended"),
}
_FREQUENCIES = {
    **dict.fromkeys(("w", "wk", "weekly", "week"), "week"),
    **dict.fromkeys(("m", "monthly", "month"), "month"),
    **dict.fromkeys(("a", "y", "annual", "yearly", "year"), "year"),
}


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact that a column may state; without `usable` it is only pointed out."""

    fact: str
    of: str
    column: Column
    codes: Mapping[str, str | bool]
    per: str | None
    why: str
    usable: bool = True


@dataclass(frozen=True, slots=True)
class StatedAward:
    """An award that a row may state, the status of each code, and the columns of the rest."""

    scheme: str
    status: str | None
    statuses: Mapping[str, str]
    amount: str | None
    per: str | None
    frequency: str | None
    frequencies: Mapping[str, str]
    starts_on: str | None
    ends_on: str | None
    why: str


def guess_facts(
    columns: Mapping[str, Column], people: list[Mentioned], catalogue: Catalogue
) -> Iterator[StatedFact]:
    """Yield the facts whose names or meanings are like a column's name."""
    taken = {
        name
        for person in people
        for attribute, name in person.columns.items()
        if attribute != "uprn"
    }
    for column in columns.values():
        if column.name in taken:
            continue
        found = _likeness(column, catalogue)
        if found is not None:
            name, why, alike = found
            stated = _stated(name, catalogue.facts[name], column, people, why)
            yield replace(stated, usable=stated.usable and alike)


def _likeness(column: Column, catalogue: Catalogue) -> tuple[str, str, bool] | None:
    """Return the fact that a column is like, why, and whether its name itself says so."""
    words = _telling(column.words)
    if not words:
        return None
    for name in catalogue.facts:
        same = _telling(words_of(name)) == words or bool(_ALSO.get(name, set()) & words)
        if name not in _IDENTITY and same:
            return name, "their names are alike", True
    meant = [
        name
        for name, fact in catalogue.facts.items()
        if name not in _IDENTITY
        and words <= {word.lower() for word in words_of(fact.means)}
        and any(len(word) > 5 for word in words - _VAGUE)
    ]
    why = "its words are in what the fact means"
    return (meant[0], why, False) if len(meant) == 1 else None


def _telling(words: tuple[str, ...]) -> set[str]:
    return set(words) - _SMALL - _PERIODS.keys() - _UNITS


def _stated(name: str, fact: Fact, column: Column, people: list[Mentioned], why: str) -> StatedFact:
    of = "household" if fact.level is Level.HOUSEHOLD else people[0].name
    period = _period(column)
    codes: dict[str, str | bool] = {}
    usable = column.type.kind in _KINDS.get(fact.type, ("code",))
    if fact.type == "bool":
        codes = {**_known(column, _TRUTHS)}
    elif fact.type == "enum":
        codes = {**_known(column, {word: word for word in fact.values})}
    elif fact.type == "code":
        usable = column.type.kind in ("uprn", "text")
    if fact.type in ("bool", "enum"):
        usable = bool(codes) and len(codes) == len(column.type.codes)
    if fact.type == "money" and fact.per is not None:
        why = f"{why}; the catalogue has it by the {fact.per}"
        usable = usable and period in (None, fact.per.value)
    if not usable:
        why = f"{why}; the catalogue has {_wanted(fact)}"
    per = fact.per.value if fact.per is not None else None
    return StatedFact(name, of, column, codes, per, why, usable)


def _wanted(fact: Fact) -> str:
    if fact.type == "enum":
        return f"the words {', '.join(fact.values)}"
    per = f" by the {fact.per}" if fact.per is not None else ""
    return {"bool": "true and false"}.get(fact.type, fact.type) + per


def guess_award(
    feed: str, columns: Mapping[str, Column], catalogue: Catalogue
) -> StatedAward | None:
    """Return the award that all rows of a feed may state, where the feed's id names one."""
    words = set(words_of(feed))
    named = [name for name in catalogue.awards if set(words_of(name)) <= words]
    if not named:
        return None
    scheme = max(named, key=len)
    status = _first(columns, {"status", "state"}, ("code",))
    statuses = _known(status, _STATUSES)
    whole = status is not None and bool(statuses) and len(statuses) == len(status.type.codes)
    amount = _first(columns, {"amount", "award", "paid", "payment"}, ("pounds", "pence"))
    frequency = _first(columns, {"freq", "frequency", "period"}, ("code",))
    frequencies = _known(frequency, _FREQUENCIES)
    per = _period(amount)
    known = per is not None or bool(frequencies)
    starts_on = _first(columns, {"start", "starts", "from", "commenced"}, ("date",))
    ends_on = _first(columns, {"end", "ends", "until", "ceased"}, ("date",))
    return StatedAward(
        scheme,
        status=status.name if status and whole else None,
        statuses=statuses if whole else {},
        amount=amount.name if amount and known else None,
        per=per,
        frequency=frequency.name if frequency and frequencies and per is None else None,
        frequencies=frequencies,
        starts_on=starts_on.name if starts_on else None,
        ends_on=ends_on.name if ends_on else None,
        why="the feed's id names it",
    )


def _known(column: Column | None, words: Mapping[str, _T]) -> dict[str, _T]:
    """Return the codes of a column that a table knows in small letters, and what they stand for."""
    codes = column.type.codes if column else ()
    return {code: words[small] for code in codes if (small := code.lower()) in words}


def _period(column: Column | None) -> str | None:
    """Return the period that a column's name says."""
    words = column.words if column else ()
    return next((_PERIODS[word] for word in words if word in _PERIODS), None)


def _first(columns: Mapping[str, Column], words: set[str], kinds: tuple[str, ...]) -> Column | None:
    fitting = (
        column
        for column in columns.values()
        if words & set(column.words) and column.type.kind in kinds
    )
    return next(fitting, None)


def guess_contacts(columns: Mapping[str, Column]) -> dict[str, str]:
    """Return the columns of an e-mail address and a telephone number, by what they are."""
    found: dict[str, str] = {}
    for column in columns.values():
        if column.type.kind in ("email", "phone"):
            found.setdefault(column.type.kind, column.name)
    return found
