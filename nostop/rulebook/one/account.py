"""Everything that one result rests on, for explanations: each definition's value for each subject,
and the unknown facts that it met, whether or not they mattered."""

from collections.abc import Iterable
from typing import Any

from nostop.rulebook.one import arithmetic as a
from nostop.rulebook.one.arithmetic import Range
from nostop.rulebook.one.household import Place, Unknown
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.meanings import Meanings, members_of
from nostop.rulebook.schedule import receipt_fact
from nostop.rulebook.tree import Aggregate, Call, DefRef, FactRef, Node, Receipt, children


class Account:
    """What one result rests on, in the order in which it is needed first.

    `unknown` holds, by (definition, subject id), the unknown facts met; `stand_ins` what was worked
    out in place of a fact that no record holds.
    """

    def __init__(self, interpreter: Interpreter, result: Result) -> None:
        self.interpreter = interpreter
        self.place = result.place
        self.unknown: dict[tuple[str, str], frozenset[Unknown]] = {}
        self.stand_ins: dict[Unknown, Range] = {}
        self._values: dict[tuple[str, str], Any] = {}
        scheme = result.plan.scheme
        results = [f"{scheme.id}.{name}" for name in ("entitled", "amount", "claimed")]
        notes = [each.name for each in scheme.notes if each.name in interpreter.plan.noted]
        for name in (*results, *notes):
            self._defined(name, result.place)

    def value(self, name: str) -> Any:  # noqa: ANN401 - a truth value, a word or a range
        """Return a definition's value for the result's subject, or for those above it."""
        level = self.interpreter.formulas.definitions[name].level
        return self.place.up(level).value(name)

    def values(self) -> Iterable[tuple[str, str, Any]]:
        """Return every value on the way: of which definition, for whom, and what."""
        return ((name, subject, found) for (name, subject), found in self._values.items())

    def _defined(self, name: str, place: Place) -> frozenset[Unknown]:
        definition = self.interpreter.formulas.definitions[name]
        place = place.up(definition.level)
        key = name, place.id
        if key not in self.unknown:
            meanings = self.interpreter.formulas.meanings(name, observed=False)
            met = self._met(definition.trees, place, meanings)
            self.unknown[key], self._values[key] = met, place.value(name)
        return self.unknown[key]

    def _met(self, nodes: Iterable[Node], place: Place, meanings: Meanings) -> frozenset[Unknown]:
        """The unknown facts that nodes of one definition meet."""
        found: frozenset[Unknown] = frozenset()
        for node in nodes:
            match node:
                case FactRef(name=name):
                    found |= _if_open(place if node.level is None else place.up(node.level), name)
                case Receipt():
                    found |= _if_receipt_open(node, place, meanings)
                case DefRef(name=name):
                    found |= self._defined(name, place)
                case Aggregate():
                    for member in members_of(meanings, node)(place):
                        found |= self._met(_of_member(node, member, meanings), member, meanings)
                case _:
                    found |= self._met(children(node), place, meanings)
                    self._note_stand_in(node, place, meanings)
        return found

    def _note_stand_in(self, node: Node, place: Place, meanings: Meanings) -> None:
        match node:
            case Call(function="recorded_or", args=(FactRef(name=name) as recorded, formula)):
                # Somebody the fact does not apply to is not asked for it, and has nothing standing
                # in for it.
                roles = meanings.catalogue.facts[name].applies_to
                applies = place.row.get("role") in (None, *roles)
                if applies and not a.is_known(meanings.of(recorded)(place)):
                    self.stand_ins[place.id, name] = meanings.of(formula)(place)


def _of_member(node: Aggregate, member: Place, meanings: Meanings) -> tuple[Node, ...]:
    """What an aggregate asks of a member: of one who does not count, only why not."""
    if node.where is not None and meanings.of(node.where)(member) is False:
        return (node.where,)
    return children(node)


def _if_open(place: Place, fact: str) -> frozenset[Unknown]:
    return frozenset([(place.id, fact)] if place.row.get(fact) is None else [])


def _if_receipt_open(node: Receipt, place: Place, meanings: Meanings) -> frozenset[Unknown]:
    value = meanings.of(node)(place)
    is_open = value is None if node.function != "award" else not a.is_known(value)
    return frozenset([(place.id, receipt_fact(node.scheme))] if is_open else [])
