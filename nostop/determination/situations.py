"""Cases and frames from files -> situations. A fact left out is unknown; a name nobody knows is an
error, never ignored."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.frames import Awards, Situation, empty
from nostop.model import AWARD_STATUSES, NEVER, Level, Period, SituationError, nearest
from nostop.rulebook.catalogue import Catalogue, Fact

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
_AWARD_KEYS = ("scheme", "status", "amount", "per", "starts_on", "ends_on")
_TOP_KEYS = ("on", "people", "benefit_units", "households")


@dataclass(frozen=True, slots=True)
class Given:
    """One situation as somebody wrote it, with the date it is for (None: not said)."""

    effective_on: date | None
    situation: Situation


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
        raise SituationError(
            f"{path}: is larger than {MAX_BYTES:,} bytes: give many people as a folder of Parquet files"
        )
    data = strict_json(raw, str(path))
    items = data if isinstance(data, list) else [data]
    if not items:
        raise SituationError(f"{path}: holds an empty list: write at least one situation")
    return [
        read_situation(
            item, catalogue, str(path) if len(items) == 1 else f"{path}: situation {index + 1}"
        )
        for index, item in enumerate(items)
    ]


def strict_json(raw: bytes, where: str) -> Any:
    """Return JSON data; NaN, Infinity, repeated keys, deep nesting and text that is not UTF-8 are
    refused."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SituationError(
            f"{where}: is not UTF-8 (byte {error.start}): save it as UTF-8"
        ) from error
    if "\x00" in text:
        raise SituationError(f"{where}: holds a NUL character")
    if _depth(text) > MAX_DEPTH:
        raise SituationError(f"{where}: is nested more than {MAX_DEPTH} deep")

    def refuse(word: str) -> Any:
        raise SituationError(f"{where}: {word} is no number of JSON")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise SituationError(f"{where}: key '{key}' is written twice: keep one of them")
            found[key] = value
        return found

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise SituationError(
            f"{where}:{error.lineno}:{error.colno}: is not JSON: {error.msg}"
        ) from error
    except ValueError as error:
        raise SituationError(f"{where}: a number has too many digits") from error


def _depth(text: str) -> int:
    deepest = depth = 0
    in_text = escaped = False
    for character in text:
        if in_text:
            in_text = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def read_situation(data: Any, catalogue: Catalogue, where: str) -> Given:
    """Return one situation from plain data, as rules/README and the README show it."""
    _must_be_object(data, where)
    _known_keys(data, _TOP_KEYS, where)
    people = _objects(data.get("people"), f"{where}: people")
    if not people:
        raise SituationError(f"{where}: 'people' is missing: name at least one person")
    units = _units(data, people, where)
    households = _households(data, people, where)
    unit_of = _one_of_each(units, ("adults", "children"), people, f"{where}: benefit_units")
    household_of = _one_of_each(households, ("members",), people, f"{where}: households")
    rows, awards = _people(people, units, unit_of, household_of, (catalogue, where))
    unit_rows = _unit_rows(units, household_of, catalogue, where)
    household_rows = [
        {
            "household_id": name,
            **_facts(item, catalogue.at(Level.HOUSEHOLD), ("members",), f"{where}: {name}"),
        }
        for name, item in households.items()
    ]
    situation = Situation(
        people=_table(rows, catalogue, Level.PERSON, {"awards_known": pl.Boolean()}),
        benefit_units=_table(unit_rows, catalogue, Level.BENEFIT_UNIT, {}),
        households=_table(household_rows, catalogue, Level.HOUSEHOLD, {}),
        awards=pl.DataFrame(awards, schema=empty(Awards).schema),
    )
    return Given(
        _date(data["on"], f"{where}: on") if data.get("on") is not None else None, situation
    )


def _units(data: dict[str, Any], people: dict[str, Any], where: str) -> dict[str, Any]:
    if data.get("benefit_units") is not None:
        return _objects(data["benefit_units"], f"{where}: benefit_units")
    if len(people) > 1:
        raise SituationError(
            f"{where}: 'benefit_units' is missing: say who belongs together, as adults and children"
        )
    (name,) = people
    is_child = people[name].get("role") == "child"
    return {name: {"children" if is_child else "adults": [name]}}


def _households(data: dict[str, Any], people: dict[str, Any], where: str) -> dict[str, Any]:
    given = data.get("households")
    if given is None:
        if len(people) > 1:
            raise SituationError(
                f"{where}: 'households' is missing: say who lives together, as members"
            )
        return {name: {"members": [name]} for name in people}
    households = _objects(given, f"{where}: households")
    if len(households) == 1:
        # One household and no list of members: everybody lives there.
        households = {name: {"members": list(people), **item} for name, item in households.items()}
    return households


def _one_of_each(
    groups: dict[str, Any], keys: tuple[str, ...], people: dict[str, Any], where: str
) -> dict[str, str]:
    """Return the group of each person; everybody must be in exactly one."""
    found: dict[str, str] = {}
    for name, item in groups.items():
        for key in keys:
            for member in _names(item.get(key, []), f"{where}: {name}: {key}"):
                if member not in people:
                    raise SituationError(
                        f"{where}: {name}: '{member}' is nobody in people{nearest(member, list(people))}"
                    )
                if member in found:
                    raise SituationError(
                        f"{where}: '{member}' is named in '{found[member]}' and again in '{name}'"
                    )
                found[member] = name
    left_out = [name for name in people if name not in found]
    if left_out:
        raise SituationError(
            f"{where}: '{left_out[0]}' is in none: add them to {' or '.join(keys)} of one"
        )
    return found


def _people(
    people: dict[str, Any],
    units: dict[str, Any],
    unit_of: dict[str, str],
    household_of: dict[str, str],
    source: tuple[Catalogue, str],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    catalogue, where = source
    facts = catalogue.at(Level.PERSON)
    rows: list[dict[str, Any]] = []
    awards: list[dict[str, Any]] = []
    for name, item in people.items():
        at = f"{where}: {name}"
        role = "child" if name in units[unit_of[name]].get("children", []) else "adult"
        given = _facts(item, facts, ("awards",), at)
        if given.get("role") not in (None, role):
            raise SituationError(
                f"{at}: role is '{given['role']}', but '{unit_of[name]}' names them as {role}"
            )
        known = item.get("awards") is not None
        rows.append(
            {**given, "person_id": name, "benefit_unit_id": unit_of[name], "household_id": household_of[name],
             "role": role, "awards_known": known}
        )  # fmt: skip
        awards += [
            _award(each, name, list(catalogue.awards), f"{at}: awards")
            for each in _list(item, "awards", at)
        ]
    return rows, awards


def _unit_rows(
    units: dict[str, Any], household_of: dict[str, str], catalogue: Catalogue, where: str
) -> list[dict[str, Any]]:
    rows = []
    for name, item in units.items():
        members = [*item.get("adults", []), *item.get("children", [])]
        homes = {household_of[member] for member in members}
        if len(homes) != 1:
            found = ", ".join(sorted(homes)) or "none"
            raise SituationError(
                f"{where}: {name}: a benefit unit lives in one household, found {found}"
            )
        facts = _facts(
            item, catalogue.at(Level.BENEFIT_UNIT), ("adults", "children"), f"{where}: {name}"
        )
        rows.append({"benefit_unit_id": name, "household_id": homes.pop(), **facts})
    return rows


def _list(item: dict[str, Any], key: str, where: str) -> list[Any]:
    found = item.get(key)
    if found is not None and not isinstance(found, list):
        raise SituationError(f"{where}: {key} must be a list in square brackets")
    return found or []


def _award(data: Any, person: str, known: list[str], where: str) -> dict[str, Any]:
    _must_be_object(data, where)
    _known_keys(data, _AWARD_KEYS, where)
    scheme, status = data.get("scheme"), data.get("status")
    if scheme not in known:
        raise SituationError(
            f"{where}: scheme '{scheme}' is no award{nearest(str(scheme), known)} ({', '.join(known)})"
        )
    if status not in AWARD_STATUSES:
        raise SituationError(f"{where}: status '{status}' is none of {', '.join(AWARD_STATUSES)}")
    amount, per = data.get("amount"), data.get("per")
    if amount is not None and (
        not isinstance(amount, int) or isinstance(amount, bool) or amount < 0
    ):
        raise SituationError(f"{where}: amount {amount!r} must be whole pence")
    if per is not None and per not in [each.value for each in Period]:
        raise SituationError(f"{where}: per '{per}' is none of week, month, year, once")
    days = {
        key: _date(data[key], f"{where}: {key}") if data.get(key) is not None else None
        for key in _AWARD_KEYS[4:]
    }
    return {
        "person_id": person,
        "scheme": scheme,
        "status": status,
        "amount": amount,
        "per": per,
        **days,
    }


def _facts(
    item: Any, facts: Mapping[str, Fact], others: tuple[str, ...], where: str
) -> dict[str, Any]:
    _must_be_object(item, where)
    _known_keys(item, (*facts, *others), where)
    return {
        name: _value(item[name], facts[name], f"{where}: {name}") for name in item if name in facts
    }


def _value(value: Any, fact: Fact, where: str) -> Any:
    if value is None:
        return None
    if fact.type == "date":
        return NEVER if value == "never" else _date(value, where)
    if not fact.accepts(value):
        listed = f" one of {', '.join(fact.values)}" if fact.values else f" {_wanted(fact)}"
        raise SituationError(f"{where}: {value!r} must be{listed}")
    if fact.type in ("int", "money") and not -(2**53) < value < 2**53:
        raise SituationError(f"{where}: {value} is larger than any amount can be")
    if fact.non_negative and value < 0:
        raise SituationError(f"{where}: {value} must not be below 0")
    if fact.at_most is not None and value > fact.at_most:
        raise SituationError(f"{where}: {value} must not be above {fact.at_most}")
    return value


def _wanted(fact: Fact) -> str:
    words = {"bool": "true or false", "int": "a whole number", "code": "text"}
    per = f" for the {fact.per.value}" if fact.per else ""
    return words.get(fact.type, f"whole pence{per}")


def _date(value: Any, where: str) -> date:
    if isinstance(value, date):
        return value
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError as error:
        raise SituationError(f'{where}: {value!r} is no date such as "2026-06-01"') from error


def _must_be_object(data: Any, where: str) -> None:
    if not isinstance(data, dict):
        raise SituationError(f"{where}: must be an object in braces, found {type(data).__name__}")


def _objects(data: Any, where: str) -> dict[str, Any]:
    if data is None:
        return {}
    _must_be_object(data, where)
    for name, item in data.items():
        _must_be_object(item, f"{where}: {name}")
        if not name:
            raise SituationError(f"{where}: an id is empty")
    return data  # type: ignore[no-any-return]


def _names(data: Any, where: str) -> list[str]:
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise SituationError(f"{where}: must be a list of person ids")
    return data


def _known_keys(data: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    names = list(known)
    for key in data:
        if key not in names:
            raise SituationError(f"{where}: '{key}' is not known here{nearest(key, names)}")


def _table(
    rows: list[dict[str, Any]], catalogue: Catalogue, level: Level, extra: dict[str, pl.DataType]
) -> pl.DataFrame:
    keys = {
        Level.PERSON: ["person_id", "benefit_unit_id", "household_id"],
        Level.BENEFIT_UNIT: ["benefit_unit_id", "household_id"],
        Level.HOUSEHOLD: ["household_id"],
    }[level]
    facts = {name: fact.dtype for name, fact in catalogue.at(level).items()}
    return pl.DataFrame(
        rows, schema={**dict.fromkeys(keys, pl.String()), **facts, **extra}, orient="row"
    )


# --- frames ---------------------------------------------------------------------------------------


def read_frames(folder: Path, catalogue: Catalogue) -> Situation:
    """Read people.parquet, benefit_units.parquet, households.parquet and, if there, awards.parquet.

    Without awards.parquet, receipt is unknown for everybody; with it, a scheme without a row is not
    claimed.

    Raises:
        SituationError: a file is missing or cannot be read, or a column is not known.
    """
    return Situation(
        people=_frame(folder, "people", catalogue, Level.PERSON),
        benefit_units=_frame(folder, "benefit_units", catalogue, Level.BENEFIT_UNIT),
        households=_frame(folder, "households", catalogue, Level.HOUSEHOLD),
        awards=_awards_frame(folder / "awards.parquet", list(catalogue.awards)),
    )


_KEY_COLUMNS = {
    Level.PERSON: ("person_id", "benefit_unit_id", "household_id", "confidence", "awards_known"),
    Level.BENEFIT_UNIT: ("benefit_unit_id", "household_id"),
    Level.HOUSEHOLD: ("household_id",),
}


def _frame(folder: Path, name: str, catalogue: Catalogue, level: Level) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    frame = _parquet(path)
    _known_keys(
        dict.fromkeys(frame.columns), (*catalogue.at(level), *_KEY_COLUMNS[level]), str(path)
    )
    _check_values(frame, catalogue.at(level), path)
    return frame


def _parquet(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise SituationError(f"{path}: is missing")
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SituationError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error


def _check_values(frame: pl.DataFrame, facts: Mapping[str, Fact], path: Path) -> None:
    """Refuse values that the catalogue does not allow; which person holds them is not said."""
    for name, fact in facts.items():
        if name not in frame.columns or frame[name].null_count() == frame.height:
            continue
        column = frame[name]
        if fact.values and column.dtype == pl.String:
            odd = column.drop_nulls().unique().to_list()
            for value in sorted(set(odd) - set(fact.values)):
                raise SituationError(
                    f"{path}: {name}: '{value}' is none of {', '.join(fact.values)}"
                )
        if column.dtype.is_integer():
            smallest, largest = column.min(), column.max()
            if fact.non_negative and smallest < 0:  # type: ignore[operator]
                raise SituationError(f"{path}: {name}: a value is below 0")
            if fact.at_most is not None and largest > fact.at_most:  # type: ignore[operator]
                raise SituationError(f"{path}: {name}: a value is above {fact.at_most}")


def _awards_frame(path: Path, known: list[str]) -> pl.DataFrame | None:
    if not path.exists():
        return None
    frame = _parquet(path)
    schema = empty(Awards).schema
    _known_keys(dict.fromkeys(frame.columns), schema, str(path))
    for name in ("person_id", "scheme", "status"):
        if name not in frame.columns:
            raise SituationError(f"{path}: column '{name}' is missing, found {frame.columns}")
    for name, allowed in (("scheme", known), ("status", list(AWARD_STATUSES))):
        for value in frame[name].unique().to_list():
            if value not in allowed:
                raise SituationError(f"{path}: {name} '{value}' is none of {', '.join(allowed)}")
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )
