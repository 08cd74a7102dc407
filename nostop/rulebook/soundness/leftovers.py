"""What stands in a rules folder and serves nothing, or cannot: it changes no result, and is surely
a mistake."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from itertools import pairwise

from nostop.model import nearest
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.packs import Pack, RatesFile
from nostop.rulebook.rates import UPRATED_DAYS
from nostop.rulebook.reading.checks import Complaint
from nostop.rulebook.tree import DefRef, Lookup, Node, RateRef


def names_read(book: Rulebook) -> frozenset[str]:
    """Return every definition, rate and table that some formula of the book reads."""
    nodes = (node for each in book.definitions.values() for node in each.nodes)
    return frozenset(name for node in nodes for name in _names(node))


def _names(node: Node) -> Iterator[str]:
    match node:
        case DefRef(name=name) | RateRef(name=name) | Lookup(table=name):
            yield name


def dead_workings(pack: Pack, read: Collection[str]) -> list[Complaint]:
    """Return workings of a pack that nothing reads. A library's may serve a pack yet to be
    written."""
    return [
        (f"working '{name}' is read by nothing: use it or take it out", ("work_out", name))
        for name in pack.work_out
        if f"{pack.scheme}.{name}" not in read
    ]


def dead_rates(owner: str, rates: RatesFile, read: Collection[str]) -> list[Complaint]:
    """Return rates and tables of a pack that nothing reads. A library's may serve a pack yet to be
    written."""
    return [
        (f"{kind} '{name}' is read by nothing: use it or take it out", (f"{kind}s", name))
        for kind, names in (("rate", rates.rates), ("table", rates.tables))
        for name in names
        if f"{owner}.{name}" not in read
    ]


def skipped_years(rates: RatesFile) -> list[Complaint]:
    """Return the yearly rates and tables of which a year is missing between two others."""
    found: list[Complaint] = []
    for key, named in (("rates", rates.rates), ("tables", rates.tables)):
        for name, rate in named.items():
            days = [each.from_ for each in rate.values] if rate.uprated else []
            for index, (day, following) in enumerate(pairwise(days), start=1):
                last = day + timedelta(days=UPRATED_DAYS)
                if following > last + timedelta(days=1):
                    gap = f"from {last + timedelta(days=1)} to {following - timedelta(days=1)}"
                    what = f"'{name}' is uprated each year and has no value {gap}: add it"
                    found.append((what, (key, name, "values", index)))
    return found


def unused_libraries(book: Rulebook, scheme: Scheme) -> list[Complaint]:
    """Return the libraries that a pack names and reads nothing of."""
    own = (each for name, each in book.definitions.items() if name.startswith(f"{scheme.id}."))
    read = {name.split(".")[0] for each in own for node in each.nodes for name in _names(node)}
    return [
        (f"nothing here reads the library '{name}': take it out", ("uses", index))
        for index, name in enumerate(scheme.pack.uses)
        if name not in read
    ]


def never_read(pack: Pack, read: Collection[str]) -> list[Complaint]:
    """Return what a pack would ask people, and reads nowhere."""
    return [
        (f"'{name}' is read by nothing here, so nobody needs to be asked", ("ask_person", index))
        for index, name in enumerate(pack.ask_person)
        if name not in read
    ]


def opens_nothing(pack: Pack, schemes: Collection[str], catalogue: Catalogue) -> list[Complaint]:
    """Return what a pack says it opens, and that is no scheme, award or offer."""
    known = sorted({*schemes, *catalogue.awards, *catalogue.offers})
    what = "is no scheme, and no award or offer of awards.yaml"
    return [
        (f"'{name}' {what}{nearest(name, known)}", ("opens", index))
        for index, name in enumerate(pack.opens)
        if name not in known
    ]
