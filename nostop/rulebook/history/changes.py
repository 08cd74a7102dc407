"""What differs between two rule books, piece by piece: settings, conditions, workings, parts,
rates, tables, cases, libraries and facts. Nobody is worked out here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel

from nostop.model import Period, pounds
from nostop.rulebook.book import Rulebook
from nostop.rulebook.catalogue import canonical
from nostop.rulebook.packs import DatedRows, Library, Pack, Rate, RateValue, Table
from nostop.rulebook.rates import constants_on
from nostop.strict_yaml import read_yaml

Piece = Literal[
    "scheme",
    "library",
    "setting",
    "condition",
    "working",
    "part",
    "note",
    "rate",
    "table",
    "case",
    "fact",
    "award",
]
What = Literal["added", "removed", "changed"]

#: The owner that facts and awards are told under: they belong to every pack.
CATALOGUE = "catalogue"
_ORDER = get_args(Piece)
#: Fields that only say something: no result hangs on them.
_WORDS = {
    "says", "cite", "if_not", "evidence", "unverified", "means", "why", "title", "summary", "owner",
    "authority", "opens", "claim", "left_out", "protected_facts", "version",
}  # fmt: skip
_REFERENCE = " reference"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One thing that a piece says otherwise. `old` or `new` is None where it was not, or is no
    more, said.

    `field` is its name in the file (`when`, `title.en`); of a rate `from 2026-04-06`, of a table's
    row `from 2026-04-06, nation england, rooms 2`.
    """

    field: str
    old: str | None
    new: str | None

    @property
    def is_wording(self) -> bool:
        """Whether no result hangs on it."""
        return self.field.split(".")[0] in _WORDS or self.field.endswith(_REFERENCE)


@dataclass(frozen=True, slots=True)
class Change:
    """One piece that was added, taken out or changed.

    owner: the scheme or library it belongs to; `catalogue` for facts and awards.
    piece: what kind of thing it is.
    name: its id; of a case `file: name`.
    what: added, removed or changed.
    fields: what it says now, said before, or says otherwise, in the order of the file; none for a
        whole scheme or library.
    """

    owner: str
    piece: Piece
    name: str
    what: What
    fields: tuple[FieldChange, ...] = ()

    @property
    def is_wording(self) -> bool:
        """Whether no result can change by it: only words did, or a worked example."""
        words = self.what == "changed" and all(each.is_wording for each in self.fields)
        return words or self.piece == "case"


#: What a piece says: by field, as text.
_Said = dict[str, str]
_Pieces = dict[tuple[Piece, str], _Said]


def changes(old: Rulebook, new: Rulebook) -> list[Change]:
    """Return what differs between two rule books, sorted by owner, kind of piece and name.

    A scheme or library that only one of them has is one change; so is each piece of those that both
    have. Comments, blank lines and the order of keys are no change.

    Raises:
        YamlError: a file of cases cannot be read.
    """
    before, after = _owners(old), _owners(new)
    found: list[Change] = []
    for owner in sorted({*before, *after}):
        if owner in before and owner in after:
            found += _within(owner, before[owner], after[owner])
        else:
            piece: Piece = "scheme" if owner in {**old.schemes, **new.schemes} else "library"
            found.append(Change(owner, piece, owner, "added" if owner in after else "removed"))
    return found


def changes_over_time(old: Rulebook, on_old: date, new: Rulebook, on: date) -> list[Change]:
    """Return the rates and tables that are in force with other values on the two days, sorted by
    owner, kind and name. One that is in force on one of the days only is added or removed."""
    before, after = _in_force(old, on_old), _in_force(new, on)
    found: list[Change] = []
    for owner in sorted({*before, *after}):
        found += _within(owner, before.get(owner, {}), after.get(owner, {}))
    return found


def _in_force(book: Rulebook, on: date) -> dict[str, _Pieces]:
    found: dict[str, _Pieces] = {}
    constants = constants_on(book, on)
    for qualified in [*constants.rates, *constants.tables]:
        owner, _, name = qualified.partition(".")
        pieces = found.setdefault(owner, {})
        if qualified in book.rates:
            rate = book.rates[qualified]
            value = [each for each in rate.values if each.from_ <= on][-1].value
            pieces["rate", name] = {"in force": shown_value(value, rate.type, rate.per)}
        else:
            table = book.tables[qualified]
            dated = [each for each in table.values if each.from_ <= on][-1]
            pieces["table", name] = dict(_rows(table, dated))
    return found


def shown_value(value: RateValue, type_: str, per: Period | None) -> str:
    """Return one value of a rate or table in words: `£88.00 a week`, `55/100`, `2026-04-06`."""
    if type_ == "money" and isinstance(value, int):
        return pounds(value) + ("" if per in (None, Period.ONCE) else f" a {per}")
    return str(canonical(value))


# --- comparing ------------------------------------------------------------------------------------


def _within(owner: str, old: _Pieces, new: _Pieces) -> Iterator[Change]:
    for piece, name in sorted({*old, *new}, key=lambda key: (_ORDER.index(key[0]), key[1])):
        key = (piece, name)
        fields = tuple(_fields(old.get(key, {}), new.get(key, {})))
        if key not in old:
            yield Change(owner, piece, name, "added", fields)
        elif key not in new:
            yield Change(owner, piece, name, "removed", fields)
        elif fields:
            yield Change(owner, piece, name, "changed", fields)


def _fields(old: _Said, new: _Said) -> Iterator[FieldChange]:
    for field in dict.fromkeys([*new, *old]):
        was, now = old.get(field), new.get(field)
        if was != now:
            yield FieldChange(field, was, now)


# --- what a rule book says ------------------------------------------------------------------------


def _owners(book: Rulebook) -> dict[str, _Pieces]:
    found: dict[str, _Pieces] = {CATALOGUE: _catalogue(book)}
    models: dict[str, Pack | Library] = {**book.packs, **book.libraries}
    for name, model in models.items():
        pieces = _pack(model) if isinstance(model, Pack) else _library(model)
        found[name] = pieces | _cases(book.folders[name] / "cases")
    for qualified, rate in book.rates.items():
        owner, _, name = qualified.partition(".")
        found[owner]["rate", name] = _rate(rate)
    for qualified, table in book.tables.items():
        owner, _, name = qualified.partition(".")
        found[owner]["table", name] = _table(table)
    return found


def _catalogue(book: Rulebook) -> _Pieces:
    found: _Pieces = {("fact", name): _said(each) for name, each in book.catalogue.facts.items()}
    return found | {("award", name): _said(each) for name, each in book.catalogue.awards.items()}


def _pack(pack: Pack) -> _Pieces:
    apart = {"scheme", "work_out", "entitled_when", "award", "notes"}
    found = _settings(pack, apart)
    found |= _settings(pack.award, {"parts"}, "award.")
    order = [each.id for each in pack.entitled_when]
    found["setting", "order of conditions"] = {"order": ", ".join(order)}
    found |= {("condition", each.id): _said(each, {"id"}) for each in pack.entitled_when}
    found |= {("working", name): _said(each) for name, each in pack.work_out.items()}
    found |= {("part", name): _said(each) for name, each in pack.award.parts.items()}
    return found | {("note", each.id): _said(each, {"id"}) for each in pack.notes}


def _library(library: Library) -> _Pieces:
    found = _settings(library, {"library", "work_out"})
    return found | {("working", name): _said(each) for name, each in library.work_out.items()}


def _settings(model: BaseModel, apart: set[str], prefix: str = "") -> _Pieces:
    """One setting for each key of its own; what stands below it are its fields."""
    data = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=apart)
    return {("setting", prefix + key): dict(_flat(value, key)) for key, value in data.items()}


def _said(model: BaseModel, apart: set[str] | None = None) -> _Said:
    data = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=apart)
    return dict(_flat(data))


def _flat(data: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested data as dotted names and texts; a list of words is one text."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(data, list) and any(isinstance(each, dict | list) for each in data):
        for index, value in enumerate(data, start=1):
            yield from _flat(value, f"{name}.{index}")
    elif isinstance(data, list):
        yield name, ", ".join(str(canonical(each)) for each in data)
    else:
        yield name, str(canonical(data))


def _rate(rate: Rate) -> _Said:
    said = _said(rate, {"values"})
    for each in rate.values:
        said[f"from {each.from_}"] = shown_value(each.value, rate.type, rate.per)
        said[f"from {each.from_}{_REFERENCE}"] = each.reference
    return said


def _table(table: Table) -> _Said:
    said = _said(table, {"values"})
    for dated in table.values:
        said[f"from {dated.from_}{_REFERENCE}"] = dated.reference
        rows = _rows(table, dated)
        said |= {f"from {dated.from_}, {keys}": shown for keys, shown in rows}
    return said


def _rows(table: Table, dated: DatedRows) -> Iterator[tuple[str, str]]:
    for row in dated.rows:
        keys = ", ".join(f"{key} {canonical(row[key])}" for key in table.keys)
        yield keys, shown_value(row["value"], table.type, table.per)


def _cases(folder: Path) -> _Pieces:
    """Every case with the situation it starts from; what has another shape is for `rules test` to
    refuse."""
    found: _Pieces = {}
    for file in sorted(folder.glob("*.yaml")):
        data = read_yaml(file).data
        data = data if isinstance(data, dict) else {}
        situations: dict[str, Any] = data.get("situations") or {}
        for case in data.get("cases") or ():
            start = situations.get(str(case.get("start_from")), {})
            name = f"{file.stem}: {case.get('name')}"
            found["case", name] = dict(_flat({**case, "start_from": start}))
    return found
