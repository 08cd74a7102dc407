"""Who is mentioned in a row of a sample, what names and dates it, and what it says of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from nostop.app.feed_guesses.columns import Column, listed
from nostop.model import SettingsError

#: The attributes of a person, and the words by which a column has one of them.
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "nino": ("nino", "nin", "ni number", "ni no", "national insurance number"),
    "middle_names": (
        *("middle names", "middle name", "middlename", "second forename", "given rest", "middle"),
    ),
    "first_name": ("first name", "firstname", "forename", "forenames", "given name", "given"),
    "surname": ("last name", "lastname", "surname", "family name", "family"),
    "born_on": ("date of birth", "birth date", "birthdate", "born on", "dob", "d o b", "born"),
    "sex": ("sex", "gender"),
    "uprn": ("uprn",),
    "address_line_1": (
        *("address line 1", "addr line 1", "address line", "address 1", "addr 1", "street"),
        *("address", "addr", "line 1", "line"),
    ),
    "postcode": ("postcode", "post code", "postal code", "pcode"),
    "town": ("post town", "town", "city"),
}
_KINDS = {
    "nino": "nino",
    "born_on": "date",
    "uprn": "uprn",
    "postcode": "postcode",
    "sex": "code",
}
_WHERE = ("uprn", "address_line_1", "postcode", "town")
#: Words that say nothing of whose an attribute is.
_NOISE = listed("name official usual home current address addr main legal person detail full")
#: Words of names that somebody no longer goes by: no person of their own.
_FORMER = listed("maiden old former previous alias known nickname temp anonymous")
#: Shorter, it is a mark and no line of an address.
_SHORTEST_ADDRESS = 5
_SEXES = {
    **dict.fromkeys(("f", "female", "w", "woman"), "female"),
    **dict.fromkeys(("m", "male", "man"), "male"),
    **dict.fromkeys(("u", "x", "unknown", "other", "not known", "not stated"), "unstated"),
}
#: What somebody is to the first person of a row, by a word of their columns.
_RELATIONS = {
    **dict.fromkeys(("partner", "spouse", "husband", "wife"), ("has", "partner")),
    **dict.fromkeys(("child", "dependant", "dependent", "pupil"), ("has", "child")),
    **dict.fromkeys(("parent", "mother", "father", "guardian", "contact"), ("of", "child")),
    **dict.fromkeys(("liable", "joint"), ("has", "joint_liable")),
}
_KEY_WORDS = listed("ref reference id no number key account claim award entry record upn")
_DATING = (
    *("as at", "as of", "extract", "snapshot", "reported", "report", "run date", "effective"),
    *("updated", "changed", "modified", "assessed", "month", "period"),
)
_MOST_IN_KEY = 4


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Somebody a row mentions: the column of each attribute, and the word of each code of sex."""

    name: str
    columns: Mapping[str, str]
    sexes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dated:
    """What dates a row: a column, or the newest date in one; `current` where it is of months."""

    column: str
    newest: bool
    why: str
    current: bool = False


def guess_people(columns: Mapping[str, Column]) -> list[Mentioned]:
    """Return who is mentioned in a row, the one it is about first.

    Raises:
        SettingsError: no column names anybody.
    """
    groups: dict[str, dict[str, str]] = {}
    sexes: dict[str, dict[str, str]] = {}
    for column in columns.values():
        attribute, whose = _attribute(column)
        if not _can_be(attribute, column):
            continue
        groups.setdefault(whose, {}).setdefault(attribute, column.name)
        if attribute == "sex":
            sexes[whose] = {code: _SEXES[code.lower()] for code in column.type.codes}
    named = [whose for whose, found in groups.items() if {"nino", "surname"} & found.keys()]
    if not named:
        told = f"none of its {len(columns)} columns is of surnames or National Insurance numbers"
        raise SettingsError(f"{told}: a feed has to say who its rows are about")
    if "" not in named:
        # An address that is nobody's by its name is where the first person lives.
        loose = {key: name for key, name in groups.get("", {}).items() if key in _WHERE}
        groups[named[0]] = loose | groups[named[0]]
    return [Mentioned(_called(whose), groups[whose], sexes.get(whose, {})) for whose in named]


def _called(whose: str) -> str:
    """Return what a person is called in the declaration, where `household` is a word of its own."""
    taken = whose == "household" or not whose[:1].isalpha()
    return f"person_{whose}".rstrip("_") if taken else whose


def _can_be(attribute: str, column: Column) -> bool:
    """Return whether a column's content is that of an attribute."""
    if not attribute or column.type.kind != _KINDS.get(attribute, "text"):
        return False
    if attribute == "sex":
        return all(code.lower() in _SEXES for code in column.type.codes)
    return attribute != "address_line_1" or column.longest >= _SHORTEST_ADDRESS


def _attribute(column: Column) -> tuple[str, str]:
    """Return which attribute of a person a column is, and the words that say whose."""
    text = f" {' '.join(column.words)} "
    best, at = ("", ""), (0, 0)
    for attribute, names in _ATTRIBUTES.items():
        for name in names:
            # `address_home_city` is a city: the last words say what it is, and the longest of them.
            end = text.rfind(f" {name} ") + len(name)
            if f" {name} " in text and (end, len(name)) > at and not _FORMER & set(column.words):
                rest = text.replace(f" {name} ", " ", 1).split()
                whose = [word for word in rest if word not in _NOISE]
                best, at = (attribute, _joined(whose)), (end, len(name))
    return best


def _joined(words: list[str]) -> str:
    """Return words as a name: contact, 1 -> contact1."""
    text = "_".join(words)
    return "".join(
        mark for place, mark in enumerate(text) if mark != "_" or not text[place + 1].isdigit()
    )


def guess_relations(people: list[Mentioned]) -> list[tuple[str, str, str]]:
    """Return who has whom as what: (person, has, as), for people that their columns name so."""
    first = people[0].name
    found = []
    for person in people[1:]:
        word = next((word for word in _RELATIONS if word in person.name), None)
        if word is None:
            continue
        way, as_ = _RELATIONS[word]
        found.append((first, person.name, as_) if way == "has" else (person.name, first, as_))
    return found


def guess_record(
    rows: pl.DataFrame, columns: Mapping[str, Column], people: list[Mentioned]
) -> tuple[list[str], str]:
    """Return the columns that name a row, and how far they do in the sample.

    Raises:
        SettingsError: every column is of people, amounts, or may be empty.
    """
    of_people = {name for person in people for name in person.columns.values()}
    free = [
        column
        for column in columns.values()
        if column.name not in of_people
        and column.type.kind not in ("pounds", "pence", "email", "phone", "nino", "postcode")
        and column.filled >= 0.98 * column.rows
    ]
    if not free:
        raise SettingsError("no column can name a row: ask the source for a number of its own")
    free.sort(key=lambda column: (not _is_key(column), -column.distinct))
    key: list[str] = []
    most = 0
    while most < rows.height and len(key) < min(_MOST_IN_KEY, len(free)):
        counts = {
            column.name: rows.select(pl.struct(*key, column.name).n_unique()).item()
            for column in free
            if column.name not in key
        }
        better = max(
            counts, key=lambda name: counts[name] * (1.02 if _is_key(columns[name]) else 1)
        )
        if counts[better] <= most:
            break
        key.append(better)
        most = counts[better]
    order = list(columns)
    key.sort(key=order.index)
    share = "no two rows share them" if most == rows.height else f"they tell {most:,} rows apart"
    return key, f"{share}, of {rows.height:,}"


def _is_key(column: Column) -> bool:
    return bool(_KEY_WORDS & set(column.words))


def guess_date(columns: Mapping[str, Column], people: list[Mentioned]) -> Dated | None:
    """Return what dates a row; nothing where no column of dates can."""
    births = {person.columns.get("born_on") for person in people}
    days = [
        column
        for column in columns.values()
        if column.type.kind == "date" and column.name not in births and column.filled
    ]
    hints = list(_by_hint(days))
    if hints:
        column, hint = hints[0]
        register = hint in ("updated", "changed", "modified")
        newest = register or not column.is_filled
        months = column.type.written == "YYYY-MM" and column.distinct > 1
        return Dated(column.name, newest, f"its name says '{hint}'", current=months)
    same = [column for column in days if column.distinct == 1 and column.is_filled]
    if same:
        return Dated(same[0].name, newest=False, why="every row has the same date in it")
    return None


def _by_hint(days: list[Column]) -> Iterator[tuple[Column, str]]:
    for hint in _DATING:
        for column in days:
            if f" {hint} " in f" {' '.join(column.words)} ":
                yield column, hint
