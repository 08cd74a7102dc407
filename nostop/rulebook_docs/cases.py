"""The worked cases of a pack or library on a page: what must come out, file by file."""

from collections.abc import Mapping
from pathlib import Path

from nostop.determination.case_files import (
    Case,
    CasesFile,
    Expectation,
    LibraryCase,
    LibraryCasesFile,
)
from nostop.model import Period, RuleError
from nostop.rulebook.catalogue import canonical
from nostop.rulebook.packs import Pack
from nostop.rulebook.reading.models import read_model
from nostop.rulebook_docs.layout import table
from nostop.rulebook_docs.markup import Html, element, join
from nostop.rulebook_docs.words import amount, plain, when

_COLUMNS = ("Case", "On", "Outcome", "Amount #", "Why")
_LIBRARY_COLUMNS = ("Case", "On", "Working", "Value #", "Why")
Cases = Mapping[str, list[Case] | list[LibraryCase]]


def read_cases(folder: Path) -> dict[str, list[Case] | list[LibraryCase]]:
    """Return the cases beside a pack or library, by the name of their file.

    Raises:
        RuleError: a file that cannot be read as one of cases.
    """
    found: dict[str, list[Case] | list[LibraryCase]] = {}
    wanted: type[CasesFile] | type[LibraryCasesFile] = CasesFile
    if (folder / "library.yaml").exists():
        wanted = LibraryCasesFile
    for file in sorted((folder / "cases").glob("*.yaml")):
        model, problems, _ = read_model(file, wanted)
        if model is None:
            raise RuleError(problems)
        found[file.name] = model.cases
    return found


def cases(files: Cases, scheme: str, packs: Mapping[str, Pack]) -> Html:
    """Return the cases beside a scheme's pack or a library, a table for each file."""
    count = sum(len(each) for each in files.values())
    lead = element("p", f"{count} cases say what must come out." if count else "There are none.")
    shown = [
        table(f"Cases in {name}", _columns(found), [_row(each, scheme, packs) for each in found])
        for name, found in files.items()
    ]
    return join([lead, *shown])


def _columns(found: list[Case] | list[LibraryCase]) -> tuple[str, ...]:
    return _LIBRARY_COLUMNS if isinstance(found[0], LibraryCase) else _COLUMNS


def _row(case: Case | LibraryCase, scheme: str, packs: Mapping[str, Pack]) -> tuple[str, ...]:
    if isinstance(case, LibraryCase):
        value = canonical(case.expect.value) or ""
        working = plain(case.expect.working)
        return case.name, when(case.effective_date), working, value, case.why or ""
    # A case may be about another scheme than the one beside which it stands.
    about = case.scheme or scheme
    outcome = plain(case.expect.outcome)
    per = packs[about].award.per if about in packs else None
    return (
        case.name,
        when(case.effective_date),
        outcome if about == scheme else f"{outcome} ({about})",
        _amount(case.expect, per),
        case.why or "",
    )


def _amount(expected: Expectation, per: Period | None) -> str:
    if expected.amount is not None:
        return amount(expected.amount, per)
    low, high = expected.amount_low, expected.amount_high
    said = [] if low is None else [f"at least {amount(low, per)}"]
    said += [] if high is None else [f"at most {amount(high, per)}"]
    return ", ".join(said)
