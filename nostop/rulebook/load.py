"""Loading a rule book: a rules folder read, typed and checked whole, before anything runs.

A folder with anything wrong in it is refused, with one problem for each root cause.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from nostop.model import Problem, RuleError
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.checks import (
    Complaint,
    circles,
    dead_workings,
    schemes_read,
    unlawful_facts,
    wrong_ids,
)
from nostop.rulebook.define import define
from nostop.rulebook.folder import Folder, Owner, read_folder
from nostop.rulebook.packs import Pack
from nostop.rulebook.tree import Definition


def load_rulebook(path: Path) -> Rulebook:
    """Read and check a rules folder.

    Raises:
        RuleError: one problem for each root cause, in the order of files and lines.
    """
    folder = read_folder(path)
    for owner in folder.libraries_first():
        define(folder, owner)
    book = _book(folder)
    if not folder.problems:
        _check_use(folder, book)
    if folder.problems:
        raise RuleError(sorted(folder.problems, key=_place))
    return book


def _place(problem: Problem) -> tuple[str, int, int]:
    return str(problem.path), problem.line, problem.column


def check(path: Path) -> list[Problem]:
    """Return everything wrong in a rules folder; an empty list where it may run."""
    try:
        load_rulebook(path)
    except RuleError as error:
        return error.problems
    return []


def _book(folder: Folder) -> Rulebook:
    owners = folder.owners.values()
    return Rulebook(
        path=folder.path,
        catalogue=folder.catalogue,
        gateways=folder.gateways,
        schemes={
            name: _scheme(folder, folder.owners[name], pack) for name, pack in folder.packs.items()
        },
        definitions={each.name: each for owner in owners for each in owner.definitions.values()},
        rates=dict(each for owner in owners for each in owner.rates.values()),
        tables=dict(each for owner in owners for each in owner.tables.values()),
        folders={owner.name: owner.path for owner in owners},
    )


def _scheme(folder: Folder, owner: Owner, pack: Pack) -> Scheme:
    def found(names: Iterable[str]) -> tuple[Definition, ...]:
        return tuple(owner.definitions[name] for name in names if name in owner.definitions)

    return Scheme(
        pack=pack,
        folder=owner.path,
        content_hash=_content_hash([owner, *folder.behind(owner)]),
        conditions=found(f"when.{condition.id}" for condition in pack.entitled_when),
        parts=found(pack.award.parts),
        notes=found(f"note.{note.id}" for note in pack.notes),
    )


def _content_hash(owners: list[Owner]) -> str:
    digest = hashlib.sha256()
    for owner in owners:
        texts = [owner.path / name for name in ("pack.yaml", "library.yaml", "rates.yaml")]
        for file in [*texts, *sorted(set(owner.table_files))]:
            if file.exists():
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


# --- what only the whole shows --------------------------------------------------------------------


def _check_use(folder: Folder, book: Rulebook) -> None:
    for circle in circles(schemes_read(book.schemes, book.definitions.values())):
        message = f"schemes go round in a circle: {' -> '.join(circle)}"
        folder.tell(folder.owners[circle[0]], message, "scheme")
    for name, pack in book.packs.items():
        owner = folder.owners[name]
        folder.tell_all(owner, dead_workings(pack, book.definitions.values()))
        folder.tell_all(owner, wrong_ids(pack, book.catalogue))
        folder.tell_all(owner, _unlawful(folder, book, owner))


def _unlawful(folder: Folder, book: Rulebook, owner: Owner) -> list[Complaint]:
    scheme = book.schemes[owner.name]
    definitions = (*scheme.conditions, *scheme.parts, *scheme.notes)
    read = book.facts_read(each.name for each in definitions)
    sources = (owner, *folder.behind(owner))
    cited = {fact for each in sources for fact in each.model.protected_facts}
    uncited = [fact for fact in read if book.catalogue.facts[fact].protected and fact not in cited]
    return unlawful_facts(owner.name, read, uncited, book.gateways)
