"""Authors' worked examples as they write them: cases/*.yaml beside a pack, each a situation, a
change to it and what must come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nostop.determination.rows import SituationRows
from nostop.determination.situations import read_situation
from nostop.frames import Situation
from nostop.model import Level, Problem, RuleError, SituationError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.reading.models import read_model

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
    notes: dict[str, int | bool | date | str] = {}


class ValueExpectation(_Strict):
    """What a library's working must come to: pence or a number, a fraction as text, a date, a word,
    true or false, or `unknown`."""

    working: str
    value: int | bool | date | str


class _AnyCase(_Strict):
    name: str = Field(min_length=3)
    effective_date: date
    start_from: str
    change: dict[str, dict[str, dict[str, Any] | Literal["unknown"]]] = {}
    subject: str | None = None
    why: str | None = None
    cite: str | None = None


class Case(_AnyCase):
    """One worked example of a scheme as its author writes it."""

    scheme: str | None = None
    expect: Expectation


class LibraryCase(_AnyCase):
    """One worked example of a library's working."""

    expect: ValueExpectation


class _AnyFile(_Strict):
    cite: str | None = None
    situations: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}


class CasesFile(_AnyFile):
    """One file of cases/ beside a pack: situations, and cases that start from them."""

    cases: list[Case] = Field(min_length=1)


class LibraryCasesFile(_AnyFile):
    """One file of cases/ beside a library."""

    cases: list[LibraryCase] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class OwnCase:
    """One worked example beside a pack or library, ready to be worked out: where it stands, whom it
    is about (None: the only subject there is), what must come out, of the scheme or of the
    `working` (its qualified name), and the law it cites, if it does."""

    scheme: str
    working: str | None
    file: Path
    line: int
    name: str
    effective_on: date
    rows: SituationRows
    catalogue: Catalogue
    subject: str | None
    expected: dict[str, Any]
    cite: str | None = None

    @property
    def situation(self) -> Situation:
        """The situation as frames."""
        return self.rows.framed(self.catalogue)


def own_cases(book: Rulebook, schemes: list[str] | None = None) -> list[OwnCase]:
    """Return every case of the schemes asked for (all by default), in the order of files.

    Raises:
        RuleError: a case file that cannot be read as one.
    """
    reader = _Reader(book)
    names = schemes or list(book.schemes)
    return reader.read_all({name: book.scheme(name).folder for name in names}, CasesFile)


def library_cases(book: Rulebook) -> list[OwnCase]:
    """Return every case of the libraries, as `own_cases` does."""
    folders = {name: book.folders[name] for name in book.libraries}
    return _Reader(book).read_all(folders, LibraryCasesFile)


class _Reader:
    """Reads case files one after another; what is wrong with them is gathered."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.catalogue = book.catalogue
        self.problems: list[Problem] = []
        #: What `everything_else: nil` stands for, by group.
        self.nil: dict[str, dict[str, Any]] = {
            group: {
                name: fact.nil
                for name, fact in self.catalogue.at(level).items()
                if fact.nil is not None
            }
            for group, level in _GROUPS.items()
        }
        self.nil["people"]["awards"] = []

    def read_all(
        self, folders: dict[str, Path], model: type[CasesFile] | type[LibraryCasesFile]
    ) -> list[OwnCase]:
        found = [
            case
            for name, folder in folders.items()
            for file in sorted((folder / "cases").glob("*.yaml"))
            for case in self.read(file, name, model)
        ]
        if self.problems:
            raise RuleError(self.problems)
        return found

    def read(
        self, file: Path, owner: str, model: type[CasesFile] | type[LibraryCasesFile]
    ) -> Iterator[OwnCase]:
        found, problems, document = read_model(file, model)
        self.problems += problems
        if found is None or document is None:
            return
        cases: Sequence[Case | LibraryCase] = found.cases
        for index, case in enumerate(cases):
            try:
                scheme, working = self._about(case, owner)
                rows = self._rows(case, found.situations)
            except SituationError as error:
                self.problems.append(document.problem(str(error), "cases", index))
                continue
            yield OwnCase(
                scheme=scheme,
                working=working,
                file=file,
                line=document.place("cases", index)[0],
                name=case.name,
                effective_on=case.effective_date,
                rows=rows,
                catalogue=self.catalogue,
                subject=case.subject,
                expected=case.expect.model_dump(exclude_unset=True),
                cite=case.cite or found.cite,
            )

    def _about(self, case: Case | LibraryCase, owner: str) -> tuple[str, str | None]:
        """The scheme, or the library and its working, that a case is about."""
        if isinstance(case, Case):
            return case.scheme or owner, None
        name, known = case.expect.working, list(self.book.libraries[owner].work_out)
        if name not in known:
            found = f"'{name}' is no working of {owner}{nearest(name, known)}"
            raise SituationError(f"case '{case.name}': {found}")
        return owner, f"{owner}.{name}"

    def _rows(self, case: _AnyCase, situations: dict[str, Any]) -> SituationRows:
        where = f"case '{case.name}'"
        if case.start_from not in situations:
            hint = nearest(case.start_from, list(situations))
            found = f"start_from '{case.start_from}' is no situation of this file{hint}"
            raise SituationError(f"{where}: {found}")
        data = _merged(situations[case.start_from], case.change)
        filled = {group: self._filled(items, group) for group, items in data.items()}
        return read_situation(filled, self.catalogue, where).rows

    def _filled(self, items: dict[str, Any], group: str) -> dict[str, Any]:
        if group not in _GROUPS:
            hint = nearest(group, list(_GROUPS))
            raise SituationError(f"'{group}' is none of {', '.join(_GROUPS)}{hint}")
        return {name: self._with_nil(item, group) for name, item in items.items()}

    def _with_nil(self, item: dict[str, Any], group: str) -> dict[str, Any]:
        """`everything_else: nil` says of each fact not written that there is none of it; `unknown`
        says that it is not known."""
        rest = dict(item)
        asked = rest.pop("everything_else", None)
        if asked not in (None, "nil"):
            raise SituationError(f"everything_else is '{asked}': it can only be nil")
        known = rest if asked is None else {**self.nil[group], **rest}
        return {key: value for key, value in known.items() if value != "unknown"}


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
