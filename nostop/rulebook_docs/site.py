"""What the pages share: which schemes and libraries have one, what reads what, and where a name
leads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import TypeVar

from nostop.rulebook import Rulebook
from nostop.rulebook.citations import Citation, citations
from nostop.rulebook.history.changes import Change, changes
from nostop.rulebook.packs import Gateway, Library, Pack, Rate, Table
from nostop.rulebook.rates import Constants, constants_on
from nostop.rulebook.tree import Definition, DefRef, FactRef, Lookup, Node, RateRef, Receipt
from nostop.rulebook_docs.cases import Cases, read_cases
from nostop.rulebook_docs.markup import Html, link, text

T = TypeVar("T")
#: What `entitled(x)` and `entitlement(x)` become in a tree: a name of the scheme's own.
_RESULTS = {"entitled": "entitled", "amount": "entitlement"}


@dataclass(frozen=True, slots=True)
class Source:
    """One pack or library: what its file says; its definitions, rates and tables by their local
    names; and its worked cases by file. `folder` is relative to the rules folder."""

    name: str
    model: Pack | Library
    folder: PurePath
    definitions: dict[str, Definition]
    rates: dict[str, Rate]
    tables: dict[str, Table]
    cases: Cases
    citations: tuple[Citation, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        return self.model.title.en if isinstance(self.model, Pack) else self.name.replace("_", " ")

    @property
    def page(self) -> str:
        """The file of its page."""
        kind = "scheme" if isinstance(self.model, Pack) else "library"
        return f"{kind}-{self.name}.html"

    @property
    def unverified(self) -> Iterator[tuple[str, str, str]]:
        """What its authors mark as not verified: the name, the anchor on its page, and why."""
        for each in self.citations:
            if each.unverified is not None:
                yield each.name, f"{each.kind}-{each.name}", each.unverified


def _source(book: Rulebook, name: str) -> Source:
    return Source(
        name=name,
        model=book.libraries[name] if name in book.libraries else book.packs[name],
        folder=book.folders[name].relative_to(book.path),
        definitions=_local(book.definitions, name),
        rates=_local(book.rates, name),
        tables=_local(book.tables, name),
        cases=read_cases(book.folders[name]),
        citations=tuple(each for each in citations(book) if each.owner == name),
    )


def _local(items: dict[str, T], owner: str) -> dict[str, T]:
    start = f"{owner}."
    return {
        name.removeprefix(start): each for name, each in items.items() if name.startswith(start)
    }


@dataclass(frozen=True, slots=True)
class Reach:
    """What a scheme rests on, in any depth: every node of its formulas, the facts that it reads,
    and the packs and libraries whose formulas and figures they name."""

    nodes: tuple[Node, ...]
    facts: frozenset[str]
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Site:
    """One rule book as pages.

    `schemes` have a page, and so have all `sources`: these and the libraries that they rest on.
    `reach` is that of every scheme of the book. `constants` are the rates of the day for which
    values are marked as in force, if a day is asked for. `previous` is the rule book to compare
    with, and `changes` what differs from it; without one there are none.
    """

    book: Rulebook
    schemes: tuple[str, ...]
    sources: dict[str, Source]
    reach: dict[str, Reach]
    constants: Constants | None
    previous: Rulebook | None
    changes: tuple[Change, ...]

    @property
    def on(self) -> date | None:
        """The day for which values are marked as in force."""
        return None if self.constants is None else self.constants.effective_on

    @property
    def packs(self) -> list[Source]:
        """The schemes that have a page."""
        return [self.sources[name] for name in self.schemes]

    @property
    def libraries(self) -> list[Source]:
        """The libraries that have a page."""
        return [each for each in self.sources.values() if isinstance(each.model, Library)]

    def page_of(self, name: str) -> str | None:
        """Return the page of a scheme or library; None where it has none."""
        return self.sources[name].page if name in self.sources else None

    def title_of(self, name: str) -> str:
        """Return what people call a scheme or award."""
        if name in self.book.packs:
            return self.book.packs[name].title.en
        known = self.book.catalogue.awards
        return known[name].means if name in known else name.replace("_", " ")

    def linked(self, name: str) -> Html:
        """Return what people call a scheme, leading to its page where it has one."""
        page, title = self.page_of(name), self.title_of(name)
        return link(page, title) if page else text(title)

    def readers(self, fact: str) -> list[str]:
        """Return the schemes that read a fact."""
        return [name for name, reach in self.reach.items() if fact in reach.facts]

    def gateways(self, fact: str, scheme: str) -> list[Gateway]:
        """Return the gateways under which a scheme may read a fact."""
        return [
            each for each in self.book.gateways if fact in each.fields and scheme in each.schemes
        ]

    def users(self, library: str) -> list[str]:
        """Return the schemes that rest on a library."""
        return [name for name, reach in self.reach.items() if library in reach.owners]

    def behind(self, scheme: str) -> list[Source]:
        """Return the libraries that a scheme rests on."""
        return [each for each in self.libraries if each.name in self.reach[scheme].owners]

    def leads_to(self, node: Node) -> tuple[str, str, str | None] | None:
        """Return, of a node that names something, the word in the formula, what it is called where
        it is listed, and where that leads (None: it has no page). None of other nodes."""
        match node:
            case FactRef(name=name):
                return name, name, f"facts.html#fact-{name}"
            case Receipt(function=function, scheme=scheme):
                return scheme, f"{function}({scheme})", self.page_of(scheme)
            case RateRef(name=name):
                return self._in_source(name, "rate")
            case Lookup(table=name):
                return self._in_source(name, "table")
            case DefRef(name=name):
                return self._defined(name)
        return None

    def _defined(self, name: str) -> tuple[str, str, str | None]:
        owner, local = name.split(".", 1)
        if local in _RESULTS:
            return owner, f"{_RESULTS[local]}({owner})", self.page_of(owner)
        model = self.book.packs.get(owner)
        is_part = model is not None and local in model.award.parts
        return self._in_source(name, "part" if is_part else "working")

    def _in_source(self, name: str, kind: str) -> tuple[str, str, str | None]:
        owner, local = name.split(".", 1)
        page = self.page_of(owner)
        return local, local, f"{page}#{kind}-{local}" if page else None


def build_site(
    book: Rulebook, schemes: Iterable[str], on: date | None, previous: Rulebook | None
) -> Site:
    """Return the site of some schemes of a rule book, and of all libraries where it has every
    scheme.

    Raises:
        RuleError: a file of cases that cannot be read as one.
        YamlError: one of the previous rules that cannot be read.
    """
    chosen = tuple(sorted(schemes))
    reach = {name: _reach(book, name) for name in sorted(book.schemes)}
    named = {owner for scheme in chosen for owner in reach[scheme].owners}
    every = set(chosen) == set(book.schemes)
    libraries = [name for name in sorted(book.libraries) if every or name in named]
    return Site(
        book=book,
        schemes=chosen,
        sources={name: _source(book, name) for name in (*chosen, *libraries)},
        reach=reach,
        constants=None if on is None else constants_on(book, on),
        previous=previous,
        changes=tuple(changes(previous, book)) if previous else (),
    )


def _reach(book: Rulebook, scheme: str) -> Reach:
    """What the conditions, parts and notes of a scheme rest on; not what lies behind another
    scheme's result."""
    chosen = book.schemes[scheme]
    waiting = [*chosen.conditions, *chosen.parts, *chosen.notes]
    found: dict[str, Definition] = {}
    while waiting:
        each = waiting.pop()
        if each.name not in found:
            found[each.name] = each
            waiting += [book.definitions[name] for name in each.reads if name in book.definitions]
    nodes = tuple(node for each in found.values() for node in each.nodes)
    numbers = {node.name for node in nodes if isinstance(node, RateRef)}
    numbers |= {node.table for node in nodes if isinstance(node, Lookup)}
    # The engine itself asks where a scheme applies.
    place = "local_authority" if book.packs[scheme].local_authorities else "nation"
    return Reach(
        nodes=nodes,
        facts=frozenset({place, *(node.name for node in nodes if isinstance(node, FactRef))}),
        owners=frozenset(name.split(".", 1)[0] for name in (*found, *numbers)),
    )
