"""Conditions that are always true or always false: what they ask has one answer for everybody."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise, product
from math import prod

from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.one.arithmetic import Truth
from nostop.rulebook.results import all_definitions
from nostop.rulebook.soundness.anybody import Anybody
from nostop.rulebook.tree import Definition, Node

#: With more ways than this in which what a condition asks can be answered, none is tried.
_MOST_WAYS = 512
#: After every date of law, and before 9999-12-31, which is never.
_LAST_DAY = date(9000, 1, 1)
#: A word that no fact has: it stands for all that a formula does not name.
_OTHER = "\0"


def always_decided(book: Rulebook) -> Iterator[tuple[str, int, bool]]:
    """Yield scheme, number and answer of each condition that is always true or always false.

    What is found is so for everybody, on every day that the condition's rates tell apart. Not
    everything is found: two amounts that hang together in law are taken as free of each other.
    """
    definitions = all_definitions(book)
    of_day: dict[date, Anybody] = {}
    for name, scheme in book.schemes.items():
        for index, condition in enumerate(scheme.conditions):
            found: set[Truth] = set()
            for on in _days(book, scheme, condition):
                anybody = of_day.setdefault(on, Anybody(book, definitions, on))
                found.add(_decided(anybody, condition.tree))
                if len(found) > 1 or None in found:
                    break
            if len(found) == 1:
                (truth,) = found
                if truth is not None:
                    yield name, index, truth


def _days(book: Rulebook, scheme: Scheme, condition: Definition) -> list[date]:
    """The days on which what a condition reads may change, the latest first."""
    span = scheme.pack.in_force
    # Long after the last of them, what `effective_date` is held against lies behind.
    days = {span.from_, span.to or _LAST_DAY}
    for name in book.rates_read([condition.name]):
        for each in book.rates[name].values if name in book.rates else ():
            days.add(each.from_)
            if isinstance(each.value, date) and each.value < _LAST_DAY:
                days |= {each.value + timedelta(days=more) for more in (-1, 0, 1)}
    return sorted((day for day in days if scheme.is_in_force(day)), reverse=True)


def _decided(anybody: Anybody, tree: Node) -> Truth:
    """Whether the condition holds, or fails, whatever the answers are to all that it asks."""
    found = anybody.ask(tree)
    if found is not None:
        return found
    asked = {node: _samples(anybody, node, values) for node, values in anybody.asked.items()}
    if prod(map(len, asked.values())) > _MOST_WAYS:
        return None
    for answers in product(*asked.values()):
        truth = anybody.truth(tree, dict(zip(asked, answers, strict=True)))
        if truth is None or (found is not None and truth != found):
            return None
        found = truth
    return found


def _samples(
    anybody: Anybody, node: Node, values: set[str | Fraction]
) -> list[bool | str | Fraction]:
    """Answers of every sort that a question can have: a truth; a word, or another; a number on each
    limit and on either side of it."""
    if not values:
        return [True, False]
    limits = sorted(each for each in values if isinstance(each, Fraction))
    if not limits:
        return [*node.kind.values] or [*sorted(map(str, values)), _OTHER]
    between = [(low + high) / 2 for low, high in pairwise(limits)]
    low, high = anybody.number(node)
    return [
        each
        for each in (limits[0] - 1, *limits, *between, limits[-1] + 1)
        if (low is None or low <= each) and (high is None or each <= high)
    ]
