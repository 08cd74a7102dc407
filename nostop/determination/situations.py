"""Cases as somebody wrote them -> situations. A fact left out is unknown; a name nobody knows is an
error, never ignored."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.determination.rows import Rows, SituationRows
from nostop.determination.values import (
    a_date,
    an_award,
    an_object,
    facts_of,
    known_keys,
    names,
    objects,
)
from nostop.frames import Situation
from nostop.model import JsonError, Level, SituationError, nearest
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.plan import KEYS
from nostop.strict_json import strict_json

MAX_BYTES = 64 * 1024 * 1024
_TOP_KEYS = ("on", "people", "benefit_units", "households")

#: People or groups by id, each with its facts and members.
Items = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Given:
    """One situation as somebody wrote it, with the date it is for (None: not said)."""

    effective_on: date | None
    rows: SituationRows
    catalogue: Catalogue

    @property
    def situation(self) -> Situation:
        """The situation as frames."""
        return self.rows.framed(self.catalogue)


def read_json(path: Path, catalogue: Catalogue) -> list[Given]:
    """Read one situation, or a list of them, from a JSON file.

    Raises:
        SituationError: not strict JSON, or something in it is unknown, of the wrong type, or
            contradicts itself.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SituationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        instead = "give many people as a folder of Parquet files"
        raise SituationError(f"{path}: is larger than {MAX_BYTES:,} bytes: {instead}")
    try:
        data = strict_json(raw, str(path))
    except JsonError as error:
        raise SituationError(str(error)) from error
    if not isinstance(data, list):
        return [read_situation(data, catalogue, str(path))]
    if not data:
        raise SituationError(f"{path}: holds an empty list: write at least one situation")
    several = len(data) > 1
    return [
        read_situation(item, catalogue, f"{path}: situation {number}" if several else str(path))
        for number, item in enumerate(data, start=1)
    ]


def read_situation(data: object, catalogue: Catalogue, where: str) -> Given:
    """Return one situation from plain data, as rules/README and the README show it."""
    given = an_object(data, where)
    known_keys(given, _TOP_KEYS, where)
    written = _written(given, catalogue, where)
    rows = SituationRows(
        people=_people(written),
        benefit_units=_benefit_units(written),
        households=_households(written),
        awards=_awards(written),
    )
    on = given.get("on")
    return Given(None if on is None else a_date(on, f"{where}: on"), rows, catalogue)


def joined(named: list[tuple[str, Situation]]) -> Situation:
    """Return many situations as one; each id becomes `name/id`."""
    return Situation(
        people=pl.concat(_with_prefix(each.people, name) for name, each in named),
        benefit_units=pl.concat(_with_prefix(each.benefit_units, name) for name, each in named),
        households=pl.concat(_with_prefix(each.households, name) for name, each in named),
        awards=pl.concat(
            _with_prefix(each.awards, name) for name, each in named if each.awards is not None
        ),
    )


def _with_prefix(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    keys = [key for key in KEYS.values() if key in frame.columns]
    return frame.with_columns(pl.concat_str(pl.lit(f"{name}/"), key).alias(key) for key in keys)


# --- who belongs together -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Written:
    """One situation as plain data, and the benefit unit and household of each person in it."""

    catalogue: Catalogue
    where: str
    people: Items
    units: Items
    households: Items
    unit_of: dict[str, str]
    household_of: dict[str, str]


def _written(data: dict[str, Any], catalogue: Catalogue, where: str) -> _Written:
    people = objects(data.get("people"), f"{where}: people")
    if not people:
        raise SituationError(f"{where}: 'people' is missing: name at least one person")
    units = _units_given(data, people, where)
    households = _households_given(data, people, where)
    return _Written(
        catalogue=catalogue,
        where=where,
        people=people,
        units=units,
        households=households,
        unit_of=_group_of_each(units, ("adults", "children"), people, f"{where}: benefit_units"),
        household_of=_group_of_each(households, ("members",), people, f"{where}: households"),
    )


def _units_given(data: dict[str, Any], people: Items, where: str) -> Items:
    if data.get("benefit_units") is not None:
        return objects(data["benefit_units"], f"{where}: benefit_units")
    if len(people) > 1:
        wanted = "say who belongs together, as adults and children"
        raise SituationError(f"{where}: 'benefit_units' is missing: {wanted}")
    (name,) = people
    is_child = people[name].get("role") == "child"
    return {name: {"children" if is_child else "adults": [name]}}


def _households_given(data: dict[str, Any], people: Items, where: str) -> Items:
    given = data.get("households")
    if given is None:
        if len(people) > 1:
            wanted = "say who lives together, as members"
            raise SituationError(f"{where}: 'households' is missing: {wanted}")
        return {name: {"members": [name]} for name in people}
    households = objects(given, f"{where}: households")
    if len(households) == 1:
        # One household and no list of members: everybody lives there.
        return {name: {"members": list(people), **item} for name, item in households.items()}
    return households


def _group_of_each(
    groups: Items, keys: tuple[str, ...], people: Items, where: str
) -> dict[str, str]:
    """Return the group of each person; everybody must be in exactly one."""
    found: dict[str, str] = {}
    for name, item in groups.items():
        members = [
            each for key in keys for each in names(item.get(key, []), f"{where}: {name}: {key}")
        ]
        for member in members:
            if member not in people:
                hint = nearest(member, list(people))
                raise SituationError(f"{where}: {name}: '{member}' is nobody in people{hint}")
            if member in found:
                twice = f"is named in '{found[member]}' and again in '{name}'"
                raise SituationError(f"{where}: '{member}' {twice}")
            found[member] = name
    left_out = [name for name in people if name not in found]
    if left_out:
        wanted = f"add them to {' or '.join(keys)} of one"
        raise SituationError(f"{where}: '{left_out[0]}' is in none: {wanted}")
    return found


# --- rows -----------------------------------------------------------------------------------------


def _people(written: _Written) -> Rows:
    facts = written.catalogue.at(Level.PERSON)
    rows: Rows = []
    for name, item in written.people.items():
        at, unit = f"{written.where}: {name}", written.unit_of[name]
        role = "child" if name in written.units[unit].get("children", []) else "adult"
        given = facts_of(item, facts, ("awards",), at)
        if given.get("role") not in (None, role):
            found = f"role is '{given['role']}', but '{unit}' names them as {role}"
            raise SituationError(f"{at}: {found}")
        keys = {
            "person_id": name,
            "benefit_unit_id": unit,
            "household_id": written.household_of[name],
        }
        known = item.get("awards") is not None
        rows.append({**given, **keys, "role": role, "awards_known": known})
    return rows


def _awards(written: _Written) -> Rows:
    schemes = list(written.catalogue.awards)
    rows: Rows = []
    for name, item in written.people.items():
        at, given = f"{written.where}: {name}", item.get("awards")
        if given is None:
            continue
        if not isinstance(given, list):
            raise SituationError(f"{at}: awards must be a list in square brackets")
        rows += [{"person_id": name, **an_award(each, schemes, f"{at}: awards")} for each in given]
    return rows


def _benefit_units(written: _Written) -> Rows:
    facts = written.catalogue.at(Level.BENEFIT_UNIT)
    rows: Rows = []
    for name, item in written.units.items():
        at = f"{written.where}: {name}"
        members = [*item.get("adults", []), *item.get("children", [])]
        homes = {written.household_of[member] for member in members}
        if len(homes) != 1:
            found = ", ".join(sorted(homes)) or "none"
            raise SituationError(f"{at}: a benefit unit lives in one household, found {found}")
        given = facts_of(item, facts, ("adults", "children"), at)
        rows.append({"benefit_unit_id": name, "household_id": homes.pop(), **given})
    return rows


def _households(written: _Written) -> Rows:
    facts = written.catalogue.at(Level.HOUSEHOLD)
    return [
        {
            "household_id": name,
            **facts_of(item, facts, ("members",), f"{written.where}: {name}"),
        }
        for name, item in written.households.items()
    ]
