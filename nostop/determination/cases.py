"""Authors' worked examples run: each decided by the interpreter, and held against what it says must
come out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from nostop.determination.case_files import (
    Case,
    CasesFile,
    Expectation,
    OwnCase,
    library_cases,
    own_cases,
)
from nostop.determination.rows import households
from nostop.model import FrameError, Problem, RuleError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import canonical
from nostop.rulebook.dates import as_date
from nostop.rulebook.one.arithmetic import is_known, only
from nostop.rulebook.one.fineness import check_fineness
from nostop.rulebook.one.household import Household
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.one.workings import with_workings
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.tree import Kind

#: A value as an author writes it.
Written = int | bool | date | str


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
class ReadyCase:
    """A case with its households as an interpreter takes them: it can be run again and again."""

    case: OwnCase
    homes: tuple[Household, ...]

    def holds(self, interpreter: Interpreter) -> bool:
        """Whether the case comes out as it says."""
        return not self.wrong(interpreter)

    def wrong(self, interpreter: Interpreter) -> str:
        """Return what the case expects and an interpreter for its date does not find; an empty text
        where it holds."""
        if self.case.working is not None:
            return _wrong_value(self.case, self.values(interpreter, self.case.working))
        return _wrong_result(self.case, self.results(interpreter))

    def results(self, interpreter: Interpreter) -> list[Result]:
        """Return what is found for each subject of the case's scheme."""
        scheme = (self.case.scheme,)
        return [each for home in self.homes for each in interpreter.results(home, scheme)]

    def values(self, interpreter: Interpreter, working: str) -> dict[str, Written]:
        """Return what a working comes to for each subject of its level."""
        kind = interpreter.formulas.definitions[working].tree.kind
        return {
            subject: as_written(value, kind)
            for home in self.homes
            for subject, value in interpreter.values(home, working).items()
        }


def run_cases(book: Rulebook, schemes: list[str] | None = None) -> list[CaseResult]:
    """Run every case of the schemes asked for, by default of all and of the libraries, in the order
    of files.

    Raises:
        RuleError: a case file that cannot be read as one, or a rate without a value for its date.
    """
    cases = own_cases(book, schemes)
    if schemes is None:
        cases += library_cases(book)
    interpreters = interpreters_for(book, cases)
    return [
        _judged(each.case, each.wrong(interpreters[each.case.effective_on]))
        for each in ready(cases, interpreters)
    ]


def _judged(case: OwnCase, wrong: str) -> CaseResult:
    return CaseResult(case.scheme, case.file, case.line, case.name, not wrong, wrong)


def interpreters_for(book: Rulebook, cases: Iterable[OwnCase]) -> dict[date, Interpreter]:
    """Return, for each date that cases name, an interpreter of the schemes and workings they are
    about.

    Raises:
        RuleError: as `determine`.
    """
    wanted: dict[date, list[OwnCase]] = {}
    for case in cases:
        wanted.setdefault(case.effective_on, []).append(case)
    found = {}
    for on, here in wanted.items():
        schemes = list(dict.fromkeys(case.scheme for case in here if case.working is None))
        with_notes = any("notes" in case.expected for case in here)
        plan = compile_plan(book, on, schemes, with_notes=with_notes)
        workings = {case.working: None for case in here if case.working is not None}
        plan = with_workings(plan, workings) if workings else plan
        check_fineness(plan)
        found[on] = Interpreter(plan)
    return found


def ready(cases: Iterable[OwnCase], interpreters: dict[date, Interpreter]) -> list[ReadyCase]:
    """Return cases with their households as the interpreters of their dates take them.

    Raises:
        RuleError: an award's period is not its scheme's.
    """
    found, problems = [], []
    for case in cases:
        plan = interpreters[case.effective_on].plan
        try:
            found.append(ReadyCase(case, tuple(households(case.rows, plan))))
        except FrameError as error:
            problems.append(Problem(case.file, case.line, 1, f"case '{case.name}': {error}"))
    if problems:
        raise RuleError(problems)
    return found


# --- what must come out ---------------------------------------------------------------------------

_FOUND: dict[str, Callable[[Result], object]] = {
    "outcome": lambda result: result.outcome.value,
    "amount": lambda result: result.amount,
    "amount_low": lambda result: result.low,
    "amount_high": lambda result: result.high,
    "because": lambda result: result.because,
    "missing": lambda result: result.missing,
    "worth_asking": lambda result: result.worth_asking,
    "claimed": lambda result: result.claimed,
}


def _wrong_result(case: OwnCase, results: list[Result]) -> str:
    chosen = [each for each in results if case.subject in (None, each.place.id)]
    if len(chosen) != 1:
        return _which(each.place.id for each in results)
    (result,) = chosen
    wrong = [
        f"{key}: expected {_shown(wanted)}, found {_shown(found)}"
        for key, wanted in case.expected.items()
        if key in _FOUND and (found := _FOUND[key](result)) != wanted
    ]
    wrong += _wrong_notes(case.expected.get("notes", {}), result)
    if wrong:
        missing, because = ", ".join(result.missing), ", ".join(result.because)
        wrong[-1] += f" (missing: {missing})" if missing else f" (because: {because})"
    return "; ".join(wrong)


def _which(subjects: Iterable[str]) -> str:
    return f"write which of {', '.join(sorted(subjects))} the case is about, as subject: ..."


def _wrong_value(case: OwnCase, values: dict[str, Written]) -> str:
    chosen = [value for subject, value in values.items() if case.subject in (None, subject)]
    if len(chosen) != 1:
        return _which(values)
    name, wanted, found = case.expected["working"], case.expected["value"], chosen[0]
    return "" if found == wanted else f"{name}: expected {_shown(wanted)}, found {_shown(found)}"


def _wrong_notes(wanted: dict[str, object], result: Result) -> list[str]:
    known = {note.name.rsplit(".", 1)[-1]: note for note in result.plan.scheme.notes}
    wrong = []
    for name, value in wanted.items():
        if name not in known:
            wrong.append(f"notes: '{name}' is no note with a formula{nearest(name, list(known))}")
            continue
        note = known[name]
        found = as_written(result.place.up(note.level).value(note.name), note.tree.kind)
        if found != value:
            wrong.append(f"notes: {name}: expected {_shown(value)}, found {_shown(found)}")
    return wrong


def as_written(value: Value, kind: Kind) -> Written:
    """Return a value as an author writes it: pence or a number, a fraction as text, a date, a word,
    true or false, or `unknown`."""
    if isinstance(value, tuple):
        if not is_known(value):
            return "unknown"
        number = only(value)
        if isinstance(number, Fraction):
            return str(number)
        return as_date(number) if kind.base == "date" else number
    return "unknown" if value is None else value


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return canonical(value) or "nothing"


__all__ = [
    "Case",
    "CaseResult",
    "CasesFile",
    "Expectation",
    "OwnCase",
    "ReadyCase",
    "as_written",
    "interpreters_for",
    "library_cases",
    "own_cases",
    "ready",
    "run_cases",
]
