"""A situation as a form: the facts that a scheme reads, of each person, benefit unit and household,
as texts that somebody types, and what they stand for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from nostop.determination.case_files import OwnCase
from nostop.model import NEVER, Level, NostopError, NotHere, SituationError
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Fact
from nostop.rulebook.tree import Receipt

GROUPS = {
    "people": Level.PERSON,
    "benefit_units": Level.BENEFIT_UNIT,
    "households": Level.HOUSEHOLD,
}
_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
MOST_PEOPLE = 12
_YES = {"yes": True, "no": False}
_NEVER = "never"


@dataclass(frozen=True, slots=True)
class Field:
    """One fact in the form of a situation: `value` as it is typed, empty where it is not known."""

    name: str
    fact: str
    means: str
    type: str
    per: str | None
    values: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """A person, benefit unit or household in the form, with its facts and, of a person, awards."""

    group: str
    subject: str
    fields: tuple[Field, ...]


#: Plain data of a situation, as the README shows it.
Plain = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A situation as a form: who lives with whom, and the facts that the scheme reads."""

    scheme: str
    effective_on: date
    members: tuple[str, ...]
    blocks: tuple[Block, ...]
    case: str | None = None


def sheet_of_case(book: Rulebook, scheme: str, case: OwnCase) -> Sheet:
    """Return the form of a worked case."""
    typed, members = _typed(case)
    return Sheet(
        scheme, case.effective_on, members, _blocks(book, scheme, members, typed), case.name
    )


def sheet_of_form(book: Rulebook, scheme: str, typed: Mapping[str, str], day: date) -> Sheet:
    """Return the form as it was filled in: `typed` are texts by the names of its fields, with
    `members` for who belongs where.

    Raises:
        NotHere: there is no such scheme.
        SituationError: who belongs where cannot be read.
    """
    known_scheme(book, scheme)
    members = tuple(typed.get("members", "").split(" "))[: MOST_PEOPLE + 1]
    _check_members(members)
    return Sheet(scheme, day, members, _blocks(book, scheme, members, typed))


def first_sheet(book: Rulebook, scheme: str, day: date, shape: str) -> Sheet:
    """Return an empty form: nothing is known yet.

    Args:
        shape: one_adult, couple, or adult_and_child.
    """
    known_scheme(book, scheme)
    children = {"adult_and_child": ("kim|child|b1|home",), "couple": ("bob|adult|b1|home",)}
    members = ("ann|adult|b1|home", *children.get(shape, ()))
    return Sheet(scheme, day, members, _blocks(book, scheme, members, {}))


def known_scheme(book: Rulebook, scheme: str) -> None:
    """Do nothing where there is such a scheme.

    Raises:
        NotHere: there is none.
    """
    if scheme not in book.schemes:
        raise NotHere("workbench: there is no such scheme")


def _check_members(members: Sequence[str]) -> None:
    parts = [each.split("|") for each in members]
    fits = all(
        len(each) == 4 and each[1] in ("adult", "child") and all(map(_ID.fullmatch, each))
        for each in parts
    )
    if not fits or not parts or len(parts) > MOST_PEOPLE:
        told = f"name 1 to {MOST_PEOPLE} people, each with a benefit unit and a household"
        raise SituationError(f"situation: {told}")


def _groups(members: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the people, benefit units and households of a form, in order."""
    parts = [each.split("|") for each in members]
    places = {"people": 0, "benefit_units": 2, "households": 3}
    return {group: list(dict.fromkeys(each[at] for each in parts)) for group, at in places.items()}


def _blocks(
    book: Rulebook, scheme: str, members: Sequence[str], typed: Mapping[str, str]
) -> tuple[Block, ...]:
    facts = _facts_of(book, scheme)
    found = []
    for group, subjects in _groups(members).items():
        here = {
            name: fact for name, fact in book.catalogue.at(GROUPS[group]).items() if name in facts
        }
        for subject in subjects:
            fields = [
                _field(f"{group}.{subject}.{name}", name, fact, typed)
                for name, fact in here.items()
                if name != "role"
            ]
            if group == "people":
                fields += _award_fields(book, scheme, subject, typed)
            if fields:
                found.append(Block(group, subject, tuple(fields)))
    return tuple(found)


def _facts_of(book: Rulebook, scheme: str) -> set[str]:
    place = "local_authority" if book.packs[scheme].local_authorities else "nation"
    return {place, *book.facts_read(_own_names(book, scheme))}


def _own_names(book: Rulebook, scheme: str) -> list[str]:
    """Return the names of a scheme's definitions, those of schemes whose results it reads too."""
    found, waiting = [], [scheme]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in book.schemes:
            continue
        seen.add(name)
        chosen = book.schemes[name]
        own = [each.name for each in (*chosen.conditions, *chosen.parts, *chosen.notes)]
        if chosen.invitation is not None:
            own.append(chosen.invitation.name)
        found += own
        waiting += _results_read(book, own)
    return found


def _results_read(book: Rulebook, names: Sequence[str]) -> list[str]:
    """Return the schemes of which definitions read the result."""
    seen: set[str] = set()
    waiting, found = list(names), []
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in book.definitions:
            waiting += book.definitions[name].reads
        else:
            found.append(name.split(".", 1)[0])
    return found


def _receipts(book: Rulebook, scheme: str) -> list[str]:
    """Return the awards that a scheme reads, its own first."""
    seen: set[str] = set()
    waiting, found = _own_names(book, scheme), [book.packs[scheme].receipt]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in book.definitions:
            continue
        seen.add(name)
        found += [each.scheme for each in book.definitions[name].nodes if isinstance(each, Receipt)]
        waiting += book.definitions[name].reads
    first, *rest = found
    return [first, *sorted(set(rest) - {first})]


def _field(name: str, fact: str, said: Fact, typed: Mapping[str, str]) -> Field:
    per = None if said.per is None else said.per.value
    return Field(name, fact, said.means, said.type, per, said.values, typed.get(name, "").strip())


def _award_fields(
    book: Rulebook, scheme: str, person: str, typed: Mapping[str, str]
) -> list[Field]:
    """Whether a person's awards are known, and what each comes to."""
    known = f"awards.{person}"
    fields = [
        Field(known, "awards", "Awards are known", "bool", None, (), typed.get(known, "").strip())
    ]
    for award in _receipts(book, scheme):
        kind = book.catalogue.awards.get(award)
        if kind is None:
            continue
        name = f"award.{person}.{award}"
        value = typed.get(name, "").strip()
        fields.append(Field(name, award, f"Gets {kind.means}", "money", kind.per.value, (), value))
    return fields


# --- what is typed, and what it stands for --------------------------------------------------------


def as_plain(sheet: Sheet) -> Plain:
    """Return a form as plain data.

    Raises:
        SituationError: a text does not fit its fact; the message names the field.
    """
    parts = [each.split("|") for each in sheet.members]
    data: Plain = {
        group: {name: {} for name in ids} for group, ids in _groups(sheet.members).items()
    }
    for person, role, unit, home in parts:
        data["people"][person]["role"] = role
        where = data["benefit_units"][unit]
        where.setdefault("adults", [])
        where.setdefault("children", [])
        where["adults" if role == "adult" else "children"].append(person)
        data["households"][home].setdefault("members", []).append(person)
    for block in sheet.blocks:
        item = data[block.group][block.subject]
        item |= {
            field.fact: _value(field)
            for field in block.fields
            if field.value and field.name.startswith(f"{block.group}.")
        }
        if block.group == "people":
            awards = _awards(block)
            if awards is not None:
                item["awards"] = awards
    return data


def _awards(block: Block) -> list[dict[str, Any]] | None:
    """The awards of a person; None where they are not known."""
    known = next(each for each in block.fields if each.fact == "awards")
    given = [each for each in block.fields if each.name.startswith("award.") and each.value]
    if known.value != "yes":
        if given:
            said = f"{block.subject}: say that awards are known, or leave their amounts empty"
            raise SituationError(f"{known.name}: {said}")
        return None
    return [
        {"scheme": each.fact, "status": "in_payment", "amount": _pence(each), "per": each.per}
        for each in given
    ]


def _value(field: Field) -> object:
    text = field.value
    if field.type == "bool":
        if text not in _YES:
            raise SituationError(f"{field.name}: write yes or no")
        return _YES[text]
    if field.type == "money":
        return _pence(field)
    if field.type == "int":
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise SituationError(f"{field.name}: '{text[:40]}' is no whole number")
        return int(text)
    if field.type == "date" and text != _NEVER:
        return _day(field)
    return text


def _day(field: Field) -> date:
    try:
        return date.fromisoformat(field.value)
    except ValueError:
        told = f"'{field.value[:40]}' is no date such as 1950-06-01, nor never"
        raise SituationError(f"{field.name}: {told}") from None


def _pence(field: Field) -> int:
    text = field.value.replace(",", "").removeprefix("£")
    try:
        pence = Decimal(text) * 100
        if pence.is_finite() and pence == pence.to_integral_value() and abs(pence) < 10**12:
            return int(pence)
    except InvalidOperation:
        pass
    raise SituationError(f"{field.name}: '{field.value[:40]}' is no amount such as 88.00")


def _typed(case: OwnCase) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what a worked case would be in the form: texts by field, and who belongs where."""
    rows, typed = case.rows, {}
    keys = {"people": "person_id", "benefit_units": "benefit_unit_id", "households": "household_id"}
    for group, key in keys.items():
        for row in rows.of(GROUPS[group]):
            for name, value in row.items():
                if value is not None and not name.endswith("_id"):
                    typed[f"{group}.{row[key]}.{name}"] = _text(
                        value, case.catalogue.facts.get(name)
                    )
    for row in rows.people:
        if row.get("awards_known"):
            typed[f"awards.{row['person_id']}"] = "yes"
    for award in rows.awards:
        name = f"award.{award['person_id']}.{award['scheme']}"
        typed[name] = _text(award["amount"] or 0, None, money=True)
    members = tuple(
        f"{row['person_id']}|{row.get('role') or 'adult'}|{row['benefit_unit_id']}|"
        f"{row['household_id']}"
        for row in rows.people
    )
    return typed, members


def _text(value: object, fact: Fact | None, *, money: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return _NEVER if value == NEVER else value.isoformat()
    if money or (fact is not None and fact.type == "money"):
        return f"{Decimal(str(value)) / 100:.2f}"
    return str(value)


def problem_of(error: NostopError) -> tuple[str, str]:
    """Return the field that an error of `try_out` is about (empty: none), and what is wrong."""
    field, _, told = str(error).partition(": ")
    if re.fullmatch(r"(people|benefit_units|households|awards?)(\.[a-z0-9_]+)+", field):
        return field, told
    return "", str(error)
