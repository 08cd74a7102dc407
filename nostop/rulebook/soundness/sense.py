"""What only an author's check refuses: it makes no result wrong, and nobody can have meant it."""

from collections.abc import Iterable
from pathlib import Path

from nostop.model import Outcome, YamlError
from nostop.rulebook.book import Rulebook
from nostop.rulebook.history.versions import schemes_behind
from nostop.rulebook.reading.folder import Folder
from nostop.rulebook.reading.jurisdictions import misplaced
from nostop.rulebook.soundness.always import always_decided
from nostop.rulebook.soundness.leftovers import (
    dead_rates,
    names_read,
    never_read,
    opens_nothing,
    skipped_years,
    unused_libraries,
)
from nostop.rulebook.soundness.population import FILE, Population, outcomes, read_population
from nostop.strict_yaml import read_yaml

_ALWAYS = {
    True: "is always true: it rules nobody out, so mend it or take it out",
    False: "is always false: nobody could ever be entitled, so mend it",
}


def check_sense(folder: Folder, book: Rulebook) -> None:
    """Tell the folder what in a book that could run makes no sense."""
    population, problems = read_population(folder.path, folder.catalogue)
    folder.problems += problems
    read = names_read(book)
    for owner in folder.owners.values():
        rates = owner.rates_document
        if rates is not None:
            dead = [] if owner.is_library else dead_rates(owner.name, owner.rates_file, read)
            for message, keys in (*dead, *skipped_years(owner.rates_file)):
                folder.problems.append(rates.problem(message, *keys))
    decided = list(always_decided(book))
    for name, index, truth in decided:
        folder.tell(folder.owners[name], _ALWAYS[truth], "entitled_when", index, "when")
    behind = schemes_behind(book)
    for name, scheme in book.schemes.items():
        owner = folder.owners[name]
        facts = {fact for each in (name, *behind[name]) for fact in _facts(book, each)}
        folder.tell_all(owner, misplaced(scheme.pack, owner.path.relative_to(folder.path)))
        folder.tell_all(owner, unused_libraries(book, scheme))
        folder.tell_all(owner, never_read(scheme.pack, facts))
        folder.tell_all(owner, opens_nothing(scheme.pack, book.schemes, book.catalogue))
    told = {name for name, _, _ in decided}
    _check_outcomes(folder, book, [name for name in book.schemes if name not in told], population)


def _facts(book: Rulebook, name: str) -> set[str]:
    scheme = book.schemes[name]
    return book.facts_read(each.name for each in (*scheme.conditions, *scheme.parts))


def _check_outcomes(
    folder: Folder, book: Rulebook, schemes: list[str], population: Population | None
) -> None:
    """Refuse a pack for everybody, or for nobody, in the check population and in its own cases."""
    found = outcomes(book, schemes, population) if population else {}
    for name in schemes:
        owner = folder.owners[name]
        cases = sorted((owner.path / "cases").glob("*.yaml"))
        if not cases:
            folder.tell(owner, _NO_CASES, "scheme")
        elif population is not None and name not in found:
            folder.tell(owner, _NO_DAY, "scheme")
        else:
            lacking = {Outcome.ENTITLED, Outcome.NOT_ENTITLED} - found.get(name, set())
            for outcome in sorted(lacking - _expected(cases) if lacking else ()):
                folder.tell(owner, _MATCHES[outcome], "entitled_when")


_NO_CASES = (
    "has no worked cases: write cases/<name>.yaml with people who are entitled, who are not, and "
    "unknown"
)
_NO_DAY = "there is no day on which all its rates have a value: add what is missing to rates.yaml"
_WHERE = f"in {FILE} and in its own cases"
_MATCHES = {
    Outcome.ENTITLED: f"matches nobody {_WHERE}: mend a condition, or add a case of somebody "
    "who is entitled",
    Outcome.NOT_ENTITLED: f"matches everybody {_WHERE}: mend a condition, or add a case of "
    "somebody who is not entitled",
}


def _expected(cases: Iterable[Path]) -> set[str]:
    """The outcomes that a pack's own cases expect; whether they come out is for `rules test`."""
    found: set[str] = set()
    for file in cases:
        try:
            data = read_yaml(file).data
        except YamlError:
            continue  # told by `rules test`, with its place
        written = data.get("cases") if isinstance(data, dict) else None
        for case in written if isinstance(written, list) else ():
            expect = case.get("expect") if isinstance(case, dict) else None
            found.add(str(expect.get("outcome")) if isinstance(expect, dict) else "")
    return found
