"""The rule workbench: the list of schemes, and situations that authors make up, worked out as they
type by the interpreter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from nostop.app.situation_forms import Plain, Sheet, as_plain, known_scheme, sheet_of_case
from nostop.determination.case_files import OwnCase, own_cases
from nostop.determination.rows import households
from nostop.determination.situations import read_situation
from nostop.model import NotHere
from nostop.rulebook import Rulebook
from nostop.rulebook.history.releases import content_of, read_releases
from nostop.rulebook.one.fineness import check_fineness
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.tree import Kind
from nostop.rulebook.words.explain import explain, shown, trace
from nostop.store.engine import reading
from nostop.store.proposals import override_counts

_MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class SchemeLine:
    """A scheme in the list. `released`: purposes for which its folder is released as it stands."""

    scheme: str
    title: Any
    version: str
    applies_in: tuple[str, ...]
    released: tuple[str, ...]
    overrides: int


def scheme_lines(engine: Engine, book: Rulebook) -> list[SchemeLine]:
    """Return every scheme of a rule book, by its title, with how many decisions of caseworkers
    said otherwise."""
    newest = {each.model.for_: each for each in read_releases(book.path)}
    with reading(engine) as connection:
        overrides = override_counts(connection)
    found = [
        SchemeLine(
            scheme=name,
            title=pack.title,
            version=pack.version,
            applies_in=tuple(pack.applies_in),
            released=tuple(
                purpose
                for purpose, release in newest.items()
                if release.model.schemes.get(name) == content_of(book, name)
            ),
            overrides=overrides.get(name, 0),
        )
        for name, pack in book.packs.items()
    ]
    return sorted(found, key=lambda each: str(each.title.en))


# --- situations worked out ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules say of one subject: in words, condition by condition, and every value on the
    way. `amount` is in words, None where nothing is said of one."""

    subject: str
    outcome: str
    amount: str | None
    conditions: tuple[tuple[str, str, bool | None, str], ...]
    missing: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A situation worked out: an answer for each subject of the scheme, and the same as a case."""

    answers: tuple[Answer, ...]
    case: str


class Bench:
    """Schemes ready to be tried, kept warm; many threads may ask at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ready: dict[tuple[int, str, date], Interpreter] = {}
        self._cases: dict[tuple[int, str], tuple[Rulebook, list[OwnCase]]] = {}

    def cases(self, book: Rulebook, scheme: str) -> list[OwnCase]:
        """Return the worked cases of a scheme.

        Raises:
            NotHere: there is no such scheme.
        """
        known_scheme(book, scheme)
        key = id(book), scheme
        with self._lock:
            kept = self._cases.get(key)
        if kept is None:
            kept = book, own_cases(book, [scheme])
            with self._lock:
                _make_room(self._cases)
                self._cases[key] = kept
        return [case for case in kept[1] if case.scheme == scheme]

    def sheet_of_case(self, book: Rulebook, scheme: str, number: int) -> Sheet:
        """Return the form of one worked case of a scheme, by its place among them.

        Raises:
            NotHere: there is no such case.
        """
        cases = self.cases(book, scheme)
        if not 0 <= number < len(cases):
            raise NotHere("workbench: there is no such case")
        return sheet_of_case(book, scheme, cases[number])

    def try_out(self, book: Rulebook, sheet: Sheet, name: str) -> Tried:
        """Work a situation out, with its trace, and write it as a case of that name.

        Raises:
            SituationError: what is typed contradicts itself.
            RuleError: a rate has no value on the day.
        """
        data = as_plain(sheet)
        interpreter = self._interpreter(book, sheet.scheme, sheet.effective_on)
        rows = read_situation(data, book.catalogue, "situation").rows
        homes = households(rows, interpreter.plan)
        results = [each for home in homes for each in interpreter.results(home)]
        results.sort(key=lambda each: each.place.id)
        answers = tuple(_answer(interpreter, each) for each in results)
        return Tried(answers, _case_text(sheet, data, name, results))

    def _interpreter(self, book: Rulebook, scheme: str, on: date) -> Interpreter:
        key = id(book), scheme, on
        with self._lock:
            found = self._ready.get(key)
        # An interpreter keeps its book, so that no other has its id as long as it is kept.
        if found is None:
            plan = compile_plan(book, on, [scheme], with_notes=True)
            check_fineness(plan)
            found = Interpreter(plan)
            with self._lock:
                _make_room(self._ready)
                self._ready[key] = found
        return found


def _make_room(kept: dict[Any, Any]) -> None:
    while len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]


# --- the answer -----------------------------------------------------------------------------------


def _answer(interpreter: Interpreter, result: Result) -> Answer:
    plan = interpreter.plan
    facts = plan.book.catalogue.facts
    pack = result.plan.scheme.pack
    words = {each.id: (each.says, each.cite) for each in pack.entitled_when}
    here = ", ".join(each.replace("_", " ").title() for each in pack.applies_in)
    words["applies_in"] = (f"Lives where the scheme applies: {here}", "")
    amount = shown((result.low, result.high), Kind("money", pack.award.per))
    return Answer(
        subject=result.place.id,
        outcome=result.outcome.value,
        amount=None if result.outcome == "not_entitled" else amount,
        conditions=tuple(
            (name, words[name][0], truth, words[name][1])
            for name, truth in result.conditions.items()
        ),
        missing=tuple(
            (name, facts[name].means if name in facts else name.replace("_", " "))
            for name in result.missing
        ),
        lines=tuple(explain(interpreter, result)),
        trace=tuple(trace(interpreter, result)),
    )


def _case_text(sheet: Sheet, data: Plain, name: str, results: Sequence[Result]) -> str:
    """A situation as a file of cases: every fact that is known is written out."""
    lines = ["situations:", "  tried:"]
    for group, items in data.items():
        lines.append(f"    {group}:")
        lines += [f"      {ident}: {_flow(item)}" for ident, item in items.items()]
    lines.append("cases:")
    several = len(results) > 1
    for result in results:
        titled = f"{name} ({result.place.id})" if several else name
        lines += [
            f"  - name: {json.dumps(titled, ensure_ascii=False)}",
            f"    effective_date: {sheet.effective_on}",
            "    start_from: tried",
            *([f"    subject: {result.place.id}"] if several else []),
            f"    expect: {_flow(_expected(result))}",
        ]
    return "\n".join(lines) + "\n"


def _expected(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {"outcome": result.outcome.value}
    if result.outcome == "entitled" and result.amount is not None:
        found["amount"] = int(result.amount)
    if result.outcome != "entitled":
        found["because"] = result.because
    if result.outcome == "unknown":
        found["missing"] = result.missing
    return found


def _flow(value: object) -> str:
    """Plain data as YAML in one line, as the strict reader takes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | date):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)
