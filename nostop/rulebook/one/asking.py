"""Which unknown facts could still move a value, and whose: what to ask for a subject's sake.
`matters.py` says the same for columns; they must agree.

A fact matters where it is unknown itself, its uncertainty gets through every node on the way up,
and the value is not known. `married or total(savings) < limit` is settled for the married: their
savings are not asked for.
"""

from collections.abc import Callable, Iterable
from typing import Any

from nostop.rulebook.one import arithmetic as a
from nostop.rulebook.one.arithmetic import NOTHING, Range
from nostop.rulebook.one.formulas import Formulas
from nostop.rulebook.one.household import Place, Question, Unknown
from nostop.rulebook.one.meanings import Meanings, counts_in, members_of
from nostop.rulebook.schedule import ROLE, receipt_fact
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    DefRef,
    FactRef,
    Logic,
    Node,
    Receipt,
    children,
)

_NOBODY: frozenset[Unknown] = frozenset()


class Questions(dict[str, Question]):
    """What to ask for the sake of each definition by its name, made when first asked for."""

    def __init__(self, formulas: Formulas) -> None:
        super().__init__()
        self.formulas = formulas

    def __missing__(self, name: str) -> Question:
        found = self[name] = self._made(name)
        return found

    def _made(self, name: str) -> Question:
        definition = self.formulas.definitions[name]
        inside = _Paths(self.formulas.meanings(name, observed=False)).of(definition.tree)
        is_open = _is_uncertain if definition.tree.kind.is_number else _is_unknown
        if inside is None:
            return lambda _place: _NOBODY
        return lambda place: inside(place) if is_open(place.value(name)) else _NOBODY


def _is_unknown(value: object) -> bool:
    return value is None


def _is_uncertain(value: Range) -> bool:
    return not a.is_known(value)


class _Paths:
    """The ways from the nodes of one definition to the facts they rest on."""

    def __init__(self, meanings: Meanings) -> None:
        self.meanings = meanings

    def of(self, node: Node) -> Question | None:
        """Return what to ask for the sake of a node; None where it rests on no fact."""
        way = _WAYS.get(type(node))
        return self.together(children(node)) if way is None else way(self, node)

    def together(self, nodes: Iterable[Node]) -> Question | None:
        """Return what to ask for the sake of any of several nodes."""
        return _merged([self.of(node) for node in nodes])


def _merged(questions: Iterable[Question | None]) -> Question | None:
    found = [each for each in questions if each is not None]
    if len(found) < 2:
        return found[0] if found else None
    return lambda place: _NOBODY.union(*(each(place) for each in found))


def _where(is_open: Callable[[Place], bool], question: Question | None) -> Question | None:
    if question is None:
        return None
    return lambda place: question(place) if is_open(place) else _NOBODY


# --- what is read ---------------------------------------------------------------------------------


def _fact(_paths: _Paths, node: FactRef) -> Question:
    name, level = node.name, node.level

    def asked(place: Place) -> frozenset[Unknown]:
        if level is not None:
            place = place.up(level)
        return _NOBODY if place.row.get(name) is not None else frozenset([(place.id, name)])

    return asked


def _receipt(paths: _Paths, node: Receipt) -> Question:
    value, name = paths.meanings.of(node), receipt_fact(node.scheme)
    # Receipt may be known and its amount not: nothing but the amount then can settle this.
    is_open = _is_uncertain if node.function == "award" else _is_unknown
    return lambda place: frozenset([(place.id, name)]) if is_open(value(place)) else _NOBODY


def _definition(paths: _Paths, node: DefRef) -> Question:
    name, level = node.name, paths.meanings.definitions[node.name].level
    return lambda place: place.up(level).asks(name)


def _aggregate(paths: _Paths, node: Aggregate) -> Question | None:
    members = members_of(paths.meanings, node)
    question = paths.together(children(node)) or _nothing_asked
    # A settled aggregate lets nothing through, whatever is unknown of its members.
    value = paths.meanings.of(node)
    is_open = _is_uncertain if node.kind.is_number else _is_unknown

    def lets_through(place: Place) -> bool:
        return is_open(value(place))

    counts = counts_in(paths.meanings, node)

    def asked(place: Place) -> frozenset[Unknown]:
        return _NOBODY.union(
            *(
                # Of those who may be there, first of all whether they are.
                frozenset([(place.id, ROLE)]) if each.is_perhaps else question(each)
                for each in members(place)
                if counts(each) is not False
            )
        )

    return _where(lets_through, asked)


def _nothing_asked(_place: Place) -> frozenset[Unknown]:
    return _NOBODY


# --- what lets through ----------------------------------------------------------------------------


def _truth(paths: _Paths, node: Logic | Compare | Among) -> Question | None:
    truth = paths.meanings.of(node)
    return _where(lambda place: truth(place) is None, paths.together(children(node)))


def _choose(paths: _Paths, node: Choose) -> Question | None:
    test = paths.meanings.of(node.condition)
    return _merged(
        [
            paths.of(node.condition),
            _where(lambda place: test(place) is not False, paths.of(node.then)),
            _where(lambda place: test(place) is not True, paths.of(node.otherwise)),
        ]
    )


def _call(paths: _Paths, node: Call) -> Question | None:
    if node.function in ("at_least", "at_most"):
        return _clip(paths, node)
    if node.function == "recorded_or":
        # The formula stands in for the fact: what it rests on is asked for, not the fact.
        fact, formula = node.args
        recorded = paths.meanings.of(fact)
        return _where(lambda place: not a.is_known(recorded(place)), paths.of(formula))
    return paths.together(node.args)


def _clip(paths: _Paths, node: Call) -> Question | None:
    """Of two amounts, one that loses over its whole range moves nothing."""
    left, right = node.args
    first, second = paths.meanings.of(left), paths.meanings.of(right)
    loses = _is_never_above if node.function == "at_least" else _is_never_below
    return _merged(
        [
            _where(lambda place: not loses(first(place), second(place)), paths.of(left)),
            _where(lambda place: not loses(second(place), first(place)), paths.of(right)),
        ]
    )


def _is_never_above(one: Range, other: Range) -> bool:
    return one[1] is not None and other[0] is not None and one[1] <= other[0]


def _is_never_below(one: Range, other: Range) -> bool:
    return _is_never_above(other, one)


def _arith(paths: _Paths, node: Arith) -> Question | None:
    if node.op != "*":
        return paths.together(children(node))
    left, right = paths.meanings.of(node.left), paths.meanings.of(node.right)
    return _merged(
        [
            _where(lambda place: right(place) != NOTHING, paths.of(node.left)),
            _where(lambda place: left(place) != NOTHING, paths.of(node.right)),
        ]
    )


#: Nodes that are not here (conversions, look-ups) let everything through.
_WAYS: dict[type[Node], Callable[[_Paths, Any], Question | None]] = {
    FactRef: _fact,
    Receipt: _receipt,
    DefRef: _definition,
    Aggregate: _aggregate,
    Logic: _truth,
    Compare: _truth,
    Among: _truth,
    Choose: _choose,
    Call: _call,
    Arith: _arith,
}
