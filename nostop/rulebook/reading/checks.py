"""Checks over names and schemes that need no formula to be read twice: clashes, and circles between
schemes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from nostop.model import Level, nearest
from nostop.rulebook.book import Rulebook
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.packs import Change, Library, Pack, RatesFile
from nostop.rulebook.reading.calls import RESERVED
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
    """Return, for each scheme, the schemes whose outcome or amount it reads, itself or through the
    libraries it rests on."""
    known = {each.name: each for each in definitions}
    found: dict[str, set[str]] = {}
    for scheme in schemes:
        waiting = [name for name in known if name.startswith(f"{scheme}.")]
        seen, read = set(waiting), set()
        while waiting:
            for name in known[waiting.pop()].reads:
                owner, _, rest = name.partition(".")
                if rest in ("entitled", "amount"):
                    read.add(owner)
                elif name in known and name not in seen:
                    seen.add(name)
                    waiting.append(name)
        found[scheme] = read
    return found


def unlawful_facts(
    pack: Pack, read: Collection[str], uncited: Iterable[str], book: Rulebook
) -> list[Complaint]:
    """Return the protected facts that a pack reads without a citation, and all that it reads
    without a gateway.

    Args:
        read: the facts that its conditions, parts and notes rest on.
        uncited: those of them that are protected and cited nowhere.
    """
    why = "without a reason: cite the law under protected_facts"
    meant = {nearest_of(name, read) for name in pack.protected_facts}
    found: list[Complaint] = [
        (f"reads the protected fact '{fact}' {why}", ("protected_facts",))
        for fact in sorted(uncited)
        if fact not in meant
    ]
    allowed = {
        fact
        for gateway in book.gateways
        if pack.scheme in gateway.schemes
        for fact in gateway.fields
    }
    lacking = sorted(set(read) - allowed)
    if lacking:
        found.append((_no_gateway(pack.scheme, lacking, book), ("scheme",)))
    return found


def _no_gateway(scheme: str, facts: list[str], book: Rulebook) -> str:
    """One message: a pack without a gateway lacks one for each fact it reads."""
    many = f"{len(facts)} facts" if len(facts) > 1 else f"'{facts[0]}'"
    listed = f": {', '.join(facts)}" if len(facts) > 1 else ""
    named = {name for gateway in book.gateways for name in gateway.schemes}
    meant = nearest_of(scheme, named - {*book.schemes})
    hint = f"; it has '{meant}': is that meant?" if meant else ""
    return f"reads {many} for which gateways.yaml has no gateway for {scheme}{listed}{hint}"


def nearest_of(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like one that is none of them, or an empty text."""
    names = sorted(known)
    return "" if name in names else nearest(name, names)[len("; did you mean '") : -len("'?")]


def wrong_ids(pack: Pack, catalogue: Catalogue) -> list[Complaint]:
    """Return ids that name nothing, or are used twice."""
    facts: list[tuple[str, Keys]] = [
        (name, ("ask_person", index)) for index, name in enumerate(pack.ask_person)
    ]
    awards: list[tuple[str, Keys]] = [(pack.receipt, ("receipt",))]
    awards += [(each.award, ("closes", index, "award")) for index, each in enumerate(pack.closes)]
    for index, own in enumerate(pack.changes):
        facts.append((own.fact, ("changes", index, "fact")))
    for index, change in enumerate(pack.changes_for_others):
        facts.append((change.fact, ("changes_for_others", index, "fact")))
        facts.append((change.whose, ("changes_for_others", index, "whose")))
    return [
        *_wrong_changes(pack, catalogue),
        *_none_of(facts, list(catalogue.facts), "fact"),
        *_none_of(awards, list(catalogue.awards), "award"),
        *_twice(pack),
    ]


def _wrong_changes(pack: Pack, catalogue: Catalogue) -> Iterator[Complaint]:
    """Changes of facts to what they cannot be, or of another person's that is no person's."""
    changes: dict[str, Sequence[Change]] = {
        "changes": pack.changes,
        "changes_for_others": pack.changes_for_others,
    }
    for key, listed in changes.items():
        for index, each in enumerate(listed):
            fact = catalogue.facts.get(each.fact)
            if fact is not None and not fact.accepts(each.to):
                kind = f"one of {', '.join(fact.values)}" if fact.values else fact.type
                yield (
                    f"'{each.to}' is nothing that '{each.fact}' can be: {kind}",
                    (key, index, "to"),
                )
    for index, other in enumerate(pack.changes_for_others):
        keys = ("changes_for_others", index)
        fact, whose = catalogue.facts.get(other.fact), catalogue.facts.get(other.whose)
        if fact is not None and fact.level is not Level.PERSON:
            yield (
                f"'{other.fact}' is a fact of a {fact.level.value}, not of a person",
                (*keys, "fact"),
            )
        if whose is not None and (whose.type != "code" or whose.level is not Level.PERSON):
            yield (
                f"'{other.whose}' holds no person's id: it must be a person's code",
                (*keys, "whose"),
            )


def _none_of(named: list[tuple[str, Keys]], known: list[str], what: str) -> list[Complaint]:
    return [
        (f"'{name}' is no {what}{nearest(name, known)}", keys)
        for name, keys in named
        if name not in known
    ]


def unknown_protected(model: Pack | Library, catalogue: Catalogue) -> list[Complaint]:
    """Return what a pack or library cites as protected facts, and that is no fact."""
    return [
        (f"'{name}' is no fact{nearest(name, list(catalogue.facts))}", ("protected_facts", name))
        for name in model.protected_facts
        if name not in catalogue.facts
    ]


def _twice(pack: Pack) -> list[Complaint]:
    ids: dict[str, Sequence[str]] = {
        "entitled_when": [each.id for each in pack.entitled_when],
        "notes": [each.id for each in pack.notes],
        "closes": [each.award for each in pack.closes],
        "changes": [each.fact for each in pack.changes],
        "changes_for_others": [each.fact for each in pack.changes_for_others],
    }
    lists: dict[str, Sequence[str]] = {
        "applies_in": pack.applies_in,
        "local_authorities": pack.local_authorities,
        "uses": pack.uses,
        "ask_person": pack.ask_person,
        "opens": pack.opens,
    }
    found = [(f"id '{name}' is used twice", (key, at)) for key, name, at in _repeated(ids)]
    more = [(f"'{name}' is named twice: keep one", (key, at)) for key, name, at in _repeated(lists)]
    return [*found, *more]


def _repeated(lists: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, int]]:
    for key, names in lists.items():
        for index, name in enumerate(names):
            if name in names[:index]:
                yield key, name, index
