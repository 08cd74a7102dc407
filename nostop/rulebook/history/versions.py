"""The content hash of each scheme: it moves with everything that can change a result of the scheme
or what is said of one, and with nothing else.

It covers what the files say, not their bytes:

* the scheme's own pack, every word of it, and its own rates and tables;
* of libraries, the workings, rates and tables that it rests on in any depth, and their periods;
* of other schemes that it reads, the formulas and numbers it rests on and what the engine makes of
  the pack (where it applies, whom it decides for, period, rounding): their words are theirs;
* of the catalogue, the facts and awards it reads, but for the words that say what they mean and for
  whom to believe where departments differ, and the order in which missing facts are asked for.

Comments, blank space, the order of keys, and whether rows stand in YAML or CSV, count for nothing;
nor do cases (they prove, they decide nothing) and gateways (they have dates and a state of their
own).
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from nostop.rulebook.book import Rulebook
from nostop.rulebook.results import all_definitions
from nostop.rulebook.tree import Definition, FactRef, Lookup, RateRef, Receipt

#: What the engine reads of another pack, and of its workings, beside formulas and numbers.
_OF_A_PACK = {"applies_in", "local_authorities", "in_force", "decides_for", "receipt", "periods"}
_OF_A_WORKING = {"formula", "level", "turning_points"}
#: What is said of a fact that no result on given facts hangs on: words, and whom feeds believe.
_NOT_OF_A_FACT = {"means", "believe", "prefer", "in_conflict"}
#: What a rate or table says that nothing is worked out with.
_WORDS: dict[str, Any] = {"means": True, "unverified": True, "values": {"__all__": {"reference"}}}


def with_content_hashes(book: Rulebook) -> Rulebook:
    """Return a rule book, checked and found whole, with the content hash of each scheme."""
    content = _Content(book)
    schemes = {
        name: replace(scheme, content_hash=content.hash_of(name))
        for name, scheme in book.schemes.items()
    }
    return replace(book, schemes=schemes)


def owners_behind(book: Rulebook) -> dict[str, set[str]]:
    """Return, for each scheme, the libraries and other schemes that its results rest on."""
    content = _Content(book)
    return {
        name: {_owner(each) for each in content.rests_on(name)} - {name} for name in book.schemes
    }


def schemes_behind(book: Rulebook) -> dict[str, set[str]]:
    """Return, for each scheme, the other schemes that its results rest on in any depth."""
    return {name: owners & book.schemes.keys() for name, owners in owners_behind(book).items()}


@dataclass(slots=True)
class _Content:
    """What each scheme of a book rests on. A table is hashed once, however many schemes read it."""

    book: Rulebook
    definitions: dict[str, Definition] = field(default_factory=dict)
    digests: dict[tuple[str, bool], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.definitions |= all_definitions(self.book)

    def hash_of(self, scheme: str) -> str:
        """Return the content hash of one scheme: SHA-256 in hexadecimal."""
        book = self.book
        rests_on = self.rests_on(scheme)
        nodes = [node for name in rests_on for node in self.definitions[name].nodes]
        facts = {node.name for node in nodes if isinstance(node, FactRef)}
        read = {node.name for node in nodes if isinstance(node, RateRef)}
        read |= {node.table for node in nodes if isinstance(node, Lookup)}
        own = {name for name in (*book.rates, *book.tables) if _owner(name) == scheme}
        others = {_owner(name) for name in rests_on} - {scheme}
        awards = {node.scheme for node in nodes if isinstance(node, Receipt)}
        return _digest(
            {
                "pack": _dump(book.packs[scheme]),
                "owners": {name: self.owner(name) for name in others},
                "formulas": {
                    name: self.formula(name) for name in rests_on if _owner(name) in others
                },
                "numbers": {name: self.number(name, scheme) for name in own | read},
                "facts": [
                    (name, _dump(book.catalogue.facts[name], _NOT_OF_A_FACT))
                    for name in book.catalogue.asking_order()
                    if name in facts
                ],
                "awards": {name: book.catalogue.awards[name].per for name in awards},
            }
        )

    def rests_on(self, scheme: str) -> list[str]:
        """Every definition that a scheme's results and notes rest on, by name."""
        notes = (each.name for each in self.book.schemes[scheme].notes)
        waiting = [f"{scheme}.amount", f"{scheme}.claimed", *notes]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.definitions[name].reads
        return sorted(found)

    def owner(self, name: str) -> object:
        """What a library, or another pack, says that holds for all its formulas."""
        if name in self.book.libraries:
            return _dump(self.book.libraries[name].periods)
        pack = self.book.packs[name]
        return [
            pack.model_dump(mode="json", include=_OF_A_PACK),
            pack.award.per,
            _dump(pack.award.round),
        ]

    def formula(self, name: str) -> object:
        """What stands behind a definition of a library or of another pack."""
        owner, _, local = name.partition(".")
        if owner in self.book.libraries:
            return _dump(self.book.libraries[owner].work_out[local])
        pack = self.book.packs[owner]
        if local in pack.work_out:
            return pack.work_out[local].model_dump(mode="json", include=_OF_A_WORKING)
        if local in pack.award.parts:
            return pack.award.parts[local].formula
        conditions = {f"when.{each.id}": each.when for each in pack.entitled_when}
        return conditions.get(local)  # what has no formula of its own follows from `owner`

    def number(self, name: str, scheme: str) -> str:
        """The digest of a rate or table, as a scheme reads it: without words if it is another's."""
        is_others = _owner(name) in self.book.packs.keys() - {scheme}
        if (name, is_others) not in self.digests:
            table = self.book.tables.get(name)
            number = table or self.book.rates[name]
            said = number.model_dump(mode="json", exclude=_WORDS if is_others else None)
            # Formulas give a table's keys in their order: here it counts.
            self.digests[name, is_others] = _digest([list(table.keys) if table else None, said])
        return self.digests[name, is_others]


def _owner(qualified: str) -> str:
    return qualified.partition(".")[0]


def _dump(model: BaseModel | None, apart: set[str] | None = None) -> object:
    return model and model.model_dump(mode="json", exclude=apart)


def _digest(said: object) -> str:
    text = json.dumps(_even(said), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _even(said: object) -> object:
    """The same with one space wherever a text has blank space: lines may be broken anywhere."""
    if isinstance(said, str):
        return " ".join(said.split())
    if isinstance(said, dict):
        return {key: _even(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [_even(each) for each in said]
    return said
