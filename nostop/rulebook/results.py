"""What every scheme has beside what its pack says: the condition on the nation, the outcome, the
award, the amount and whether it is claimed, as definitions like any other."""

from functools import reduce
from typing import get_args

from nostop.model import Level
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.packs import Nation
from nostop.rulebook.tree import (
    BOOL,
    ZERO,
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Definition,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Node,
    Receipt,
)

_NOTHING = Lit(ZERO, None, 0)


def all_definitions(book: Rulebook) -> dict[str, Definition]:
    """Return every definition of a book, with the results of its schemes."""
    found = dict(book.definitions)
    for scheme in book.schemes.values():
        found |= result_definitions(scheme)
    return found


def result_definitions(scheme: Scheme) -> dict[str, Definition]:
    """Return applies_in, entitled, award, amount and claimed of a scheme, by qualified name."""
    trees = {
        "when.applies_in": _applies_in(scheme),
        "entitled": _entitled(scheme),
        "award": _award(scheme),
        "amount": _amount(scheme),
        "claimed": _claimed(scheme),
    }
    level, says = scheme.pack.decides_for, scheme.pack.title.en
    written = (scheme.folder / "pack.yaml", 1, 1)
    return {
        f"{scheme.id}.{key}": Definition(f"{scheme.id}.{key}", level, tree, says, "", written)
        for key, tree in trees.items()
    }


def _applies_in(scheme: Scheme) -> Node:
    local, nations = scheme.pack.local_authorities, scheme.pack.applies_in
    if local:
        area = FactRef(Kind("text"), Level.HOUSEHOLD, "local_authority")
        return Among(BOOL, Level.HOUSEHOLD, area, local, negated=False)
    if set(nations) == set(get_args(Nation)):
        return Lit(BOOL, None, value=True)  # in every nation: where they live need not be known
    nation = FactRef(Kind("text"), Level.HOUSEHOLD, "nation")
    return Among(BOOL, Level.HOUSEHOLD, nation, nations, negated=False)


def _entitled(scheme: Scheme) -> Node:
    level = scheme.pack.decides_for
    names = [f"{scheme.id}.when.applies_in", *(each.name for each in scheme.conditions)]
    return Logic(BOOL, level, "and", tuple(DefRef(BOOL, level, name) for name in names))


def _award(scheme: Scheme) -> Node:
    """The parts together, never below 0, rounded as the law says; else to the penny, down."""
    level, money = scheme.pack.decides_for, _money(scheme)
    parts: list[Node] = [DefRef(each.tree.kind, level, each.name) for each in scheme.parts]
    if not parts:
        return _NOTHING
    together = reduce(lambda a, b: Arith(money, level, "+", a, b), parts)
    together = Call(money, level, "at_least", (together, _NOTHING))
    rounding = scheme.pack.award.round
    option = f"{rounding.to} {rounding.direction}" if rounding else "penny down"
    return Call(money, level, "round_to", (together,), option)


def _amount(scheme: Scheme) -> Node:
    level, money = scheme.pack.decides_for, _money(scheme)
    is_entitled = DefRef(BOOL, level, f"{scheme.id}.entitled")
    award = DefRef(money, level, f"{scheme.id}.award")
    return Choose(money, level, is_entitled, award, _NOTHING)


def _claimed(scheme: Scheme) -> Node:
    receipt = Receipt(BOOL, Level.PERSON, "claimed", scheme.pack.receipt)
    if scheme.pack.decides_for is Level.PERSON:
        return receipt
    return Aggregate(BOOL, scheme.pack.decides_for, "any", Level.PERSON, ("adult",), receipt, None)


def _money(scheme: Scheme) -> Kind:
    return Kind("money", scheme.pack.award.per)
