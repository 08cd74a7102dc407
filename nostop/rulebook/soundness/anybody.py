"""What a formula comes to, whoever it is asked of: of nobody is anything known but what the
catalogue says that facts can be.

What is decided here is decided for everybody, in families of every shape. The reverse does not
hold: a formula that comes out open may still be the same for all people there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from nostop.rulebook.book import Rulebook
from nostop.rulebook.dates import as_number
from nostop.rulebook.one import arithmetic as a
from nostop.rulebook.one.arithmetic import ANYTHING, NOTHING, Range, Truth
from nostop.rulebook.rates import constant, rate_on
from nostop.rulebook.schedule import applies_to
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    CompareOp,
    Convert,
    Definition,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)

#: From 0 upwards, without a bound.
_SOME: Range = (Fraction(0), None)
_MIRRORED: dict[CompareOp, CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}

#: Answers assumed: what a node is, as a truth, a word or a number.
Answers = Mapping[Node, "bool | str | Fraction"]
NO_ANSWERS: Answers = {}


def _together(op: Literal["and", "or", "not"], truths: list[Truth]) -> Truth:
    if op == "not":
        return a.negated(truths[0])
    settles = op == "or"
    if settles in truths:
        return settles
    return None if None in truths else not settles


@dataclass(slots=True)
class Anybody:
    """Nobody in particular, on one date.

    `definitions` are the book's and each scheme's own results; `asked` gathers what undecided
    truths hang on: a node, and the values that it is held against (none for a truth).
    """

    book: Rulebook
    definitions: dict[str, Definition]
    on: date
    asked: dict[Node, set[str | Fraction]] = field(default_factory=dict)
    numbers: dict[str, Range] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)
    inner: "Anybody | None" = None

    def ask(self, node: Node) -> Truth:
        """The truth of a formula without any answers; what it hangs on is then in `asked`."""
        self.asked, self.truths = {}, {}
        return self.truth(node, NO_ANSWERS)

    # --- truths -----------------------------------------------------------------------------------

    def truth(self, node: Node, answers: Answers) -> Truth:
        """Whether a formula holds for everybody (true) or for nobody (false), given the answers."""
        match node:
            case Lit() | RateRef():
                found = self.constant(node)
                return found if isinstance(found, bool) else None
            case Logic(op=op, items=items):
                return _together(op, [self.truth(item, answers) for item in items])
            case Compare():
                return self.compare(node, answers)
            case Among():
                return self.among(node, answers)
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return self.chosen(condition, [then, otherwise], answers)
            case DefRef(name=name) if name in self.book.definitions:
                return self.named(name, answers)
            case Aggregate():
                found = self.over_members(node)
                return self.answer(node, answers) if found is None else found
        return self.answer(node, answers)

    def named(self, name: str, answers: Answers) -> Truth:
        if answers is not self.answered:
            self.answered, self.truths = answers, {}
        if name not in self.truths:
            self.truths[name] = self.truth(self.book.definitions[name].tree, answers)
        return self.truths[name]

    def chosen(self, condition: Node, ways: list[Node], answers: Answers) -> Truth:
        then, otherwise = (self.truth(way, answers) for way in ways)
        test = self.truth(condition, answers)
        if test is not None:
            return then if test else otherwise
        return then if then == otherwise else None

    def answer(self, node: Node, answers: Answers) -> Truth:
        """The truth of what cannot be looked into: as it is assumed, or open."""
        found = answers.get(node)
        if isinstance(found, bool):
            return found
        self.asked.setdefault(node, set())
        return None

    def compare(self, node: Compare, answers: Answers) -> Truth:
        if node.left == node.right:
            return node.op in ("==", "<=", ">=")
        if node.left.kind.base == "bool":
            left, right = (self.truth(each, answers) for each in (node.left, node.right))
            return None if left is None or right is None else (left == right) == (node.op == "==")
        if node.left.kind.base == "text":
            return self.compare_words(node, answers)
        return self.compare_numbers(node, answers)

    def compare_words(self, node: Compare, answers: Answers) -> Truth:
        item, word = node.left, node.right
        if isinstance(item, Word):
            item, word = word, item
        if not isinstance(word, Word):
            return self.answer(node, answers)
        return self.is_among(item, (word.text,), answers, negated=node.op == "!=")

    def among(self, node: Among, answers: Answers) -> Truth:
        return self.is_among(node.item, node.words, answers, negated=node.negated)

    def is_among(
        self, item: Node, words: tuple[str, ...], answers: Answers, *, negated: bool
    ) -> Truth:
        if isinstance(item, Word):
            return (item.text in words) != negated
        if item in answers:
            return (answers[item] in words) != negated
        if item.kind.values and set(item.kind.values) <= set(words):
            return not negated
        self.asked.setdefault(item, set()).update(words)
        return None

    def compare_numbers(self, node: Compare, answers: Answers) -> Truth:
        op, item, limit = node.op, node.left, self.number(node.right)
        if a.is_known(self.number(item)):
            op, item, limit = _MIRRORED.get(op, op), node.right, self.number(item)
        elif not a.is_known(limit):
            # Neither is fixed: what counts is which of them is ahead.
            item, limit = Arith(Kind("int"), node.level, "-", item, node.right), NOTHING
        found = answers.get(item)
        if isinstance(found, Fraction):
            return a.COMPARISONS[op](a.exactly(found), limit)
        decided = a.COMPARISONS[op](self.number(item), limit)
        if decided is None:
            self.asked.setdefault(item, set()).add(Fraction(a.only(limit)))
        return decided

    def over_members(self, node: Aggregate) -> Truth:
        """Whether any, or all, of them satisfy the condition. Of adults there is always one; there
        may be no child."""
        item, included, roles = self.alone(node.item), self.included(node), self.roles(node)
        settles = node.function == "any"
        if not roles or included is False or item is (not settles):
            return not settles
        return settles if item is settles and included and "adult" in roles else None

    def alone(self, node: Node) -> Truth:
        """A truth on which this one hangs as a whole: what it asks is not asked here."""
        if self.inner is None:
            self.inner = Anybody(self.book, self.definitions, self.on, numbers=self.numbers)
            self.inner.inner = self.inner
        return self.inner.truth(node, NO_ANSWERS)

    def included(self, node: Aggregate) -> Truth:
        return True if node.where is None else self.alone(node.where)

    def roles(self, node: Aggregate) -> set[str]:
        found = applies_to(self.book.catalogue, self.definitions, node.item)
        return found & set(node.who)

    # --- numbers ----------------------------------------------------------------------------------

    def number(self, node: Node) -> Range:
        """The lowest and highest that a number can be, whoever it is asked of."""
        match node:
            case Lit() | Today() | RateRef():
                found = self.constant(node)
                return ANYTHING if found is None or isinstance(found, bool) else a.exactly(found)
            case FactRef(name=name):
                return self.fact(name)
            case DefRef(name=name):
                return self.defined(name)
            case Lookup(table=table):
                return self.table(table)
            case Receipt():
                return _SOME
        return self.worked_out(node)

    def worked_out(self, node: Node) -> Range:
        match node:
            case Arith():
                return self.arithmetic(node)
            case Convert(item=item, numerator=top, denominator=bottom):
                return a.scale(self.number(item), Fraction(top, bottom))
            case Choose(condition=condition, then=then, otherwise=otherwise):
                test, ways = self.alone(condition), (self.number(then), self.number(otherwise))
                return a.hull(*ways) if test is None else ways[not test]
            case Call():
                return self.call(node)
            case Aggregate():
                return self.together(node)
        raise AssertionError(f"{node} is no number")

    def constant(self, node: Node) -> bool | Fraction | None:
        """What is the same for everybody on the date; None where a rate has no value then."""
        match node:
            case Lit(value=value):
                return bool(value) if node.kind.base == "bool" else Fraction(value)
            case Today():
                return Fraction(as_number(self.on))
            case RateRef(name=name):
                return rate_on(self.book.rates[name], self.on)
        return None

    def fact(self, name: str) -> Range:
        fact = self.book.catalogue.facts[name]
        low = Fraction(0) if fact.non_negative else None
        return low, None if fact.at_most is None else Fraction(fact.at_most)

    def defined(self, name: str) -> Range:
        if name not in self.book.definitions:
            return _SOME  # another scheme's amount
        if name not in self.numbers:
            self.numbers[name] = self.number(self.book.definitions[name].tree)
        return self.numbers[name]

    def arithmetic(self, node: Arith) -> Range:
        left, right = self.number(node.left), self.number(node.right)
        match node.op:
            case "+":
                return a.add(left, right)
            case "-":
                return a.subtract(left, right)
            case "*":
                return a.multiply(left, right)
        is_divisor = a.is_known(right) and a.only(right) > 0
        return a.rounded_down(left, a.only(right)) if is_divisor else ANYTHING

    def table(self, name: str) -> Range:
        if name not in self.numbers:
            dated = self.book.tables[name].values
            found = {constant(row["value"]) for each in dated for row in each.rows}
            self.numbers[name] = Fraction(min(found)), Fraction(max(found))
        return self.numbers[name]

    def call(self, node: Call) -> Range:
        args = [self.number(arg) for arg in node.args]
        match node.function:
            case "at_least":
                return a.larger(*args)
            case "at_most":
                return a.smaller(*args)
            case "steps_over":
                return _SOME
            case "age_on":
                return ANYTHING
            case "round_to":
                unit, direction = node.option.split()
                return a.rounded(args[0], 100 if unit == "pound" else 1, direction)
            case "recorded_or":
                return a.hull(*args)
        return a.moved(node.function, *args)

    def together(self, node: Aggregate) -> Range:
        """A count, a total, or the smallest or largest: of how many, nobody knows."""
        if not self.roles(node) or self.included(node) is False:
            return NOTHING
        if node.function == "count":
            return NOTHING if self.alone(node.item) is False else _SOME
        low, high = a.hull(self.number(node.item), NOTHING)
        if node.function != "total":
            return low, high
        return (low if low == 0 else None), (high if high == 0 else None)
