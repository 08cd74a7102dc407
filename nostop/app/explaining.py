"""Results explained: a situation of a file or one of a pack's own cases, in a few lines a scheme,
with the formulas that decide."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from nostop import determination
from nostop.app.cases import situations_of_file
from nostop.app.rules import known_schemes
from nostop.determination.case_files import OwnCase, own_cases
from nostop.determination.explaining import explain_situation, trace_situation
from nostop.frames import Situation
from nostop.model import Outcome, SettingsError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS
from nostop.rulebook.rates import constants_on
from nostop.rulebook.words.written import Formula, formula


@dataclass(frozen=True, slots=True)
class Asked:
    """What to explain, and how much of it: `schemes` None means all that are in force, `trace`
    every value on the way, `formulas` the formulas that decide."""

    effective_on: date | None = None
    schemes: list[str] | None = None
    trace: bool = False
    formulas: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """One scheme's result for one subject of a situation, in words."""

    situation: int
    effective_on: date
    scheme: str
    subject: str
    lines: list[str]
    formulas: list[Formula] = field(default_factory=list)


def explain_file(path: Path, book: Rulebook, asked: Asked) -> list[Explained]:
    """Explain every situation of a JSON file.

    Raises:
        SituationError: the file names something unknown, or contradicts itself.
        SettingsError: no day is given in either place, or no such scheme exists.
    """
    chosen = known_schemes(book, asked.schemes)
    found = []
    for number, on, given in situations_of_file(path, book, asked.effective_on):
        in_force = [name for name, scheme in book.schemes.items() if scheme.is_in_force(on)]
        for scheme in chosen or in_force:
            found += _explained(given.situation, book, (number, on, scheme), asked)
    return found


def explain_case(book: Rulebook, name: str, asked: Asked) -> list[Explained]:
    """Explain one of the worked cases beside the packs, for the scheme that it is about.

    Raises:
        SettingsError: no case, or more than one, has that name.
    """
    cases = own_cases(book, known_schemes(book, asked.schemes))
    case = _named(cases, name)
    on = asked.effective_on or case.effective_on
    return _explained(case.situation, book, (1, on, case.scheme), asked)


def _named(cases: list[OwnCase], name: str) -> OwnCase:
    found = [case for case in cases if case.name == name]
    if not found:
        hint = nearest(name, [case.name for case in cases])
        raise SettingsError(f"no case is called '{name}'{hint}")
    if len(found) > 1:
        where = ", ".join(sorted({case.scheme for case in found}))
        raise SettingsError(f"{len(found)} cases are called '{name}' ({where}): add --scheme")
    return found[0]


def _explained(
    situation: Situation, book: Rulebook, which: tuple[int, date, str], asked: Asked
) -> list[Explained]:
    number, on, scheme = which
    tell = trace_situation if asked.trace else explain_situation
    told = tell(situation, book, on, scheme)
    formulas = _deciding(situation, book, on, scheme) if asked.formulas else {}
    return [
        Explained(number, on, scheme, subject, lines, formulas.get(subject, []))
        for subject, lines in told.items()
    ]


def _deciding(
    situation: Situation, book: Rulebook, on: date, scheme: str
) -> dict[str, list[Formula]]:
    """The formulas of the conditions that decide, and of the parts of what may be paid, by
    subject."""
    constants, found = constants_on(book, on), book.schemes[scheme]
    key = KEYS[found.pack.decides_for]
    formulas = {}
    for row in determination.determine(situation, book, on, [scheme]).iter_rows(named=True):
        names = {f"{scheme}.when.{condition}" for condition in row["because"]}
        definitions = [each for each in found.conditions if each.name in names]
        if row["outcome"] != Outcome.NOT_ENTITLED:
            definitions += found.parts
        formulas[row[key]] = [formula(each, book, constants) for each in definitions]
    return formulas
