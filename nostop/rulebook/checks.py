"""Checks over names and schemes that need no formula to be read twice: clashes, and circles between schemes."""

from collections.abc import Iterable, Mapping

from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.packs import Library, Pack, RatesFile
from nostop.rulebook.parse import RESERVED

#: A place in a file: the path of keys that leads to it.
Keys = tuple[str | int, ...]
Clash = tuple[str, Keys]


def name_clashes(model: Pack | Library, catalogue: Catalogue, shared: Mapping[str, str]) -> list[Clash]:
    """Return names of a pack or library that already mean something: a word, a fact, or what a library it uses calls so.

    Args:
        shared: the names of its rates and of the libraries it uses, with what each is ("a rate of net_earnings").
    """
    taken = {**dict.fromkeys(catalogue.facts, "a fact"), **dict.fromkeys(RESERVED, "a word of the rule language"), **shared}
    found = [_clash(name, taken[name], ("work_out", name)) for name in model.work_out if name in taken]
    if not isinstance(model, Pack):
        return found
    taken |= dict.fromkeys(model.work_out, "a working")
    found += [_clash(name, taken[name], ("award", "parts", name)) for name in model.award.parts if name in taken]
    for index, condition in enumerate(model.entitled_when):
        if condition.id == "applies_in":
            found.append(_clash(condition.id, "the engine's own condition on the nation", ("entitled_when", index)))
    return found


def rate_clashes(rates: RatesFile, catalogue: Catalogue) -> list[Clash]:
    """Return rates and tables whose names already mean something."""
    taken = {**dict.fromkeys(catalogue.facts, "a fact"), **dict.fromkeys(RESERVED, "a word of the rule language")}
    found = [_clash(name, taken[name], ("rates", name)) for name in rates.rates if name in taken]
    taken |= dict.fromkeys(rates.rates, "a rate")
    return found + [_clash(name, taken[name], ("tables", name)) for name in rates.tables if name in taken]


def _clash(name: str, what: str, keys: Keys) -> Clash:
    return f"'{name}' is already {what}: choose another name", keys


def circles(reads: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the first circle met from each name, as a path that ends where it began; none is told twice."""
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
