"""What only an author's check refuses: it makes no result wrong, and nobody can have meant it."""

from collections.abc import Iterable
from pathlib import Path

from nostop.model import Outcome, YamlError
from nostop.rulebook.always import always_decided
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.folder import Folder
from nostop.rulebook.jurisdictions import misplaced
from nostop.rulebook.leftovers import (
    dead_rates,
    names_read,
    never_read,
    opens_nothing,
    skipped_years,
    unused_libraries,
)
from nostop.rulebook.population import FILE, Population, outcomes, read_population
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
    for name, scheme in book.schemes.items():
        owner, definitions = folder.owners[name], (*scheme.conditions, *scheme.parts)
        facts = book.facts_read(each.name for each in definitions)
        folder.tell_all(owner, misplaced(scheme.pack, owner.path.relative_to(folder.path)))
        folder.tell_all(owner, unused_libraries(book, scheme))
        folder.tell_all(owner, never_read(scheme.pack, facts))
        folder.tell_all(owner, opens_nothing(scheme.pack, book.schemes, book.catalogue))
        decided = list(always_decided(book, scheme))
        for index, truth in decided:
            folder.tell(owner, _ALWAYS[truth], "entitled_when", index, "when")
        if not decided:
            _check_outcomes(folder, book, scheme, population)


def _check_outcomes(
    folder: Folder, book: Rulebook, scheme: Scheme, population: Population | None
) -> None:
    """Refuse a pack for everybody, or for nobody, in the check population and in its own cases."""
    owner = folder.owners[scheme.id]
    cases = sorted((owner.path / "cases").glob("*.yaml"))
    if not cases:
        wanted = "write cases/<name>.yaml with people who are entitled, who are not, and unknown"
        folder.tell(owner, f"has no worked cases: {wanted}", "scheme")
        return
    found = outcomes(book, scheme, population) if population else set()
    if found is None:
        mend = "add what is missing to rates.yaml"
        folder.tell(owner, f"there is no day on which all its rates have a value: {mend}", "scheme")
        return
    lacking = {Outcome.ENTITLED, Outcome.NOT_ENTITLED} - found
    if lacking:
        lacking -= _expected(cases)
    for outcome in sorted(lacking):
        folder.tell(owner, _MATCHES[outcome], "entitled_when")


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
