"""What each node of a formula means for one subject: a tree becomes a function of a place, once.

What a node means stands in words in `tree.py`; here it is in plain Python. Nothing is worked out
that could not change the result: `and` stops at a false, `a if c else b` leaves out the branch not
taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from operator import attrgetter
from typing import Any

from nostop.model import Level
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.one import arithmetic as a
from nostop.rulebook.one.arithmetic import NOTHING, Range, Truth
from nostop.rulebook.one.household import Function, Place
from nostop.rulebook.one.look_ups import Key, look_up
from nostop.rulebook.rates import Constants
from nostop.rulebook.schedule import applies_to
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    Definition,
    DefRef,
    FactRef,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)

Value = bool | str | Range | None


class Observer:
    """Who is told what was worked out on the way; one who is told everything and notes nothing."""

    def worked_out(self, definition: str, place: Place, value: Value) -> None:
        """Take note of what a definition came to for a subject."""

    def compared(
        self, definition: str, node: Compare, sides: tuple[Value, Value], truth: Truth
    ) -> None:
        """Take note of a comparison that stands in a definition: its sides, and whether it
        holds."""

    def chosen(self, definition: str, node: Choose, test: Truth) -> None:
        """Take note of an `a if c else b` that stands in a definition: whether c holds."""

    def looked_up(self, definition: str, node: Lookup, keys: Sequence[Key]) -> None:
        """Take note of a look-up that stands in a definition: with which keys."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """The meaning of nodes in one definition (`within`) of a plan."""

    catalogue: Catalogue
    definitions: dict[str, Definition]
    constants: Constants
    within: str
    observer: Observer | None = None

    def of(self, node: Node) -> Function:
        """Return the function that gives a node's value for a subject: a truth value (None:
        unknown), a word (None: unknown) or a range."""
        return _MEANINGS[type(node)](self, node)


# --- what is read ---------------------------------------------------------------------------------


def _constant(meanings: Meanings, node: Lit | Today | RateRef) -> Function:
    value = meanings.constants.value(node)
    return _always(value if isinstance(value, bool) else a.exactly(value))


def _word(_meanings: Meanings, node: Word) -> Function:
    return _always(node.text)


def _always(value: Value) -> Function:
    return lambda _place: value


def _fact(_meanings: Meanings, node: FactRef) -> Function:
    return _read(node.name, node.level)


def _definition(meanings: Meanings, node: DefRef) -> Function:
    return _read(node.name, meanings.definitions[node.name].level)


def _receipt(_meanings: Meanings, node: Receipt) -> Function:
    return _read(f"{node.function}:{node.scheme}", Level.PERSON)


def _read(name: str, level: Level | None) -> Function:
    if level is Level.HOUSEHOLD:
        return lambda place: place.home.value(name)
    if level is Level.BENEFIT_UNIT:
        return lambda place: place.unit.value(name)
    return lambda place: place.value(name)


# --- truth values ---------------------------------------------------------------------------------


def _logic(meanings: Meanings, node: Logic) -> Function:
    """Kleene: one false settles `and`, one true settles `or`, whatever is unknown beside it."""
    items = [meanings.of(item) for item in node.items]
    if node.op == "not":
        (item,) = items
        return lambda place: a.negated(item(place))
    settles = node.op == "or"

    def together(place: Place) -> Truth:
        found: Truth = not settles
        for item in items:
            truth: Truth = item(place)
            if truth is settles:
                return settles
            if truth is None:
                found = None
        return found

    return together


def _compare(meanings: Meanings, node: Compare) -> Function:
    left, right = meanings.of(node.left), meanings.of(node.right)
    is_number = node.left.kind.is_number
    holds: Callable[[Any, Any], Truth] = (
        a.COMPARISONS[node.op] if is_number else partial(_are_alike, wanted=node.op == "==")
    )
    observer = meanings.observer
    if observer is None:
        return lambda place: holds(left(place), right(place))

    def observed(place: Place) -> Truth:
        sides = (left(place), right(place))
        truth = holds(*sides)
        observer.compared(meanings.within, node, sides, truth)
        return truth

    return observed


def _are_alike(left: bool | str | None, right: bool | str | None, *, wanted: bool) -> Truth:  # noqa: FBT001 - values
    return None if left is None or right is None else (left == right) is wanted


def _among(meanings: Meanings, node: Among) -> Function:
    item, words, is_wanted = meanings.of(node.item), frozenset(node.words), not node.negated

    def found(place: Place) -> Truth:
        word = item(place)
        return None if word is None else (word in words) is is_wanted

    return found


def _choose(meanings: Meanings, node: Choose) -> Function:
    condition = meanings.of(node.condition)
    then, otherwise = meanings.of(node.then), meanings.of(node.otherwise)
    either: Callable[[Any, Any], Value] = a.hull if node.kind.is_number else _if_agreed
    observer = meanings.observer

    def chosen(place: Place) -> Value:
        test: Truth = condition(place)
        if observer is not None:
            observer.chosen(meanings.within, node, test)
        if test is None:
            return either(then(place), otherwise(place))
        value: Value = then(place) if test else otherwise(place)
        return value

    return chosen


def _if_agreed(then: bool | str | None, otherwise: bool | str | None) -> bool | str | None:  # noqa: FBT001 - values
    return then if then == otherwise else None


# --- numbers --------------------------------------------------------------------------------------

_ARITHMETIC: dict[str, Callable[[Range, Range], Range]] = {
    "+": a.add,
    "-": a.subtract,
    "*": a.multiply,
    "//": lambda x, y: a.rounded_down(x, a.only(y)),
}


def _arith(meanings: Meanings, node: Arith) -> Function:
    work, left, right = _ARITHMETIC[node.op], meanings.of(node.left), meanings.of(node.right)
    return lambda place: work(left(place), right(place))


def _convert(meanings: Meanings, node: Convert) -> Function:
    item, factor = meanings.of(node.item), a.whole(Fraction(node.numerator, node.denominator))
    return lambda place: a.scale(item(place), factor)


def _look_up(meanings: Meanings, node: Lookup) -> Function:
    found, keys = look_up(meanings.constants.tables[node.table]), [*map(meanings.of, node.keys)]
    observer = meanings.observer
    if observer is None:
        return lambda place: found([key(place) for key in keys])

    def observed(place: Place) -> Range:
        asked = [key(place) for key in keys]
        observer.looked_up(meanings.within, node, asked)
        return found(asked)

    return observed


def _call(meanings: Meanings, node: Call) -> Function:
    args = [meanings.of(arg) for arg in node.args]
    if node.function == "recorded_or":
        return _recorded_or(*args)
    work = _WORK[node.function](node)
    if len(args) == 2:
        first, second = args
        return lambda place: work(first(place), second(place))
    return lambda place: work(*(arg(place) for arg in args))


def _recorded_or(fact: Function, formula: Function) -> Function:
    def found(place: Place) -> Range:
        recorded: Range = fact(place)
        stand_in: Range = recorded if a.is_known(recorded) else formula(place)
        return stand_in

    return found


#: What the listed functions do with their numbers.
_Work = Callable[..., Range]


def _rounding(node: Call) -> _Work:
    unit, direction = node.option.split()
    to = 100 if unit == "pound" else 1
    return lambda amount: a.rounded(amount, to, direction)


def _steps_over(amount: Range, threshold: Range, step: Range) -> Range:
    over = a.larger(a.subtract(amount, threshold), NOTHING)
    return a.rounded_up(over, a.only(step))


def _moving(node: Call) -> _Work:
    return partial(a.moved, node.function)


_WORK: dict[str, Callable[[Call], _Work]] = {
    "age_on": lambda _node: a.years_between,
    "at_least": lambda _node: a.larger,
    "at_most": lambda _node: a.smaller,
    "round_to": _rounding,
    "steps_over": lambda _node: _steps_over,
    **dict.fromkeys(("years_after", "months_after", "weeks_after"), _moving),
    **dict.fromkeys(("years_before", "months_before", "weeks_before"), _moving),
}


# --- members --------------------------------------------------------------------------------------

#: Those that an aggregate ranges over.
Members = Callable[[Place], Sequence[Place]]


def members_of(meanings: Meanings, node: Aggregate) -> Members:
    """Return the function that gives those whom an aggregate ranges over: of people, those whom
    all that it reads applies to."""
    if node.over is Level.BENEFIT_UNIT:
        return attrgetter("units")
    roles = applies_to(meanings.catalogue, meanings.definitions, node.item) & set(node.who)
    if len(roles) == 2:
        return attrgetter("people")
    if not roles:
        return lambda _place: ()
    return attrgetter("adults" if roles == {"adult"} else "children")


def _aggregate(meanings: Meanings, node: Aggregate) -> Function:
    members, item = members_of(meanings, node), meanings.of(node.item)
    return _TOGETHER[node.function](members, item, counts_in(meanings, node))


def counts_in(meanings: Meanings, node: Aggregate) -> Function:
    """Return the function that says whether a member counts: of one who may not be there, that is
    open, unless they would not count either way."""
    where = _always(value=True) if node.where is None else meanings.of(node.where)

    def counts(place: Place) -> Truth:
        truth: Truth = where(place)
        return None if truth and place.is_perhaps else truth

    return counts


def _any(members: Members, item: Function, counts: Function) -> Function:
    def any_of(place: Place) -> Truth:
        found: Truth = False
        for member in members(place):
            included = counts(member)
            truth = False if included is False else item(member)
            if truth and included:
                return True
            if truth is not False:
                found = None
        return found

    return any_of


def _all(members: Members, item: Function, counts: Function) -> Function:
    def all_of(place: Place) -> Truth:
        found: Truth = True
        for member in members(place):
            included = counts(member)
            truth = True if included is False else item(member)
            if truth is False and included:
                return False
            if truth is not True:
                found = None
        return found

    return all_of


def _count(members: Members, item: Function, counts: Function) -> Function:
    def count(place: Place) -> Range:
        surely = maybe = 0
        any_number = False
        for member in members(place):
            included = counts(member)
            truth = False if included is False else item(member)
            if truth and included:
                surely += 1
            elif truth is not False:
                maybe += 1
                any_number = any_number or member.is_perhaps
        return surely, None if any_number else surely + maybe

    return count


def _total(members: Members, item: Function, counts: Function) -> Function:
    def total(place: Place) -> Range:
        found = NOTHING
        for member in members(place):
            included = counts(member)
            if included is not False:
                amount: Range = item(member)
                # One who may or may not count brings themselves or nothing.
                each = amount if included else a.hull(amount, NOTHING)
                found = a.add(found, a.any_number_of(each) if member.is_perhaps else each)
        return found

    return total


def _extreme(pick: Callable[[Range, Range], Range]) -> Callable[..., Function]:
    def of_members(members: Members, item: Function, counts: Function) -> Function:
        def extreme(place: Place) -> Range:
            asked = ((member, counts(member)) for member in members(place))
            counted = [(item(each), included) for each, included in asked if included is not False]
            return a.extreme(counted, pick)

        return extreme

    return of_members


_TOGETHER: dict[str, Callable[..., Function]] = {
    "any": _any,
    "all": _all,
    "count": _count,
    "total": _total,
    "largest": _extreme(a.larger),
    "smallest": _extreme(a.smaller),
}

_MEANINGS: dict[type[Node], Callable[[Meanings, Any], Function]] = {
    Lit: _constant,
    Today: _constant,
    RateRef: _constant,
    Word: _word,
    FactRef: _fact,
    DefRef: _definition,
    Receipt: _receipt,
    Logic: _logic,
    Compare: _compare,
    Among: _among,
    Choose: _choose,
    Arith: _arith,
    Convert: _convert,
    Lookup: _look_up,
    Call: _call,
    Aggregate: _aggregate,
}
