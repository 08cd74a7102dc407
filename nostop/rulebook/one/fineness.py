"""How fine the fractions are that a plan's formulas keep: what the compiled plan could not hold in
64 bits is refused for single cases too, so that no case passes by rules that cannot be run."""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from nostop.model import RuleError
from nostop.rulebook.batch.compile import LARGEST_DENOMINATOR
from nostop.rulebook.plan import Plan
from nostop.rulebook.tree import (
    Aggregate,
    Arith,
    Call,
    Choose,
    Convert,
    DefRef,
    Lit,
    Lookup,
    Node,
    RateRef,
    Today,
)


def check_fineness(plan: Plan) -> None:
    """Refuse a plan with a formula that keeps finer fractions than can be worked out exactly.

    Raises:
        RuleError: as `run.run_plan`, placed where the formula is written.
    """
    check = _Check(plan, {})
    for definition in plan.schedule.scheduled():
        for node in definition.nodes:
            if node.kind.is_number:
                check.denominator(node)


def is_whole(plan: Plan, node: Node) -> bool:
    """Return whether a number of a plan's formulas has no fraction, whoever it is worked out
    for."""
    return _Check(plan, {}).denominator(node) == 1


@dataclass(frozen=True, slots=True)
class _Check:
    plan: Plan
    found: dict[Node, int]

    def denominator(self, node: Node) -> int:
        """The denominator over which `compile.py` keeps a number."""
        if node not in self.found:
            self.found[node] = self._denominator(node)
            if self.found[node] > LARGEST_DENOMINATOR:
                finest = f"1/{self.found[node]}"
                message = f"keeps fractions as fine as {finest}: round on the way, by round_to(...)"
                raise RuleError([self.plan.schedule.problem(node, message)])
        return self.found[node]

    def _denominator(self, node: Node) -> int:
        match node:
            case Lit() | Today() | RateRef():
                return Fraction(self.plan.constants.value(node)).denominator
            case DefRef(name=name):
                return self.denominator(self.plan.schedule.definitions[name].tree)
            case Convert(item=item, numerator=top, denominator=bottom):
                return self._scaled(item, Fraction(top, bottom))
            case Lookup(table=table):
                rows = self.plan.constants.tables[table].rows
                return lcm(*(value.denominator for _, value in rows))
            case Arith(op="*"):
                return self._of_product(node)
        return lcm(*map(self.denominator, _whose_fractions_stay(node)))

    def _of_product(self, node: Arith) -> int:
        for factor, other in ((node.right, node.left), (node.left, node.right)):
            value = self._constant(factor)
            if value is not None:
                return self._scaled(other, value)
        return self.denominator(node.left) * self.denominator(node.right)

    def _scaled(self, item: Node, factor: Fraction) -> int:
        own = self.denominator(item)
        return Fraction(factor.numerator, factor.denominator * own).denominator if factor else 1

    def _constant(self, node: Node) -> Fraction | None:
        """The value of a number that is the same for everybody by its formula."""
        match node:
            case Lit() | Today() | RateRef():
                return Fraction(self.plan.constants.value(node))
            case Convert(item=item, numerator=top, denominator=bottom):
                value = self._constant(item)
                return None if value is None else value * Fraction(top, bottom)
            case Arith(op="+" | "-" | "*" as op, left=left, right=right):
                a, b = self._constant(left), self._constant(right)
                return None if a is None or b is None else _WORK[op](a, b)
        return None


def _whose_fractions_stay(node: Node) -> tuple[Node, ...]:
    """The parts of a node that it keeps the fractions of; of any other it makes whole numbers."""
    match node:
        case Arith(op="+" | "-", left=left, right=right):
            return left, right
        case Choose(then=then, otherwise=otherwise):
            return then, otherwise
        case Aggregate(function="total" | "largest" | "smallest", item=item):
            return (item,)
        case Call(function="at_least" | "at_most" | "recorded_or", args=args):
            return args
    return ()


_WORK = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__}
