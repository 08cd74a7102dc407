"""Loading a rule book: a rules folder read, typed and checked whole, before anything runs.

A folder with anything wrong in it is refused, with one problem for each root cause.
"""

from collections.abc import Iterable
from pathlib import Path

from nostop.model import Problem, RuleError
from nostop.rulebook.book import (
    CHANGES,
    CLOSES,
    DEADLINE,
    INVITE,
    OWN_CHANGES,
    Rulebook,
    Scheme,
)
from nostop.rulebook.history.releases import load_releases
from nostop.rulebook.history.versions import with_content_hashes
from nostop.rulebook.packs import Pack
from nostop.rulebook.reading.blanks import blanks_in_cases
from nostop.rulebook.reading.checks import (
    Complaint,
    circles,
    schemes_read,
    unknown_protected,
    unlawful_facts,
    wrong_ids,
)
from nostop.rulebook.reading.define import define
from nostop.rulebook.reading.folder import Folder, Owner, read_folder
from nostop.rulebook.soundness.leftovers import dead_workings, names_read
from nostop.rulebook.soundness.sense import check_sense
from nostop.rulebook.tree import Definition


def load_rulebook(path: Path) -> Rulebook:
    """Read and check a rules folder.

    Raises:
        RuleError: one problem for each root cause, in the order of files and lines.
    """
    return with_content_hashes(_read(path)[1])


def check(path: Path) -> list[Problem]:
    """Return everything wrong in a rules folder; an empty list where it may run."""
    unfilled = blanks_in_cases(path)
    try:
        load_releases(load_rulebook(path))
    except RuleError as error:
        return [*error.problems, *unfilled]
    return unfilled


def sound_rulebook(path: Path) -> Rulebook:
    """Read a rules folder as `load_rulebook` does, and refuse as well what would change no result
    and is surely a mistake, as `sense.py` lists it.

    Raises:
        RuleError: as `load_rulebook`.
    """
    folder, book = _read(path)
    check_sense(folder, book)
    _refuse(folder)
    return with_content_hashes(book)


def examine(path: Path) -> tuple[Rulebook | None, list[Problem]]:
    """Check a rules folder as its authors want it: what `check` says, and what `sound_rulebook`
    refuses.

    Returns:
        The rule book and nothing wrong, or None and one problem for each root cause.
    """
    unfilled = blanks_in_cases(path)
    try:
        book = sound_rulebook(path)
        load_releases(book)
    except RuleError as error:
        return None, [*error.problems, *unfilled]
    return (None if unfilled else book), unfilled


def _read(path: Path) -> tuple[Folder, Rulebook]:
    folder = read_folder(path)
    for owner in folder.libraries_first():
        define(folder, owner)
    _refuse(folder)
    book = _book(folder)
    _check_use(folder, book)
    _refuse(folder)
    return folder, book


def _refuse(folder: Folder) -> None:
    problems = folder.told()
    if problems:
        raise RuleError(problems)


def _book(folder: Folder) -> Rulebook:
    owners = folder.owners.values()
    return Rulebook(
        path=folder.path,
        catalogue=folder.catalogue,
        gateways=folder.gateways,
        schemes={name: _scheme(folder.owners[name], pack) for name, pack in folder.packs.items()},
        libraries=folder.library_models,
        definitions={each.name: each for owner in owners for each in owner.definitions.values()},
        rates=dict(each for owner in owners for each in owner.rates.values()),
        tables=dict(each for owner in owners for each in owner.tables.values()),
        folders={owner.name: owner.path for owner in owners},
        signposts=folder.signposts,
    )


def _scheme(owner: Owner, pack: Pack) -> Scheme:
    def found(names: Iterable[str]) -> tuple[Definition, ...]:
        return tuple(owner.definitions[name] for name in names if name in owner.definitions)

    return Scheme(
        pack=pack,
        folder=owner.path,
        content_hash="",  # what it rests on is known once all are read: `with_content_hashes`
        conditions=found(f"when.{condition.id}" for condition in pack.entitled_when),
        parts=found(pack.award.parts),
        notes=found(f"note.{note.id}" for note in pack.notes),
        invitation=owner.definitions.get(INVITE),
        effects={
            name: each
            for name, each in owner.definitions.items()
            if name.startswith((CLOSES, CHANGES, OWN_CHANGES, DEADLINE))
        },
    )


# --- what only the whole shows --------------------------------------------------------------------


def _check_use(folder: Folder, book: Rulebook) -> None:
    for circle in circles(schemes_read(book.schemes, book.definitions.values())):
        message = f"schemes go round in a circle: {' -> '.join(circle)}"
        folder.tell(folder.owners[circle[0]], message, "scheme")
    read = names_read(book)
    for owner in folder.owners.values():
        folder.tell_all(owner, unknown_protected(owner.model, book.catalogue))
    for name, pack in book.packs.items():
        owner = folder.owners[name]
        folder.tell_all(owner, dead_workings(pack, read))
        folder.tell_all(owner, wrong_ids(pack, book.catalogue))
        folder.tell_all(owner, _unlawful(folder, book, owner))


def _unlawful(folder: Folder, book: Rulebook, owner: Owner) -> list[Complaint]:
    scheme = book.schemes[owner.name]
    definitions = [*scheme.conditions, *scheme.parts, *scheme.notes]
    if scheme.invitation is not None:
        definitions.append(scheme.invitation)
    definitions += scheme.effects.values()
    read = book.facts_read(each.name for each in definitions)
    sources = (owner, *folder.behind(owner))
    cited = {fact for each in sources for fact in each.model.protected_facts}
    uncited = [fact for fact in read if book.catalogue.facts[fact].protected and fact not in cited]
    return unlawful_facts(scheme.pack, read, uncited, book)
