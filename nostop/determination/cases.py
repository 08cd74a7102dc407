"""Authors' worked examples: cases/*.yaml beside a pack, run all as one frame for each date and
scheme."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from nostop.determination.determine import determine
from nostop.determination.situations import read_situation
from nostop.frames import Situation
from nostop.model import Level, Problem, RuleError, SituationError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Catalogue, canonical
from nostop.rulebook.plan import KEYS
from nostop.rulebook.reading import read_model
from nostop.strict_yaml import Document

_GROUPS = {
    "people": Level.PERSON,
    "benefit_units": Level.BENEFIT_UNIT,
    "households": Level.HOUSEHOLD,
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Strict):
    """What a case says must come out; what it leaves out is not compared."""

    outcome: Literal["entitled", "not_entitled", "unknown"]
    amount: int | None = None
    amount_low: int | None = None
    amount_high: int | None = None
    because: list[str] | None = None
    missing: list[str] | None = None
    worth_asking: bool | None = None
    claimed: bool | None = None


class _Case(_Strict):
    name: str = Field(min_length=3)
    effective_date: date
    start_from: str
    change: dict[str, dict[str, dict[str, Any] | Literal["unknown"]]] = {}
    subject: str | None = None
    scheme: str | None = None
    expect: Expectation
    why: str | None = None


class _CasesFile(_Strict):
    situations: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    cases: list[_Case] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: whether it came out as it says; if not, what was expected and what was found."""

    scheme: str
    file: Path
    line: int
    name: str
    passed: bool
    message: str


@dataclass(frozen=True, slots=True)
class _Ready:
    scheme: str
    document: Document
    index: int
    case: _Case
    situation: Situation


def run_cases(book: Rulebook, schemes: list[str] | None = None) -> list[CaseResult]:
    """Run every case of the schemes asked for (all by default), in the order of files.

    Raises:
        RuleError: a case file that cannot be read as one.
    """
    ready: list[_Ready] = []
    problems: list[Problem] = []
    for name in schemes or list(book.schemes):
        for file in sorted((book.scheme(name).folder / "cases").glob("*.yaml")):
            found, wrong = _read(file, name, book.catalogue)
            ready += found
            problems += wrong
    if problems:
        raise RuleError(problems)
    rows = _rows(ready, book)
    return [_judge(each, rows.get(number, [])) for number, each in enumerate(ready)]


def _read(file: Path, scheme: str, catalogue: Catalogue) -> tuple[list[_Ready], list[Problem]]:
    model, problems, document = read_model(file, _CasesFile)
    if model is None or document is None:
        return [], problems
    ready = []
    for index, case in enumerate(model.cases):
        try:
            data = _situation(case, model.situations, catalogue)
            given = read_situation(data, catalogue, f"case '{case.name}'")
            ready.append(_Ready(case.scheme or scheme, document, index, case, given.situation))
        except SituationError as error:
            problems.append(document.problem(str(error), "cases", index))
    return ready, problems


def _situation(case: _Case, situations: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    if case.start_from not in situations:
        hint = nearest(case.start_from, list(situations))
        found = f"start_from '{case.start_from}' is no situation of this file{hint}"
        raise SituationError(f"case '{case.name}': {found}")
    data = _merged(situations[case.start_from], case.change)
    return {group: _filled(items, group, catalogue) for group, items in data.items()}


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Put the changes over the base, key by key. `unknown` takes a person or group out; of a fact
    it stays, and is read later."""
    merged = dict(base)
    for key, value in change.items():
        if value == "unknown" and isinstance(merged.get(key), dict):
            del merged[key]
        elif isinstance(value, dict):
            merged[key] = _merged(merged.get(key) or {}, value)
        else:
            merged[key] = value
    return merged


def _filled(items: dict[str, Any], group: str, catalogue: Catalogue) -> dict[str, Any]:
    if group not in _GROUPS:
        hint = nearest(group, list(_GROUPS))
        raise SituationError(f"'{group}' is none of {', '.join(_GROUPS)}{hint}")
    return {name: _with_nil(item, _GROUPS[group], catalogue) for name, item in items.items()}


def _with_nil(item: dict[str, Any], level: Level, catalogue: Catalogue) -> dict[str, Any]:
    """`everything_else: nil` says of each fact not written that there is none of it; `unknown` says
    that it is not known."""
    rest = dict(item)
    asked = rest.pop("everything_else", None)
    if asked not in (None, "nil"):
        raise SituationError(f"everything_else is '{asked}': it can only be nil")
    if asked is None:
        return {key: value for key, value in rest.items() if value != "unknown"}
    nil = {name: fact.nil for name, fact in catalogue.at(level).items() if fact.nil is not None}
    known: dict[str, Any] = {**nil, **({"awards": []} if level is Level.PERSON else {}), **rest}
    return {key: value for key, value in known.items() if value != "unknown"}


def _rows(ready: list[_Ready], book: Rulebook) -> dict[int, list[dict[str, Any]]]:
    """Determine all cases of one date and scheme in one frame; ids carry the case's number."""
    together: dict[tuple[date, str], list[int]] = {}
    for number, each in enumerate(ready):
        together.setdefault((each.case.effective_date, each.scheme), []).append(number)
    found: dict[int, list[dict[str, Any]]] = {}
    for (on, scheme), numbers in together.items():
        joined = _joined([(str(number), ready[number].situation) for number in numbers])
        subject_key = KEYS[book.scheme(scheme).pack.decides_for]
        for row in determine(joined, book, on, [scheme]).iter_rows(named=True):
            number, subject = row[subject_key].split("/", 1)
            found.setdefault(int(number), []).append({**row, "subject": subject})
    return found


def _joined(named: list[tuple[str, Situation]]) -> Situation:
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


def _judge(ready: _Ready, rows: list[dict[str, Any]]) -> CaseResult:
    case = ready.case
    line, _ = ready.document.place("cases", ready.index)
    told = partial(CaseResult, ready.scheme, ready.document.path, line, case.name)
    chosen = [row for row in rows if case.subject in (None, row["subject"])]
    if len(chosen) != 1:
        subjects = ", ".join(sorted(row["subject"] for row in rows))
        message = f"write which of {subjects} the case is about, as subject: ..."
        return told(passed=False, message=message)
    (row,) = chosen
    wrong = [
        f"{key}: expected {_shown(wanted)}, found {_shown(row[key])}"
        for key, wanted in case.expect.model_dump(exclude_unset=True).items()
        if row[key] != wanted
    ]
    if wrong:
        reasons = "missing" if row["missing"] else "because"
        wrong[-1] += f" ({reasons}: {', '.join(row[reasons])})"
    return told(passed=not wrong, message="; ".join(wrong))


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return canonical(value) or "nothing"
