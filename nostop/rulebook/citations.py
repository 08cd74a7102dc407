"""The law behind each thing that rules say, as one list: what the authors cite, and what they mark
as not verified."""

from collections.abc import Iterator
from dataclasses import dataclass

from nostop.rulebook.book import Rulebook
from nostop.rulebook.packs import Library, Pack, Rate, Table


@dataclass(frozen=True, slots=True)
class Citation:
    """One condition, working, part, rate, table, note or other statement of a pack or library.

    `cites` are the provisions or references (of a rate: one for each dated value); `unverified`
    says what could not be checked, and where it was looked for.
    """

    owner: str
    kind: str
    name: str
    says: str
    cites: tuple[str, ...]
    unverified: str | None = None


def citations(book: Rulebook) -> list[Citation]:
    """Return every citation of a rule book, by pack and library."""
    found: list[Citation] = []
    for owner, library in book.libraries.items():
        found += _of_model(owner, library)
    for owner, pack in book.packs.items():
        found += [*_of_model(owner, pack), *_of_pack(owner, pack), *_of_effects(owner, pack)]
    found += [_of_number(name, rate) for name, rate in book.rates.items()]
    found += [_of_number(name, table) for name, table in book.tables.items()]
    return sorted(found, key=lambda each: (each.owner, each.kind, each.name))


def _of_number(qualified: str, number: Rate | Table) -> Citation:
    owner, _, name = qualified.partition(".")
    kind = "rate" if isinstance(number, Rate) else "table"
    references = tuple(each.reference for each in number.values)
    return Citation(owner, kind, name, number.means, references, number.unverified)


def _of_model(owner: str, model: Pack | Library) -> Iterator[Citation]:
    for name, each in model.work_out.items():
        yield Citation(owner, "working", name, each.says, (each.cite,), each.unverified)
    for name, cite in model.protected_facts.items():
        yield Citation(owner, "protected_fact", name, name, (cite,))
    if model.periods is not None:
        yield Citation(owner, "periods", "periods", "weeks in a year", (model.periods.cite,))


def _of_pack(owner: str, pack: Pack) -> Iterator[Citation]:
    for each in pack.entitled_when:
        yield Citation(owner, "condition", each.id, each.says, (each.cite,), each.unverified)
    for name, part in pack.award.parts.items():
        yield Citation(owner, "part", name, part.says or name, (part.cite,), part.unverified)
    for kind, given in (("in_kind", pack.award.in_kind), ("round", pack.award.round)):
        if given is not None:
            yield Citation(owner, kind, kind, kind.replace("_", " "), (given.cite,))
    for note in pack.notes:
        yield Citation(owner, "note", note.id, note.says, (note.cite,))


def _of_effects(owner: str, pack: Pack) -> Iterator[Citation]:
    if pack.claim.backdate is not None:
        yield Citation(owner, "backdate", "backdate", "backdating", (pack.claim.backdate.cite,))
    for closing in pack.closes:
        yield Citation(owner, "closes", closing.award, closing.says, (closing.cite,))
    if pack.claim.deadline is not None:
        last = pack.claim.deadline
        yield Citation(owner, "deadline", "deadline", last.says, (last.cite,))
    for own in pack.changes:
        yield Citation(owner, "changes", own.fact, own.says, (own.cite,))
    for change in pack.changes_for_others:
        yield Citation(owner, "changes_for_others", change.fact, change.says, (change.cite,))
