"""Checks over names and schemes that need no formula to be read twice: clashes, and circles between
schemes."""

from collections.abc import Collection, Iterable, Mapping

from nostop.model import nearest
from nostop.rulebook.calls import RESERVED
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.packs import Gateway, Library, Pack, RatesFile
from nostop.rulebook.tree import Definition

#: A place in a file: the path of keys that leads to it.
Keys = tuple[str | int, ...]
#: What is wrong, and where.
Complaint = tuple[str, Keys]


def name_clashes(
    model: Pack | Library, catalogue: Catalogue, shared: Mapping[str, str]
) -> list[Complaint]:
    """Return names of a pack or library that already mean something: a word, a fact, or what a
    library it uses calls so.

    Args:
        shared: the names of its rates and of the libraries it uses, with what each is ("a rate of
            net_earnings").
    """
    taken = {
        **dict.fromkeys(catalogue.facts, "a fact"),
        **dict.fromkeys(RESERVED, "a word of the rule language"),
        **shared,
    }
    found = [
        _clash(name, taken[name], ("work_out", name)) for name in model.work_out if name in taken
    ]
    if not isinstance(model, Pack):
        return found
    taken |= dict.fromkeys(model.work_out, "a working")
    found += [
        _clash(name, taken[name], ("award", "parts", name))
        for name in model.award.parts
        if name in taken
    ]
    for index, condition in enumerate(model.entitled_when):
        if condition.id == "applies_in":
            found.append(
                _clash(
                    condition.id,
                    "the engine's own condition on the nation",
                    ("entitled_when", index),
                )
            )
    return found


def rate_clashes(rates: RatesFile, catalogue: Catalogue) -> list[Complaint]:
    """Return rates and tables whose names already mean something."""
    taken = {
        **dict.fromkeys(catalogue.facts, "a fact"),
        **dict.fromkeys(RESERVED, "a word of the rule language"),
    }
    found = [_clash(name, taken[name], ("rates", name)) for name in rates.rates if name in taken]
    taken |= dict.fromkeys(rates.rates, "a rate")
    return found + [
        _clash(name, taken[name], ("tables", name)) for name in rates.tables if name in taken
    ]


def _clash(name: str, what: str, keys: Keys) -> Complaint:
    return f"'{name}' is already {what}: choose another name", keys


def circles(reads: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the first circle met from each name, as a path that ends where it began; none is told
    twice."""
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name not in done:
            for other in sorted(reads.get(name, ())):
                visit(other, [*path, name])
            done.add(name)

    for name in sorted(reads):
        visit(name, [])
    return found


def schemes_read(schemes: Iterable[str], definitions: Iterable[Definition]) -> dict[str, set[str]]:
    """Return, for each scheme, the schemes whose outcome or amount it reads."""
    found: dict[str, set[str]] = {name: set() for name in schemes}
    for definition in definitions:
        owner = definition.name.split(".")[0]
        for name in definition.reads:
            if owner in found and name.endswith((".entitled", ".amount")):
                found[owner].add(name.split(".")[0])
    return found


def dead_workings(pack: Pack, definitions: Iterable[Definition]) -> list[Complaint]:
    """Return workings of a pack that nothing reads. A library's may serve a pack yet to be
    written."""
    read = {name for each in definitions for name in each.reads}
    return [
        (f"working '{name}' is read by nothing: use it or take it out", ("work_out", name))
        for name in pack.work_out
        if f"{pack.scheme}.{name}" not in read
    ]


def unlawful_facts(
    scheme: str, read: Iterable[str], uncited: Collection[str], gateways: Iterable[Gateway]
) -> list[Complaint]:
    """Return facts that a scheme reads without a gateway, or, where protected, without a
    citation."""
    allowed = {fact for gateway in gateways if scheme in gateway.schemes for fact in gateway.fields}
    found: list[Complaint] = []
    for fact in sorted(read):
        if fact in uncited:
            why = "without a reason: cite the law under protected_facts"
            found.append((f"reads the protected fact '{fact}' {why}", ("protected_facts",)))
        if fact not in allowed:
            why = f"for which gateways.yaml has no gateway for {scheme}"
            found.append((f"reads '{fact}' {why}", ("scheme",)))
    return found


def wrong_ids(pack: Pack, catalogue: Catalogue) -> list[Complaint]:
    """Return ids that name nothing, or are used twice."""
    found: list[Complaint] = []
    for index, name in enumerate(pack.ask_person):
        if name not in catalogue.facts:
            hint = nearest(name, list(catalogue.facts))
            found.append((f"'{name}' is no fact{hint}", ("ask_person", index)))
    if pack.receipt not in catalogue.awards:
        hint = nearest(pack.receipt, list(catalogue.awards))
        found.append((f"'{pack.receipt}' is no award{hint}", ("receipt",)))
    ids = {
        "entitled_when": [each.id for each in pack.entitled_when],
        "notes": [each.id for each in pack.notes],
    }
    for key, names in ids.items():
        twice = [index for index, name in enumerate(names) if name in names[:index]]
        found += [(f"id '{names[index]}' is used twice", (key, index)) for index in twice]
    return found
